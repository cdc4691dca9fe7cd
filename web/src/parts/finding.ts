/** What somebody looks for in a catalog, kept in the address: a copied address shows the same, and back goes back. */

import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from "lit";
import { chosenIn, FACETS, NOTHING, searchOf, toggled, wishOf, type Facet, type Found, type Offer, type Wish } from "../play/finding.ts";

const TITLES: Record<Facet, string> = { difficulty: "Difficulty", category: "Category", tag: "Tag", status: "Progress" };
const WORDS: Record<string, string> = { todo: "To do", attempted: "Attempted", solved: "Solved" };
/** Shown at once of what may be many. */
const MOST_OFFERS = 12;
const AT_A_TIME = 60;
const RETRY_MS = 1000;

export class Finding implements ReactiveController {
  wish: Wish = NOTHING;
  /** Of what is found, how many are drawn. */
  shown = AT_A_TIME;
  readonly #host: ReactiveControllerHost & HTMLElement;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReactiveControllerHost & HTMLElement) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    addEventListener("popstate", this.#read);
    addEventListener("keydown", this.#keys);
    this.wish = wishOf(location.search);
  }

  hostDisconnected(): void {
    removeEventListener("popstate", this.#read);
    removeEventListener("keydown", this.#keys);
    clearTimeout(this.#retry);
  }

  type(words: string): void {
    this.#set({ ...this.wish, words });
    this.#replace();
  }

  toggle(facet: Facet, value: string): void {
    this.#go(toggled(this.wish, facet, value));
  }

  clear(): void {
    this.#go(NOTHING);
    this.#search()?.focus();
  }

  more(): void {
    this.shown += AT_A_TIME;
    this.#host.requestUpdate();
  }

  #go(wish: Wish): void {
    this.#set(wish);
    history.pushState(null, "", location.pathname + searchOf(wish));
  }

  #set(wish: Wish): void {
    this.wish = wish;
    this.shown = AT_A_TIME;
    this.#host.requestUpdate();
  }

  /** Browsers refuse when somebody types for long; the last word counts. */
  #replace(): void {
    clearTimeout(this.#retry);
    const path = location.pathname;
    try {
      history.replaceState(null, "", path + searchOf(this.wish));
    } catch {
      this.#retry = setTimeout(() => location.pathname === path && this.#replace(), RETRY_MS);
    }
  }

  readonly #read = (): void => {
    const before = searchOf(this.wish);
    const wish = wishOf(location.search);
    if (searchOf(wish) !== before) this.#set(wish);
  };

  /** `/` goes to the search, unless somebody types already. */
  readonly #keys = (event: KeyboardEvent): void => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.composedPath().some((each) => each instanceof HTMLElement && each.matches("input, select, textarea, dialog, [contenteditable]"))) return;
    event.preventDefault();
    this.#search()?.focus();
  };

  #search(): HTMLElement | null {
    return this.#host.querySelector<HTMLElement>("input[type=search]");
  }
}

/** `what`: in the plural, `challenges`. */
export function searchField(finding: Finding, what: string): TemplateResult {
  return html`<input
    type="search"
    aria-label="Search ${what}"
    aria-keyshortcuts="/"
    placeholder="Search"
    maxlength="200"
    .value=${finding.wish.words}
    @input=${(event: Event) => finding.type((event.target as HTMLInputElement).value)}
  />`;
}

/** A facet with one value for all, or none, helps nobody. */
export function filters(finding: Finding, found: Found<unknown>, all: number): TemplateResult | typeof nothing {
  const useful = FACETS.filter((facet) => found.offers[facet].some(({ chosen, count }) => chosen || (count > 0 && count < all)));
  if (useful.length === 0) return nothing;
  return html`<div class="filters" role="group" aria-label="Filters">${useful.map((facet) => group(finding, facet, found.offers[facet]))}</div>`;
}

function group(finding: Finding, facet: Facet, offers: Offer[]): TemplateResult {
  const first = offers.filter(({ chosen }, index) => chosen || index < MOST_OFFERS);
  const rest = offers.filter((offer) => !first.includes(offer));
  return html`<div role="group" aria-label=${TITLES[facet]}>
    <span class="muted">${TITLES[facet]}</span>
    ${first.map((offer) => chip(finding, facet, offer))}
    ${rest.length > 0
      ? html`<details><summary class="chip">${rest.length} more</summary><div>${rest.map((offer) => chip(finding, facet, offer))}</div></details>`
      : nothing}
  </div>`;
}

function chip(finding: Finding, facet: Facet, { value, count, chosen }: Offer): TemplateResult {
  return html`<button class="chip" data-facet=${facet} aria-pressed=${chosen ? "true" : "false"} @click=${() => finding.toggle(facet, value)}>
    ${facetWord(facet, value)} <span class="muted">${count}</span>
  </button>`;
}

export function facetWord(facet: Facet, value: string): string {
  return facet === "status" ? (WORDS[value] ?? value) : value;
}

/** How many there are, told to everybody. `what`: in the plural. */
export function tally(found: number, all: number, what: string): TemplateResult {
  return html`<p class="muted tally" role="status">${found === all ? `${all} ${what}` : `${found} of ${all} ${what}`}</p>`;
}

/** Nothing was found: which filter or word is in the way, and how to be rid of it. */
export function nothingFound(finding: Finding, without: (wish: Wish) => number): TemplateResult {
  const { words } = finding.wish;
  const chosen = chosenIn(finding.wish);
  const ways = chosen.map(([facet, value]) => ({ facet, value, count: without(toggled(finding.wish, facet, value)) }));
  const wordless = words.trim() ? without({ ...finding.wish, words: "" }) : 0;
  return html`<div class="empty-line">
    <p>Nothing matches${words.trim() ? html` “${words.trim()}”` : nothing}${chosen.length > 0 ? html` with what is chosen above` : nothing}.</p>
    <p class="ways">
      ${ways.map(({ facet, value, count }) => html`<button class="small" @click=${() => finding.toggle(facet, value)}>Without ${facetWord(facet, value)} (${count})</button>`)}
      ${wordless > 0 && chosen.length > 0 ? html`<button class="small" @click=${() => finding.type("")}>Without the words (${wordless})</button>` : nothing}
      <button class="small" @click=${() => finding.clear()}>Show all</button>
    </p>
  </div>`;
}

/** Drawn are so many that a page stays light. */
export function moreButton(finding: Finding, found: number): TemplateResult | typeof nothing {
  if (found <= finding.shown) return nothing;
  return html`<p class="more"><button @click=${() => finding.more()}>Show ${Math.min(AT_A_TIME, found - finding.shown)} more of ${found}</button></p>`;
}
