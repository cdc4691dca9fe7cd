/** The font of terminals and code that comes with the pages (styles/mono.css): fetched in good time, and never waited for long. */

import { settings } from "../play/settings.ts";
import { fontStack, lineHeight } from "../play/terminal-themes.ts";

/** Longer than this no prompt is held up. */
const PATIENCE_MS = 300;
/** A letter of each of its files: terminals that draw on a canvas do not draw again what comes later. */
const LETTERS = "a\u0101\u2500";

let there = false;
let coming: Promise<boolean> | null = null;

/** Begins to fetch it, once for the page. True as soon as it can be drawn with; false where it cannot be had now. */
export function monoFont(): Promise<boolean> {
  coming ??= Promise.all([400, 700].map((weight) => document.fonts.load(`${weight} 14px "Fira Code"`, LETTERS))).then(
    (found) => (there = found.every((faces) => faces.length > 0)),
    () => {
      coming = null; // the next terminal asks again
      return false;
    },
  );
  return coming;
}

export async function monoFontSoon(): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
  await Promise.race([monoFont(), enough]);
  clearTimeout(timer);
}

/** As it was chosen, of what can be drawn with now. */
export function terminalFont(): { fontFamily: string; fontSize: number; lineHeight: number } {
  const style = getComputedStyle(document.documentElement);
  const page = { shipped: style.getPropertyValue("--mono"), system: style.getPropertyValue("--mono-system") };
  return { fontFamily: fontStack(settings.font, page, there), fontSize: settings.fontSize, lineHeight: lineHeight(settings.font, there) };
}
