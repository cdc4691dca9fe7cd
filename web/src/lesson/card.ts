/** `<lab-card>`: what it points to, as the catalog tells it; the bare name where it does not. */

import { css, html, nothing, type TemplateResult } from "lit";
import { named, pieces, type Piece } from "../api/pieces.ts";
import { lessonMark } from "../parts/lesson-mark.ts";
import { line } from "../text/markdown.ts";
import { frame, LessonElement } from "./frame.ts";

const KINDS: Record<string, { plural: string; word: string }> = {
  challenge: { plural: "challenges", word: "Challenge" },
  tutorial: { plural: "tutorials", word: "Tutorial" },
  course: { plural: "courses", word: "Course" },
  "skill-path": { plural: "skill-paths", word: "Skill path" },
  roadmap: { plural: "roadmaps", word: "Roadmap" },
  playground: { plural: "playgrounds", word: "Playground" },
};

export class LessonCard extends LessonElement {
  static override properties = { kind: {}, name: {}, piece: { state: true } };
  static override styles = [
    frame,
    css`
      .facts { display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 14px; color: var(--muted); }
      .state { display: inline-flex; align-items: center; gap: 6px; }
      .state.done { color: var(--term-green); }
      .about { margin-top: 4px; font-size: 15px; color: var(--muted); }
      a { font-weight: 600; color: var(--accent); text-underline-offset: 3px; text-decoration-thickness: 1px; overflow-wrap: anywhere; }
    `,
  ];
  declare kind: string;
  declare name: string;
  /** Null: nobody knows it, or not yet. */
  declare piece: Piece | null;

  constructor() {
    super();
    this.kind = "";
    this.name = "";
    this.piece = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("kind") || changed.has("name")) void this.#ask();
  }

  async #ask(): Promise<void> {
    const { kind, name } = this;
    const plural = KINDS[kind]?.plural;
    const piece = plural ? named(await pieces(plural), name) : undefined;
    if (kind === this.kind && name === this.name) this.piece = piece ?? null;
  }

  protected override render(): TemplateResult {
    const word = KINDS[this.kind]?.word ?? "Lesson";
    if (this.piece === null) return html`<div class="facts"><span>${word}</span></div><slot></slot>`;
    const { title, description } = this.piece;
    const difficulty = "difficulty" in this.piece ? this.piece.difficulty : "";
    const href = this.querySelector("a")?.getAttribute("href") ?? nothing;
    return html`<div class="facts"><span>${word}</span>${difficulty ? html`<span>${difficulty}</span>` : nothing}${lessonMark(this.piece)}</div>
      <a href=${href}>${title || this.name}</a>
      ${description ? html`<p class="about">${line(description)}</p>` : nothing}`;
  }
}

customElements.define("lab-card", LessonCard);
