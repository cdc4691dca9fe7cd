/** Finding something in a catalog: words and filters, best first, and what each filter would leave. Pure. */

export const FACETS = ["difficulty", "category", "tag", "status"] as const;
export type Facet = (typeof FACETS)[number];

/** What is looked for. Values of one facet are alternatives; facets and words must all hold. */
export interface Wish {
  words: string;
  chosen: Record<Facet, readonly string[]>;
}

export interface Findable {
  name: string;
  title?: string;
  description?: string;
  categories?: string[] | null;
  tags?: string[] | null;
  difficulty?: string;
  difficulties?: string[] | null;
  status?: string;
}

/** A value of a facet, and how many would be shown with it (and with what is chosen in other facets). */
export interface Offer {
  value: string;
  count: number;
  chosen: boolean;
}

export interface Found<T> {
  hits: T[];
  offers: Record<Facet, Offer[]>;
}

/** An item as it is looked through: made once, asked at every key. */
export interface Entry<T> {
  item: T;
  title: string[];
  name: string[];
  labels: string[];
  text: string[];
  whole: { title: string; name: string; text: string };
  facets: Record<Facet, readonly string[]>;
}

const MOST_WORDS = 8;
const LONGEST = 200;
const MOST_CHOSEN = 16;
const ORDER: Partial<Record<Facet, readonly string[]>> = { difficulty: ["easy", "medium", "hard"], status: ["todo", "attempted", "solved"] };

export const NOTHING: Wish = { words: "", chosen: { difficulty: [], category: [], tag: [], status: [] } };

/** From an address, which anybody may have written. */
export function wishOf(search: string): Wish {
  const given = new URLSearchParams(search);
  const chosen = (facet: Facet): string[] => [...new Set(given.getAll(facet).map((value) => value.slice(0, LONGEST)))].filter(Boolean).slice(0, MOST_CHOSEN);
  return {
    words: (given.get("q") ?? "").slice(0, LONGEST),
    chosen: { difficulty: chosen("difficulty"), category: chosen("category"), tag: chosen("tag"), status: chosen("status") },
  };
}

/** As it stands in an address: empty, or with its question mark. */
export function searchOf(wish: Wish): string {
  const told = new URLSearchParams();
  if (wish.words.trim()) told.set("q", wish.words.trim());
  for (const facet of FACETS) for (const value of wish.chosen[facet]) told.append(facet, value);
  const text = told.toString();
  return text && `?${text}`;
}

export function toggled(wish: Wish, facet: Facet, value: string): Wish {
  const before = wish.chosen[facet];
  const after = before.includes(value) ? before.filter((each) => each !== value) : [...before, value];
  return { ...wish, chosen: { ...wish.chosen, [facet]: after } };
}

/** What is chosen, one by one. */
export function chosenIn(wish: Wish): [Facet, string][] {
  return FACETS.flatMap((facet) => wish.chosen[facet].map((value): [Facet, string] => [facet, value]));
}

/** Small letters without accents. */
export function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase();
}

function wordsOf(folded: string): string[] {
  return folded.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

export function indexed<T extends Findable>(items: readonly T[]): Entry<T>[] {
  return items.map((item) => {
    const whole = { title: fold(item.title || item.name), name: fold(item.name), text: fold(item.description ?? "") };
    const categories = item.categories ?? [];
    const tags = item.tags ?? [];
    return {
      item,
      title: wordsOf(whole.title),
      name: wordsOf(whole.name),
      labels: [...categories, ...tags, ...difficulties(item)].map(fold),
      text: wordsOf(whole.text),
      whole,
      facets: { difficulty: difficulties(item), category: categories, tag: tags, status: statusOf(item) },
    };
  });
}

const difficulties = (item: Findable): string[] => (item.difficulty ? [item.difficulty] : (item.difficulties ?? []));

/** A tutorial is completed by its reader, a challenge solved by its checks: to who looks for what is left, both are done. */
function statusOf(item: Findable): string[] {
  if (item.status === "completed") return ["solved"];
  return item.status ? [item.status] : [];
}

/** Best first; those that are as good stay in their order. */
export function find<T>(entries: readonly Entry<T>[], wish: Wish): Found<T> {
  const words = fold(wish.words).split(/\s+/).filter(Boolean).slice(0, MOST_WORDS);
  const phrase = words.join(" ");
  const hits: { item: T; score: number }[] = [];
  const counts: Record<Facet, Map<string, number>> = { difficulty: new Map(), category: new Map(), tag: new Map(), status: new Map() };
  for (const entry of entries) {
    const score = scoreOf(entry, words, phrase);
    if (score === null) continue;
    const missed = FACETS.filter((facet) => !holds(entry, wish, facet));
    if (missed.length === 0) hits.push({ item: entry.item, score });
    for (const facet of FACETS) {
      if (missed.some((other) => other !== facet)) continue;
      for (const value of new Set(entry.facets[facet])) counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
    }
  }
  hits.sort((one, other) => other.score - one.score);
  return {
    hits: hits.map(({ item }) => item),
    offers: {
      difficulty: offersOf("difficulty", counts, wish),
      category: offersOf("category", counts, wish),
      tag: offersOf("tag", counts, wish),
      status: offersOf("status", counts, wish),
    },
  };
}

function holds<T>(entry: Entry<T>, wish: Wish, facet: Facet): boolean {
  const wanted = wish.chosen[facet];
  return wanted.length === 0 || entry.facets[facet].some((value) => wanted.includes(value));
}

/** What is chosen is offered although nothing has it: else nobody could take it back. */
function offersOf(facet: Facet, counts: Record<Facet, Map<string, number>>, wish: Wish): Offer[] {
  const chosen = wish.chosen[facet];
  const known = counts[facet];
  const values = [...new Set([...known.keys(), ...chosen])];
  const offers = values.map((value) => ({ value, count: known.get(value) ?? 0, chosen: chosen.includes(value) }));
  const order = ORDER[facet];
  if (order) return offers.sort((one, other) => order.indexOf(one.value) - order.indexOf(other.value));
  return offers.sort((one, other) => other.count - one.count || one.value.localeCompare(other.value));
}

/** Null when a word is nowhere in it. */
function scoreOf<T>(entry: Entry<T>, words: readonly string[], phrase: string): number | null {
  let sum = 0;
  for (const word of words) {
    const score = wordScore(entry, word);
    if (score === 0) return null;
    sum += score;
  }
  return phrase && entry.whole.title.startsWith(phrase) ? sum + 20 : sum;
}

function wordScore<T>(entry: Entry<T>, word: string): number {
  if (entry.title.includes(word)) return 40;
  if (entry.name.includes(word) || entry.whole.name === word) return 35;
  if (entry.title.some((each) => each.startsWith(word))) return 30;
  if (entry.labels.includes(word)) return 27;
  if (entry.name.some((each) => each.startsWith(word)) || entry.whole.name.startsWith(word)) return 25;
  if (entry.labels.some((each) => each.startsWith(word))) return 15;
  if (entry.whole.title.includes(word)) return 12;
  if (entry.whole.name.includes(word)) return 10;
  if (entry.text.some((each) => each.startsWith(word))) return 6;
  return entry.whole.text.includes(word) ? 3 : 0;
}
