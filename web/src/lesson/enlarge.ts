/** A picture in full size, in a dialog of its own. */

import { css, html, type CSSResult, type LitElement, type TemplateResult } from "lit";

export const enlargerStyles: CSSResult = css`
  .frame { position: relative; display: flow-root; }
  .frame > button { position: absolute; top: 6px; right: 6px; min-height: 26px; padding: 0 8px; font-size: 13px; opacity: 0; }
  .frame:hover > button, .frame:focus-within > button { opacity: 1; }
  @media (hover: none) { .frame > button { opacity: 1; } }
  dialog { max-width: 96vw; max-height: 96vh; padding: 12px; color: var(--text); background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; }
  dialog::backdrop { background: rgb(0 0 0 / 60%); }
  dialog img { display: block; height: auto; margin-bottom: 8px; }
  dialog form { position: sticky; left: 0; bottom: 0; width: max-content; }
`;

/** `content` with a button that shows the first picture of it, or of what `owner` holds, in full size. */
export function enlarger(content: TemplateResult, owner: LitElement): TemplateResult {
  const open = (): void => {
    const dialog = owner.renderRoot.querySelector("dialog");
    const shown = dialog?.querySelector("img");
    const image = owner.renderRoot.querySelector<HTMLImageElement>(".frame img") ?? owner.querySelector("img");
    if (!dialog || !shown || !image) return;
    shown.src = image.src;
    shown.alt = image.alt;
    dialog.showModal();
  };
  return html`<div class="frame">${content}<button @click=${open}>Enlarge</button></div>
    <dialog aria-label="The picture in full size"><img alt="" /><form method="dialog"><button>Close</button></form></dialog>`;
}
