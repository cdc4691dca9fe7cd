/** Tabs as pills with a plus. Arrow keys move, Enter goes in; focus follows the WAI-ARIA tabs pattern. */

import { html, nothing, type TemplateResult } from "lit";
import { closable, missingEditors, type Tab } from "../play/tabs.ts";

interface TabBar {
  tabs: Tab[];
  selected: string;
  machines: string[];
  select: (key: string) => void;
  enter: (key: string) => void;
  close: (tab: Tab) => void;
  add: (machine: string) => void;
  edit: (machine: string) => void;
}

export function tabBar(bar: TabBar): TemplateResult {
  return html`<div class="tab-bar">
    <div role="tablist" aria-label="Terminals and other views" @keydown=${(event: KeyboardEvent) => move(event, bar)}>
      ${bar.tabs.map((tab) => pill(tab, bar))}
    </div>
    ${adder(bar)}
  </div>`;
}

function pill(tab: Tab, bar: TabBar): TemplateResult {
  const selected = tab.key === bar.selected;
  return html`<span class="pill ${selected ? "selected" : ""}">
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
  const editors = missingEditors(bar.tabs, bar.machines);
  if (more.length === 0 && editors.length === 0) {
    return html`<button class="quiet add" aria-label="New terminal on ${only}" title="New terminal" @click=${() => bar.add(only)}>+</button>`;
  }
  const pick = (act: (machine: string) => void, machine: string) => html`<button
    @click=${(event: Event) => {
      (event.currentTarget as HTMLElement).closest("details")?.removeAttribute("open");
      act(machine);
    }}
  >
    ${machine}
  </button>`;
  return html`<details class="menu add" @toggle=${keepInSight} @focusout=${closeWhenLeft} @keydown=${closeOnEscape}>
    <summary class="quiet" aria-label="New terminal or editor" title="New terminal or editor">+</summary>
    <div class="menu-items">
      <div role="group" aria-label="New terminal on"><p class="muted">New terminal on</p>${bar.machines.map((machine) => pick(bar.add, machine))}</div>
      ${editors.length === 0 ? nothing : html`<div role="group" aria-label="Editor of"><p class="muted">Editor of</p>${editors.map((machine) => pick(bar.edit, machine))}</div>`}
    </div>
  </details>`;
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
  const current = bar.tabs.find((tab) => tab.key === bar.selected);
  if (event.key === "Delete" && current !== undefined && closable(current)) bar.close(current);
  const at = bar.tabs.findIndex((tab) => tab.key === bar.selected);
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
