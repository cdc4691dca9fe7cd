/**
 * Mermaid's source → a picture, as an address for `<img>`. This file holds the whole of mermaid: load it only when there is one to draw.
 *
 * The source is an author's, so it is hostile, and what mermaid makes of it is too. Three gates, each of which would do
 * (docs/decisions/0015-drawings.md): mermaid is told to trust nothing and to take no orders from the source; DOMPurify keeps only what
 * draws; and an SVG in `<img>` runs no script, follows no link and loads nothing.
 */

import DOMPurify, { type Config } from "dompurify";
import mermaid, { type MermaidConfig } from "mermaid";
import { drawingTheme } from "./mermaid-theme.ts";

/**
 * What one drawing may cost: it is made where the page lives and cannot be interrupted, so it is bounded before. Measured with the most
 * that a source within these bounds can ask for (docs/decisions/0015-drawings.md).
 */
const LONGEST = 5000;
/** Labels are broken into rows by trying: that is quadratic in one line. */
const LONGEST_LINE = 400;
const MOST_PARTS = 150;
const MOST_EDGES = 120;
const LARGEST_PX = 16_000;
const LARGEST_TEXT = 2 << 20;
/** What separates parts: nodes, edges, messages. */
const PART = /[\n;&]/g;
/** Kinds of drawings that lessons need, each tried with hostile sources. Others draw without end for a number in the source. */
const KINDS = new Set([
  "flowchart-v2", "sequence", "stateDiagram", "classDiagram", "er", "gantt", "pie", "gitGraph", "mindmap", "timeline", "journey", "quadrantChart", "packet",
]);
/** A packet has a row for every 32 bits. */
const LARGE_NUMBER = /\d{5}/;
const ALT_LONGEST = 400;
/** Width of the place it is drawn in: drawings that ask for theirs look the same in every window. */
const WIDTH_PX = 800;

export interface Drawing {
  /** `data:image/svg+xml,...` */
  address: string;
  /** In px, as drawn. */
  width: number;
  height: number;
  /** What there is to be said to who does not see it. */
  words: string;
}

const KEPT: Config = {
  USE_PROFILES: { svg: true, svgFilters: true },
  FORBID_TAGS: ["a", "foreignObject", "image", "feImage", "use", "script", "animate", "animateMotion", "animateTransform", "set"],
  FORBID_ATTR: ["href", "xlink:href"],
  // It becomes a document of its own: its names take nobody's place.
  SANITIZE_DOM: false,
  RETURN_DOM: true,
};

let number = 0;

/** Fails with mermaid's own words when the source cannot be read. One after the other: mermaid queues them. */
export async function draw(source: string): Promise<Drawing> {
  mermaid.initialize(config());
  refuse(source);
  const host = document.createElement("div");
  host.setAttribute("style", `position:absolute;left:-9999px;top:0;width:${WIDTH_PX}px;visibility:hidden;contain:layout style`);
  host.setAttribute("aria-hidden", "true");
  document.body.append(host);
  try {
    const { svg } = await mermaid.render(`drawing-${++number}`, source, host);
    return pictureOf(svg);
  } finally {
    host.remove();
  }
}

function refuse(source: string): void {
  if (source.length > LONGEST) throw new Error(`It has ${source.length} characters; drawings are made of at most ${LONGEST}.`);
  if (source.split("\n").some((line) => line.length > LONGEST_LINE)) throw new Error(`Lines of a drawing have at most ${LONGEST_LINE} characters.`);
  const parts = source.match(PART)?.length ?? 0;
  if (parts > MOST_PARTS) throw new Error(`It has ${parts} parts; drawings are made of at most ${MOST_PARTS}.`);
  const kind = mermaid.detectType(source);
  if (!KINDS.has(kind)) throw new Error(`Drawings of the kind ${kind} are not made here. These are: ${[...KINDS].join(", ")}.`);
  if (kind === "packet" && LARGE_NUMBER.test(source)) throw new Error("Numbers in a packet have at most four digits.");
}

function config(): MermaidConfig {
  const { dark, font, variables } = drawingTheme();
  return {
    startOnLoad: false,
    securityLevel: "strict",
    // A source sets nothing at all: it would be bounds, colours and ways to draw.
    secure: Object.keys(mermaid.mermaidAPI.defaultConfig),
    maxTextSize: LONGEST,
    maxEdges: MOST_EDGES,
    suppressErrorRendering: true,
    htmlLabels: false,
    layout: "dagre",
    look: "classic",
    theme: "base",
    darkMode: dark,
    fontFamily: font,
    themeVariables: variables,
    deterministicIds: true,
    logLevel: 5,
  };
}

/** Of what mermaid has drawn: what draws, and nothing else. */
export function pictureOf(svg: string): Drawing {
  const clean = DOMPurify.sanitize(svg, KEPT) as unknown as HTMLElement;
  const drawing = clean.querySelector("svg");
  if (drawing === null) throw new Error("Nothing was drawn.");
  const [, , width = 0, height = 0] = (drawing.getAttribute("viewBox") ?? "").split(/[\s,]+/).map(Number);
  if (!(width > 0 && height > 0)) throw new Error("Nothing was drawn.");
  if (width > LARGEST_PX || height > LARGEST_PX || svg.length > LARGEST_TEXT) throw new Error("What it draws is too large.");
  // Without these an `<img>` has no size of its own.
  drawing.setAttribute("width", String(width));
  drawing.setAttribute("height", String(height));
  drawing.style.removeProperty("max-width");
  const text = new XMLSerializer().serializeToString(drawing);
  return { address: `data:image/svg+xml,${encodeURIComponent(text)}`, width, height, words: wordsOf(drawing) };
}

/** Its author's title and description; without them what is written in it. */
function wordsOf(drawing: SVGElement): string {
  const said = [...drawing.querySelectorAll(":scope > title, :scope > desc")].map((each) => each.textContent?.trim()).filter(Boolean);
  const written = [...drawing.querySelectorAll("text")].map(lineOf).filter(Boolean);
  const words = said.length > 0 ? said.join(". ") : `Drawing: ${[...new Set(written)].join(", ")}`;
  return words.length > ALT_LONGEST ? `${words.slice(0, ALT_LONGEST)}…` : words;
}

/** A label that was broken into rows, as one line. */
function lineOf(text: Element): string {
  const rows = [...text.querySelectorAll(".row")];
  return (rows.length > 0 ? rows : [text]).map((row) => row.textContent?.trim() ?? "").join(" ");
}
