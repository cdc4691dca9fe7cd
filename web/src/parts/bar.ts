/** How much of something is done. */

import { html, type TemplateResult } from "lit";

/** `what`: what is counted, for who cannot see the bar. */
export function bar({ done, total }: { done: number; total: number }, what = "parts"): TemplateResult {
  return html`<span class="bar"><progress max=${Math.max(1, total)} value=${done} aria-label="${done} of ${total} ${what} done"></progress><span class="muted">${done} of ${total}</span></span>`;
}
