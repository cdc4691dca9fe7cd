/** `<lab-mermaid>`: a drawing from its source. The source stays: below the drawing, and instead of it where there can be none. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { Drawing } from "./mermaid-draw.ts";
import { darkScheme } from "./mermaid-theme.ts";
import { enlarger, enlargerStyles } from "./enlarge.ts";
import { frame, LessonElement } from "./frame.ts";

/** Drawn are the first ones of a lesson, each when it comes near what is seen. */
const MOST = 40;
const NEAR = "600px";
const SAID_LONGEST = 600;

export class LessonMermaid extends LessonElement {
  static override properties = { drawing: { state: true }, trouble: { state: true } };
  static override styles = [
    frame,
    enlargerStyles,
    css`
      img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
      .paper { padding: 12px; background: var(--surface); border: 1px solid var(--line); border-radius: 6px; }
      details { margin-top: 4px; font-size: 14px; color: var(--muted); }
      summary { width: max-content; cursor: pointer; }
      .trouble { margin-bottom: 4px; padding: 8px 12px; color: var(--failed); background: var(--failed-soft); border: 1px solid var(--failed); border-radius: 6px; font-size: 14px; }
      .trouble pre { margin: 4px 0 0; overflow-x: auto; font: 13px/1.5 var(--mono); }
    `,
  ];
  declare drawing: Drawing | null;
  /** Why there is none. */
  declare trouble: string;
  #near: IntersectionObserver | null = null;
  readonly #source = new MutationObserver(() => void this.#draw());
  #round = 0;

  constructor() {
    super();
    this.drawing = null;
    this.trouble = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#near = new IntersectionObserver((seen) => seen.some((each) => each.isIntersecting) && this.#begin(), { rootMargin: NEAR });
    this.#near.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#near?.disconnect();
    this.#source.disconnect();
    darkScheme.removeEventListener("change", this.#again);
  }

  #again = (): void => void this.#draw();

  /** It came into view: from now on it follows its source and the scheme. */
  #begin(): void {
    this.#near?.disconnect();
    this.#source.observe(this, { childList: true, characterData: true, subtree: true });
    darkScheme.addEventListener("change", this.#again);
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const round = ++this.#round;
    try {
      const all = [...(this.closest(".lesson")?.querySelectorAll("lab-mermaid") ?? [])];
      if (all.indexOf(this) >= MOST) throw new Error(`A lesson shows ${MOST} drawings; this is one more.`);
      const { draw } = await import("./mermaid-draw.ts");
      const drawing = await draw(this.querySelector("code")?.textContent ?? "");
      if (round === this.#round) [this.drawing, this.trouble] = [drawing, ""];
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      if (round === this.#round) [this.drawing, this.trouble] = [null, said.slice(0, SAID_LONGEST) || "It says nothing of why."];
    }
  }

  protected override render(): TemplateResult {
    if (this.drawing === null) {
      return html`${this.trouble ? html`<div class="trouble">This source cannot be drawn:<pre tabindex="0">${this.trouble}</pre></div>` : nothing}<slot></slot>`;
    }
    const { address, width, height, words } = this.drawing;
    return html`${enlarger(html`<div class="paper"><img src=${address} width=${Math.ceil(width)} height=${Math.ceil(height)} alt=${words} /></div>`, this)}
      <details><summary>Source</summary><slot></slot></details>`;
  }
}

customElements.define("lab-mermaid", LessonMermaid);
