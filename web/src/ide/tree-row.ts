/** One row of the tree of files. */

import { html, nothing, svg, type TemplateResult } from "lit";
import { sizeWord } from "./content.ts";
import type { Row } from "./tree.ts";

interface Drawn {
  id: string;
  /** In px from the top of the tree. */
  top: number;
  active: boolean;
  act: () => void;
}

export function treeRow(row: Row, drawn: Drawn): TemplateResult {
  const { entry } = row;
  const odd = entry?.odd ? "Its name is no UTF-8: use a terminal" : undefined;
  return html`<div
    class="tree-row ${drawn.active ? "active" : ""} ${entry?.odd || entry?.kind === "other" ? "muted" : ""}"
    role="treeitem"
    id=${drawn.id}
    aria-level=${row.depth}
    aria-setsize=${row.siblings}
    aria-posinset=${row.index + 1}
    aria-selected=${drawn.active}
    aria-expanded=${row.folder ? String(row.open) : nothing}
    title=${odd ?? hint(row)}
    style="top: ${drawn.top}px; padding-left: ${4 + row.depth * 12}px"
    @click=${drawn.act}
  >
    ${arrow(row)}<span class="tree-name">${entry === undefined ? "…" : entry.name}</span>
    ${entry?.kind === "link" ? html`<span class="muted">${entry.target === null ? "link to nothing" : "link"}</span>` : nothing}
  </div>`;
}

function hint(row: Row): string {
  if (row.entry === undefined) return "";
  const { name, kind, size, modified } = row.entry;
  return row.folder ? name : `${name}${kind === "other" ? "" : `, ${sizeWord(size)}`}${modified ? `, ${new Date(modified).toLocaleString()}` : ""}`;
}

function arrow(row: Row): TemplateResult {
  const shape = row.folder ? svg`<path d=${row.open ? "M2 4 L6 8 L10 4" : "M4 2 L8 6 L4 10"} />` : svg``;
  return html`<svg class="tree-arrow" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">${shape}</svg>`;
}
