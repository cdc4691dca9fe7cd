/** Stopping and destroying plays of others: asked once, naming them; then a part at a time, saying how far it is. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError } from "../api/client.ts";
import { confirmed } from "../parts/dialog.ts";
import { batches, named, personOf } from "./figures.ts";
import { admin, type Costly, type Ended } from "./questions.ts";

export type EndAction = "stop" | "destroy";

/** Fewer than the server takes at once, so that one sees it go on. */
const BATCH = 20;
const NAMED = 12;

export async function sure(action: EndAction, plays: readonly Costly[]): Promise<boolean> {
  const one = plays.length === 1 ? plays[0] : undefined;
  const what = one ? `“${one.title}” of ${personOf(one)}` : `${plays.length} plays`;
  const { names, more } = named(plays.map((play) => `${play.title} (${personOf(play)})`), NAMED);
  const list = html`<ul class="plain named">${names.map((name) => html`<li>${name}</li>`)}${more > 0 ? html`<li class="muted">and ${more} more</li>` : nothing}</ul>`;
  return confirmed({
    title: `${action === "stop" ? "Stop" : "Destroy"} ${what}?`,
    text: html`<p>${CONSEQUENCE[action]}</p>${one ? nothing : list}`,
    act: action === "stop" ? (one ? "Stop it" : "Stop them") : one ? "Destroy it" : "Destroy them",
    danger: action === "destroy",
  });
}

const CONSEQUENCE: Record<EndAction, string> = {
  stop: "Memory and disks are kept: whoever plays can go on where it was. Their diary says that you did it.",
  destroy: "Machines and disks are deleted. This cannot be undone, and their diary says that you did it.",
};

const DOING: Record<EndAction, string> = { stop: "Stopping", destroy: "Destroying" };
const DONE: Record<EndAction, string> = { stop: "stopped", destroy: "being destroyed" };

/** What to say when it is done. `say` hears how far it is. Throws, with what was refused, when anything was. */
export async function end(action: EndAction, plays: readonly Costly[], say: (words: string) => void): Promise<string> {
  const told: Ended[] = [];
  for (const batch of batches(plays, BATCH)) {
    say(`${DOING[action]} ${told.length + 1} to ${told.length + batch.length} of ${plays.length}…`);
    told.push(...(await admin.end(action, batch.map((play) => play.id))));
  }
  const refused = told.filter((one) => one.error !== null);
  const went = told.length - refused.length;
  if (refused.length > 0) throw refusal(action, plays, refused, went);
  return `${went === 1 ? "1 play is" : `${went} plays are`} ${DONE[action]}.`;
}

function refusal(action: EndAction, plays: readonly Costly[], refused: Ended[], went: number): ApiError {
  const titles = new Map(plays.map((play) => [play.id, play.title]));
  const problems = refused.slice(0, NAMED).map((one) => ({ message: `${titles.get(one.id) ?? one.id}: ${one.error?.message ?? ""}` }));
  return new ApiError(0, {
    code: refused[0]?.error?.code ?? "conflict",
    message: `${refused.length} of ${plays.length} could not be asked to ${action}; ${went} could.`,
    problems,
  });
}

/** The two buttons, for what is chosen. */
export function endButtons(plays: readonly Costly[], act: (action: EndAction) => void, busy: boolean): TemplateResult {
  const stoppable = plays.some((play) => ["RUNNING", "STARTING", "FAILED"].includes(play.state));
  return html`<button ?disabled=${busy || !stoppable} title=${stoppable ? "Keeps memory and disks" : "None of them runs"} @click=${() => act("stop")}>Stop</button>
    <button class="danger" ?disabled=${busy || plays.length === 0} @click=${() => act("destroy")}>Destroy</button>`;
}
