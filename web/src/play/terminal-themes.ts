/** Terminals' colours and fonts that can be chosen. `page`: those of the page (tokens.css), which follow the system. Pure. */

/** Background, foreground, cursor, selection, then the eight colours and their bright ones, in the order of ANSI. */
export interface Palette {
  name: string;
  bg: string;
  fg: string;
  cursor: string;
  selection: string;
  colours: readonly string[];
}

export const THEMES = {
  light: {
    name: "Light",
    bg: "#fdfdfb",
    fg: "#1f2226",
    cursor: "#1756a9",
    selection: "#bcd4f2",
    colours: "#1f2226 #b3261e #2c6e2f #7d5a00 #1756a9 #8a2f8f #0d6b78 #d8d5ce #5a5f68 #cf3a30 #357f39 #8f6900 #2b6fcb #a341a8 #127b8a #f6f5f2".split(" "),
  },
  dark: {
    name: "Dark",
    bg: "#101214",
    fg: "#e2e1dc",
    cursor: "#8bb8f5",
    selection: "#2f4a6d",
    colours: "#25292f #ff8a80 #8fce92 #e3c069 #8bb8f5 #dc9ae0 #74cdd9 #e2e1dc #8a919c #ffaaa2 #abe0ae #f0d489 #aecff9 #e9b8ec #9be1ea #ffffff".split(" "),
  },
  contrast: {
    name: "High contrast",
    bg: "#000000",
    fg: "#ffffff",
    cursor: "#ffff00",
    selection: "#005fd7",
    colours: "#303030 #ff8080 #60ff60 #ffff60 #80c0ff #ff90ff #60ffff #ffffff #b0b0b0 #ffa0a0 #a0ffa0 #ffffa0 #b0d8ff #ffb8ff #a0ffff #ffffff".split(" "),
  },
  solarized: {
    name: "Solarized dark",
    bg: "#002b36",
    fg: "#a9b7b8",
    cursor: "#93a1a1",
    selection: "#0f4b59",
    colours: "#073642 #dc322f #859900 #b58900 #268bd2 #d33682 #2aa198 #eee8d5 #839496 #cb4b16 #93a1a1 #a9b7b8 #839496 #6c71c4 #93a1a1 #fdf6e3".split(" "),
  },
} as const satisfies Record<string, Palette>;

export type ThemeName = "page" | keyof typeof THEMES;

/** `page`: the one that comes with the pages. `system`: what this computer has for it. */
export const FONTS = {
  page: { name: "Fira Code, which comes with the page", stack: "" },
  system: { name: "This computer's own", stack: "" },
  jetbrains: { name: "JetBrains Mono", stack: '"JetBrains Mono"' },
  cascadia: { name: "Cascadia", stack: '"Cascadia Mono", "Cascadia Code"' },
  menlo: { name: "Menlo", stack: 'Menlo, "SF Mono", Monaco' },
  consolas: { name: "Consolas", stack: "Consolas" },
  dejavu: { name: "DejaVu Sans Mono", stack: '"DejaVu Sans Mono"' },
  liberation: { name: "Liberation Mono", stack: '"Liberation Mono", "Courier New"' },
} as const;

export type FontName = keyof typeof FONTS;

export const SMALLEST = 10;
export const LARGEST = 28;

/** A size that may be used: what was typed, or remembered by an older page, may be anything. */
export function fontSize(wished: number): number {
  return Number.isFinite(wished) ? Math.round(Math.min(LARGEST, Math.max(SMALLEST, wished))) : 14;
}

/** Null for the page's own, and for names that are not known. */
export function paletteOf(theme: string): Palette | null {
  return Object.hasOwn(THEMES, theme) ? THEMES[theme as keyof typeof THEMES] : null;
}

/** The page's own lists of fonts: with the one that comes with it, and without. */
export interface PageFonts {
  shipped: string;
  system: string;
}

/** `there`: the shipped one can be drawn with. Until then, and where a chosen one is not on this computer, others stand in. */
export function fontStack(font: string, page: PageFonts, there = true): string {
  const stand = there && font !== "system" ? page.shipped : page.system;
  const chosen = Object.hasOwn(FONTS, font) ? FONTS[font as FontName].stack : "";
  return chosen ? `${chosen}, ${stand}` : stand;
}

/** Of the height that a font asks for. At 1 the underscores of common fonts are cut off; more, and the lines of frames do not meet. */
export function lineHeight(font: string, there: boolean): number {
  return there && (font === "page" || !Object.hasOwn(FONTS, font)) ? 1 : 1.07;
}
