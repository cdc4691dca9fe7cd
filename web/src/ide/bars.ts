/** What is around and in place of the text: the open files, how the one that is shown stands, pictures and what is neither. */

import { html, nothing, type TemplateResult } from "lit";
import type { MachineFiles } from "../api/files.ts";
import { sizeWord } from "./content.ts";
import { dirty, type OpenFile } from "./open-file.ts";
import { nameOf } from "./tree.ts";

interface BarActs {
  select: (file: OpenFile) => void;
  close: (file: OpenFile) => void;
}

export function fileBar(files: OpenFile[], current: OpenFile | null, acts: BarActs): TemplateResult {
  return html`<nav class="ide-files" aria-label="Open files">
    ${files.map(
      (file) => html`<span class="ide-file ${file === current ? "selected" : ""}">
        <button aria-current=${file === current ? "true" : nothing} title=${file.path} @click=${() => acts.select(file)}>
          ${nameOf(file.path)}${dirty(file) ? html`<span class="unsaved" aria-hidden="true">●</span><span class="hidden">, not saved</span>` : nothing}
        </button>
        <button class="ide-close" aria-label="Close ${nameOf(file.path)}" @click=${() => acts.close(file)}>×</button>
      </span>`,
    )}
  </nav>`;
}

interface StatusActs {
  save: () => void;
  saving: boolean;
  /** Somebody else changed it: what now. */
  solve: () => void;
  download: string;
}

export function statusBar(file: OpenFile, acts: StatusActs): TemplateResult {
  return html`<div class="ide-status">
    <span class="ide-path" title=${file.path}>${file.path}</span>
    ${file.kind === "text" ? textStatus(file, acts) : html`<span class="muted">${sizeWord(file.size)}</span>`}
    <a class="ide-download" href=${acts.download} download=${nameOf(file.path)}>Download</a>
  </div>`;
}

function textStatus(file: OpenFile & { kind: "text" }, acts: StatusActs): TemplateResult {
  const head = file.state.selection.main.head;
  const line = file.state.doc.lineAt(head);
  const why = file.broken ? "no UTF-8: read only" : file.writable ? null : "read only: you may not write it";
  const word = acts.saving ? "Saving…" : dirty(file) ? "Not saved" : "Saved";
  return html`<span class="muted ide-place">Line ${line.number}, column ${head - line.from + 1}${file.crlf ? ", CRLF" : ""}</span>
    ${why ? html`<span class="muted">${why}</span>` : html`<span role="status" class="ide-saved">${word}</span>`}
    ${file.stale ? html`<button class="small" @click=${acts.solve}>Somebody else changed it: decide</button>` : nothing}
    ${why ? nothing : html`<button class="small ${dirty(file) ? "primary" : ""}" title="Ctrl+S" ?disabled=${acts.saving || !dirty(file)} @click=${acts.save}>Save</button>`}`;
}

/** The file itself. */
export function shown(file: OpenFile, files: MachineFiles, active: boolean): TemplateResult {
  switch (file.kind) {
    case "text":
      return html`<labyard-text-pane .file=${file} .now=${file.state}></labyard-text-pane>`;
    case "large":
      return html`<labyard-large-pane .files=${files} .file=${file} .active=${active}></labyard-large-pane>`;
    case "picture":
      return html`<div class="ide-picture shown-file" tabindex="0"><img src=${file.url} alt=${nameOf(file.path)} /></div>`;
    case "binary":
      return html`<p class="ide-note shown-file" tabindex="0">This file is no text, and no picture that can be shown. It has ${sizeWord(file.size)}.</p>`;
  }
}
