/** Words of who may, as a choice for people. Pure. */

/** `some`: what is written beside it. */
export type Choice = "anyone" | "owner" | "instructor" | "nobody" | "some";

export const PERMISSIONS = ["canList", "canRead", "canStart", "canReadSolution"] as const;
export type Permission = (typeof PERMISSIONS)[number];

export type Rules = Record<Permission, string[]> & {
  /** Somebody has changed them. */
  own: boolean;
};

export const DEEDS: Record<Permission, string> = {
  canList: "find it in the catalog",
  canRead: "read it",
  canStart: "start it",
  canReadSolution: "read its solutions",
};

export const CHOICES: Record<Choice, string> = {
  anyone: "Everybody with an account",
  owner: "Only its author",
  instructor: "Instructors, and its author",
  nobody: "Nobody, not even its author",
  some: "Some people…",
};

/** Playgrounds have no solutions. */
export function permissionsOf(plural: string): readonly Permission[] {
  return plural === "playgrounds" ? PERMISSIONS.slice(0, 3) : PERMISSIONS;
}

/** What a list of words is to somebody who chooses. `nobody` rules out all others; without any word it is its author's. */
export function choiceOf(words: string[]): { choice: Choice; text: string } {
  if (words.includes("nobody")) return { choice: "nobody", text: "" };
  if (words.includes("anyone") || words.includes("authenticated")) return { choice: "anyone", text: "" };
  const others = words.filter((word) => word !== "owner");
  if (others.length === 0) return { choice: "owner", text: "" };
  if (others.length === 1 && others[0] === "instructor") return { choice: "instructor", text: "" };
  return { choice: "some", text: others.map((word) => word.replace(/^user:/, "")).join(", ") };
}

/** The other way round: names become `user:NAME`; words that are rules already stay. */
export function wordsOf(choice: Choice, text: string): string[] {
  if (choice !== "some") return [choice];
  const said = text.split(/[\s,;]+/).filter(Boolean);
  const words = said.map((word) => (word.includes(":") || word === "instructor" || word === "owner" ? word : `user:${word.replace(/^@/, "")}`));
  return [...new Set(words.length ? words : ["owner"])];
}
