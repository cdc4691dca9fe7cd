/** An error as people read it: what happened, why, what to do, a code to search for. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";

export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError(0, { code: "page", message: String(cause), hint: "Reload the page." });
}

export function problem(error: ApiError, retry?: () => void): TemplateResult {
  return html`<div class="problem" role="alert">
    <p><strong>${error.message}</strong></p>
    ${error.hint ? html`<p>${error.hint}</p>` : nothing}
    ${error.problems.length === 0
      ? nothing
      : html`<ul>
          ${error.problems.map(
            (one) => html`<li>
              ${one.file ? html`<code>${one.file}:${one.line ?? 1}:${one.column ?? 1}</code> ` : nothing}${one.message}
              ${one.hint ? html`<span class="muted">${one.hint}</span>` : nothing}
            </li>`,
          )}
        </ul>`}
    <p class="muted">Code: <code>${error.code}</code>${retry ? html` <button class="small" @click=${retry}>Try again</button>` : nothing}</p>
  </div>`;
}
