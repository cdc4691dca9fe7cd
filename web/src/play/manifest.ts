/** The manifest of a playground, printed back from the server's JSON in the order authors write it. */

import type { Playground } from "../api/types.ts";
import { yaml, type Json } from "../text/yaml.ts";

const TOP = ["name", "base", "title", "description", "cover", "categories", "markdown"];
const INNER = ["networks", "machines", "tabs", "initTasks", "initConditions", "registryAuth", "portForwards", "accessControl"];

export function manifestOf(playground: Playground): string {
  const all = playground as unknown as Record<string, Json>;
  return yaml({ kind: "playground", ...chosen(all, TOP), playground: chosen(all, INNER) });
}

function chosen(all: Record<string, Json>, keys: string[]): Record<string, Json> {
  return Object.fromEntries(keys.flatMap((key) => (empty(all[key]) ? [] : [[key, tidy(all[key] as Json)]])));
}

/** What the server says about nothing (null, "", [], {}) is what an author leaves out. `false` and 0 mean something. */
function empty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.values(value).every(empty);
}

function tidy(value: Json): Json {
  if (Array.isArray(value)) return value.map(tidy);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => (empty(item) ? [] : [[key, tidy(item as Json)]])));
}
