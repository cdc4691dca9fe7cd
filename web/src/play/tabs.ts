/** Which tabs a play shows: those its playground lists, those opened by hand beside them, and the map. Pure. */

import type { Play, PlaygroundTab } from "../api/types.ts";
import { terminalMachines } from "./state.ts";

export interface TerminalTab {
  kind: "terminal";
  key: string;
  label: string;
  machine: string;
  /** Its id inside the machine: `term-1`, `term-2`... */
  terminal: string;
  /** Its number when it was opened by hand and may be closed by hand. */
  extra: number | null;
}

export interface OtherTab {
  kind: "other";
  key: string;
  label: string;
  /** What it would need, for the one who looks at it. */
  needs: string;
}

export interface PortTab {
  kind: "port";
  key: string;
  label: string;
  machine: string;
  number: number;
}

/** A page of another site. */
export interface WebPageTab {
  kind: "web-page";
  key: string;
  label: string;
  /** What the server calls it. */
  id: string;
  address: string;
}

export interface IdeTab {
  kind: "ide";
  key: string;
  label: string;
  machine: string;
  /** Opened by hand, so it may be closed by hand. */
  extra?: boolean;
}

/** What its tasks ran and printed, and its consoles. */
export interface BehindTab {
  kind: "behind";
  key: typeof BEHIND;
  label: string;
}

export const BEHIND = "behind";

export interface MapTab {
  kind: "map";
  key: "map";
  label: string;
}

export type Tab = TerminalTab | PortTab | WebPageTab | IdeTab | OtherTab | MapTab | BehindTab;

/** Whether it was opened by hand. */
export function closable(tab: Tab): boolean {
  return tab.kind === "behind" || ((tab.kind === "terminal" || tab.kind === "ide") && Boolean(tab.extra));
}

/** `extra`: numbers of terminals by machine; `views`: keys of others, both opened by hand. */
export function tabsOf(play: Play, extra: Record<string, number[]>, views: readonly string[] = []): Tab[] {
  const machines = terminalMachines(play);
  const said = play.playground.tabs ?? [];
  const listed: PlaygroundTab[] = said.length > 0 ? said : machines.map((machine) => ({ kind: "terminal", machine }));
  const used = new Map<string, number>();
  const tabs: Tab[] = [];
  listed.forEach((tab, index) => {
    if (tab.kind === "http-port" && tab.machine && tab.number) {
      tabs.push({ kind: "port", key: `tab-${index}`, label: tab.name || `Port ${tab.number}`, machine: tab.machine, number: tab.number });
      return;
    }
    const site = tab.kind === "web-page" ? safeLink(tab.url) : null;
    if (site !== null && tab.id) {
      tabs.push({ kind: "web-page", key: `tab-${index}`, label: tab.name || "Page", id: tab.id, address: site });
      return;
    }
    const editor = tab.kind === "ide" ? tab.machine || machines[0] : undefined;
    if (editor !== undefined && machines.includes(editor)) {
      tabs.push({ kind: "ide", key: `tab-${index}`, label: tab.name && tab.name !== editor ? tab.name : ideLabel(editor, machines), machine: editor });
      return;
    }
    if ((tab.kind ?? "terminal") !== "terminal") {
      tabs.push({ kind: "other", key: `tab-${index}`, label: tab.name || tab.kind || "Tab", needs: needsOf(tab) });
      return;
    }
    const machine = tab.machine || machines[0];
    if (machine === undefined || !machines.includes(machine)) return;
    const number = (used.get(machine) ?? 0) + 1;
    used.set(machine, number);
    tabs.push(terminalTab(machine, number, tab.name, null));
  });
  for (const machine of machines) {
    for (const number of extra[machine] ?? []) {
      if (number > (used.get(machine) ?? 0)) tabs.push(terminalTab(machine, number, undefined, number));
    }
  }
  for (const machine of missingEditors(tabs, machines)) {
    const always = said.length === 0 && machine === machines[0]; // who lists nothing gets the editor of the first
    if (always || views.includes(editorKey(machine))) tabs.push({ kind: "ide", key: editorKey(machine), label: ideLabel(machine, machines), machine, extra: !always });
  }
  tabs.push({ kind: "map", key: "map", label: "Map" });
  if (views.includes(BEHIND)) tabs.push({ kind: "behind", key: BEHIND, label: "Tasks and consoles" });
  return tabs;
}

export const editorKey = (machine: string): string => `ide/${machine}`;

/** Machines of which no tab shows an editor. */
export function missingEditors(tabs: Tab[], machines: string[]): string[] {
  return machines.filter((machine) => !tabs.some((tab) => tab.kind === "ide" && tab.machine === machine));
}

/** The number of the next terminal on a machine: the lowest that no tab shows. */
export function nextTerminal(tabs: Tab[], machine: string): number {
  const taken = new Set(tabs.flatMap((tab) => (tab.kind === "terminal" && tab.machine === machine ? [tab.terminal] : [])));
  let number = 1;
  while (taken.has(`term-${number}`)) number += 1;
  return number;
}

function terminalTab(machine: string, number: number, name: string | undefined, extra: number | null): TerminalTab {
  const label = name || (number === 1 ? machine : `${machine} ${number}`);
  return { kind: "terminal", key: `${machine}/${number}`, label, machine, terminal: `term-${number}`, extra };
}

/** Of a tab without a name of its own, which the server calls as its machine. */
function ideLabel(machine: string, machines: string[]): string {
  return machines.length === 1 ? "IDE" : `IDE ${machine}`;
}

function needsOf(tab: PlaygroundTab): string {
  const where = tab.machine ? ` on ${tab.machine}` : "";
  switch (tab.kind) {
    case "ide":
      return `This tab shows an editor${where}, which has no terminal, and so no files for it either: its playground says noSSH.`;
    case "kexp":
      return "This tab shows a Kubernetes explorer, which this version does not have yet. From a terminal: kubectl get all -A";
    case "web-page":
      return "This tab shows a page of another site, and its address is not one that a browser may be sent to.";
    default:
      return `This version does not know tabs of the kind "${tab.kind ?? ""}".`;
  }
}

/** Where a port of a machine is seen: an origin of its own, whose name is one below that of the pages (docs/develop/http.md). */
export function portAddress(play: string, tab: { machine: string; number: number }, pages: { protocol: string; host: string }): string {
  return `${pages.protocol}//${tab.number}-${tab.machine}-${play}.${pages.host}/`;
}

/** Where the server frames the page of a tab: only there may it be loaded, and nothing but it (docs/develop/http.md). */
export function webPageAddress(play: string, tab: { id: string }): string {
  return `/plays/${encodeURIComponent(play)}/web-pages/${encodeURIComponent(tab.id)}`;
}

/** The address of a `web-page` tab when it is one a browser may be sent to. */
export function safeLink(url: string | undefined): string | null {
  try {
    const parsed = new URL(url ?? "");
    return parsed.protocol === "https:" || parsed.protocol === "http:" ? parsed.href : null;
  } catch {
    return null;
  }
}
