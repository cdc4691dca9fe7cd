/** Where a lesson of a course stands: its course above it, the lessons before and after below. */

import { html, nothing, type TemplateResult } from "lit";
import type { Lesson } from "../api/types.ts";
import { courseLesson } from "../play/reading.ts";
import { neighbours, wayOf, type Station } from "../play/way.ts";
import { lessonPath } from "../router.ts";

export function placeOf(course: Lesson, path: string): TemplateResult {
  const module = courseLesson(course, path)?.module;
  const title = course.modules?.find(({ name }) => name === module)?.title;
  return html`<nav class="place" aria-label="Course"><a href=${lessonPath("courses", course.name)}>${course.title || course.name}</a>${title
      ? html`<span class="muted"> › ${title}</span>`
      : nothing}</nav>`;
}

export function around(course: Lesson, path: string): TemplateResult {
  const { before, after } = neighbours(wayOf(course), path);
  return html`<nav class="neighbours" aria-label="Lessons">${to(course, before, "Before")}${to(course, after, "After")}</nav>`;
}

function to(course: Lesson, station: Station | null, word: string): TemplateResult {
  if (station === null) return html`<span></span>`;
  return html`<a href=${lessonPath("courses", course.name, station.path)}><span class="muted">${word}</span> ${station.title}</a>`;
}
