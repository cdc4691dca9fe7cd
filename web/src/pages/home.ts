/** Home: what can be started, and what is already there. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Play, Playground } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { map } from "../parts/map.ts";
import { shape } from "../parts/marks.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { ending, lookOf, stateOf, titleOf } from "../play/state.ts";
import { ago, left } from "../play/time.ts";
import { playgroundPath, playPath } from "../router.ts";
import { line } from "../text/markdown.ts";
import "../parts/start-form.ts";

const REFRESH_MS = 5000;

export class HomePage extends PageElement {
  static override properties = {
    playgrounds: { state: true },
    plays: { state: true },
    error: { state: true },
    search: { state: true },
  };
  declare playgrounds: Playground[] | null;
  declare plays: Play[] | null;
  declare error: ApiError | null;
  declare search: string;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.playgrounds = null;
    this.plays = null;
    this.error = null;
    this.search = "";
  }

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#load();
    this.#timer = setInterval(() => document.visibilityState === "visible" && void this.#load(), REFRESH_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  async #load(): Promise<void> {
    try {
      const [playgrounds, plays] = await Promise.all([this.playgrounds ?? api.playgrounds(), api.plays()]);
      this.playgrounds = playgrounds;
      this.plays = plays.sort((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? ""));
      this.error = null;
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  #matching(): Playground[] {
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    return (this.playgrounds ?? []).filter((playground) => {
      const text = `${playground.name} ${playground.title ?? ""} ${playground.description ?? ""}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  protected override render(): TemplateResult {
    return html`<main class="page">
      ${this.error ? problem(this.error, () => void this.#load()) : nothing} ${this.#myPlays()}
      <section aria-labelledby="catalog">
        <div class="section-head">
          <h1 id="catalog">Playgrounds</h1>
          <input
            type="search"
            aria-label="Search playgrounds"
            placeholder="Search"
            .value=${this.search}
            @input=${(event: Event) => (this.search = (event.target as HTMLInputElement).value)}
          />
        </div>
        ${this.#catalog()}
      </section>
    </main>`;
  }

  #myPlays(): TemplateResult | typeof nothing {
    const plays = (this.plays ?? []).filter((play) => stateOf(play) !== "DESTROYED");
    if (this.plays === null) return nothing;
    return html`<section aria-labelledby="plays">
      <h1 id="plays">My plays</h1>
      ${plays.length === 0
        ? html`<p class="empty-line">Nothing runs and nothing is kept. Start a playground below; it appears here until you destroy it.</p>`
        : html`<ul class="plays">
            ${plays.map(row)}
          </ul>`}
    </section>`;
  }

  #catalog(): TemplateResult {
    if (this.playgrounds === null) return html`<p class="slow muted">${this.error ? "" : "Fetching the catalog…"}</p>`;
    const shown = this.#matching();
    if (this.playgrounds.length === 0) {
      return html`<p class="empty-line">
        The catalog is empty. The server reads playgrounds from its catalog folder; <code>labyard lint</code> says what is wrong with a manifest.
      </p>`;
    }
    if (shown.length === 0) return html`<p class="empty-line">No playground matches “${this.search}”. Try fewer words.</p>`;
    return html`<ul class="cards">
      ${shown.map(card)}
    </ul>`;
  }
}

function row(play: Play): TemplateResult {
  const { look, word } = lookOf(play);
  const state = stateOf(play);
  const end = state === "RUNNING" ? null : ending(play);
  const when = Date.parse(play.createdAt ?? "");
  const time = state === "RUNNING" && (play.expiresIn ?? 0) > 0 ? left(play.expiresIn as number) : "";
  return html`<li>
    <a href=${playPath(play.id)}>
      <span class="state ${look}">${shape(look)}${word}</span>
      <span class="play-title">${titleOf(play)}</span>
      <span class="muted">${end ? end.sentence : time}</span>
      <span class="muted when">${Number.isNaN(when) ? "" : `started ${ago(Date.now() - when)}`}</span>
    </a>
  </li>`;
}

function card(playground: Playground): TemplateResult {
  const asks = playground.initConditions?.values?.length ?? 0;
  if (playground.problems?.length) return broken(playground, playground.problems);
  return html`<li class="card" data-playground=${playground.name}>
    <a class="cover" href=${playgroundPath(playground.name)} tabindex="-1" aria-hidden="true">${map(playground, { small: true })}</a>
    <h2><a href=${playgroundPath(playground.name)}>${playground.title || playground.name}</a></h2>
    <p>${line(playground.description ?? "")}</p>
    ${asks > 0 || playground.userAccess?.canStart === false
      ? html`<a class="button" href=${playgroundPath(playground.name)}>${asks > 0 ? "Choose and start" : "Look at it"}</a>`
      : html`<labyard-start .playground=${playground}></labyard-start>`}
  </li>`;
}

/** For its author: shown where it would stand, so that nobody wonders where it went. */
function broken(playground: Playground, problems: string[]): TemplateResult {
  return html`<li class="card" data-playground=${playground.name}>
    <h2>${playground.name}</h2>
    <p>Its manifest cannot be used, so it cannot be started:</p>
    <ul class="plain">
      ${problems.slice(0, 5).map((line) => html`<li><code>${line}</code></li>`)}
    </ul>
  </li>`;
}

customElements.define("labyard-home", HomePage);
