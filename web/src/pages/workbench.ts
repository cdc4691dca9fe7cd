/** The half of a play's page that is worked in: its tabs, in one group or two, and what they show. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { ApiError } from "../api/client.ts";
import type { Play } from "../api/types.ts";
import { divider } from "../parts/divider.ts";
import { dropZones, type Drop } from "../parts/drop-zones.ts";
import type { PageElement } from "../parts/element.ts";
import type { Details } from "../parts/progress.ts";
import { tabBar } from "../parts/tab-bar.ts";
import type { TerminalView } from "../parts/terminal.ts";
import { keepSplit, keptSplit } from "../play/settings.ts";
import { grouped, groupOf, LEAST_SHARE, MOST_SHARE, put, WHOLE, type Group, type Groups, type Split, type Way } from "../play/split.ts";
import { terminalMachines } from "../play/state.ts";
import { BEHIND, editorKey, tabsOf, type Tab } from "../play/tabs.ts";
import { ByHand } from "./by-hand.ts";
import { Panels } from "./panels.ts";
import "../parts/key-bar.ts";

const phone = matchMedia("(max-width: 760px)");
/** What an arrow key moves the line between the groups by, in percent. */
const STEP = 4;

export interface Around {
  /** Whether what is behind the tasks may be looked at. */
  mayLookBehind: () => boolean;
  failed: (error: ApiError) => void;
  /** A tab was gone into by hand. */
  entered: () => void;
}

export class Workbench {
  /** A machine on the map that the lesson points at; empty: none. */
  pointed = "";
  readonly #page: PageElement;
  readonly #around: Around;
  readonly #panels: Panels;
  #play = "";
  #byHand = new ByHand("");
  #split: Split = WHOLE;
  /** Keys of the tabs that are looked at. */
  #selected: Record<Group, string | null> = { first: null, second: null };
  /** The tab that a mouse has hold of. */
  #dragged: string | null = null;

  constructor(page: PageElement, around: Around) {
    this.#page = page;
    this.#around = around;
    this.#panels = new Panels(page);
  }

  /** For this play from now on. */
  begin(play: string): void {
    this.#play = play;
    this.#byHand = new ByHand(play);
    this.#split = keptSplit(play);
    this.#selected = { first: null, second: null };
    this.#dragged = null;
    this.pointed = "";
    this.#panels.clear();
  }

  /** The play is over. */
  clear(): void {
    this.#panels.clear();
  }

  tabs(play: Play): Tab[] {
    const { terminals, views } = this.#byHand;
    return tabsOf(play, terminals, this.#around.mayLookBehind() ? views : views.filter((key) => key !== BEHIND));
  }

  enter(play: Play, key: string): void {
    this.#selected[groupOf(this.#groups(play), key)] = key;
    this.#page.requestUpdate();
    this.#around.entered();
    void this.#focus(key);
  }

  /** The first on this machine, else a new one. */
  openTerminal(play: Play, machine: string): void {
    const tab = this.tabs(play).find((each) => each.kind === "terminal" && each.machine === machine);
    if (tab) this.enter(play, tab.key);
    else this.addTerminal(play, machine, "first");
  }

  addTerminal(play: Play, machine: string, group: Group): void {
    this.#show(play, this.#byHand.terminal(this.tabs(play), machine), group);
  }

  lookBehind(play: Play): void {
    this.enter(play, this.#byHand.view(BEHIND));
  }

  draw(play: Play, details: Details, banner: TemplateResult | typeof nothing): TemplateResult {
    const tabs = this.tabs(play);
    const groups = this.#groups(play);
    const first = current(groups.first, this.#selected.first) as Tab;
    const second = current(groups.second, this.#selected.second);
    const seen = [first.key, second?.key];
    document.documentElement.style.setProperty("--share", `${this.#split.share}%`);
    const acts = {
      openTerminal: (machine: string) => this.openTerminal(play, machine),
      openEditor: (machine: string) => this.#edit(play, machine, "first"),
      pointed: this.pointed,
      failed: this.#around.failed,
      leave: (key: string) => this.#page.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus(),
    };
    return html`${banner}
      <div class="panels ${second ? this.#split.way : ""}">
        ${this.#bar(play, groups, "first", first)}
        ${second ? html`${this.#line()}${this.#bar(play, groups, "second", second)}` : nothing}
        ${repeat(tabs, (tab) => tab.key, (tab) => this.#panels.draw(play, tab, seen.includes(tab.key), groupOf(groups, tab.key), details, acts))}
        ${this.#dragged === null ? nothing : dropZones(second !== null, groupOf(groups, this.#dragged), (drop) => this.#drop(play, drop))}
      </div>
      ${first.kind === "terminal" && this.#panels.hasOpened(first.machine) ? html`<labyard-keys class="phone-only" .target=${this.#terminal}></labyard-keys>` : nothing}`;
  }

  #groups(play: Play): Groups {
    return grouped(this.tabs(play), phone.matches ? WHOLE : this.#split);
  }

  #bar(play: Play, groups: Groups, group: Group, selected: Tab): TemplateResult {
    return tabBar({
      group,
      split: groups.second.length === 0 ? null : this.#split.way,
      tabs: groups[group],
      all: this.tabs(play),
      selected,
      machines: terminalMachines(play),
      select: (key) => {
        this.#selected[group] = key;
        this.#page.requestUpdate();
      },
      enter: (key) => this.enter(play, key),
      close: (tab) => this.#close(tab, group),
      add: (machine) => this.addTerminal(play, machine, group),
      edit: (machine) => this.#edit(play, machine, group),
      part: (key, way) => this.#part(play, key, way),
      newPart: (machine, way) => this.#part(play, this.#byHand.terminal(this.tabs(play), machine), way),
      across: (key) => this.#show(play, key, group === "first" ? "second" : "first"),
      turn: () => this.#arrange({ ...this.#split, way: this.#split.way === "beside" ? "below" : "beside" }),
      join: () => {
        this.#arrange({ ...this.#split, second: [] });
        this.enter(play, selected.key);
      },
      drag: (key) => {
        this.#dragged = key;
        this.#page.requestUpdate();
      },
    });
  }

  /** A second group, with this tab. */
  #part(play: Play, key: string, way: Way): void {
    this.#split = { ...this.#split, way };
    this.#show(play, key, "second");
  }

  #show(play: Play, key: string, group: Group): void {
    this.#arrange(put(this.#split, this.tabs(play), key, group));
    this.enter(play, key);
  }

  #arrange(split: Split): void {
    this.#split = split;
    keepSplit(this.#play, split);
    this.#page.requestUpdate();
  }

  #edit(play: Play, machine: string, group: Group): void {
    const tab = this.tabs(play).find((each) => each.kind === "ide" && each.machine === machine);
    if (tab) this.enter(play, tab.key);
    else this.#show(play, this.#byHand.view(editorKey(machine)), group);
  }

  #close(tab: Tab, group: Group): void {
    const instead = this.#byHand.close(tab);
    if (this.#selected[group] === tab.key) this.#selected[group] = instead;
    this.#page.requestUpdate();
  }

  #drop(play: Play, drop: Drop): void {
    const key = this.#dragged as string;
    this.#dragged = null;
    if (drop === "beside" || drop === "below") this.#part(play, key, drop);
    else this.#show(play, key, drop);
  }

  #line(): TemplateResult {
    const below = this.#split.way === "below";
    return divider({
      label: below ? "Height of the upper views" : "Width of the left views",
      below,
      step: STEP,
      width: () => this.#split.share,
      least: LEAST_SHARE,
      most: MOST_SHARE,
      at: (event) => {
        const room = (event.currentTarget as HTMLElement).closest(".panels")?.getBoundingClientRect();
        if (!room) return this.#split.share;
        return below ? ((event.clientY - room.top) / room.height) * 100 : ((event.clientX - room.left) / room.width) * 100;
      },
      keep: (share) => this.#arrange({ ...this.#split, share }),
    });
  }

  #terminal = (): TerminalView | null => this.#page.querySelector<TerminalView>(".panel:not([hidden]) > labyard-terminal");

  /** Asked for by hand, so the focus may move: also when the code is still on its way. */
  async #focus(key: string): Promise<void> {
    await this.#page.updateComplete;
    await this.#panels.loaded;
    const entered = this.#page.querySelector<PageElement>(`#panel-${CSS.escape(key)}:not([hidden]) > :is(labyard-terminal, labyard-ide)`);
    await entered?.updateComplete;
    entered?.focus();
  }
}

function current(tabs: Tab[], key: string | null): Tab | null {
  return tabs.find((tab) => tab.key === key) ?? tabs[0] ?? null;
}
