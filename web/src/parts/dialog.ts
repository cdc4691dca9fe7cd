/** Questions that must be answered before anything else: the browser's own dialog, which keeps the focus and knows Escape. */

import { html, render, type TemplateResult } from "lit";

interface Question {
  title: string;
  text: string | TemplateResult;
  /** The button that does it. */
  act: string;
  /** The one that leaves all as it is. */
  keep?: string;
  danger?: boolean;
}

/** Resolves to whether it shall be done. The safe answer has the focus. */
export function confirmed(question: Question): Promise<boolean> {
  return opened<boolean>(false, (answer) =>
    html`<h2 id="dialog-title">${question.title}</h2>
      <div class="dialog-text">${question.text}</div>
      <div class="dialog-buttons">
        <button autofocus @click=${() => answer(false)}>${question.keep ?? "Keep it"}</button>
        <button class=${question.danger ? "danger" : "primary"} @click=${() => answer(true)}>${question.act}</button>
      </div>`,
  );
}

export function told(title: string, text: TemplateResult): Promise<void> {
  return opened<void>(undefined, (answer) =>
    html`<h2 id="dialog-title">${title}</h2>
      <div class="dialog-text">${text}</div>
      <div class="dialog-buttons"><button autofocus @click=${() => answer()}>Close</button></div>`,
  );
}

/** A dialog with `content`, whose `<h2 id="dialog-title">` names it. Resolves to what was answered, else to `dismissed`. */
export function opened<T>(dismissed: T, content: (answer: (value: T) => void) => TemplateResult): Promise<T> {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "dialog-title");
  document.body.append(dialog);
  return new Promise((resolve) => {
    let result = dismissed;
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(result);
    });
    render(
      content((value) => {
        result = value;
        dialog.close();
      }),
      dialog,
    );
    dialog.showModal();
  });
}

const KEYS: [string, string][] = [
  ["?", "This list (outside a terminal)"],
  ["Ctrl+Shift+C / V", "Copy the selection, paste"],
  ["Ctrl+Shift+F", "Find in the terminal: Enter for earlier, Shift+Enter for later, Escape"],
  ["Ctrl+Shift+L", "Leave the terminal, to its tab"],
  ["Ctrl+S / Ctrl+Shift+F", "In the editor: save, search in all files"],
  ["← → Home End", "On a tab: the other tabs"],
  ["Enter", "On a tab: into its terminal"],
  ["Delete", "On a tab opened with +: close it"],
  ["Tab", "Everything else, in reading order"],
];

export function keysDialog(): Promise<void> {
  return told(
    "Keys",
    html`<dl class="keys">${KEYS.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>`,
  );
}
