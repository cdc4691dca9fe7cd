/** A play's snapshots: take one, go back to one, remove one. */

import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { ApiError, api, serverNow } from "../api/client.ts";
import type { Play, Snapshot } from "../api/types.ts";
import { freeName, nameTrouble, SNAPSHOTS_MOST, whyNotKept } from "../play/moments.ts";
import { stateOf } from "../play/state.ts";
import { ago } from "../play/time.ts";
import { confirmed } from "./dialog.ts";
import { PageElement } from "./element.ts";
import { asApiError, problem } from "./problem.ts";

export class Snapshots extends PageElement {
  static override properties = {
    play: { attribute: false },
    told: { attribute: false },
    kept: { state: true },
    busy: { state: true },
    error: { state: true },
    trouble: { state: true },
  };
  declare play: Play;
  /** What to do with the play an action answers. */
  declare told: (play: Play) => void;
  /** Null until the server has said. */
  declare kept: Snapshot[] | null;
  /** What is being done, in words. */
  declare busy: string;
  declare error: ApiError | null;
  declare trouble: string | null;
  #asked = "";

  constructor() {
    super();
    this.kept = null;
    this.busy = "";
    this.error = null;
    this.trouble = null;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("play")) return;
    const about = `${this.play.id} ${stateOf(this.play)}`;
    if (about === this.#asked) return;
    if (!this.#asked.startsWith(this.play.id)) this.kept = null;
    this.#asked = about;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    const id = this.play.id;
    try {
      const kept = await api.snapshots(id);
      if (id === this.play.id) this.kept = kept;
    } catch (cause) {
      this.error = asApiError(cause);
    }
  }

  async #act(busy: string, action: string, name: string): Promise<boolean> {
    this.busy = busy;
    this.error = null;
    try {
      this.told(await api.act(this.play.id, action, { name }));
      await this.#ask();
      return true;
    } catch (cause) {
      this.error = asApiError(cause);
      return false;
    } finally {
      this.busy = "";
    }
  }

  async #take(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem("name") as HTMLInputElement;
    const kept = this.kept ?? [];
    const name = field.value.trim() || freeName(kept);
    this.trouble = nameTrouble(name, kept);
    if (this.trouble !== null) return field.focus();
    if (await this.#act(`Taking the snapshot “${name}”…`, "snapshot", name)) field.value = "";
  }

  async #rewind(snapshot: Snapshot): Promise<void> {
    const sure = await confirmed({
      title: `Rewind to “${snapshot.name}”?`,
      text: `The play becomes what it was ${when(snapshot)}: memory, disks and terminals. What came after is lost, unless you take a snapshot of it first.`,
      act: "Rewind it",
      danger: true,
    });
    if (sure) await this.#act(`Rewinding to “${snapshot.name}”…`, "rewind", snapshot.name);
  }

  async #remove(snapshot: Snapshot): Promise<void> {
    const sure = await confirmed({
      title: `Remove the snapshot “${snapshot.name}”?`,
      text: "You can no longer rewind to it. The play stays as it is.",
      act: "Remove it",
      danger: true,
    });
    if (sure) await this.#act(`Removing “${snapshot.name}”…`, "remove_snapshot", snapshot.name);
  }

  protected override render(): TemplateResult {
    const kept = this.kept ?? [];
    const full = kept.length >= SNAPSHOTS_MOST ? `There are ${kept.length} snapshots: remove one first.` : null;
    const why = this.busy || whyNotKept(this.play);
    return html`<form class="snapshot-form" @submit=${this.#take} novalidate>
        <label class="hidden" for="snapshot-name">Name of the snapshot</label>
        <input id="snapshot-name" name="name" autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="63"
          placeholder=${freeName(kept)} ?disabled=${Boolean(why || full)} aria-describedby="snapshot-why"
          aria-invalid=${this.trouble === null ? "false" : "true"} @input=${() => (this.trouble = null)} />
        <button ?disabled=${Boolean(why || full)} aria-describedby="snapshot-why">Take a snapshot</button>
      </form>
      <p id="snapshot-why" class="muted" role="status">${this.trouble ?? (why || full || nothing)}</p>
      ${this.error ? problem(this.error) : nothing}
      ${this.kept === null ? nothing : kept.length === 0 ? html`<p class="muted">None yet. A snapshot keeps this moment, and you can come back to it.</p>` : this.#list(kept, why)}`;
  }

  #list(kept: Snapshot[], why: string | null): TemplateResult {
    return html`<ul class="steps snapshot-list" aria-label="Snapshots">
      ${kept.map(
        (snapshot) => html`<li data-snapshot=${snapshot.name}>
          <span class="step-name">${snapshot.name}</span>
          <time class="muted" datetime=${snapshot.createdAt} title=${new Date(snapshot.createdAt).toLocaleString()}>${when(snapshot)}</time>
          <span class="snapshot-acts">
            <button class="quiet small" ?disabled=${Boolean(why)} title=${why ?? nothing} @click=${() => void this.#rewind(snapshot)}
              aria-label="Rewind to ${snapshot.name}">Rewind</button>
            <button class="quiet small" ?disabled=${Boolean(this.busy)} title=${this.busy || nothing} @click=${() => void this.#remove(snapshot)}
              aria-label="Remove the snapshot ${snapshot.name}">Remove</button>
          </span>
        </li>`,
      )}
    </ul>`;
  }
}

function when(snapshot: Snapshot): string {
  const at = Date.parse(snapshot.createdAt);
  return Number.isNaN(at) ? "at a time not known" : ago(serverNow() - at);
}

customElements.define("labyard-snapshots", Snapshots);
