/** For who says who may: the way to the dialog, whose code is loaded then. */

import { html, nothing, type TemplateResult } from "lit";
import type { UserAccess } from "../api/types.ts";
import { told } from "./dialog.ts";

export function whoMay(plural: string, about: { name: string; userAccess?: UserAccess }): TemplateResult | typeof nothing {
  if (about.userAccess?.canChange !== true) return nothing;
  return html`<p><button class="small" @click=${() => void show(plural, about.name)}>Who may…</button></p>`;
}

async function show(plural: string, name: string): Promise<void> {
  await import("./who-may.ts");
  await told(`Who may do what with ${name}`, html`<labyard-who-may .plural=${plural} .name=${name}></labyard-who-may>`);
}
