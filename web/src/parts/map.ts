/** The map: drawn from the manifest, alive when there is a play. */

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Play, Playground } from "../api/types.ts";
import { layout, type Cable, type MachineCard, type MapLayout } from "../play/map-layout.ts";
import { cpuWords, memoryWords, type MachineUse, type Uses } from "../play/load.ts";
import { machineLook, machineStatus } from "../play/state.ts";
import { shape } from "./marks.ts";

interface MapOptions {
  play?: Play;
  small?: boolean;
  /** Called with a machine's name; without it nothing can be clicked. */
  open?: (machine: string) => void;
  /** What each machine takes: in its card's place of other facts, while it is pointed at. */
  uses?: Uses;
  /** Pointed at by the lesson. */
  pointed?: string;
  /** Ids of what says more of a machine, for who does not see the card. */
  described?: (machine: string) => string;
}

export function map(playground: Playground, options: MapOptions = {}): TemplateResult | typeof nothing {
  if (!playground.machines?.length) return nothing;
  const drawn = layout(playground, options.small);
  const names = drawn.machines.map((machine) => machine.name).join(", ");
  const label = `Map: ${names} on ${drawn.networks.map((network) => network.name).join(", ") || "no network"}`;
  return html`<svg
    class="map ${options.small ? "small" : ""}"
    viewBox="0 0 ${drawn.width} ${drawn.height}"
    width=${drawn.width}
    height=${drawn.height}
    role=${options.open ? "group" : "img"}
    aria-label=${label}
  >
    ${drawn.networks.map((network) => line(network, drawn, options.small ?? false))}
    ${drawn.machines.flatMap((machine) => machine.cables.map((cable) => wire(cable, options.small ?? false)))}
    ${options.small ? nothing : drawn.machines.flatMap((machine) => machine.cables.map(address))}
    ${drawn.machines.map((machine) => card(machine, drawn, options))}
  </svg>`;
}

function line(network: MapLayout["networks"][number], drawn: MapLayout, small: boolean): SVGTemplateResult {
  return svg`<g class="net ${network.private ? "private" : ""}">
    <line x1=${drawn.gutter} x2=${drawn.width - 12} y1=${network.y} y2=${network.y} />
    <text class="strong" x="10" y=${network.y + (small ? 4 : -2)}>${network.name}</text>
    ${small ? nothing : svg`<text class="muted" x="10" y=${network.y + 14}>${network.note}</text>`}
  </g>`;
}

function wire(cable: Cable, small: boolean): SVGTemplateResult {
  return svg`<g class="wire">
    <line x1=${cable.x} x2=${cable.x} y1=${cable.from} y2=${cable.to} />
    <circle cx=${cable.x} cy=${cable.from} r=${small ? 2.5 : 3.5} />
  </g>`;
}

/** Drawn after all cables, on a ground of its own: no cable may cross a digit. */
function address(cable: Cable): SVGTemplateResult | typeof nothing {
  if (!cable.address) return nothing;
  return svg`<text class="address" x=${cable.x + 7} y=${cable.labelY}>${cable.address.split("/")[0]}</text>`;
}

function card(machine: MachineCard, drawn: MapLayout, options: MapOptions): SVGTemplateResult {
  const { play, small, open } = options;
  const look = play ? machineLook(machineStatus(play, machine.name)) : null;
  const clickable = open !== undefined && machine.terminal;
  const lines = [look && look.look !== "running" ? look.word : (machine.lines[0] ?? ""), machine.lines[1] ?? ""];
  const said = [machine.name, ...lines].filter(Boolean).join(" ");
  const use = small ? undefined : options.uses?.get(machine.name);
  const kinds = [clickable ? "clickable" : "", use ? "measured" : "", options.pointed === machine.name ? "pointed" : ""];
  const act = (): void => open?.(machine.name);
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  };
  return svg`<g
    class="card-box ${kinds.filter(Boolean).join(" ")}"
    role=${clickable ? "button" : nothing}
    tabindex=${clickable ? 0 : nothing}
    aria-label=${clickable ? `${said}, ${look?.word ?? ""}: open its terminal` : nothing}
    aria-describedby=${clickable && options.described ? options.described(machine.name) : nothing}
    data-machine=${machine.name}
    @click=${clickable ? act : nothing}
    @keydown=${clickable ? key : nothing}
  >
    <rect x=${machine.x} y=${machine.y} width=${drawn.cardWidth} height=${drawn.cardHeight} rx="6" />
    ${look && !small ? shape(look.look, machine.x + 12, machine.y + 14) : nothing}
    <text class="strong" x=${machine.x + (look && !small ? 32 : 12)} y=${machine.y + (small ? 20 : 25)}>${short(machine.name, small ? 12 : 17)}</text>
    ${small ? nothing : svg`<g class="facts">${lines.map((line, place) => fact(machine, place, short(line, 25)))}</g>`}
  </g>
  ${use ? figures(machine, use) : nothing}`;
}

/** With a space behind it: lines that stand below each other are no single word. */
function fact(machine: MachineCard, place: number, text: string): SVGTemplateResult {
  return svg`<text class="muted" x=${machine.x + 12} y=${machine.y + 46 + 18 * place}>${text}</text> `;
}

/** Beside the card's button, not in it: what changes all the time is no part of its name. */
function figures(machine: MachineCard, use: MachineUse): SVGTemplateResult {
  return svg`<g class="figures" aria-hidden="true">${[cpuWords(use), memoryWords(use)].map((words, place) => fact(machine, place, words))}</g>`;
}

function short(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
