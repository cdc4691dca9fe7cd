/** What is read: the list of its contents, its text, its units. Tells the task boxes how they stand. */

import { html, nothing, type TemplateResult } from "lit";
import type { LessonPage, LessonPart, Play } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { nextOpen } from "../play/lesson.ts";
import { outlineOf } from "../play/outline.ts";
import { contents } from "./contents.ts";
import { LessonElement } from "./frame.ts";
import { keyed } from "./keyed.ts";
import { holdPlace, reveal } from "./places.ts";
import type { LessonTask } from "./task.ts";
import "./card.ts";
import "./code.ts";
import "./image.ts";
import "./input-task.ts";
import "./mermaid.ts";
import "./open-port.ts";
import "./open-tab.ts";
import "./slides.ts";
import "./tabs.ts";
import "./task.ts";

export class LessonText extends PageElement {
  static override properties = { page: { attribute: false }, play: { attribute: false } };
  declare page: LessonPage;
  /** Null: it is read without one. */
  declare play: Play | null;
  readonly #filled = new WeakMap<Element, string>();
  readonly #size = new ResizeObserver(() => this.#reachTables());
  #last: string | null = null;

  constructor() {
    super();
    this.play = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#size.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#size.disconnect();
  }

  /** A table that is wider than its place can be scrolled with keys. */
  #reachTables(): void {
    for (const table of this.querySelectorAll("table")) table.tabIndex = table.scrollWidth > table.clientWidth ? 0 : -1;
  }

  #parts(): LessonPart[] {
    return [this.page, ...(this.page.units ?? [])];
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("page")) void this.#fill();
    this.#tell();
  }

  /** The one place where HTML of the server is taken as it is: it made it safe, and a test holds it to that. */
  async #fill(): Promise<void> {
    const articles = [...this.querySelectorAll<HTMLElement>("article.lesson")];
    const stale = articles.map((article, at) => ({ article, now: this.#parts()[at]?.html ?? "" })).filter(({ article, now }) => this.#filled.get(article) !== now);
    const again = stale.filter(({ article }) => this.#filled.has(article));
    for (const { article, now } of stale.filter((each) => !again.includes(each))) {
      this.#filled.set(article, now);
      article.replaceChildren(...keyed(now).childNodes);
    }
    if (again.length > 0) {
      const { morph } = await import("./morph.ts");
      const settle = holdPlace(this);
      for (const { article, now } of again) {
        this.#filled.set(article, now);
        morph(article, keyed(now));
      }
      settle();
      const elements = [...this.querySelectorAll("article.lesson *")].filter((each) => each instanceof LessonElement);
      for (const each of elements) each.requestUpdate();
      await Promise.all(elements.map((each) => each.updateComplete));
      settle();
    }
    this.#reachTables();
    this.#tell();
  }

  #boxes(): LessonTask[] {
    return [...this.querySelectorAll<LessonTask>("lab-task, lab-input-task")];
  }

  #tell(): void {
    for (const box of this.#boxes()) {
      box.playId = this.play?.id ?? "";
      box.task = this.play?.tasks?.[box.name];
    }
  }

  /** To the next task that is not done, as the reader goes round. */
  showNext(): void {
    if (this.play === null) return;
    const boxes = this.#boxes();
    const name = nextOpen(boxes.map((box) => box.name), this.play, this.#last);
    const box = boxes.find((each) => each.name === name);
    if (!box) return;
    this.#last = name;
    reveal(box, "center");
  }

  #jump(part: number, id: string): void {
    const root = this.querySelectorAll(".part")[part];
    const target = root?.querySelector<HTMLElement>(id ? `[id="${CSS.escape(id)}"]` : ".unit-title");
    if (target) reveal(target, "start");
  }

  /** Links within the text: the address of the page stays. */
  #followAnchor = (event: MouseEvent): void => {
    const link = (event.target as Element).closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const root = link.closest(".part");
    const target = root?.querySelector<HTMLElement>(`[id="${CSS.escape(decodeURIComponent((link.getAttribute("href") ?? "").slice(1)))}"]`);
    if (target) reveal(target, "start");
  };

  protected override render(): TemplateResult {
    return html`${contents(outlineOf(this.page), (entry) => this.#jump(entry.part, entry.id))}
      ${this.#parts().map(
        (part, at) => html`<section class="part" aria-label=${at === 0 ? nothing : part.title || part.name}>
          ${at === 0 ? nothing : html`<h2 class="unit-title">${part.title || part.name}</h2>`}
          <article class="lesson ${this.play ? "" : "unplayed"}" @click=${this.#followAnchor}></article>
        </section>`,
      )}`;
  }
}

customElements.define("labyard-lesson-text", LessonText);
