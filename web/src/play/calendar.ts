/** A year of days as weeks. Days are text, `2026-11-26`, as the server counts them: no time zone can move them. Pure. */

import type { ActiveDay } from "../api/types.ts";

export interface Cell {
  day: string;
  /** 0 nothing, then more and more. */
  level: 0 | 1 | 2 | 3;
  began: number;
  solved: number;
}

export interface Week {
  /** Monday first; days after today are not there. */
  cells: Cell[];
  /** The month, in the week of its first day. */
  month: string;
}

const DAY_MS = 86_400_000;
const WEEKS = 53;

const numberOf = (day: string): number => Math.round(Date.parse(`${day}T00:00:00Z`) / DAY_MS);
const textOf = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);

/** 0: Monday. The first day of all, 1 January 1970, was a Thursday. */
const weekday = (number: number): number => (((number + 3) % 7) + 7) % 7;

/** The last is this week; null for a day that is none. */
export function weeksOf(days: readonly ActiveDay[], today: string, count = WEEKS): Week[] {
  const last = numberOf(today);
  if (Number.isNaN(last)) return [];
  const known = new Map(days.map((day) => [day.day, day]));
  const monday = last - weekday(last);
  return Array.from({ length: count }, (_, at): Week => {
    const first = monday - (count - 1 - at) * 7;
    const numbers = Array.from({ length: 7 }, (_, day) => first + day).filter((number) => number <= last);
    const cells = numbers.map((number) => cellOf(textOf(number), known.get(textOf(number))));
    return { cells, month: cells.find(({ day }) => day.endsWith("-01"))?.day.slice(0, 7) ?? "" };
  });
}

function cellOf(day: string, known: ActiveDay | undefined): Cell {
  const { began, solved } = known ?? { began: 0, solved: 0 };
  return { day, began, solved, level: levelOf(began, solved) };
}

/** What was solved weighs more than what was begun. */
function levelOf(began: number, solved: number): Cell["level"] {
  if (began + solved === 0) return 0;
  if (solved === 0) return 1;
  return solved < 3 ? 2 : 3;
}

export function dayWords({ began, solved }: { began: number; solved: number }): string {
  const words = [began ? `${began} begun` : "", solved ? `${solved} solved` : ""].filter(Boolean);
  return words.join(", ") || "nothing";
}
