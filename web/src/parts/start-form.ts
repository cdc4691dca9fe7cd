/** Starting a playground. */

import { html, type TemplateResult } from "lit";
import { api, type Chosen } from "../api/client.ts";
import type { InitCondition, Playground } from "../api/types.ts";
import { Starter } from "./starter.ts";

export class StartForm extends Starter {
  static override properties = { ...Starter.properties, playground: { attribute: false } };
  declare playground: Playground;

  protected override parameters(): InitCondition[] {
    return this.playground.initConditions?.values ?? [];
  }

  protected override async begin(chosen: Chosen): Promise<string> {
    return (await api.start(this.playground.name, chosen)).id;
  }

  protected override buttons(): TemplateResult {
    return html`<button class="primary" ?disabled=${this.starting} aria-label="Start ${this.playground.title || this.playground.name}">
      ${this.starting ? "Asking the box for room…" : "Start"}
    </button>`;
  }
}

customElements.define("labyard-start", StartForm);
