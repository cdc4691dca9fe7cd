/** Somebody else has changed a file that was changed here, too: what now. */

import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { html } from "lit";
import { opened } from "../parts/dialog.ts";
import { askedWay } from "./ask.ts";
import { base } from "./editor.ts";
import { nameOf } from "./tree.ts";

export type Way = "edit" | "mine" | "theirs";

/** `theirs` null: the file is gone. `edit`: nothing is decided yet. */
export async function decided(path: string, mine: string, theirs: string | null): Promise<Way> {
  const name = nameOf(path);
  if (theirs === null) {
    return askedWay(`“${name}” is gone`, "It was deleted or moved since it was opened here. What is written here is not lost.", [
      ["edit", "Go on editing"],
      ["mine", "Write it again"],
    ]);
  }
  const way = await askedWay<Way | "compare">(`“${name}” was changed by somebody else`, "It is not what it was when it was opened here, perhaps by a program or from a terminal.", [
    ["edit", "Go on editing"],
    ["compare", "Compare"],
    ["theirs", "Take theirs"],
    ["mine", "Keep mine"],
  ]);
  return way === "compare" ? compared(name, mine, theirs) : way;
}

function compared(name: string, mine: string, theirs: string): Promise<Way> {
  const side = (text: string, label: string) => ({
    doc: text,
    extensions: [base, EditorView.lineWrapping, EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" })],
  });
  const answer = opened<Way>("edit", (way) => html`<h2 id="dialog-title">${name}: theirs, and mine</h2>
    <div class="compare-heads" aria-hidden="true"><span>Theirs, in the machine</span><span>Mine, not saved</span></div>
    <div class="compare-host"></div>
    <div class="dialog-buttons">
      <button autofocus @click=${() => way("edit")}>Go on editing</button>
      <button @click=${() => way("theirs")}>Take theirs</button>
      <button class="primary" @click=${() => way("mine")}>Keep mine</button>
    </div>`);
  const host = document.querySelector<HTMLElement>("dialog[open] .compare-host");
  host?.closest("dialog")?.classList.add("compare");
  const view = host ? new MergeView({ a: side(theirs, "Theirs"), b: side(mine, "Mine"), parent: host, collapseUnchanged: { margin: 3 }, gutter: true }) : null;
  return answer.finally(() => view?.destroy());
}
