/** The page of one play: what it is, how it goes, its terminals. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import { LivePlay, type LiveState } from "../api/live.ts";
import type { Play, Playground, TaskDetails } from "../api/types.ts";
import { startAfresh } from "../parts/afresh.ts";
import "../parts/ending-soon.ts";
import { PageElement } from "../parts/element.ts";
import { confirmed, keysDialog } from "../parts/dialog.ts";
import { monoFont } from "../parts/mono-font.ts";
import { asApiError, problem } from "../parts/problem.ts";
import type { LessonPane } from "../lesson/pane.ts";
import { remainingOf } from "../play/ending-soon.ts";
import { lessonOf, tabFor, type LessonPlace, type PortWish, type TabWish } from "../play/lesson.ts";
import { alive, ending, machineStatus, openInitTasks, ready, stateOf, terminalMachines, titleOf } from "../play/state.ts";
import { portAddress } from "../play/tabs.ts";
import { minutesOf } from "../play/time.ts";
import { framed, missing } from "../app-pages.ts";
import { go, playPath } from "../router.ts";
import { ended, halvesDivider, header, side } from "./play-parts.ts";
import { Workbench } from "./workbench.ts";

const phone = matchMedia("(max-width: 760px)");

type Pane = "lesson" | "work" | "side";

export class PlayPage extends PageElement {
  static override properties = {
    playId: {},
    live: { state: true },
    details: { state: true },
    about: { state: true },
    pane: { state: true },
    failure: { state: true },
    forking: { state: true },
  };
  declare playId: string;
  declare live: LiveState;
  declare details: ReadonlyMap<string, TaskDetails>;
  /** Its playground as the catalog has it now, for the description; null for a play made from a manifest of one's own. */
  declare about: Playground | null;
  /** On a phone: what is seen; on a wide screen with a lesson: whether it or what is known of the play is beside the terminals. */
  declare pane: Pane;
  /** What went wrong with the last thing asked for. */
  declare failure: ApiError | null;
  declare forking: boolean;
  #connection: LivePlay | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;
  #asked = "";
  readonly #bench = new Workbench(this, {
    mayLookBehind: () => this.#mayLookBehind(),
    failed: (error) => (this.failure = error),
    entered: () => {
      if (this.pane !== "side" || lessonOf(this.live.play as Play) === null || phone.matches) this.pane = "work";
    },
  });
  #lessonCode: Promise<unknown> | null = null;

  constructor() {
    super();
    this.live = { play: null, toldAt: 0, connected: false, error: null };
    this.details = new Map();
    this.about = null;
    this.pane = "work";
    this.failure = null;
    this.forking = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void monoFont();
    this.#clock = setInterval(() => this.requestUpdate(), 1000);
    addEventListener("keydown", this.#key);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    removeEventListener("keydown", this.#key);
    this.#connection?.close();
    document.title = "Labyard";
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("playId")) {
      this.#connection?.close();
      if (changed.get("playId") !== undefined) this.#forget();
      this.#bench.begin(this.playId);
      this.#connection = new LivePlay(this.playId, (state) => this.#told(state));
    }
  }

  /** The same page for another play, as after a fork. */
  #forget(): void {
    this.live = { play: null, toldAt: 0, connected: false, error: null };
    this.details = new Map();
    this.about = null;
    this.failure = null;
    this.#asked = "";
  }

  #told(state: LiveState): void {
    if (state.error?.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    const first = this.live.play === null;
    this.live = state;
    const play = state.play;
    if (play === null) return;
    if (first) void this.#askPlayground(play.playground.name);
    if (first && lessonOf(play)) this.pane = "lesson";
    document.title = `${titleOf(play)} · Labyard`;
    const tasks = JSON.stringify(Object.values(play.tasks ?? {}).map((task) => [task.name, task.status, task.version]));
    if (tasks !== this.#asked && tasks !== "[]") {
      this.#asked = tasks;
      void this.#askTasks();
    }
  }

  /** Times and output are not part of what the socket tells. */
  async #askTasks(): Promise<void> {
    try {
      const tasks = await api.tasks(this.playId);
      this.details = new Map(tasks.map((task) => [task.name, task]));
    } catch {
      this.#asked = ""; // the next message of the socket asks again; until then names and states are shown without times
    }
  }

  async #askPlayground(name: string): Promise<void> {
    this.about = await api.playground(name).catch(() => null);
  }

  #key = (event: KeyboardEvent): void => {
    const target = event.target as Element;
    if (event.key !== "?" || target.closest("input, textarea, select, dialog")) return;
    event.preventDefault();
    void keysDialog();
  };

  async act(action: string, more: { machine?: string; maxPlayTimeMinutes?: number } = {}): Promise<void> {
    this.failure = null;
    try {
      this.#connection?.take(await api.act(this.playId, action, more));
      if (action === "restart") this.#connection?.retry();
    } catch (cause) {
      this.failure = asApiError(cause);
    }
  }

  /** Opens the new play; this one goes on. */
  async fork(): Promise<void> {
    if (this.forking) return;
    this.failure = null;
    this.forking = true;
    try {
      go(playPath((await api.act(this.playId, "fork")).id));
    } catch (cause) {
      this.failure = asApiError(cause);
    }
    this.forking = false;
  }

  async destroy(play: Play): Promise<void> {
    const name = titleOf(play);
    const sure = await confirmed({
      title: `Destroy “${name}”?`,
      text: `Its ${play.machines.length === 1 ? "machine and its disks are" : `${play.machines.length} machines and their disks are`} deleted. This cannot be undone. Stopping keeps everything.`,
      act: "Destroy it",
      danger: true,
    });
    if (sure) await this.act("destroy");
  }

  async reboot(machine: string): Promise<void> {
    const sure = await confirmed({
      title: `Reboot ${machine}?`,
      text: "Programs that run on it end; its disks stay as they are.",
      act: "Reboot it",
    });
    if (sure) await this.act("machine.reboot", { machine });
  }

  /** Of a lesson of others, scripts and outputs are not shown; whether this is one is known with its tasks. */
  #mayLookBehind(): boolean {
    const known = this.details.size > 0 || Object.keys(this.live.play?.tasks ?? {}).length === 0;
    return known && ![...this.details.values()].some((task) => task.withheld);
  }

  /** What `:tab{...}` of a lesson asks for. */
  #openWished(play: Play, event: Event): void {
    const wish = (event as CustomEvent<TabWish>).detail;
    const found = tabFor(wish, this.#bench.tabs(play), terminalMachines(play));
    if (found === null) this.failure = new ApiError(0, { code: "no-tab", message: "This play has no such tab.", hint: "The lesson names a tab or a machine that is not there." });
    else if ("key" in found) {
      this.#bench.pointed = found.key === "map" ? wish.machine : "";
      this.#bench.enter(play, found.key);
    } else this.#bench.addTerminal(play, found.machine, "first");
  }

  /** What `:http-port{...}` of a lesson asks for: its tab, else a window, which must be opened while the press is being answered. */
  async #openPort(play: Play, event: Event): Promise<void> {
    const wish = (event as CustomEvent<PortWish>).detail;
    const port = { ...wish, machine: wish.machine || (play.machines[0]?.name ?? "") };
    const tab = this.#bench.tabs(play).find((each) => each.kind === "port" && each.machine === port.machine && each.number === port.number);
    if (tab) {
      this.#bench.enter(play, tab.key);
      return;
    }
    const opened = open("about:blank", "_blank");
    if (opened) opened.opener = null; // what runs in a machine gets no hold of this page
    try {
      await api.expose(play.id, port);
      if (opened === null) throw new ApiError(0, { code: "blocked", message: "The browser opened no window.", hint: `Open port ${port.number} of ${port.machine} from "About this play".` });
      opened.location.replace(portAddress(play.id, port, location));
    } catch (cause) {
      opened?.close();
      this.failure = asApiError(cause);
    }
  }

  /** Asked for by hand: the lesson comes to the front and its next open task into view. */
  async #nextTask(): Promise<void> {
    this.pane = "lesson";
    await this.updateComplete;
    await this.#lessonCode;
    void this.querySelector<LessonPane>("labyard-lesson-pane")?.showNext();
  }

  #lesson(play: Play, place: LessonPlace): TemplateResult {
    this.#lessonCode ??= import("../lesson/pane.ts").catch((cause: unknown) => {
      this.#lessonCode = null;
      this.failure = new ApiError(0, { code: "page", message: "The lesson's code could not be loaded.", hint: `Reload the page. (${String(cause)})` });
    });
    return html`<section class="lesson-side" aria-label="Lesson" tabindex="0" @open-tab=${(event: Event) => this.#openWished(play, event)} @open-port=${(event: Event) => void this.#openPort(play, event)}>
      <labyard-lesson-pane .place=${place} .play=${play}></labyard-lesson-pane>
    </section>`;
  }

  #banner(play: Play): TemplateResult | typeof nothing {
    const end = ending(play);
    const show = html`<button class="small" @click=${() => (this.pane = "side")}>Show</button>`;
    if (stateOf(play) === "FAILED" && end) {
      return html`<div class="banner failed" role="alert"><p>${end.sentence}</p><span class="phone-only">${show}</span></div>`;
    }
    const open = openInitTasks(play).length;
    if (alive(play) && open > 0 && play.machines.some((machine) => ready(machineStatus(play, machine.name)))) {
      return html`<div class="banner" role="status">
        <p>Still being prepared: ${open} ${open === 1 ? "step" : "steps"} to go. You can look around already.</p>
        <span class="phone-only">${show}</span>
      </div>`;
    }
    return nothing;
  }

  #work(play: Play): TemplateResult {
    if (alive(play)) return this.#bench.draw(play, this.details, this.#banner(play));
    this.#bench.clear();
    return ended(play, (action) => void this.act(action), () => void startAfresh(play));
  }

  #halves(play: Play): TemplateResult {
    const place = lessonOf(play);
    const about = html`<aside class="side" aria-label="About this play">${side(play, this.about, this.details, {
      reboot: (machine) => void this.reboot(machine),
      told: (told) => this.#connection?.take(told),
    })}</aside>`;
    const beside = this.pane === "side" ? "side" : "lesson";
    const one = (pane: Pane, word: string, seen: Pane = this.pane): TemplateResult =>
      html`<button aria-pressed=${seen === pane} @click=${() => (this.pane = pane)}>${word}</button>`;
    const work = html`<div class="work">${this.#work(play)}</div>`;
    return html`<main class="halves">
        ${place === null
          ? html`${work}${halvesDivider("side")}${about}`
          : html`<div class="left-half">
                <nav class="left-switch wide-only" aria-label="Beside the terminals">${one("lesson", "Lesson", beside)}${one("side", "About this play", beside)}</nav>
                ${this.#lesson(play, place)}${about}
              </div>
              ${halvesDivider("lesson")}${work}`}
      </main>
      <nav class="pane-switch phone-only" aria-label="Halves of the page">
        ${place === null ? nothing : one("lesson", "Lesson")}${one("work", "Terminal")}${one("side", "About")}
      </nav>`;
  }

  protected override render(): TemplateResult {
    const { play, error, connected } = this.live;
    if (error?.status === 404) return framed(missing(location.pathname, `No play has the id ${this.playId}.`));
    if (play === null) {
      return html`<header class="top"><a class="brand" href="/">Labyard</a></header>
        <main class="page narrow">
          ${error ? problem(error, () => this.#connection?.retry()) : html`<p class="slow muted">Asking the server for this play…</p>`}
        </main>`;
    }
    const stop = (): void => void this.act("stop");
    const extend = (): void => void this.act("set_max_play_time", { maxPlayTimeMinutes: minutesOf(play.maxPlayTime ?? "") + 60 });
    return html`<div class="play ${lessonOf(play) ? "with-lesson" : ""}" data-pane=${this.pane}>
      ${header(play, this.live.toldAt, {
        stop,
        fork: () => void this.fork(),
        forking: this.forking,
        nextTask: () => void this.#nextTask(),
        destroy: () => void this.destroy(play),
        behind: alive(play) && this.#mayLookBehind() ? () => this.#bench.lookBehind(play) : null,
        extend,
      })}
      <labyard-ending-soon .play=${play} .remaining=${remainingOf(play, this.live.toldAt, performance.now())} .acts=${{ stop, extend }}></labyard-ending-soon>
      ${connected || stateOf(play) === "DESTROYED"
        ? nothing
        : html`<p class="offline slow" role="status">No word from the server. What you see may be old; trying again.</p>`}
      ${this.failure ? html`<div class="failure">${problem(this.failure)}<button class="small" @click=${() => (this.failure = null)}>Dismiss</button></div>` : nothing}
      ${this.#halves(play)}
    </div>`;
  }
}

customElements.define("labyard-play", PlayPage);
