/** Tabs as pills with a plus. Arrow keys move, Enter goes in; focus follows the WAI-ARIA tabs pattern. A mouse drags them across. */

import { html, nothing, type TemplateResult } from "lit";
import type { Group, Way } from "../play/split.ts";
import { closable, missingEditors, type Tab } from "../play/tabs.ts";

interface TabBar {
  group: Group;
  /** How the two groups lie; null: there is one. */
  split: Way | null;
  /** Of this group. */
  tabs: Tab[];
  all: Tab[];
  selected: Tab;
  machines: string[];
  select: (key: string) => void;
  enter: (key: string) => void;
  close: (tab: Tab) => void;
  add: (machine: string) => void;
  edit: (machine: string) => void;
  /** Make a second group, with this tab; or with a new terminal. */
  part: (key: string, way: Way) => void;
  newPart: (machine: string, way: Way) => void;
  /** Into the other group. */
  across: (key: string) => void;
  /** From side by side to one below the other, and back. */
  turn: () => void;
  join: () => void;
  /** A mouse has hold of this tab; null: of none any more. */
  drag: (key: string | null) => void;
}

export function tabBar(bar: TabBar): TemplateResult {
  const label = bar.group === "first" ? "Terminals and other views" : "Terminals and other views, second group";
  return html`<div class="tab-bar ${bar.group}">
    <div role="tablist" aria-label=${label} @keydown=${(event: KeyboardEvent) => move(event, bar)}>${bar.tabs.map((tab) => pill(tab, bar))}</div>
    ${adder(bar)}${arranger(bar)}
  </div>`;
}

function pill(tab: Tab, bar: TabBar): TemplateResult {
  const selected = tab.key === bar.selected.key;
  const take = (event: DragEvent): void => {
    event.dataTransfer?.setData("text/plain", tab.label); // some browsers drag nothing that holds nothing
    setTimeout(() => bar.drag(tab.key)); // and give up when what is under the mouse changes at once
  };
  return html`<span class="pill ${selected ? "selected" : ""}" draggable="true" @dragstart=${take} @dragend=${() => bar.drag(null)}>
    <button
      role="tab"
      id="tab-${tab.key}"
      aria-selected=${selected}
      aria-controls="panel-${tab.key}"
      tabindex=${selected ? 0 : -1}
      data-key=${tab.key}
      @click=${() => bar.enter(tab.key)}
    >
      ${tab.label}
    </button>
    ${closable(tab)
      ? html`<button
          class="pill-close"
          tabindex="-1"
          aria-hidden="true"
          title=${tab.kind === "terminal" ? "Close the tab (Delete); what runs in it goes on" : "Close the tab (Delete)"}
          @click=${() => bar.close(tab)}
        >
          ×
        </button>`
      : nothing}
  </span>`;
}

function adder(bar: TabBar): TemplateResult | typeof nothing {
  const [only, ...more] = bar.machines;
  if (only === undefined) return nothing;
  const editors = missingEditors(bar.all, bar.machines);
  if (more.length === 0 && editors.length === 0) {
    return html`<button class="quiet add" aria-label="New terminal on ${only}" title="New terminal" @click=${() => bar.add(only)}>+</button>`;
  }
  return menu("add", "New terminal or editor", html`+`, html`
    <div role="group" aria-label="New terminal on"><p class="muted">New terminal on</p>${bar.machines.map((machine) => item(machine, () => bar.add(machine)))}</div>
    ${editors.length === 0 ? nothing : html`<div role="group" aria-label="Editor of"><p class="muted">Editor of</p>${editors.map((machine) => item(machine, () => bar.edit(machine)))}</div>`}
  `);
}

/** Side by side, or one below the other. On a phone there is room for one. */
function arranger(bar: TabBar): TemplateResult {
  const { key, label } = bar.selected;
  const machine = bar.selected.kind === "terminal" ? bar.selected.machine : null;
  const items =
    bar.split === null
      ? html`${machine === null ? nothing : html`${item("New terminal beside", () => bar.newPart(machine, "beside"))}${item("New terminal below", () => bar.newPart(machine, "below"))}`}
          ${item(`Put ${label} beside`, () => bar.part(key, "beside"))}${item(`Put ${label} below`, () => bar.part(key, "below"))}`
      : html`${item(`Put ${label} on the other side`, () => bar.across(key))}
          ${item(bar.split === "beside" ? "One below the other" : "Side by side", bar.turn)}${item("All in one again", bar.join)}`;
  return menu("arrange wide-only", "Arrange views", panes(bar.split), items);
}

function panes(split: Way | null): TemplateResult {
  return html`<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor">
    <rect x="1.5" y="2.5" width="13" height="11" rx="1.5" /><path d=${split === "below" ? "M1.5 8h13" : "M8 2.5v11"} />
  </svg>`;
}

function menu(kind: string, label: string, face: TemplateResult, items: TemplateResult): TemplateResult {
  return html`<details class="menu ${kind}" @toggle=${keepInSight} @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary class="quiet" aria-label=${label} title=${label}>${face}</summary>
    <div class="menu-items">${items}</div>
  </details>`;
}

function item(words: string, act: () => void): TemplateResult {
  const press = (event: Event): void => {
    (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
    act();
  };
  return html`<button @click=${press}>${words}</button>`;
}

/** A menu that would go beyond the right edge opens to the left of its button. */
function keepInSight(event: Event): void {
  const items = (event.currentTarget as HTMLElement).querySelector(".menu-items");
  items?.classList.remove("end");
  if (items && items.getBoundingClientRect().right > innerWidth) items.classList.add("end");
}

export function closeWhenLeft(event: FocusEvent): void {
  const menu = event.currentTarget as HTMLElement;
  if (!menu.contains(event.relatedTarget as Node | null)) menu.removeAttribute("open");
}

export function closeOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  const menu = event.currentTarget as HTMLElement;
  menu.removeAttribute("open");
  menu.querySelector("summary")?.focus();
}

function move(event: KeyboardEvent, bar: TabBar): void {
  if (event.key === "Delete" && closable(bar.selected)) bar.close(bar.selected);
  const at = bar.tabs.findIndex((tab) => tab.key === bar.selected.key);
  const last = bar.tabs.length - 1;
  const to: Record<string, number> = {
    ArrowLeft: at > 0 ? at - 1 : last,
    ArrowRight: at < last ? at + 1 : 0,
    Home: 0,
    End: last,
  };
  const target = bar.tabs[to[event.key] ?? -1];
  if (target === undefined) return;
  event.preventDefault();
  bar.select(target.key);
  const list = event.currentTarget as HTMLElement;
  const focus = (): void => list.querySelector<HTMLElement>(`[data-key="${CSS.escape(target.key)}"]`)?.focus();
  requestAnimationFrame(focus);
}
