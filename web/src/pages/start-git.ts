/** From a link to a place in a Git repository to a play. First press: it is fetched and shown. Second press: it is started. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api, type Chosen } from "../api/client.ts";
import type { FoundInGit, InitCondition } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { map } from "../parts/map.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { Starter } from "../parts/starter.ts";
import { line } from "../text/markdown.ts";

const START = "/start/git?url=";

class StartFound extends Starter {
  static override properties = { ...Starter.properties, found: { attribute: false } };
  declare found: FoundInGit;

  protected override parameters(): InitCondition[] {
    return this.found.initConditions?.values ?? [];
  }

  protected override async begin(chosen: Chosen): Promise<string> {
    return (await api.startFound(this.found.id, chosen)).id;
  }

  protected override buttons(): TemplateResult {
    return html`<button class="primary" ?disabled=${this.starting}>${this.starting ? "Asking the box for room…" : "Start"}</button>`;
  }
}

export class StartGit extends PageElement {
  static override properties = { url: {}, found: { state: true }, error: { state: true }, busy: { state: true } };
  declare url: string;
  declare found: FoundInGit | null;
  declare error: ApiError | null;
  declare busy: boolean;

  constructor() {
    super();
    [this.found, this.error, this.busy] = [null, null, false];
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("url")) [this.found, this.error] = [null, null];
  }

  async #fetch(): Promise<void> {
    const url = this.url;
    [this.busy, this.error] = [true, null];
    try {
      const found = await api.lookInGit(url);
      if (url === this.url) this.found = found;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
    this.busy = false;
  }

  protected override render(): TemplateResult {
    return html`<main class="page narrow">${this.found ? this.#shown(this.found) : this.#asking()}</main>`;
  }

  #asking(): TemplateResult {
    return html`<h1>Start from a Git repository?</h1>
      <p><code>${this.url}</code></p>
      <p>Whoever made this link chose it. This server will fetch it and look what it holds; nothing of it runs yet.</p>
      ${this.error ? problem(this.error) : nothing}
      <p><button class="primary" ?disabled=${this.busy} @click=${() => void this.#fetch()}>${this.busy ? "Fetching…" : "Fetch and look"}</button></p>
      <p class="muted" role="status">${this.busy ? "This may take a minute." : ""}</p>`;
  }

  #shown(found: FoundInGit): TemplateResult {
    if (found.choices.length > 0) return this.#choices(found);
    return html`<h1>${found.canStart ? "Start " : ""}${found.title || found.kind}${found.canStart ? "?" : ""}</h1>
      ${this.#where(found)} ${found.description ? html`<p class="lead">${line(found.description)}</p>` : nothing} ${this.#problems(found)}
      ${found.canStart ? html`<labyard-start-found .found=${found}></labyard-start-found>` : nothing}
      ${found.machines ? html`<div class="map-box" tabindex="0" role="group" aria-label="Map">${map({ ...found, name: found.name ?? "" })}</div>` : nothing}
      ${found.path ? html`<p><a href=${found.path}>${found.canStart ? "Read it first" : "Open it"}</a></p>` : nothing}
      ${found.leftOut ? html`<p class="muted">${found.leftOut} of the repository's files are left out: links, submodules, or names that content cannot have.</p>` : nothing}
      <p class="muted">It is nobody's progress, and in no list. What it runs in its machines is its author's affair.</p>`;
  }

  #where(found: FoundInGit): TemplateResult {
    return html`<p class="muted">${found.kind ? `A ${found.kind} from ` : "From "}<code>${found.url}</code>, commit <code>${found.commit.slice(0, 12)}</code></p>`;
  }

  #problems(found: FoundInGit): TemplateResult | typeof nothing {
    if (found.problems.length === 0) return nothing;
    return html`<div class="note">
      <p>${found.canStart ? "It has problems, and may be started all the same:" : "It cannot be started as it is:"}</p>
      <ul class="plain">${found.problems.slice(0, 10).map((each) => html`<li><code>${each}</code></li>`)}</ul>
    </div>`;
  }

  #choices(found: FoundInGit): TemplateResult {
    return html`<h1>Which of these?</h1>
      ${this.#where(found)}
      <ul class="rows">${found.choices.map(({ folder, url }) => html`<li><a href=${START + encodeURIComponent(url)}>${folder || "the top"}</a></li>`)}</ul>`;
  }
}

customElements.define("labyard-start-found", StartFound);
customElements.define("labyard-start-git", StartGit);
