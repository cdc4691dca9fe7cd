/** What the tabs of a play hold: terminals, ports, editors, the map. What is large is loaded when one is looked at. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";
import type { Play } from "../api/types.ts";
import { port } from "../parts/port.ts";
import { progress, type Details } from "../parts/progress.ts";
import { webPage } from "../parts/web-page.ts";
import { machineStatus, ready } from "../play/state.ts";
import type { Group } from "../play/split.ts";
import type { IdeTab, PortTab, Tab, TerminalTab, WebPageTab } from "../play/tabs.ts";

export interface PanelActs {
  /** Asked for by hand: a terminal on this machine. */
  openTerminal: (machine: string) => void;
  openEditor: (machine: string) => void;
  /** A machine that the lesson points at on the map; empty: none. */
  pointed: string;
  failed: (error: ApiError) => void;
  /** Out of the panel, to its tab. */
  leave: (key: string) => void;
}

export class Panels {
  readonly #page: ParentNode;
  /** Machines whose terminals were shown once: a reboot must not take the screen away. */
  readonly #opened = new Set<string>();
  /** Others that were looked at: what goes on in a frame is not lost when another tab is. */
  readonly #seen = new Set<string>();
  readonly #code = new Map<string, Promise<unknown>>();

  constructor(page: ParentNode) {
    this.#page = page;
  }

  /** Another play, or one that is over. */
  clear(): void {
    this.#opened.clear();
    this.#seen.clear();
  }

  hasOpened(machine: string): boolean {
    return this.#opened.has(machine);
  }

  /** Once the code that was asked for is there. */
  get loaded(): Promise<unknown> {
    return Promise.all(this.#code.values());
  }

  draw(play: Play, tab: Tab, active: boolean, group: Group, details: Details, acts: PanelActs): TemplateResult {
    return html`<section
      class="panel ${group}"
      role="tabpanel"
      id="panel-${tab.key}"
      aria-labelledby="tab-${tab.key}"
      ?hidden=${!active}
      @leave=${() => acts.leave(tab.key)}
    >
      ${tab.kind === "terminal" ? this.#terminal(play, tab, active, details, acts) : nothing}
      ${tab.kind === "port" ? this.#port(play, tab, active, details) : nothing}
      ${tab.kind === "web-page" ? this.#webPage(play, tab, active) : nothing}
      ${tab.kind === "ide" ? this.#ide(play, tab, active, details, acts) : nothing}
      ${tab.kind === "map" && active ? this.#map(play, acts) : nothing}
      ${tab.kind === "behind" && active ? this.#behind(play, details, acts) : nothing}
      ${tab.kind === "other"
        ? html`<div class="empty"><h2>${tab.label}</h2><p>${tab.needs}</p></div>`
        : nothing}
    </section>`;
  }

  #terminal(play: Play, tab: TerminalTab, active: boolean, details: Details, acts: PanelActs): TemplateResult {
    if (!ready(machineStatus(play, tab.machine)) && !this.#opened.has(tab.machine)) {
      return progress(play, details, `The terminal of ${tab.machine} opens here when it is ready`);
    }
    this.#opened.add(tab.machine);
    // A terminal that nobody looked at yet is not connected: each one costs a login in its machine.
    if (!active && !this.#page.querySelector(`labyard-terminal[data-tab="${CSS.escape(tab.key)}"]`)) return html``;
    this.#load("terminal", "The terminal's code", () => import("../parts/terminal.ts"), acts);
    return html`<labyard-terminal
      data-tab=${tab.key}
      .play=${play.id}
      .machine=${tab.machine}
      .terminal=${tab.terminal}
      .active=${active}
    ></labyard-terminal>`;
  }

  #port(play: Play, tab: PortTab, active: boolean, details: Details): TemplateResult {
    if (!ready(machineStatus(play, tab.machine)) && !this.#seen.has(tab.key)) {
      return progress(play, details, `Port ${tab.number} of ${tab.machine} is shown here when it is ready`);
    }
    if (active) this.#seen.add(tab.key); // one that nobody looked at is not loaded
    return this.#seen.has(tab.key) ? port(play.id, tab) : html``;
  }

  #webPage(play: Play, tab: WebPageTab, active: boolean): TemplateResult {
    if (active) this.#seen.add(tab.key); // a site that nobody looked at learns of nobody
    return this.#seen.has(tab.key) ? webPage(play.id, tab) : html``;
  }

  #ide(play: Play, tab: IdeTab, active: boolean, details: Details, acts: PanelActs): TemplateResult {
    if (!ready(machineStatus(play, tab.machine)) && !this.#seen.has(tab.key)) {
      return progress(play, details, `The editor of ${tab.machine} opens here when it is ready`);
    }
    if (active) this.#seen.add(tab.key); // one that nobody looked at asks nothing of its machine
    if (!this.#seen.has(tab.key)) return html``;
    this.#load("ide", "The editor's code", () => import("../ide/ide.ts"), acts);
    return html`<labyard-ide .play=${play.id} .machine=${tab.machine} .active=${active}></labyard-ide>`;
  }

  #map(play: Play, acts: PanelActs): TemplateResult {
    this.#load("map", "The map's code", () => import("../parts/lab-map.ts"), acts);
    const can = { terminal: acts.openTerminal, editor: acts.openEditor };
    return html`<labyard-lab-map .play=${play} .acts=${can} .pointed=${acts.pointed}></labyard-lab-map>`;
  }

  #behind(play: Play, details: Details, acts: PanelActs): TemplateResult {
    this.#load("behind", "The code of this view", () => import("../parts/behind.ts"), acts);
    return html`<labyard-behind .play=${play} .details=${details}></labyard-behind>`;
  }

  #load(name: string, what: string, load: () => Promise<unknown>, acts: PanelActs): void {
    if (this.#code.has(name)) return;
    const code = load().catch((cause: unknown) => {
      this.#code.delete(name);
      acts.failed(new ApiError(0, { code: "page", message: `${what} could not be loaded.`, hint: `Reload the page. (${String(cause)})` }));
    });
    this.#code.set(name, code);
  }
}
