/** Links that start something: what they mean, and how they are made. Pure. */

import type { InitCondition } from "../api/types.ts";
import { KINDS, type LessonKind } from "../router.ts";
import { usablePattern } from "./parameters.ts";

export type StartPlace =
  | { what: "playground"; name: string }
  | { what: "lesson"; kind: LessonKind; name: string; module: string; lesson: string }
  | { what: "git"; url: string };

/** Of an address after `/start/`; null when it means nothing. Of a Git repository with `url`, of a playground without. */
export function placeOf(place: string, search: string): StartPlace | null {
  const [first, name, ...rest] = place.split("/");
  const url = new URLSearchParams(search).get("url");
  if (place === "git" && url !== null) return { what: "git", url };
  if (first && name === undefined) return { what: "playground", name: first };
  const kind = KINDS.find((each) => each === first);
  if (!kind || !name) return null;
  if (kind !== "courses") return rest.length === 0 ? { what: "lesson", kind, name, module: "", lesson: "" } : null;
  const lesson = rest.at(-1);
  if (!lesson || rest.length > 2) return null;
  return { what: "lesson", kind, name, module: rest.length === 2 ? (rest[0] ?? "") : "", lesson };
}

/** What a link gives to parameters, and what it sets that nobody asks. */
export interface Given {
  values: Record<string, string>;
  unknown: string[];
  /** Why a value is not taken as it is, by its key. */
  faults: Map<string, string>;
}

const LONGEST = 1000;
const MOST_UNKNOWN = 8;

export function givenBy(search: string, parameters: readonly InitCondition[]): Given {
  const given: Given = { values: {}, unknown: [], faults: new Map() };
  for (const [key, value] of new URLSearchParams(search)) {
    const parameter = parameters.find((each) => each.key === key);
    if (parameter === undefined) {
      if (given.unknown.length < MOST_UNKNOWN && !given.unknown.includes(key)) given.unknown.push(key.slice(0, 80));
      continue;
    }
    const cut = value.slice(0, LONGEST);
    const fault = faultOf(parameter, cut);
    if (fault) given.faults.set(key, fault);
    if (!fault || !parameter.options?.length) given.values[key] = cut;
  }
  return given;
}

function faultOf(parameter: InitCondition, value: string): string {
  if (value === "") return parameter.nullable ? "" : "The link leaves this empty; it is needed.";
  if (parameter.options?.length) return parameter.options.includes(value) ? "" : `The link says “${value.slice(0, 80)}”, which is no option. Choose one.`;
  const pattern = usablePattern(parameter.validationRegex);
  if (pattern === null || new RegExp(`^(?:${pattern})$`, "v").test(value)) return "";
  return `The link says “${value.slice(0, 80)}”, which does not match ${parameter.validationRegex}.`;
}

/** `chosen`: what a form holds. What is as usual is left out, so that a link follows its playground. */
export function startPath(place: string, parameters: readonly InitCondition[], chosen: Readonly<Record<string, string>>): string {
  const told = new URLSearchParams();
  for (const { key, default: usual } of parameters) {
    const value = chosen[key];
    if (value !== undefined && value !== (usual ?? "")) told.set(key, value);
  }
  const query = told.toString();
  return `/start/${place.split("/").map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`;
}

/** For a README: a picture that leads to a start. `title` is anybody's. */
export function badge(origin: string, path: string, title: string): string {
  const text = title.replace(/[\\[\]`<>]/g, "\\$&").replace(/\s+/g, " ");
  return `[![Start ${text}](${origin}/badge.svg)](${origin}${path.replace(/[()]/g, (sign) => (sign === "(" ? "%28" : "%29"))})`;
}
