/** A page of another site, in a frame within a frame: the outer one is ours, and may load that site alone (docs/develop/http.md). */

import { html, type TemplateResult } from "lit";
import { webPageAddress, type WebPageTab } from "../play/tabs.ts";

export function webPage(play: string, tab: WebPageTab): TemplateResult {
  const { host, pathname } = new URL(tab.address);
  const shown = webPageAddress(play, tab);
  const reload = (event: Event): void => {
    const frame = (event.currentTarget as HTMLElement).closest(".port")?.querySelector("iframe");
    if (frame) frame.src = shown;
  };
  return html`<div class="port">
    <div class="port-bar">
      <span class="muted address" title=${tab.address}>${host}${pathname === "/" ? "" : pathname}</span>
      <button class="small quiet" @click=${reload}>Reload</button>
      <a href=${tab.address} target="_blank" rel="noopener noreferrer">Open in a new window</a>
      <small class="muted">Stays empty? Some sites do not let themselves be shown here.</small>
    </div>
    <iframe title=${`${tab.label}: a page of ${host}`} src=${shown} referrerpolicy="no-referrer"></iframe>
  </div>`;
}
