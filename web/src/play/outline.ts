/** The list of what a text contains. Pure. */

import type { LessonPage, LessonPart } from "../api/types.ts";

/** Headings a text needs before a list of them helps. */
const FEWEST = 3;
const DEEPEST = 2;

/** `part`: 0 the text itself, then its units. `id`: empty for a unit as a whole. `depth`: from 0. */
export interface OutlineEntry {
  part: number;
  id: string;
  text: string;
  depth: number;
}

/** Empty when the text is short enough to be seen as a whole. */
export function outlineOf(page: LessonPage): OutlineEntry[] {
  const units = (page.units ?? []).flatMap((unit, at): OutlineEntry[] => [
    { part: at + 1, id: "", text: unit.title || unit.name, depth: 0 },
    ...headings(unit, at + 1, 1),
  ]);
  const all = [...headings(page, 0, 0), ...units];
  return all.length < FEWEST ? [] : all;
}

function headings(text: LessonPart, part: number, below: number): OutlineEntry[] {
  const known = text.contents ?? [];
  const top = Math.min(...known.map(({ level }) => level));
  return known.map(({ id, level, text }) => ({ part, id, text, depth: below + level - top })).filter(({ depth }) => depth <= DEEPEST);
}
