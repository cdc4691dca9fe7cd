/** The text editor: CodeMirror, in the colours of the page. Loaded with the first editor tab. */

import { indentWithTab } from "@codemirror/commands";
import { HighlightStyle, LanguageDescription, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { languages } from "@codemirror/language-data";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { basicSetup } from "codemirror";
import { indentOf } from "./content.ts";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.moduleKeyword, tags.controlKeyword, tags.operatorKeyword], color: "var(--term-magenta)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.inserted], color: "var(--term-green)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.escape], color: "var(--term-yellow)" },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.heading, tags.labelName], color: "var(--term-blue)" },
  { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName, tags.attributeName, tags.propertyName, tags.definition(tags.propertyName)], color: "var(--term-cyan)" },
  { tag: [tags.comment, tags.meta, tags.processingInstruction], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.invalid, tags.deleted], color: "var(--term-red)" },
  { tag: [tags.link, tags.url], color: "var(--accent)", textDecoration: "underline" },
  { tag: tags.strong, fontWeight: "bold" },
  { tag: tags.emphasis, fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--term-fg)", backgroundColor: "var(--term-bg)", fontSize: "14px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--term-cursor)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--term-cursor)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--term-bg)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--raised) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--term-selection)" },
  ".cm-selectionMatch": { backgroundColor: "var(--accent-soft)" },
  ".cm-searchMatch": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--line-strong)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--term-selection)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-panels": { color: "var(--text)", backgroundColor: "var(--surface)", borderColor: "var(--line)" },
  ".cm-panel.cm-search": { padding: "6px 8px" },
  ".cm-textfield": { color: "inherit", backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", fontSize: "14px" },
  ".cm-button": { color: "inherit", backgroundImage: "none", backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)", fontSize: "14px" },
  ".cm-panel.cm-search label": { fontSize: "14px" },
  ".cm-tooltip": { color: "var(--text)", backgroundColor: "var(--surface)", border: "1px solid var(--line-strong)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { color: "var(--on-accent)", backgroundColor: "var(--accent)" },
  ".cm-foldPlaceholder": { color: "var(--muted)", backgroundColor: "var(--raised)", borderColor: "var(--line)" },
  "&.cm-focused": { outline: "none" },
});

/** What every text looks like, edited or not. */
export const base: Extension = [look, syntaxHighlighting(colours), EditorState.lineSeparator.of("\n")];

export interface EditorActs {
  /** Told of every step: the text, the selection, or both. */
  now: (state: EditorState) => void;
  save: () => void;
  leave: () => void;
}

/** One text with its history; `EditorView.setState` shows it. `language`: where its colours go once they are there. */
export interface Editing {
  state: EditorState;
  language: Compartment;
}

export function editing(name: string, text: string, readOnly: boolean, acts: EditorActs): Editing {
  const language = new Compartment();
  const own = keymap.of([
    { key: "Mod-s", preventDefault: true, run: () => (acts.save(), true) },
    { key: "Ctrl-Shift-l", preventDefault: true, run: () => (acts.leave(), true) },
    indentWithTab,
  ]);
  const state = EditorState.create({
    doc: text,
    extensions: [
      own,
      basicSetup,
      base,
      language.of([]),
      indentUnit.of(name === "Makefile" || name.endsWith(".go") ? "\t" : indentOf(text)),
      EditorState.readOnly.of(readOnly),
      EditorView.contentAttributes.of({ "aria-label": `${name}. Escape, then Tab leaves it.` }),
      EditorView.updateListener.of((update) => acts.now(update.state)),
    ],
  });
  return { state, language };
}

/** Colours for what the file's name says it is; nothing where nobody knows. */
export async function colour(view: EditorView, name: string, language: Compartment): Promise<void> {
  const found = LanguageDescription.matchFilename(languages, name) ?? script(name, view.state.doc.line(1).text);
  if (!found) return;
  const support = await found.load();
  if (language.get(view.state) !== undefined) view.dispatch({ effects: language.reconfigure(support) });
}

/** Scripts often have no ending: their first line says what they are. */
function script(name: string, first: string): LanguageDescription | null {
  const program = /^#!.*?\b(bash|sh|dash|zsh|python|perl|ruby|node|lua)/.exec(first)?.[1];
  const known = { python: "Python", perl: "Perl", ruby: "Ruby", node: "JavaScript", lua: "Lua" }[program ?? ""];
  if (known) return LanguageDescription.matchLanguageName(languages, known);
  const shell = program !== undefined || /^\.(bash|profile|zsh|sh)/.test(name);
  return shell ? LanguageDescription.matchLanguageName(languages, "Shell") : null;
}
