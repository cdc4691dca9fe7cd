/** The frame around the pages: finds the page of an address, asks who is there, shows what is wrong. */

import { html, type TemplateResult } from "lit";
import { api, ApiError } from "./api/client.ts";
import { forbidden, framed, missing, signIn } from "./app-pages.ts";
import { PageElement } from "./parts/element.ts";
import type { Me } from "./api/types.ts";
import { asApiError, problem } from "./parts/problem.ts";
import { followLinks, routeOf, type Route } from "./router.ts";
import "./pages/account.ts";
import "./pages/home.ts";
import "./pages/lesson.ts";
import "./pages/lessons.ts";
import "./pages/play.ts";
import "./pages/playground.ts";

export class LabyardApp extends PageElement {
  static override properties = { route: { state: true }, error: { state: true }, who: { state: true } };
  declare route: Route;
  declare error: ApiError | null;
  /** Undefined: not known yet; null: nobody. */
  declare who: Me | null | undefined;
  #adminCode: Promise<unknown> | null = null;

  constructor() {
    super();
    this.route = routeOf(location.pathname, location.search);
    this.error = null;
    this.who = undefined;
    addEventListener("popstate", () => (this.route = routeOf(location.pathname, location.search)));
    this.addEventListener("signed-out", () => (this.who = null));
    followLinks(this);
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.error = null;
    try {
      this.who = await api.me();
    } catch (cause) {
      const error = asApiError(cause);
      if (error.status === 401 || error.status === 403) this.who = null;
      else this.error = error;
    }
  }

  async #leave(): Promise<void> {
    try {
      await api.logout();
      this.who = null;
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  #framed(content: TemplateResult): TemplateResult {
    return framed(content, { handle: this.who?.handle ?? "", leave: () => void this.#leave(), admin: this.who?.role === "admin" });
  }

  /** Its code is loaded by those who run the box alone. */
  #admin(route: Route & { page: "admin" }): TemplateResult {
    if (this.who?.role !== "admin") return this.#framed(forbidden("These pages are for those who run this box."));
    this.#adminCode ??= import("./admin/admin.ts").catch((cause: unknown) => {
      this.#adminCode = null;
      this.error = new ApiError(0, { code: "page", message: "The code of these pages could not be loaded.", hint: `Reload the page. (${String(cause)})` });
    });
    return this.#framed(html`<labyard-admin .section=${route.section} .name=${route.name}></labyard-admin>`);
  }

  protected override render(): TemplateResult {
    if (this.error) return framed(html`<main class="page narrow"><h1>Labyard</h1>${problem(this.error, () => void this.#ask())}</main>`);
    if (this.who === undefined) return framed(html`<main class="page narrow"><p class="slow muted">Asking the server who you are…</p></main>`);
    if (this.who === null) return signIn();
    switch (this.route.page) {
      case "home":
        return this.#framed(html`<labyard-home></labyard-home>`);
      case "account":
        return this.#framed(html`<labyard-account></labyard-account>`);
      case "playground":
        return this.#framed(html`<labyard-playground .name=${this.route.name}></labyard-playground>`);
      case "lessons":
        return this.#framed(html`<labyard-lessons .kind=${this.route.kind}></labyard-lessons>`);
      case "lesson":
        return this.#framed(html`<labyard-lesson .kind=${this.route.kind} .name=${this.route.name} .path=${this.route.path}></labyard-lesson>`);
      case "admin":
        return this.#admin(this.route);
      case "progress":
        void import("./pages/progress.ts");
        return this.#framed(html`<labyard-progress></labyard-progress>`);
      case "start":
        void import("./pages/start.ts");
        return this.#framed(html`<labyard-start-page .place=${this.route.place} .search=${this.route.search}></labyard-start-page>`);
      case "play":
        return html`<labyard-play .playId=${this.route.id}></labyard-play>`;
      case "missing":
        return this.#framed(missing(this.route.path));
    }
  }
}

customElements.define("labyard-app", LabyardApp);
