/** Whole pages that say why there is nothing to show. */

import { html, nothing, type TemplateResult } from "lit";

/** `who`: is signed in, and can sign out; `admin`: and runs the box. */
export function framed(content: TemplateResult, who?: { handle: string; leave: () => void; admin?: boolean }): TemplateResult {
  return html`<a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/">Labyard</a><a href="/lessons">Lessons</a><a href="/progress">Progress</a>${who?.admin ? html`<a href="/admin">Admin</a>` : nothing}<a class="far ${who?.admin ? "wide-only" : ""}" href="/status" title="What the bots found, night after night">Status</a>
      ${who ? html`<a class="who" href="/account" title="Your account">${who.handle}</a><button class="quiet wide-only" title=${`You are ${who.handle}`} @click=${who.leave}>Sign out</button>` : nothing}
    </header>
    <div id="main" tabindex="-1">${content}</div>`;
}

export function signIn(): TemplateResult {
  const next = encodeURIComponent(location.pathname + location.search);
  return framed(html`<main class="page narrow">
    <h1>You are signed out</h1>
    <p>Your session ended, or was ended.</p>
    <p><a class="button primary" href="/signin?next=${next}" target="_self">Sign in</a></p>
    <p class="muted">Code: <code>unauthorized</code></p>
  </main>`);
}

export function missing(path: string, why = "It may have been mistyped, or what it showed was destroyed."): TemplateResult {
  return html`<main class="page narrow">
    <h1>There is nothing here</h1>
    <p>Nothing was found at <code>${path}</code>. ${why}</p>
    <p><a href="/">See the playgrounds and your plays</a></p>
    <p class="muted">Code: <code>not-found</code></p>
  </main>`;
}

/** For who is signed in and may not see this. */
export function forbidden(what: string): TemplateResult {
  return html`<main class="page narrow">
    <h1>This is not for you</h1>
    <p>${what} It takes the role of an admin; who runs this server gives roles: <code>labyard user role NAME admin</code>.</p>
    <p><a href="/">See the playgrounds and your plays</a></p>
    <p class="muted">Code: <code>forbidden</code></p>
  </main>`;
}
