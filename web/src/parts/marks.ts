/** States by shape as well as colour, and the few icons. */

import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { Look } from "../play/state.ts";

const SHAPES: Record<Look | "done", SVGTemplateResult> = {
  idle: svg`<circle cx="6" cy="6" r="4.2" />`,
  working: svg`<circle cx="6" cy="6" r="4.2" stroke-dasharray="18 9" />`,
  running: svg`<circle cx="6" cy="6" r="5" class="solid" />`,
  stopped: svg`<rect x="1.5" y="1.5" width="9" height="9" rx="1" class="solid" />`,
  failed: svg`<path d="M6 .8 11.6 11H.4z" class="solid" />`,
  gone: svg`<path d="M2 2l8 8M10 2l-8 8" />`,
  done: svg`<path d="M1.5 6.5l3 3 6-7" />`,
};

/** The bare shape; give it words beside it. `x`, `y`: place it inside another drawing. */
export function shape(look: Look | "done", x?: number, y?: number): TemplateResult {
  return x === undefined
    ? html`<svg class="mark ${look}" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">${SHAPES[look]}</svg>`
    : (svg`<g class="mark ${look}" transform="translate(${x} ${y ?? 0})">${SHAPES[look]}</g>` as TemplateResult);
}
