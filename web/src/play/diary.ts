/** What a diary says, in words. Pure. */

import type { DiaryEntry } from "../api/types.ts";
import { lookOfState, sentenceOf, type Look } from "./state.ts";

const ASKED: Record<string, (detail: string) => string> = {
  start: (detail) => (detail === "cold" ? "started this play, to be booted" : "started this play"),
  fork: () => "made this play, a fork of another",
  stop: () => "stopped it",
  restart: () => "let it go on",
  destroy: () => "destroyed it",
  persist: () => "kept it without end",
  extend: (detail) => `gave it ${detail} in all`,
  snapshot: (detail) => `took the snapshot “${detail}”`,
  rewind: (detail) => `rewound it to “${detail}”`,
  remove_snapshot: (detail) => `removed the snapshot “${detail}”`,
  save: (detail) => `saved it as the playground “${detail}”`,
  "machine.reboot": (detail) => `rebooted ${detail}`,
  "machine.stop": (detail) => `switched ${detail} off`,
  "machine.restart": (detail) => `switched ${detail} on`,
};

const MACHINE: Record<string, string> = { ready: "is ready", off: "is off", rebooting: "reboots" };

export interface Told {
  look: Look | "done";
  text: string;
  /** More, in the server's words. */
  detail: string;
  code: string;
}

export function told(entry: DiaryEntry): Told {
  const detail = entry.detail ?? "";
  const code = entry.reason ?? "";
  switch (entry.kind) {
    case "asked": {
      const who = entry.who || "Somebody who is gone";
      return { look: "idle", text: `${who} ${ASKED[entry.what]?.(detail) ?? `asked for ${entry.what} ${detail}`.trim()}`, detail: "", code };
    }
    case "machine":
      return { look: entry.what === "ready" ? "running" : "stopped", text: `${detail} ${MACHINE[entry.what] ?? entry.what}`, detail: "", code };
    case "trouble":
      return { look: "failed", text: `The box did not do it: ${entry.what}`, detail, code };
    default: {
      const { look, word } = lookOfState(entry.what);
      return { look, text: word, detail: [sentenceOf(code), detail].filter(Boolean).join(" "), code };
    }
  }
}

/** `14:03:09`, with the day where it is another than that of the entry before. Local time. */
export function times(entries: readonly DiaryEntry[]): string[] {
  let before = "";
  return entries.map((entry) => {
    const at = new Date(entry.at);
    if (Number.isNaN(at.getTime())) return "";
    const day = at.toLocaleDateString(undefined, { month: "short", day: "numeric" });
    const time = at.toLocaleTimeString(undefined, { hour12: false });
    const said = day === before ? time : `${day}, ${time}`;
    before = day;
    return said;
  });
}
