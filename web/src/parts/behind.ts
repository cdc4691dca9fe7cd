/** Behind the scenes of a play, for who writes its tasks: what each ran and printed, and what the machines say on their consoles. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { TASK, type Play, type TaskDetails } from "../api/types.ts";
import { outcome, remembered, type Run, type Runs } from "../play/runs.ts";
import { taskLook } from "../play/state.ts";
import { PageElement } from "./element.ts";
import { shape } from "./marks.ts";
import type { Details } from "./progress.ts";
import "./console.ts";
import "../styles/looking.css";

export class Behind extends PageElement {
  static override properties = { play: { attribute: false }, details: { attribute: false }, open: { state: true } };
  declare play: Play;
  declare details: Details;
  /** Keys of what is unfolded: only that is drawn, for outputs are long. */
  declare open: ReadonlySet<string>;
  #runs: Runs = new Map();
  #of = "";

  constructor() {
    super();
    this.details = new Map();
    this.open = new Set();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (this.play.id !== this.#of) {
      this.#of = this.play.id;
      this.#runs = new Map();
      this.open = new Set();
    }
    if (changed.has("details")) this.#runs = remembered(this.#runs, this.details.values());
  }

  protected override render(): TemplateResult {
    const all = [...this.details.values()];
    const groups: [string, TaskDetails[]][] = [
      ["Preparation", all.filter((task) => task.init)],
      ["Tasks", all.filter((task) => !task.init && !task.helper)],
      ["Helpers", all.filter((task) => task.helper)],
    ];
    return html`<div class="behind">
      <p class="muted">What the author of this play sees: scripts of its tasks, what they printed in their last run, and the machines' consoles.</p>
      ${all.length === 0 ? html`<p class="empty-line">This play has no tasks.</p>` : nothing}
      ${groups.map(([title, tasks]) => (tasks.length === 0 ? nothing : html`<section aria-label=${title}><h2>${title}</h2>${tasks.map((task) => this.#task(task))}</section>`))}
      <section aria-label="Consoles">
        <h2>Consoles</h2>
        ${this.play.machines.map(({ name }) =>
          this.#folded(`console/${name}`, html`<strong>${name}</strong>`, () => html`<labyard-console .play=${this.play.id} .machine=${name}></labyard-console>`),
        )}
      </section>
    </div>`;
  }

  #folded(key: string, summary: TemplateResult, content: () => TemplateResult): TemplateResult {
    const toggled = (event: Event): void => {
      const open = new Set(this.open);
      if ((event.currentTarget as HTMLDetailsElement).open) open.add(key);
      else open.delete(key);
      this.open = open;
    };
    return html`<details class="fold" data-key=${key} ?open=${this.open.has(key)} @toggle=${toggled}>
      <summary>${summary}</summary>
      ${this.open.has(key) ? html`<div class="fold-body">${content()}</div>` : nothing}
    </details>`;
  }

  #task(task: TaskDetails): TemplateResult {
    const { look, word } = taskLook(task.status);
    const ran = Boolean(task.lastRunAt);
    const how = ran && task.status !== TASK.blocked ? outcome({ exitCode: task.exitCode ?? null, timedOut: task.timedOut ?? false, durationMs: task.lastDurationMs ?? 0 }) : "not run yet";
    const summary = html`${shape(look)}<strong>${task.name}</strong><span class="muted">on ${task.machine}</span><span>${word}</span><span class="fold-how">${how}</span>`;
    return this.#folded(`task/${task.name}`, summary, () => html`${facts(task)}${written("Script", task.run)}${ran ? printed(task) : nothing}${checks(task)}${earlier(this.#runs.get(task.name) ?? [])}`);
  }
}

function facts(task: TaskDetails): TemplateResult {
  const said: [string, string][] = [
    ["Last run", task.lastRunAt ? new Date(task.lastRunAt).toLocaleString() : "never"],
    ["Runs", task.runs ? String(task.runs) : ""],
    ["As", task.user ?? ""],
    ["At most", task.timeoutSeconds ? `${task.timeoutSeconds} s` : ""],
    ["Needs", task.needs?.join(", ") ?? ""],
    ["Environment", task.env?.join("\n") ?? ""],
    ["What was put in", task.input ?? ""],
    ["Hint", task.hint ?? ""],
  ];
  return html`<dl class="fold-facts">${said.filter(([, value]) => value).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function printed(task: TaskDetails): TemplateResult {
  const nothingSaid = !task.stdout && !task.stderr;
  return html`${nothingSaid ? html`<p class="muted">It printed nothing.</p>` : nothing}${written("Output", task.stdout)}${written("Errors", task.stderr)}
    ${task.outputCut ? html`<p class="muted">It printed more; this is the end of it.</p>` : nothing}`;
}

function checks(task: TaskDetails): TemplateResult {
  const failed = task.failcheck ? `Fail check, exit ${task.failcheckExitCode ?? 0}` : "";
  const hint = task.hintcheck ? `Hint check, exit ${task.hintcheckExitCode ?? 0}` : "";
  return html`${written(failed, task.failcheck)}${written("Fail check printed", [...(task.failcheckStdout ?? []), ...(task.failcheckStderr ?? [])].join("\n"))}${written(hint, task.hintcheck)}`;
}

/** The first of `runs` is the last one, which is shown already. */
function earlier(runs: readonly Run[]): TemplateResult | typeof nothing {
  if (runs.length < 2) return nothing;
  return html`<h3>Earlier runs, since this was opened</h3>
    <ol class="fold-runs" reversed>
      ${runs.slice(1).map((run) => html`<li>${run.number ? `Run ${run.number}, ` : ""}${new Date(run.at).toLocaleTimeString()}: ${outcome(run)}${written("Output", run.stdout)}${written("Errors", run.stderr)}</li>`)}
    </ol>`;
}

function written(label: string, text: string | undefined): TemplateResult | typeof nothing {
  if (!label || !text?.trim()) return nothing;
  return html`<h3>${label}</h3><pre tabindex="0" role="group" aria-label=${label}>${text}</pre>`;
}

customElements.define("labyard-behind", Behind);
