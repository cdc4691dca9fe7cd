/** The pages of those who run the box. Loaded by them alone. */

import { html, nothing, type TemplateResult } from "lit";
import { PageElement } from "../parts/element.ts";
import { adminPath, type AdminSection } from "../router.ts";
import "./admin.css";
import "./disk.ts";
import "./images.ts";
import "./invitations.ts";
import "./one-play.ts";
import "./overview.ts";
import "./people.ts";
import "./plays.ts";

const TITLES: Record<AdminSection, string> = { overview: "Overview", plays: "Plays", people: "People", images: "Images and kernels", disk: "Disk" };

export class AdminPages extends PageElement {
  static override properties = { section: {}, name: {} };
  declare section: AdminSection;
  /** Of plays: which one; empty: all. */
  declare name: string;

  protected override updated(): void {
    document.title = `${TITLES[this.section]} · Admin · Labyard`;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.title = "Labyard";
  }

  protected override render(): TemplateResult {
    const link = (section: AdminSection): TemplateResult =>
      html`<a href=${adminPath(section)} aria-current=${section === this.section ? "page" : nothing}>${TITLES[section]}</a>`;
    return html`<main class="page admin">
      <nav class="kinds" aria-label="Administration">
        ${(Object.keys(TITLES) as AdminSection[]).map(link)}<a href="/status">Bots</a>
      </nav>
      ${this.#content()}
    </main>`;
  }

  #content(): TemplateResult {
    if (this.section === "plays" && this.name) return html`<labyard-admin-play .play=${this.name}></labyard-admin-play>`;
    const heading = html`<h1>${this.section === "overview" ? "This box" : TITLES[this.section]}</h1>`;
    switch (this.section) {
      case "overview":
        return html`${heading}<labyard-admin-overview></labyard-admin-overview>`;
      case "plays":
        return html`${heading}<labyard-admin-plays></labyard-admin-plays>`;
      case "people":
        return html`${heading}<labyard-admin-people></labyard-admin-people><labyard-admin-invitations></labyard-admin-invitations>`;
      case "images":
        return html`${heading}<labyard-admin-images></labyard-admin-images>`;
      case "disk":
        return html`${heading}<labyard-admin-disk></labyard-admin-disk>`;
    }
  }
}

customElements.define("labyard-admin", AdminPages);
