/** The frame around the pages: finds the page of an address, asks who is there, shows what is wrong. */

import { html, type TemplateResult } from "lit";
import { api, ApiError } from "./api/client.ts";
import { framed, missing, signIn } from "./app-pages.ts";
import { PageElement } from "./parts/element.ts";
import { asApiError, problem } from "./parts/problem.ts";
import { followLinks, routeOf, type Route } from "./router.ts";
import "./pages/home.ts";
import "./pages/lesson.ts";
import "./pages/lessons.ts";
import "./pages/play.ts";
import "./pages/playground.ts";

export class LabyardApp extends PageElement {
  static override properties = { route: { state: true }, error: { state: true }, signedIn: { state: true } };
  declare route: Route;
  declare error: ApiError | null;
  declare signedIn: boolean | null;

  constructor() {
    super();
    this.route = routeOf(location.pathname, location.search);
    this.error = null;
    this.signedIn = null;
    addEventListener("popstate", () => (this.route = routeOf(location.pathname, location.search)));
    this.addEventListener("signed-out", () => (this.signedIn = false));
    followLinks(this);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.error = null;
    try {
      await api.me();
      this.signedIn = true;
    } catch (cause) {
      const error = asApiError(cause);
      if (error.status === 401 || error.status === 403) this.signedIn = false;
      else this.error = error;
    }
  }

  protected override render(): TemplateResult {
    if (this.error) return framed(html`<main class="page narrow"><h1>Labyard</h1>${problem(this.error, () => void this.#ask())}</main>`);
    if (this.signedIn === null) return framed(html`<main class="page narrow"><p class="slow muted">Asking the server who you are…</p></main>`);
    if (!this.signedIn) return signIn();
    switch (this.route.page) {
      case "home":
        return framed(html`<labyard-home></labyard-home>`);
      case "playground":
        return framed(html`<labyard-playground .name=${this.route.name}></labyard-playground>`);
      case "lessons":
        return framed(html`<labyard-lessons .kind=${this.route.kind}></labyard-lessons>`);
      case "lesson":
        return framed(html`<labyard-lesson .kind=${this.route.kind} .name=${this.route.name} .path=${this.route.path}></labyard-lesson>`);
      case "play":
        return html`<labyard-play .playId=${this.route.id}></labyard-play>`;
      case "missing":
        return missing(this.route.path);
    }
  }
}

customElements.define("labyard-app", LabyardApp);
