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

/** Nothing is said of what is not tried by itself. */
export function lessonMark(lesson: Pick<Lesson, "status" | "completed"> | object): TemplateResult | typeof nothing {
  const { status, completed } = lesson as Pick<Lesson, "status" | "completed">;
  if (completed) return mark("done", "Complete");
  const known = WORDS[status ?? ""];
  return known ? mark(...known) : nothing;
}

export function mark(look: Shape, word: string): TemplateResult {
  return html`<span class="state ${look}">${shape(look)}${word}</span>`;
}
