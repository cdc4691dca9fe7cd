/** The list of what a text contains: one line that opens, always at hand. */

import { html, nothing, type TemplateResult } from "lit";
import { closeOnEscape, closeWhenLeft } from "../parts/tab-bar.ts";
import type { OutlineEntry } from "../play/outline.ts";

export function contents(outline: OutlineEntry[], jump: (entry: OutlineEntry) => void): TemplateResult | typeof nothing {
  if (outline.length === 0) return nothing;
  const go = (entry: OutlineEntry, event: Event): void => {
    event.preventDefault();
    (event.currentTarget as Element).closest("details")?.removeAttribute("open");
    jump(entry);
  };
  return html`<details class="contents" @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary>Contents</summary>
    <nav aria-label="Contents">
      <ul>
        ${outline.map(
          (entry) => html`<li style="--depth: ${entry.depth}"><a href="#${entry.id}" @click=${(event: Event) => go(entry, event)}>${entry.text}</a></li>`,
        )}
      </ul>
    </nav>
  </details>`;
}
