import { LitElement } from "lit";

/**
 * Our elements draw into the page itself, not into shadow roots: one style sheet, labels and descriptions that may point
 * anywhere, and the same tokens for what the server renders later (docs/decisions/0010-pages.md).
 */
export class PageElement extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
