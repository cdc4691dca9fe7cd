/** Starting a playground: at once, or after its start parameters were chosen. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { InitCondition, Playground } from "../api/types.ts";
import { go, playPath } from "../router.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class StartForm extends PageElement {
  static override properties = { playground: { attribute: false }, starting: { state: true }, error: { state: true } };
  declare playground: Playground;
  declare starting: boolean;
  declare error: ApiError | null;

  constructor() {
    super();
    this.starting = false;
    this.error = null;
  }

  async #start(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const values: Record<string, string> = {};
    for (const [key, value] of new FormData(form)) if (typeof value === "string" && value !== "") values[key] = value;
    this.starting = true;
    this.error = null;
    try {
      const play = await api.start(this.playground.name, values);
      go(playPath(play.id));
    } catch (cause) {
      this.error = asApiError(cause);
    }
    this.starting = false;
  }

  protected override render(): TemplateResult {
    const parameters = this.playground.initConditions?.values ?? [];
    return html`<form class="start-form" @submit=${this.#start}>
      ${parameters.map((parameter, index) => field(parameter, `start-${this.playground.name}-${index}`))}
      <button class="primary" ?disabled=${this.starting} aria-label="Start ${this.playground.title || this.playground.name}">
        ${this.starting ? "Asking the box for room…" : "Start"}
      </button>
      ${this.error ? problem(this.error) : nothing}
    </form>`;
  }
}

function field(parameter: InitCondition, id: string): TemplateResult {
  return html`<label for=${id}>${parameter.key}</label>${parameter.options?.length ? choice(parameter, id) : text(parameter, id)}`;
}

function choice(parameter: InitCondition, id: string): TemplateResult {
  return html`<select id=${id} name=${parameter.key} ?required=${!parameter.nullable}>
    ${parameter.nullable ? html`<option value="" ?selected=${!parameter.default}>None</option>` : nothing}
    ${parameter.options?.map((option) => html`<option value=${option} ?selected=${option === parameter.default}>${option}</option>`)}
  </select>`;
}

function text(parameter: InitCondition, id: string): TemplateResult {
  const pattern = usablePattern(parameter.validationRegex);
  return html`<input
    id=${id}
    name=${parameter.key}
    type="text"
    autocomplete="off"
    .value=${parameter.default ?? ""}
    placeholder=${parameter.placeholder ?? nothing}
    ?required=${!parameter.nullable}
    pattern=${pattern ?? nothing}
    title=${pattern ? `Must match ${parameter.validationRegex ?? ""}` : nothing}
  />`;
}

/** The `pattern` attribute is anchored by itself; an expression that browsers cannot compile is left to the server. */
export function usablePattern(expression: string | undefined): string | null {
  if (!expression) return null;
  const opened = expression.startsWith("^") ? expression.slice(1) : `.*(?:${expression}`;
  const bare = expression.startsWith("^") ? opened : `${opened})`;
  const closed = expression.endsWith("$") && !expression.endsWith("\\$");
  const full = closed ? bare.replace(/\$(\)?)$/, "$1") : `${bare}.*`;
  try {
    new RegExp(`^(?:${full})$`, "v");
    return full;
  } catch {
    return null;
  }
}

customElements.define("labyard-start", StartForm);
