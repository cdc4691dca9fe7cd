/** Ending an attempt and beginning a new one. Asked once, with what is lost; start parameters are chosen anew. */

import { html, nothing, type TemplateResult } from "lit";
import { api, type Chosen } from "../api/client.ts";
import type { InitCondition, Play } from "../api/types.ts";
import { lessonKey, lessonOf } from "../play/lesson.ts";
import { courseLesson } from "../play/reading.ts";
import { stateOf } from "../play/state.ts";
import { opened } from "./dialog.ts";
import { Starter } from "./starter.ts";

/** Begins a new attempt at the lesson of this play, and goes there. */
export async function startAfresh(play: Play): Promise<void> {
  const asked = await parametersOf(play);
  await opened<void>(undefined, (close) =>
    html`<h2 id="dialog-title">Start afresh?</h2>
      <div class="dialog-text">${lost(play)}</div>
      <labyard-afresh .play=${play} .asked=${asked} .close=${close}></labyard-afresh>`,
  );
}

function lost(play: Play): TemplateResult {
  const machines = play.machines.length === 1 ? "its machine" : `its ${play.machines.length} machines`;
  const ends =
    stateOf(play) === "DESTROYED"
      ? html`<p>Nothing of this attempt is left. A new one begins.</p>`
      : html`<p>This attempt ends: ${machines} and everything done there are deleted, its snapshots too. A new one begins.</p>`;
  return html`${ends}<p>What you have solved stays solved.</p>`;
}

/** As the lesson is now. When nobody says, the start itself tells what is missing. */
async function parametersOf(play: Play): Promise<InitCondition[]> {
  const place = lessonOf(play);
  if (place === null) return [];
  const about = await api.lesson(place.kinds, place.name).catch(() => null);
  const part = about && place.path ? courseLesson(about, place.path)?.lesson : about;
  return part?.initConditions?.values ?? [];
}

export class Afresh extends Starter {
  static override properties = { ...Starter.properties, play: { attribute: false }, asked: { attribute: false }, close: { attribute: false } };
  declare play: Play;
  declare asked: InitCondition[];
  declare close: () => void;
  #ended = false;

  /** The dialog looked for it before it was drawn. */
  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>("[autofocus]")?.focus();
  }

  protected override parameters(): InitCondition[] {
    return this.asked;
  }

  protected override async begin(chosen: Chosen): Promise<string> {
    if (!this.#ended && stateOf(this.play) !== "DESTROYED") await api.act(this.play.id, "destroy");
    this.#ended = true;
    const { id } = await api.startAttempt(lessonKey(this.play), chosen);
    this.close();
    return id;
  }

  protected override buttons(): TemplateResult {
    return html`<div class="dialog-buttons">
      ${this.#ended ? nothing : html`<button type="button" autofocus ?disabled=${this.starting} @click=${() => this.close()}>Keep it</button>`}
      <button class="primary" ?disabled=${this.starting}>${this.starting ? "Asking the box for room…" : "Start afresh"}</button>
    </div>`;
  }
}

customElements.define("labyard-afresh", Afresh);
