/** Whole pages that say why there is nothing to show. */

import { html, type TemplateResult } from "lit";

export function framed(content: TemplateResult): TemplateResult {
  return html`<a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <a class="brand" href="/">Labyard</a><a href="/challenges">Lessons</a><a class="far" href="/status" title="What the bots found, night after night">Status</a>
    </header>
    <div id="main" tabindex="-1">${content}</div>`;
}

export function signIn(): TemplateResult {
  return framed(html`<main class="page narrow">
    <h1>Sign in with a link</h1>
    <p>You are not signed in. Labyard has no passwords: a one-time link opens these pages.</p>
    <p>On the box that serves them, run</p>
    <pre class="command">labyard up</pre>
    <p>and open the link it prints. A link works once; running it again prints a fresh one.</p>
    <p class="muted">Code: <code>unauthorized</code></p>
  </main>`);
}

export function missing(path: string, why = "It may have been mistyped, or what it showed was destroyed."): TemplateResult {
  return framed(html`<main class="page narrow">
    <h1>There is nothing here</h1>
    <p>Nothing was found at <code>${path}</code>. ${why}</p>
    <p><a href="/">See the playgrounds and your plays</a></p>
    <p class="muted">Code: <code>not-found</code></p>
  </main>`);
}
