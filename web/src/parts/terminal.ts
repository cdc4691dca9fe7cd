/** The terminal itself. Loaded only when one is opened: it is larger than all the rest of the pages. */

import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal, type ITheme } from "@xterm/xterm";
import { html, nothing, type TemplateResult } from "lit";
import { terminalUrl } from "../api/client.ts";
import { TerminalLink, type LinkState } from "../api/terminal-link.ts";
import { settings, onSettings } from "../play/settings.ts";
import { paletteOf } from "../play/terminal-themes.ts";
import { PageElement } from "./element.ts";
import { monoFont, monoFontSoon, terminalFont } from "./mono-font.ts";
import "./terminal-search.ts";

const SCROLLBACK_LINES = 10_000;
const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

/** Colours that were chosen, else the page's tokens, so that light and dark have one source. */
function theme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const chosen = paletteOf(settings.theme);
  const token = (name: string): string => style.getPropertyValue(`--term-${name}`).trim();
  const colours: Record<string, string> = {
    background: chosen?.bg ?? token("bg"),
    foreground: chosen?.fg ?? token("fg"),
    cursor: chosen?.cursor ?? token("cursor"),
    cursorAccent: chosen?.bg ?? token("bg"),
    selectionBackground: chosen?.selection ?? token("selection"),
  };
  ANSI.forEach((name, place) => {
    colours[name] = chosen?.colours[place] ?? token(name);
    colours[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`] = chosen?.colours[place + 8] ?? token(`bright-${name}`);
  });
  return colours;
}

/** With its full stop: more is said behind it. */
function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A context that is drawn by the processor is slower than plain elements; browsers do not always admit it is one. */
function hasRealGpu(): boolean {
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  const names = context?.getExtension("WEBGL_debug_renderer_info");
  const renderer: unknown = context?.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER);
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return typeof renderer === "string" && !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

export class TerminalView extends PageElement {
  static override properties = {
    play: {},
    machine: {},
    terminal: {},
    active: { type: Boolean },
    link: { state: true },
    searching: { state: true },
  };
  declare play: string;
  declare machine: string;
  declare terminal: string;
  declare active: boolean;
  declare link: LinkState;
  declare searching: boolean;
  /** Held keys of the key bar, put on the next character typed. */
  modifier: { ctrl: boolean; alt: boolean } = { ctrl: false, alt: false };
  #xterm: Terminal | null = null;
  #fit = new FitAddon();
  #link: TerminalLink | null = null;
  #opening: Promise<void> | null = null;
  #cleanups: (() => void)[] = [];
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.link = { kind: "connecting" };
    this.active = false;
    this.searching = false;
  }

  override focus(): void {
    this.#xterm?.focus();
  }

  /** All the text on it, scrollback included: for copying, and for tests. */
  text(): string {
    const buffer = this.#xterm?.buffer.active;
    if (!buffer) return "";
    const lines: string[] = [];
    for (let row = 0; row < buffer.length; row += 1) {
      const line = buffer.getLine(row);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  get columns(): number {
    return this.#xterm?.cols ?? 0;
  }

  /** The first line that is seen, counted from the oldest that is kept. */
  get scrolled(): number {
    return this.#xterm?.buffer.active.viewportY ?? 0;
  }

  get lines(): number {
    return this.#xterm?.rows ?? 0;
  }

  /** Keys of the key bar. */
  type(data: string): void {
    this.#send(data);
    this.focus();
  }

  protected override firstUpdated(): void {
    this.#opening = this.#open();
  }

  /** With its terminal: whoever awaits it may give it the focus. */
  protected override async getUpdateComplete(): Promise<boolean> {
    const complete = await super.getUpdateComplete();
    await this.#opening;
    return complete;
  }

  /** xterm.js measures a letter when it is opened, and again when it is told of another font. */
  async #open(): Promise<void> {
    await monoFontSoon();
    const host = this.querySelector<HTMLElement>(".term-host");
    if (host === null || !this.isConnected) return;
    const xterm = new Terminal({
      allowProposedApi: true, // unicode versions are behind it
      cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
      ...terminalFont(),
      screenReaderMode: settings.screenReader,
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK_LINES,
      theme: theme(),
    });
    this.#xterm = xterm;
    xterm.loadAddon(this.#fit);
    xterm.loadAddon(new Unicode11Addon());
    xterm.unicode.activeVersion = "11";
    xterm.loadAddon(new WebLinksAddon());
    xterm.attachCustomKeyEventHandler((event) => this.#key(event));
    xterm.open(host);
    xterm.textarea?.setAttribute("aria-label", `Terminal on ${this.machine}. Ctrl+Shift+L leaves it.`);
    this.#fitNow();
    this.#listen(host, xterm);
    void this.#accelerate(xterm);
    this.#attach(xterm);
    void monoFont().then(() => this.#measure());
    // Never taken from elsewhere, and on touch screens it would pull up the keyboard.
    if (this.active && document.activeElement === document.body && !matchMedia("(pointer: coarse)").matches) xterm.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#clock);
    this.#cleanups.forEach((clean) => clean());
    this.#link?.close();
    this.#xterm?.dispose();
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("active") && this.active) this.#fitNow();
    if (changed.has("link")) this.#tick();
  }

  #attach(xterm: Terminal): void {
    this.#link = new TerminalLink(
      (cols, rows) => terminalUrl(this.play, this.machine, this.terminal, cols, rows),
      {
        write: (data, done) => xterm.write(data, done),
        wipe: () => xterm.write("\x1bc"), // in order with what is still being drawn, unlike reset()
        size: () => ({ cols: xterm.cols, rows: xterm.rows }),
      },
      (state) => (this.link = state),
    );
  }

  #listen(host: HTMLElement, xterm: Terminal): void {
    const sizes = new ResizeObserver(() => requestAnimationFrame(() => this.#fitNow()));
    sizes.observe(host);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => {
      xterm.options.theme = theme();
      const chosen = paletteOf(settings.theme);
      if (chosen) this.style.setProperty("--term-bg", chosen.bg); // what is around the letters
      else this.style.removeProperty("--term-bg");
    };
    repaint();
    dark.addEventListener("change", repaint);
    this.#cleanups.push(
      () => sizes.disconnect(),
      () => dark.removeEventListener("change", repaint),
      onSettings(() => {
        repaint();
        xterm.options.screenReaderMode = settings.screenReader;
        this.#measure();
      }),
    );
    // Else the browser would also put it into xterm's hidden field, and lay out megabytes there while everything waits.
    host.addEventListener(
      "paste",
      (event) => {
        const text = event.clipboardData?.getData("text/plain");
        event.preventDefault();
        event.stopPropagation();
        if (text) xterm.paste(text);
      },
      { capture: true },
    );
    xterm.onData((data) => this.#send(data));
    xterm.onBinary((data) => this.#link?.sendBytes(Uint8Array.from(data, (char) => char.charCodeAt(0))));
    xterm.onResize(({ cols, rows }) => this.#link?.resize(cols, rows));
  }

  async #accelerate(xterm: Terminal): Promise<void> {
    if (!hasRealGpu()) return;
    const { WebglAddon } = await import("@xterm/addon-webgl");
    if (!this.isConnected) return;
    const gpu = new WebglAddon();
    gpu.onContextLoss(() => gpu.dispose()); // it falls back to plain elements
    xterm.loadAddon(gpu);
  }

  #send(data: string): void {
    const { ctrl, alt } = this.modifier;
    let bytes = data;
    if (ctrl && data.length === 1) bytes = String.fromCharCode(data.toUpperCase().charCodeAt(0) & 0x1f);
    if (alt) bytes = `\x1b${bytes}`;
    if (ctrl || alt) {
      this.modifier = { ctrl: false, alt: false };
      this.dispatchEvent(new CustomEvent("modifier-used", { bubbles: true }));
    }
    this.#link?.send(bytes);
  }

  /** By the font as it is now: chosen anew, or there at last. */
  #measure(): void {
    if (this.#xterm === null || !this.isConnected) return;
    Object.assign(this.#xterm.options, terminalFont());
    this.#fitNow();
  }

  #fitNow(): void {
    if (this.offsetParent !== null) this.#fit.fit();
  }

  /** False: not the terminal's key. */
  #key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey || event.altKey) return true;
    if (event.code === "KeyC") {
      event.preventDefault();
      this.#copy();
      return false;
    }
    if (event.code === "KeyL") {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent("leave", { bubbles: true }));
      return false;
    }
    if (event.code === "KeyF") {
      event.preventDefault();
      this.searching = true;
      return false;
    }
    return event.code !== "KeyV"; // the browser pastes
  }

  #copy(): void {
    const selection = this.#xterm?.getSelection();
    if (!selection) return;
    // Plain http on a network has no clipboard object; the old way works there, through xterm's own copy handler.
    if (navigator.clipboard) void navigator.clipboard.writeText(selection);
    else document.execCommand("copy");
  }

  #found(): void {
    this.searching = false;
    this.focus();
  }

  #tick(): void {
    clearInterval(this.#clock);
    if (this.link.kind === "lost") this.#clock = setInterval(() => this.requestUpdate(), 1000);
  }

  #retry(): void {
    this.#link?.connect();
    this.focus();
  }

  #notice(): TemplateResult | typeof nothing {
    const link = this.link;
    const again = (label: string): TemplateResult => html`<button class="small" @click=${this.#retry}>${label}</button>`;
    switch (link.kind) {
      case "open":
        return nothing;
      case "connecting":
        return html`<p class="term-notice slow">Connecting to ${this.machine}…</p>`;
      case "lost": {
        const seconds = Math.ceil((link.until - Date.now()) / 1000);
        return html`<p class="term-notice">
          ${sentence(link.why)} ${sentence(link.hint ?? "")} ${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again."} ${again("Try now")}
        </p>`;
      }
      case "ended":
        return html`<p class="term-notice">
          The shell ended${link.code === null ? "" : ` with exit code ${link.code}`}. ${again("Open a new one")}
        </p>`;
      case "refused":
        return html`<p class="term-notice">${sentence(link.why)} ${sentence(link.hint ?? "")} <code>${link.code}</code> ${again("Try again")}</p>`;
    }
  }

  protected override render(): TemplateResult {
    return html`<div class="term-host"></div>
      ${this.searching && this.#xterm
        ? html`<labyard-terminal-search .xterm=${this.#xterm} @search-ended=${() => this.#found()}></labyard-terminal-search>`
        : nothing}
      <div role="status" class="term-status">${this.#notice()}</div>`;
  }
}

customElements.define("labyard-terminal", TerminalView);
