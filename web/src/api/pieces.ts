/** What there is of a kind, by name, for what only points to it: one question per kind, asked again when it is old. */

import { api } from "./client.ts";
import type { Lesson, Playground } from "./types.ts";

/** As far as a card shows it. */
export type Piece = Pick<Lesson, "name" | "title" | "description" | "difficulty" | "status" | "completed"> | Pick<Playground, "name" | "title" | "description">;
export type Pieces = ReadonlyMap<string, Piece>;

const OLD_MS = 20_000;
const asked = new Map<string, { at: number; answer: Promise<Pieces> }>();

/** `kinds` as in addresses: `challenges`. Empty when the server does not say. */
export function pieces(kinds: string): Promise<Pieces> {
  const known = asked.get(kinds);
  if (known && performance.now() - known.at < OLD_MS) return known.answer;
  const list: Promise<Piece[]> = kinds === "playgrounds" ? api.playgrounds() : api.lessons(kinds);
  const answer = list.then(
    (all): Pieces => new Map(all.map((piece) => [piece.name, piece])),
    (): Pieces => new Map(),
  );
  asked.set(kinds, { at: performance.now(), answer });
  return answer;
}

/** In front matter `_` may stand for `-`. */
export function named(known: Pieces, name: string): Piece | undefined {
  return known.get(name) ?? known.get(name.replaceAll("_", "-"));
}
