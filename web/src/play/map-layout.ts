/** Where everything on a map goes: networks as lines, machines as cards under them, a cable for every interface. Pure. */

import type { Playground, PlaygroundMachine } from "../api/types.ts";

export interface NetworkLine {
  name: string;
  note: string;
  private: boolean;
  y: number;
}

export interface Cable {
  network: string;
  x: number;
  from: number;
  to: number;
  address: string;
  /** Where its address is written. */
  labelY: number;
}

export interface MachineCard {
  name: string;
  lines: string[];
  terminal: boolean;
  x: number;
  y: number;
  cables: Cable[];
}

export interface MapLayout {
  width: number;
  /** Where the lines begin: their names stand left of it, out of the way of every cable. */
  gutter: number;
  height: number;
  cardWidth: number;
  cardHeight: number;
  networks: NetworkLine[];
  machines: MachineCard[];
}

interface Measures {
  margin: number;
  /** Width of one letter of a network's name, about. */
  letter: number;
  lineGap: number;
  lineTop: number;
  cardWidth: number;
  cardHeight: number;
  cardGap: number;
  cable: number;
}

const FULL: Measures = { margin: 20, letter: 6.8, lineGap: 44, lineTop: 26, cardWidth: 168, cardHeight: 76, cardGap: 28, cable: 40 };
const SMALL: Measures = { margin: 10, letter: 7, lineGap: 24, lineTop: 16, cardWidth: 104, cardHeight: 30, cardGap: 14, cable: 20 };

/** Height of one address on its cable. */
const ADDRESS_STEP = 16;

export function layout(playground: Playground, small = false): MapLayout {
  const size = small ? SMALL : FULL;
  const machines = playground.machines ?? [];
  const lines = networkLines(playground, size);
  const most = Math.max(1, ...machines.map((machine) => interfaces(machine).length));
  const drop = small ? size.cable : Math.max(size.cable, 14 + most * ADDRESS_STEP);
  const top = size.lineTop + Math.max(0, lines.length - 1) * size.lineGap + drop;
  const taken = machines.length * (size.cardWidth + size.cardGap) - size.cardGap;
  const longest = Math.max(0, ...lines.flatMap((line) => [line.name.length, small ? 0 : line.note.length]));
  const gutter = size.margin + (lines.length === 0 ? 0 : Math.ceil(longest * size.letter) + 12);
  const left = gutter + 16;
  const width = left + taken + 16 + size.margin;
  return {
    width,
    gutter,
    height: top + size.cardHeight + size.margin,
    cardWidth: size.cardWidth,
    cardHeight: size.cardHeight,
    networks: lines,
    machines: machines.map((machine, index) => {
      const x = left + index * (size.cardWidth + size.cardGap);
      return { name: machine.name, lines: facts(machine), terminal: !machine.noSSH, x, y: top, cables: cables(machine, lines, x, top, size) };
    }),
  };
}

function networkLines(playground: Playground, size: Measures): NetworkLine[] {
  const named = new Map((playground.networks ?? []).map((network) => [network.name, network]));
  // A machine may name a network that the list lacks (a base's default): draw it all the same.
  for (const machine of playground.machines ?? []) {
    for (const { network } of interfaces(machine)) if (!named.has(network)) named.set(network, { name: network });
  }
  return [...named.values()].map((network, index) => ({
    name: network.name,
    note: [network.subnet, network.private ? "private" : ""].filter(Boolean).join(" · "),
    private: network.private ?? false,
    y: size.lineTop + index * size.lineGap,
  }));
}

function interfaces(machine: PlaygroundMachine): { network: string; address: string }[] {
  return (machine.network?.interfaces ?? []).map(({ network, address }) => ({ network: network ?? "local", address: address ?? "" }));
}

function cables(machine: PlaygroundMachine, lines: NetworkLine[], x: number, top: number, size: Measures): Cable[] {
  const all = interfaces(machine);
  return all.flatMap(({ network, address }, index) => {
    const line = lines.find((candidate) => candidate.name === network);
    if (line === undefined) return [];
    const place = all.length === 1 ? size.cardWidth / 2 : 16 + (index * (size.cardWidth / 2 - 16)) / Math.max(1, all.length - 1);
    // The leftmost cable's address stands highest, so that no address is crossed by the next cable's.
    const labelY = top - 6 - (all.length - 1 - index) * ADDRESS_STEP;
    return [{ network, x: x + place, from: line.y, to: top, address, labelY }];
  });
}

function facts(machine: PlaygroundMachine): string[] {
  const kernel = typeof machine.kernel === "string" ? machine.kernel : machine.kernel?.source;
  const root = machine.drives?.find((drive) => drive.mount === "/");
  const size = [machine.resources?.cpuCount ? `${machine.resources.cpuCount} CPU` : "", machine.resources?.ramSize ?? ""].filter(Boolean);
  const source = (root?.source ?? "").replace(/^oci:\/\//, "").split("/").at(-1) ?? "";
  return [[source, kernel ? `Linux ${kernel}` : ""].filter(Boolean).join(" · "), size.join(" · ")].filter(Boolean);
}
