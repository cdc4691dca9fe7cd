/** What is embedded in a lesson and has to be done as well, by the titles the catalog knows. */

import { html, nothing, type TemplateResult } from "lit";
import { named, pieces, type Pieces } from "../api/pieces.ts";
import type { Gate } from "../api/types.ts";
import { lessonPath } from "../router.ts";
import { PageElement } from "./element.ts";
import { mark } from "./lesson-mark.ts";

const plural = (gate: Gate): "challenges" | "tutorials" => (gate.kind === "challenge" ? "challenges" : "tutorials");

export class GateList extends PageElement {
  static override properties = { gates: { attribute: false }, known: { state: true } };
  declare gates: Gate[];
  declare known: ReadonlyMap<string, Pieces>;

  constructor() {
    super();
    this.gates = [];
    this.known = new Map();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has("gates")) return;
    for (const kinds of new Set(this.gates.map(plural))) {
      void pieces(kinds).then((known) => (this.known = new Map([...this.known, [kinds, known]])));
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    if (this.gates.length === 0) return nothing;
    const open = this.gates.filter(({ passed }) => !passed).length;
    return html`<p class="muted">${open === 0 ? "With it, also done:" : "Complete once these are done too:"}</p>
      <ul class="plain gates">
        ${this.gates.map((gate) => {
          const piece = named(this.known.get(plural(gate)) ?? new Map(), gate.name);
          return html`<li>
            ${mark(gate.passed ? "done" : "idle", gate.passed ? "Done" : "To do")}
            <a href=${lessonPath(plural(gate), piece?.name ?? gate.name)}>${piece?.title || gate.name}</a>
          </li>`;
        })}
      </ul>`;
  }
}

customElements.define("labyard-gates", GateList);
