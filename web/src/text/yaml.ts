/** JSON values as YAML for people: block style, quotes only where they are needed, scripts as literal blocks. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json | undefined };

/** Words and numbers that YAML would not read back as text. */
const SPECIAL =
  /^(?:|~|null|true|false|yes|no|on|off|y|n|[-+]?(?:0[xob][\da-f_]+|[\d_]*\.?[\d_]*(?:e[-+]?\d+)?|\.inf)|\.nan|\d{4}-\d\d?-\d\d?.*)$/i;
const PLAIN = /^[A-Za-z0-9_./][A-Za-z0-9_ ./@+()=,-]*$/;

export function yaml(value: Json): string {
  return block(value, 0).replace(/^\n/, "") + "\n";
}

function block(value: Json, depth: number): string {
  const pad = "  ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return " []";
    return value.map((item) => `\n${pad}-${inItem(item, depth)}`).join("");
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
    if (entries.length === 0) return " {}";
    return entries.map(([key, item]) => `\n${pad}${scalar(key)}:${block(item, depth + 1)}`).join("");
  }
  if (typeof value === "string" && literal(value)) return literalBlock(value, pad);
  return ` ${typeof value === "string" ? scalar(value) : String(value)}`;
}

/** The first key of a mapping in a list stands on the line of its dash. */
function inItem(item: Json, depth: number): string {
  const text = block(item, depth + 1);
  return text.startsWith("\n") ? ` ${text.trimStart()}` : text;
}

function literal(text: string): boolean {
  return text.includes("\n") && !/^\s/.test(text) && !/[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text) && text.trim() !== "";
}

function literalBlock(text: string, pad: string): string {
  const ends = /\n*$/.exec(text)?.[0].length ?? 0;
  const mark = ends === 0 ? "|-" : ends === 1 ? "|" : "|+";
  const body = ends === 0 ? text : text.slice(0, -1);
  return ` ${mark}${body.split("\n").map((line) => `\n${line === "" ? "" : pad + line}`).join("")}`;
}

function scalar(text: string): string {
  const plain = PLAIN.test(text) && !SPECIAL.test(text) && text.trim() === text;
  return plain ? text : JSON.stringify(text).replace(/[\x7f-\x9f\u2028\u2029\ufeff]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
