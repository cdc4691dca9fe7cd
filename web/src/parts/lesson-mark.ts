/** How far somebody is with a lesson, by shape as well as by word. */

import { html, nothing, type TemplateResult } from "lit";
import type { Lesson } from "../api/types.ts";
import { shape } from "./marks.ts";

type Shape = Parameters<typeof shape>[0];

const WORDS: Record<string, [Shape, string]> = {
  todo: ["idle", "To do"],
  attempted: ["working", "Attempted"],
  solved: ["done", "Solved"],
  completed: ["done", "Completed"],
};

export function lessonMark(lesson: Lesson): TemplateResult | typeof nothing {
  if (lesson.completed) return mark("done", "Complete");
  const known = WORDS[lesson.status ?? ""];
  return known ? mark(...known) : nothing;
}

export function mark(look: Shape, word: string): TemplateResult {
  return html`<span class="state ${look}">${shape(look)}${word}</span>`;
}
