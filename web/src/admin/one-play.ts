/** One play of anybody's, for who runs the box: what it is, what it takes, what happened to it. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";
import { shape } from "../parts/marks.ts";
import { lookOfState } from "../play/state.ts";
import { adminPath, playPath } from "../router.ts";
import { end, endButtons, sure, type EndAction } from "./ending.ts";
import { personOf, size } from "./figures.ts";
import { age } from "./plays.ts";
import { admin, type Costly } from "./questions.ts";
import { Section } from "./section.ts";
import "../parts/diary.ts";

export class AdminPlay extends Section<Costly> {
  static override properties = { ...Section.properties, play: {} };
  declare play: string;

  protected override async ask(): Promise<Costly> {
    const found = (await admin.plays(true)).plays.find((play) => play.id === this.play);
    if (found) return found;
    throw new ApiError(404, { code: "not-found", message: `There is no play ${this.play}, or it is forgotten.`, hint: "A play is forgotten a week after it was destroyed, and its diary with it." });
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("play") || changed.get("play") === undefined) return;
    this.known = null;
    void this.load();
  }

  async #end(action: EndAction, play: Costly): Promise<void> {
    if (await sure(action, [play])) await this.act("…", () => end(action, [play], (words) => (this.busy = words)));
  }

  protected override draw(play: Costly): TemplateResult {
    const { look, word } = lookOfState(play.state);
    const fact = (name: string, value: unknown): TemplateResult | typeof nothing => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing);
    const gone = ["DESTROYED", "DESTROYING"].includes(play.state);
    return html`<p class="place"><a href=${adminPath("plays")}>All plays</a></p>
      <div class="section-head">
        <h1>${play.title || play.id}</h1>
        <p class="acts">${gone ? nothing : endButtons([play], (action) => void this.#end(action, play), this.busy !== "")}</p>
      </div>
      <p><span class="state ${look}" data-state=${play.state}>${shape(look)}${play.state === "CREATED" ? "Waiting" : word}</span> ${play.message}</p>
      <dl class="facts-list">
        ${fact("Person", personOf(play))}${fact("Playground", play.playground)}${fact("Lesson", play.lesson)}${fact("Age", age(play))}
        ${fact("Machines that run", play.machines)}${fact("Memory promised", play.promised && size(play.promised))}
        ${fact("Memory taken", play.memory && size(play.memory))}${fact("Processor time", play.cpuSeconds && `${Math.round(play.cpuSeconds)} s`)}
        ${fact("Disk, with its snapshots", play.disk && size(play.disk))}${fact("Ends", play.persistent ? "never" : play.expiresAt && new Date(play.expiresAt).toLocaleString())}
        ${fact("Id", html`<code>${play.id}</code>`)}
      </dl>
      ${play.owner === "owner" ? html`<p><a href=${playPath(play.id)}>Its page</a></p>` : nothing}
      <section aria-labelledby="diary">
        <h2 id="diary">What happened</h2>
        <labyard-diary .play=${play.id}></labyard-diary>
      </section>`;
  }
}

customElements.define("labyard-admin-play", AdminPlay);
