/** Which warning stands before the end of a play's time. Pure. */

import type { Play } from "../api/types.ts";
import { alive, stateOf } from "./state.ts";

const MINUTE = 60_000;
/** Minutes before the end, the latest first. */
const WARNINGS = [2, 10] as const;
/** Two ends that are not further apart are one: clocks and answers of the server are not exact. */
const SAME_END_MS = MINUTE;

export interface Warning {
  /** How long before the end it begins to stand. */
  minutes: number;
  /** When the time runs out, in ms since 1970. */
  ends: number;
}

/** Of its time, in ms; null for a play that has no end. `now`: on the clock of `toldAt`, which is when its `expiresIn` was told. */
export function remainingOf(play: Play, toldAt: number, now: number): number | null {
  const told = play.expiresIn ?? 0;
  return alive(play) && told > 0 ? told - (now - toldAt) : null;
}

/** `closed`: the last one that somebody closed. It, and those before it, come back only when the play was given another end. */
export function warningOf(play: Play, remaining: number | null, now: number, closed: Warning | null): Warning | null {
  if (remaining === null || stateOf(play) !== "RUNNING") return null;
  const minutes = WARNINGS.find((each) => remaining <= each * MINUTE);
  if (minutes === undefined) return null;
  const ends = now + remaining;
  const done = closed !== null && closed.minutes <= minutes && Math.abs(ends - closed.ends) < SAME_END_MS;
  return done ? null : { minutes, ends };
}
