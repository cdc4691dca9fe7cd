/** `<lab-input-task>`: a task that the learner answers. Whether it is right is decided in the machine. */

import { css, html, type TemplateResult } from "lit";
import { api } from "../api/client.ts";
import { asApiError } from "../parts/problem.ts";
import { looksRight, type TaskBox } from "../play/lesson.ts";
import { LessonTask } from "./task.ts";

/** The server takes no longer ones. */
const LONGEST = 4096;

export class LessonInputTask extends LessonTask {
  static override properties = { ...LessonTask.properties, pattern: { attribute: "validate-regex" }, said: { state: true }, busy: { state: true } };
  static override styles = [
    ...LessonTask.styles,
    css`
      form { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
      input {
        flex: 1 1 180px; min-width: 0; min-height: 36px; padding: 4px 8px; font: inherit; color: inherit; background: var(--bg);
        border: 1px solid var(--line-strong); border-radius: 6px;
      }
      .said { flex-basis: 100%; font-size: 14px; color: var(--muted); }
    `,
  ];
  declare pattern: string;
  /** What became of the last answer. */
  declare said: string;
  declare busy: boolean;

  constructor() {
    super();
    this.pattern = "";
    this.said = "";
    this.busy = false;
  }

  async #send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const value = this.renderRoot.querySelector("input")?.value.trim() ?? "";
    if (!looksRight(value, this.pattern)) {
      this.said = value === "" ? "Type an answer first." : "This does not look like the answer that is asked for.";
      return;
    }
    this.busy = true;
    try {
      await api.answer(this.playId, this.name, value);
      this.said = "Sent. It is checked in the machine, which takes a moment.";
    } catch (cause) {
      const error = asApiError(cause);
      this.said = [error.message, error.hint].filter(Boolean).join(" ");
    }
    this.busy = false;
  }

  protected override question(box: TaskBox): TemplateResult {
    const closed = box.state === "failed" || box.state === "unknown";
    return html`<form @submit=${(event: SubmitEvent) => void this.#send(event)}>
      <input aria-label="Your answer" maxlength=${LONGEST} autocomplete="off" autocapitalize="off" spellcheck="false" ?disabled=${closed} />
      <button ?disabled=${closed || this.busy}>${this.busy ? "Sending…" : "Check"}</button>
      <p class="said" role="status">${this.said}</p>
    </form>`;
  }
}

customElements.define("lab-input-task", LessonInputTask);
