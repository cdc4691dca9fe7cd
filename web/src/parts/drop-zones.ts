/** Where a tab that a mouse has hold of can be let go. They lie over what the tabs show, which may be frames of others. */

import { html, type TemplateResult } from "lit";
import type { Group, Way } from "../play/split.ts";

export type Drop = Way | Group;

/** `split`: there are two groups, and the tab is of `from`. */
export function dropZones(split: boolean, from: Group, dropped: (drop: Drop) => void): TemplateResult {
  const zone = (drop: Drop, words: string): TemplateResult => html`<div
    class="drop-zone ${drop}"
    @dragover=${(event: DragEvent) => event.preventDefault()}
    @dragenter=${(event: Event) => (event.currentTarget as Element).classList.add("over")}
    @dragleave=${(event: Event) => (event.currentTarget as Element).classList.remove("over")}
    @drop=${(event: DragEvent) => {
      event.preventDefault();
      dropped(drop);
    }}
  >
    <span>${words}</span>
  </div>`;
  if (!split) return html`${zone("beside", "Beside")}${zone("below", "Below")}`;
  return zone(from === "first" ? "second" : "first", "Put it here");
}
