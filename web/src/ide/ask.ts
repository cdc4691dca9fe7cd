/** Short questions about files, in the browser's own dialog. */

import { html, type TemplateResult } from "lit";
import { opened } from "../parts/dialog.ts";

interface NameQuestion {
  title: string;
  label: string;
  value: string;
  act: string;
  /** What is wrong with an answer; null: nothing. */
  trouble: (value: string) => string | null;
}

/** What was typed; null when it was left. */
export function askedName(question: NameQuestion): Promise<string | null> {
  return opened<string | null>(null, (answer) => {
    const submit = (event: SubmitEvent): void => {
      event.preventDefault();
      const input = (event.currentTarget as HTMLFormElement).querySelector("input") as HTMLInputElement;
      const trouble = question.trouble(input.value);
      input.setCustomValidity(trouble ?? "");
      if (trouble === null) answer(input.value);
      else input.reportValidity();
    };
    return html`<form @submit=${submit} novalidate>
      <h2 id="dialog-title">${question.title}</h2>
      <div class="dialog-text ide-ask">
        <label for="ide-name">${question.label}</label>
        <input id="ide-name" autofocus autocomplete="off" spellcheck="false" .value=${question.value} @input=${(event: Event) => (event.target as HTMLInputElement).setCustomValidity("")} />
      </div>
      <div class="dialog-buttons"><button type="button" @click=${() => answer(null)}>Leave it</button><button class="primary">${question.act}</button></div>
    </form>`;
  });
}

/** One of several ways on; the first is the safe one and has the focus. */
export function askedWay<T extends string>(title: string, text: string | TemplateResult, ways: [T, string][]): Promise<T> {
  const [first] = ways as [[T, string]];
  return opened<T>(first[0], (answer) => html`<h2 id="dialog-title">${title}</h2>
    <div class="dialog-text">${text}</div>
    <div class="dialog-buttons">${ways.map(([way, word], at) => html`<button ?autofocus=${at === 0} @click=${() => answer(way)}>${word}</button>`)}</div>`);
}
