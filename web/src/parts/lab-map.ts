/** The map of a play that runs: what each machine takes while somebody looks, and below it the same as a list with what can be done. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { LoadWatch } from "../api/load-watch.ts";
import type { Play } from "../api/types.ts";
import { cpuWords, memoryShare, memoryWords, type MachineUse, type Uses } from "../play/load.ts";
import { machineLook, machineStatus, terminalMachines } from "../play/state.ts";
import { showConsole } from "./console.ts";
import { PageElement } from "./element.ts";
import { map } from "./map.ts";
import { shape } from "./marks.ts";
import "../styles/looking.css";

export interface MapActs {
  terminal: (machine: string) => void;
  editor: (machine: string) => void;
}

export class LabMap extends PageElement {
  static override properties = { play: { attribute: false }, acts: { attribute: false }, pointed: {}, uses: { state: true } };
  declare play: Play;
  declare acts: MapActs;
  /** A machine that the lesson points at. */
  declare pointed: string;
  declare uses: Uses;
  #watch: LoadWatch | null = null;
  #watched = "";

  constructor() {
    super();
    this.pointed = "";
    this.uses = new Map();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.requestUpdate(); // one that was taken away looks no more
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#look("");
  }

  protected override willUpdate(): void {
    if (this.isConnected) this.#look(this.play.id); // updates also come after it was taken away
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has("pointed") && this.pointed) this.querySelector(".machine-rows .pointed")?.scrollIntoView({ block: "nearest" });
  }

  #look(play: string): void {
    if (play === this.#watched) return;
    this.#watch?.close();
    this.#watched = play;
    this.uses = new Map();
    this.#watch = play ? new LoadWatch(play, (uses) => (this.uses = uses)) : null;
  }

  protected override render(): TemplateResult {
    const { play, acts } = this;
    const described = (machine: string): string => `takes-${machine}`;
    return html`<div class="lab-map">
      <div class="lab-picture" @focusin=${show}>${map(play.playground, { play, open: acts.terminal, uses: this.uses, pointed: this.pointed, described })}</div>
      <ul class="machine-rows" aria-label="Machines, and what they take">${play.machines.map(({ name }) => this.#row(name))}</ul>
    </div>`;
  }

  #row(name: string): TemplateResult {
    const { look, word } = machineLook(machineStatus(this.play, name));
    const use = this.uses.get(name);
    const terminal = terminalMachines(this.play).includes(name);
    const act = (label: string, title: string, run: () => void): TemplateResult =>
      html`<button class="small" aria-label=${title} @click=${run}>${label}</button>`;
    return html`<li class=${name === this.pointed ? "pointed" : ""} data-machine=${name}>
      <div class="row-name">${shape(look)}<strong>${name}</strong><span class="muted">${word}</span></div>
      <div class="row-takes" id="takes-${name}">${use ? takes(use) : html`<span class="muted">${look === "stopped" ? "It takes nothing." : "Not measured yet."}</span>`}</div>
      <div class="row-acts">
        ${terminal ? act("Terminal", `Terminal of ${name}`, () => this.acts.terminal(name)) : nothing}
        ${terminal ? act("Editor", `Editor of ${name}`, () => this.acts.editor(name)) : nothing}
        ${act("Console log", `Console log of ${name}`, () => void showConsole(this.play.id, name))}
      </div>
    </li>`;
  }
}

/** A card beside the window's edge comes into sight, which browsers forget for drawings. */
function show(event: FocusEvent): void {
  (event.target as Element).scrollIntoView({ block: "nearest", inline: "nearest" });
}

function takes(use: MachineUse): TemplateResult {
  return html`${gauge(cpuWords(use), use.cpu)} ${gauge(`Memory ${memoryWords(use)}`, memoryShare(use))}`;
}

/** The bar says nothing that the words do not. */
function gauge(words: string, share: number | null): TemplateResult {
  return html`<span class="gauge">
    <span>${words}</span>
    <span class="gauge-bar" aria-hidden="true"><span style="width: ${Math.round((share ?? 0) * 100)}%"></span></span>
  </span>`;
}

customElements.define("labyard-lab-map", LabMap);
