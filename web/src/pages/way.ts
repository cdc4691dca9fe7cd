/** A course or path on its page: the way as a line with stations. */

import { html, nothing, type TemplateResult } from "lit";
import type { Lesson, LessonPage } from "../api/types.ts";
import { mark } from "../parts/lesson-mark.ts";
import { wayOf, type Station } from "../play/way.ts";
import { lessonPath } from "../router.ts";
import "../parts/gate-list.ts";
import "../parts/start-lesson.ts";

/** `page`: null while it is on its way, or where there is none; units are then their titles alone. */
export function way(piece: Lesson, page: LessonPage | null): TemplateResult | typeof nothing {
  const { stretches, done, total } = wayOf(piece);
  if (stretches.length === 0) return nothing;
  const counted = total === 0 ? nothing : html`<p class="way-count">${done} of ${total} complete</p>`;
  return html`<section aria-label="The way">
    ${counted}
    ${stretches.map(
      ({ title, stations }) => html`<h2 class="stretch">${title || (stretches.length > 1 ? "More" : "Stations")}</h2>
        <ol class="way">
          ${stations.map((station) => html`<li class="station ${station.done ? "done" : ""}" data-lesson=${station.path || station.name} aria-current=${station.here ? "step" : nothing}>
            ${station.path ? lesson(piece, station) : unit(station, page)}
          </li>`)}
        </ol>`,
    )}
  </section>`;
}

function lesson(course: Lesson, station: Station): TemplateResult {
  return html`<div class="station-head">
      <h3><a href=${lessonPath("courses", course.name, station.path)}>${station.title}</a></h3>
      ${mark(station.look, station.word)}
    </div>
    ${station.problems.length ? html`<p class="muted">It has problems: <code>${station.problems[0]}</code></p>` : nothing}
    ${station.done ? nothing : html`<labyard-gates .gates=${station.gates}></labyard-gates>`}
    ${station.here ? start(course, station) : nothing}`;
}

/** A lesson that asks before it starts does so on its own page. */
function start(course: Lesson, station: Station): TemplateResult {
  const asks = course.modules?.find(({ name }) => name === station.module)?.lessons?.find(({ name }) => name === station.name)?.initConditions?.values?.length;
  if (!station.canStart || asks) return html`<a class="button primary" href=${lessonPath("courses", course.name, station.path)}>${station.canStart ? "Choose and start" : "Read it"}</a>`;
  return html`<labyard-start-lesson kind="courses" .lesson=${course} .module=${station.module} .step=${station.name}></labyard-start-lesson>`;
}

/** What a unit says is short, and shows cards of what is to be done: it opens in its place. */
function unit(station: Station, page: LessonPage | null): TemplateResult {
  const part = page?.units?.find(({ name }) => name === station.name);
  const passed = station.gates.filter((gate) => gate.passed).length;
  const head = html`<div class="station-head">
    <h3>${station.title}</h3>
    ${mark(station.look, station.gates.length > 0 && !station.done ? `${station.word} · ${passed} of ${station.gates.length}` : station.word)}
  </div>`;
  if (!part?.html.trim()) return html`${head}<labyard-gates .gates=${station.gates}></labyard-gates>`;
  return html`<details class="unit" ?open=${station.here}>
    <summary>${head}</summary>
    <labyard-lesson-text .page=${{ ...part, kind: "unit", contents: [] }}></labyard-lesson-text>
    ${part.html.includes("<lab-card") ? nothing : html`<labyard-gates .gates=${station.gates}></labyard-gates>`}
  </details>`;
}
