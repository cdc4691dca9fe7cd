/** What is happening, machine by machine and preparation step by preparation step, with times. Never a bare spinner. */

import { html, nothing, type TemplateResult } from "lit";
import { serverNow } from "../api/client.ts";
import { TASK, type Play, type PlayTask, type TaskDetails } from "../api/types.ts";
import { initTasks, machineLook, machineStatus, remark, since, stateOf, taskLook } from "../play/state.ts";
import { elapsed } from "../play/time.ts";
import { shape } from "./marks.ts";

export type Details = ReadonlyMap<string, TaskDetails>;

export function machineList(play: Play, reboot?: (machine: string) => void): TemplateResult {
  const settled = stateOf(play) === "RUNNING";
  return html`<ul class="steps" aria-label="Machines">
    ${play.machines.map((machine) => {
      const status = machineStatus(play, machine.name);
      const { look, word } = machineLook(status);
      const began = look === "running" ? null : since(status);
      return html`<li data-machine=${machine.name}>
        ${shape(look)}
        <span class="step-name">${machine.name}</span>
        <span class="step-state">${word}</span>
        <span class="step-time">${began === null ? nothing : elapsed(serverNow() - began)}</span>
        ${reboot && settled && look === "running"
          ? html`<button class="quiet small" @click=${() => reboot(machine.name)} aria-label="Reboot ${machine.name}">Reboot</button>`
          : nothing}
        ${status?.message ? html`<p class="step-more">${status.message}</p>` : nothing}
      </li>`;
    })}
  </ul>`;
}

export function taskTime(details: TaskDetails | undefined, task: PlayTask): string {
  if (task.status === TASK.running) {
    const began = Date.parse(details?.lastRunAt ?? "");
    return Number.isNaN(began) ? "" : elapsed(serverNow() - began);
  }
  const took = details?.lastDurationMs;
  if (typeof took !== "number" || took <= 0) return "";
  return took < 10_000 ? `${(took / 1000).toFixed(1)} s` : elapsed(took);
}

export function taskList(tasks: PlayTask[], details: Details, label: string): TemplateResult | typeof nothing {
  if (tasks.length === 0) return nothing;
  return html`<ul class="steps" aria-label=${label}>
    ${tasks.map((task) => {
      const { look, word } = taskLook(task.status);
      const more = details.get(task.name);
      const waits = task.status === TASK.blocked && more?.needs?.length ? `Waiting for ${more.needs.join(", ")}` : word;
      const machine = more?.machine ?? task.machine;
      return html`<li data-task=${task.name}>
        ${shape(look)}
        <span class="step-name">${task.name}${machine ? html` <span class="muted">on ${machine}</span>` : nothing}</span>
        <span class="step-state">${waits}</span>
        <span class="step-time">${taskTime(more, task)}</span>
      </li>`;
    })}
  </ul>`;
}

/** The whole of a start, for where a terminal will open. */
export function progress(play: Play, details: Details, awaited: string): TemplateResult {
  const tasks = initTasks(play);
  return html`<div class="progress">
    <h2>${awaited}</h2>
    <div role="status">${remark(play) ? html`<p class="remark">${remark(play)}</p>` : nothing}</div>
    <h3>Machines</h3>
    ${machineList(play)}
    ${tasks.length === 0 ? nothing : html`<h3>Preparation</h3>`} ${taskList(tasks, details, "Preparation")}
  </div>`;
}
