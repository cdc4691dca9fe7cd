/** A line between two panes that is dragged, or moved by arrow keys: Home and End go as far as it goes. */

import { html, type TemplateResult } from "lit";

interface Divider {
  label: string;
  /** Width in px of the pane that is beside it, as it is now: keys come faster than pages are drawn. In what else, `step` says. */
  width: () => number;
  least: number;
  most: number;
  /** What an arrow key moves it by. */
  step?: number;
  /** It lies between a pane and one below: what is said of widths is of heights. */
  below?: boolean;
  /** The pane is at its right: moving right makes it narrower. */
  right?: boolean;
  /** The width that a pointer at this place means. */
  at: (event: PointerEvent) => number;
  keep: (width: number) => void;
}

const STEP = 16;

export function divider({ label, width, least, most, step = STEP, below = false, right = false, at, keep }: Divider): TemplateResult {
  const place = (line: HTMLElement, wished: number): void => {
    const kept = Math.round(Math.min(most, Math.max(least, wished)));
    keep(kept);
    line.setAttribute("aria-valuenow", String(kept));
  };
  const drag = (event: PointerEvent): void => {
    const line = event.currentTarget as HTMLElement;
    if (line.hasPointerCapture(event.pointerId)) place(line, at(event));
  };
  const key = (event: KeyboardEvent): void => {
    const more = right ? -step : step;
    const arrows: Record<string, number> = below ? { ArrowUp: width() - more, ArrowDown: width() + more } : { ArrowLeft: width() - more, ArrowRight: width() + more };
    const ends: Record<string, number> = { Home: right ? most : least, End: right ? least : most };
    const wished = arrows[event.key] ?? ends[event.key];
    if (wished === undefined) return;
    event.preventDefault();
    place(event.currentTarget as HTMLElement, wished);
  };
  return html`<div
    class="divider"
    role="separator"
    aria-orientation=${below ? "horizontal" : "vertical"}
    aria-label=${label}
    aria-valuenow=${Math.round(width())}
    aria-valuemin=${least}
    aria-valuemax=${Math.round(most)}
    tabindex="0"
    @pointerdown=${(event: PointerEvent) => (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)}
    @pointermove=${drag}
    @keydown=${key}
  ></div>`;
}
