/** An application of a machine, in a frame: another origin, that shares nothing with these pages. */

import { html, type TemplateResult } from "lit";
import { portAddress, type PortTab } from "../play/tabs.ts";

export function port(play: string, tab: PortTab): TemplateResult {
  const address = portAddress(play, tab, location);
  const reload = (event: Event): void => {
    const frame = (event.currentTarget as HTMLElement).closest(".port")?.querySelector("iframe");
    if (frame) frame.src = address;
  };
  return html`<div class="port">
    <div class="port-bar">
      <span class="muted">Port ${tab.number} of ${tab.machine}</span>
      <button class="small quiet" @click=${reload}>Reload</button>
      <a href=${address} target="_blank" rel="noopener noreferrer">Open in a new window</a>
    </div>
    <iframe
      title=${`${tab.label}: port ${tab.number} of ${tab.machine}`}
      src=${address}
      referrerpolicy="no-referrer"
      sandbox="allow-scripts allow-same-origin allow-forms allow-popups allow-modals allow-downloads"
    ></iframe>
  </div>`;
}
