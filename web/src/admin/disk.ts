/** What everything costs on disk, as branches that open, and whether snapshots are whole. */

import { html, nothing, type TemplateResult } from "lit";
import { adminPath } from "../router.ts";
import { percent, share, size, tree, type Branch } from "./figures.ts";
import { admin, type Use } from "./questions.ts";
import { Section } from "./section.ts";

const MOST = 200;

export class AdminDisk extends Section<Use[]> {
  static override properties = { ...Section.properties, damaged: { state: true } };
  /** What the last scrub found; null: none was asked for. */
  declare damaged: string[] | null;
  protected override refreshMs = 60_000;

  constructor() {
    super();
    this.damaged = null;
  }

  protected override ask(): Promise<Use[]> {
    return admin.disk();
  }

  #scrub(): void {
    void this.act("Reading every snapshot whole. This takes as long as the disk does; you may leave this page…", async () => {
      this.damaged = (await admin.scrub()).damaged;
      return this.damaged.length === 0 ? "Every snapshot is whole." : `${this.damaged.length} damaged, and set aside.`;
    });
  }

  protected override draw(uses: Use[]): TemplateResult {
    const branches = tree(uses);
    const all = branches.reduce((sum, branch) => sum + branch.own, 0);
    return html`<div class="section-head">
        <p>${size(all)} in all. <span class="muted">What a line says is free again when that goes.</span></p>
        <button ?disabled=${this.busy !== ""} @click=${() => this.#scrub()}>Check every snapshot</button>
      </div>
      ${this.damaged?.length ? html`<ul class="notes">${this.damaged.map((line) => html`<li>${line}</li>`)}</ul>` : nothing}
      ${branches.length === 0 ? html`<p class="empty-line">Nothing lies here yet: no image, no snapshot, no play.</p>` : nothing}
      <div class="du">${branches.map((branch) => drawn(branch, all))}</div>`;
  }
}

function drawn(branch: Branch, all: number): TemplateResult {
  return html`<details data-kind=${branch.kind}>
    <summary>
      <span class="du-name">${branch.title} <span class="muted">${branch.uses.length}</span></span>
      <span class="bar" role="img" aria-label="${percent(branch.own, all)} of all"><span style="width: ${Math.round(share(branch.own, all) * 100)}%"></span></span>
      <span class="number">${size(branch.own)}</span>
    </summary>
    <ul class="plain">
      ${branch.uses.slice(0, MOST).map(leaf)}
      ${branch.uses.length > MOST ? html`<li class="muted">and ${branch.uses.length - MOST} smaller ones</li>` : nothing}
    </ul>
  </details>`;
}

function leaf(use: Use): TemplateResult {
  const play = use.kind === "play" || use.kind === "snapshot" ? use.name.split("/")[0] : "";
  const name = use.kind === "snapshot" ? use.name.slice(use.name.indexOf("/") + 1) : use.note || use.name;
  return html`<li>
    <span class="du-name">${play ? html`<a href=${adminPath("plays", play)}>${name}</a>` : name}${use.note && !play ? html` <code class="muted">${use.name.slice(0, 24)}</code>` : nothing}</span>
    <span class="muted">${use.shared ? `shares ${size(use.shared)}` : ""}</span>
    <span class="number">${size(use.own)}</span>
  </li>`;
}

customElements.define("labyard-admin-disk", AdminDisk);
