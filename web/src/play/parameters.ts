/** Start parameters: what may be typed, and which of them a refusal is about. Pure. */

import type { InitCondition, Problem } from "../api/types.ts";

/** What is wrong, by the key of its parameter. */
export type Faults = ReadonlyMap<string, string>;

/** The `pattern` attribute is anchored by itself; an expression that browsers cannot compile is left to the server. */
export function usablePattern(expression: string | null | undefined): string | null {
  if (!expression) return null;
  const opened = expression.startsWith("^") ? expression.slice(1) : `.*(?:${expression}`;
  const bare = expression.startsWith("^") ? opened : `${opened})`;
  const closed = expression.endsWith("$") && !expression.endsWith("\\$");
  const full = closed ? bare.replace(/\$(\)?)$/, "$1") : `${bare}.*`;
  try {
    new RegExp(`^(?:${full})$`, "v");
    return full;
  } catch {
    return null;
  }
}

/** What was chosen, as the server wants it: what is left out has its default, what may be empty is said to be. */
export function chosenOf(parameters: InitCondition[], typed: (key: string) => string): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const { key, nullable, default: usual } of parameters) {
    const value = typed(key);
    if (value !== "" || (nullable && usual)) chosen[key] = value;
  }
  return chosen;
}

/** Of the server's problems those that name a parameter, and those that do not. It names it last: the value comes before. */
export function sortProblems(problems: Problem[], parameters: InitCondition[]): { faults: Faults; rest: Problem[] } {
  const keys = new Set(parameters.map(({ key }) => key));
  const faults = new Map<string, string>();
  const rest: Problem[] = [];
  for (const problem of problems) {
    const key = problem.file === "parameters" ? keyIn(problem.message, keys) : undefined;
    if (key === undefined) rest.push(problem);
    else faults.set(key, [faults.get(key), problem.message, problem.hint].filter(Boolean).join(" "));
  }
  return { faults, rest };
}

function keyIn(message: string, keys: ReadonlySet<string>): string | undefined {
  const at = [...keys].map((key) => [message.lastIndexOf(`\`${key}\``), key] as const).filter(([place]) => place >= 0);
  return at.sort(([one], [other]) => other - one)[0]?.[1];
}
