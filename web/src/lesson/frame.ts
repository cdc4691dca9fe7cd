import { css, LitElement, type CSSResult } from "lit";

/**
 * Elements that the server writes into a lesson. What they hold is the lesson's, styled by `lesson.css`; they draw a frame around it
 * in a shadow root, so that neither disturbs the other (docs/decisions/0012-rendering.md).
 */
export class LessonElement extends LitElement {}

/** The few rules of the pages' style sheets that a frame needs. */
export const frame: CSSResult = css`
  * { box-sizing: border-box; }
  :host([hidden]), [hidden] { display: none !important; }
  button {
    display: inline-flex; align-items: center; justify-content: center; min-height: 32px; padding: 2px 12px; font: inherit; color: var(--text);
    background: var(--surface); border: 1px solid var(--line-strong); border-radius: 6px; cursor: pointer; line-height: 1.25;
  }
  button:hover { background: var(--raised); }
  button:disabled { color: var(--muted); cursor: default; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  p { margin: 0; }
  .muted { color: var(--muted); }
  .mark { flex: none; fill: none; stroke: var(--muted); stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; overflow: visible; }
  .mark .solid { fill: var(--muted); stroke: none; }
  .mark.working { stroke: var(--accent); }
  .mark.done { stroke: var(--term-green); stroke-width: 2.4; }
  .mark.failed .solid { fill: var(--failed); }
`;
