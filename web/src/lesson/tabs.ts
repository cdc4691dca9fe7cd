/** `<lab-tabs>`: one of its sections at a time; those of one group change together. */

import { css, html, type TemplateResult } from "lit";
import { frame, LessonElement } from "./frame.ts";

const groups = new EventTarget();

export class LessonTabs extends LessonElement {
  static override properties = { group: {}, selected: { state: true } };
  static override styles = [
    frame,
    css`
      [role="tablist"] { display: flex; flex-wrap: wrap; gap: 4px; border-bottom: 1px solid var(--line); }
      [role="tab"] { border: 0; border-radius: 6px 6px 0 0; background: none; }
      [role="tab"][aria-selected="true"] { color: var(--accent); font-weight: 600; box-shadow: inset 0 -2px var(--accent); }
      [role="tabpanel"] { padding-top: 12px; }
    `,
  ];
  declare group: string;
  declare selected: string;

  constructor() {
    super();
    this.group = "";
    this.selected = "";
  }

  #sections(): HTMLElement[] {
    return [...this.children].filter((each): each is HTMLElement => each instanceof HTMLElement && each.slot !== "");
  }

  #told = (event: Event): void => {
    const { group, name } = (event as CustomEvent<{ group: string; name: string }>).detail;
    if (group === this.group && this.#sections().some((each) => each.slot === name)) this.selected = name;
  };

  override connectedCallback(): void {
    super.connectedCallback();
    groups.addEventListener("select", this.#told);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    groups.removeEventListener("select", this.#told);
  }

  #select(name: string): void {
    this.selected = name;
    if (this.group) groups.dispatchEvent(new CustomEvent("select", { detail: { group: this.group, name } }));
  }

  #key(event: KeyboardEvent, names: string[], at: number): void {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#select(names[(to + names.length) % names.length] as string);
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>("[aria-selected=true]")?.focus());
  }

  protected override render(): TemplateResult {
    const sections = this.#sections();
    const names = sections.map((each) => each.slot);
    const current = Math.max(0, names.indexOf(this.selected));
    return html`<div role="tablist">
        ${sections.map(
          (each, at) => html`<button
            role="tab"
            id="tab-${at}"
            aria-controls="panel-${at}"
            aria-selected=${at === current}
            tabindex=${at === current ? 0 : -1}
            @click=${() => this.#select(each.slot)}
            @keydown=${(event: KeyboardEvent) => this.#key(event, names, at)}
          >
            ${each.getAttribute("aria-label")}
          </button>`,
        )}
      </div>
      ${names.map((name, at) => html`<div role="tabpanel" id="panel-${at}" aria-labelledby="tab-${at}" ?hidden=${at !== current}><slot name=${name}></slot></div>`)}`;
  }
}

customElements.define("lab-tabs", LessonTabs);
