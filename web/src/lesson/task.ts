/** `<lab-task>`: how one task stands, and what there is to read before and after. */

import { css, html, nothing, type TemplateResult } from "lit";
import type { PlayTask } from "../api/types.ts";
import { shape } from "../parts/marks.ts";
import { taskBox, type TaskBox } from "../play/lesson.ts";
import { frame, LessonElement } from "./frame.ts";

export class LessonTask extends LessonElement {
  static override properties = { name: {}, task: { attribute: false }, playId: { attribute: false } };
  static override styles = [
    frame,
    css`
      :host { scroll-margin: 16px; }
      .head { display: flex; align-items: center; gap: 10px; font-weight: 600; }
      .head span { font-weight: 400; color: var(--muted); }
      .body { margin-top: 8px; }
      .hint { margin-top: 8px; padding: 4px 0 4px 12px; border-left: 3px solid var(--accent); white-space: pre-wrap; overflow-wrap: anywhere; }
      .hint.failed { color: inherit; border-color: var(--failed); }
      .completed { color: var(--term-green); }
      b.failed { color: var(--failed); }
    `,
  ];
  declare name: string;
  declare task: PlayTask | undefined;
  /** Empty: it is read beside no play. */
  declare playId: string;

  constructor() {
    super();
    this.playId = "";
  }

  override updated(): void {
    this.dataset["state"] = this.#box().state;
  }

  #box(): TaskBox {
    return taskBox(this.task, this.playId !== "");
  }

  /** What is asked of the learner, below what is to be read. */
  protected question(_box: TaskBox): TemplateResult | typeof nothing {
    return nothing;
  }

  protected override render(): TemplateResult {
    const box = this.#box();
    const done = box.state === "completed";
    return html`<div role="group" aria-label="Task ${this.name}">
      <div class="head" role="status">${shape(box.look)}<b class=${box.state}>${box.word}</b> <span>${this.name}</span></div>
      <div class="body"><slot name="active" ?hidden=${done}></slot><slot name="completed" ?hidden=${!done}></slot></div>
      ${done || this.playId === "" ? nothing : this.question(box)}
      <div role="status">${box.hint ? html`<p class="hint ${box.state}">${box.hint}</p>` : nothing}</div>
    </div>`;
  }
}

customElements.define("lab-task", LessonTask);
