/** A form that starts a play: at once, or after its start parameters were chosen. What is wrong stands beside its field. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, type Chosen } from "../api/client.ts";
import type { InitCondition } from "../api/types.ts";
import { chosenOf, sortProblems, usablePattern, type Faults } from "../play/parameters.ts";
import type { Given } from "../play/start-link.ts";
import { go, playPath } from "../router.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

type Field = HTMLInputElement | HTMLSelectElement;

let count = 0;

export abstract class Starter extends PageElement {
  static override properties = { starting: { state: true }, error: { state: true }, faults: { state: true }, given: { attribute: false } };
  declare starting: boolean;
  declare error: ApiError | null;
  declare faults: Faults;
  /** What a link says of its parameters. */
  declare given: Given | null;
  readonly #id = `start-${++count}`;

  constructor() {
    super();
    this.starting = false;
    this.error = null;
    this.faults = new Map();
    this.given = null;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("given") && this.given) this.faults = this.given.faults;
  }

  /** What it asks now. */
  wanted(): InitCondition[] {
    return this.parameters();
  }

  /** What its fields hold. */
  typed(): Chosen {
    return Object.fromEntries([...this.#fields()].map(([key, field]) => [key, field.value]));
  }

  protected abstract parameters(): InitCondition[];
  /** Starts it, and answers with the play's id. */
  protected abstract begin(chosen: Chosen): Promise<string>;
  protected abstract buttons(): TemplateResult;

  #fields(): Map<string, Field> {
    return new Map([...this.querySelectorAll<Field>("[data-parameter]")].map((field) => [field.name, field]));
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (this.starting) return;
    const fields = this.#fields();
    const parameters = this.parameters();
    this.error = null;
    this.faults = new Map([...fields].flatMap(([key, field]) => (field.validity.valid ? [] : [[key, objection(field)]])));
    if (this.faults.size === 0) await this.#begin(chosenOf(parameters, (key) => fields.get(key)?.value ?? ""), parameters);
    [...fields].find(([key]) => this.faults.has(key))?.[1].focus();
  }

  async #begin(chosen: Chosen, parameters: InitCondition[]): Promise<void> {
    this.starting = true;
    void import("./terminal.ts").catch(() => undefined); // fetched while the play starts; where it is shown is told if it cannot be had
    try {
      go(playPath(await this.begin(chosen)));
    } catch (cause) {
      const error = asApiError(cause);
      const { faults, rest } = sortProblems(error.problems, parameters);
      this.faults = faults;
      this.error = faults.size > 0 && rest.length === 0 ? null : error;
    }
    this.starting = false;
  }

  protected override render(): TemplateResult {
    return html`<form class="start-form" novalidate @submit=${this.#submit}>
      ${this.parameters().map((parameter, index) => this.#field(parameter, `${this.#id}-${index}`))} ${this.buttons()}
      ${this.error ? problem(this.error) : nothing}
    </form>`;
  }

  #field(parameter: InitCondition, id: string): TemplateResult {
    const fault = this.faults.get(parameter.key);
    const value = this.given?.values[parameter.key] ?? parameter.default ?? "";
    const field = parameter.options?.length ? choice(parameter, id, value, fault) : text(parameter, id, value, fault);
    return html`<label for=${id}>${parameter.key}</label>${field}${fault ? html`<p class="field-fault" id="${id}-fault">${fault}</p>` : nothing}`;
  }
}

function objection(field: Field): string {
  if (field.validity.valueMissing) return "This is needed.";
  return field.title || field.validationMessage;
}

function choice(parameter: InitCondition, id: string, value: string, fault: string | undefined): TemplateResult {
  return html`<select id=${id} name=${parameter.key} data-parameter ?required=${!parameter.nullable} aria-invalid=${fault ? "true" : nothing} aria-describedby=${fault ? `${id}-fault` : nothing}>
    ${parameter.nullable ? html`<option value="" ?selected=${value === ""}>None</option>` : nothing}
    ${parameter.options?.map((option) => html`<option value=${option} ?selected=${option === value}>${option}</option>`)}
  </select>`;
}

function text(parameter: InitCondition, id: string, value: string, fault: string | undefined): TemplateResult {
  const pattern = usablePattern(parameter.validationRegex);
  return html`<input
    id=${id}
    name=${parameter.key}
    data-parameter
    type="text"
    autocomplete="off"
    value=${value}
    placeholder=${parameter.placeholder ?? nothing}
    ?required=${!parameter.nullable}
    pattern=${pattern ?? nothing}
    title=${pattern ? `It must match ${parameter.validationRegex ?? ""}` : nothing}
    aria-invalid=${fault ? "true" : nothing}
    aria-describedby=${fault ? `${id}-fault` : nothing}
  />`;
}
