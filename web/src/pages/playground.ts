/** One playground: what is inside, its manifest, and starting it. */

import { html, nothing, type TemplateResult } from "lit";
import { ApiError, api } from "../api/client.ts";
import type { Lesson, Playground, PlaygroundMachine } from "../api/types.ts";
import { PageElement } from "../parts/element.ts";
import { lessonMark } from "../parts/lesson-mark.ts";
import { map } from "../parts/map.ts";
import { asApiError, problem } from "../parts/problem.ts";
import { whoMay } from "../parts/who-may-button.ts";
import { manifestOf } from "../play/manifest.ts";
import { lessonPath, type LessonKind } from "../router.ts";
import { line, prose } from "../text/markdown.ts";
import "../parts/share.ts";
import "../parts/start-form.ts";

export class PlaygroundPage extends PageElement {
  static override properties = { name: {}, playground: { state: true }, lessons: { state: true }, error: { state: true }, copied: { state: true } };
  declare name: string;
  declare playground: Playground | null;
  /** Those that are played in it. */
  declare lessons: { kind: LessonKind; lesson: Lesson }[];
  declare error: ApiError | null;
  declare copied: boolean;

  constructor() {
    super();
    this.playground = null;
    this.lessons = [];
    this.error = null;
    this.copied = false;
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("name")) void this.#load();
  }

  async #load(): Promise<void> {
    const name = this.name;
    this.error = null;
    this.playground = null;
    this.lessons = [];
    try {
      const playground = await api.playground(name);
      if (name !== this.name) return;
      this.playground = playground;
      document.title = `${playground.title || playground.name} · Labyard`;
      this.lessons = await playedIn(name);
    } catch (cause) {
      this.error = asApiError(cause);
      if (this.error.status === 401) this.dispatchEvent(new CustomEvent("signed-out", { bubbles: true }));
    }
  }

  async #copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text);
    this.copied = true;
    setTimeout(() => (this.copied = false), 2000);
  }

  protected override render(): TemplateResult {
    if (this.error?.status === 404) {
      return html`<main class="page narrow">
        <h1>No such playground</h1>
        <p>The catalog of this server has no playground named <code>${this.name}</code>.</p>
        <p><a href="/">See those it has</a></p>
        <p class="muted">Code: <code>not-found</code></p>
      </main>`;
    }
    if (this.error) return html`<main class="page narrow">${problem(this.error, () => void this.#load())}</main>`;
    if (this.playground === null) return html`<main class="page"><p class="slow muted">Fetching ${this.name}…</p></main>`;
    return this.#page(this.playground);
  }

  #lessons(): TemplateResult | typeof nothing {
    if (this.lessons.length === 0) return nothing;
    return html`<h2>Lessons played in it</h2>
      <ul class="rows">
        ${this.lessons.map(({ kind, lesson }) => html`<li><a href=${lessonPath(kind, lesson.name)}>${lesson.title || lesson.name}</a>${lessonMark(lesson)}</li>`)}
      </ul>`;
  }

  #page(playground: Playground): TemplateResult {
    const manifest = manifestOf(playground);
    return html`<main class="page">
      <h1>${playground.title || playground.name}</h1>
      ${playground.description ? html`<p class="lead">${line(playground.description)}</p>` : nothing}
      ${playground.userAccess?.canStart === false && !playground.problems?.length
        ? html`<p class="muted">You may look at this, and not start it: its author decides who may.</p>`
        : html`<labyard-start .playground=${playground}></labyard-start>
            <labyard-share .place=${playground.name} .called=${playground.title || playground.name}></labyard-share>`}
      ${whoMay("playgrounds", playground)}
      <div class="map-box" tabindex="0" role="group" aria-label="Map">${map(playground)}</div>
      ${this.#lessons()} ${playground.markdown ? prose(playground.markdown) : nothing}
      <h2>Machines</h2>
      <div class="table-box" tabindex="0" role="group" aria-label="Machines">${machineTable(playground.machines ?? [])}</div>
      <h2>Manifest</h2>
      <div class="section-head"><p>Change it and start your own with <code>labyard playground start ${playground.name} -f FILE</code>.</p>
        ${navigator.clipboard
          ? html`<button class="small" @click=${() => void this.#copy(manifest)}>${this.copied ? "Copied" : "Copy"}</button>`
          : nothing}
        <span class="hidden" role="status">${this.copied ? "Copied" : ""}</span>
      </div>
      <pre class="manifest" tabindex="0" aria-label="Manifest">${manifest}</pre>
    </main>`;
  }
}

/** It is not worth an error when nobody can say. */
async function playedIn(name: string): Promise<{ kind: LessonKind; lesson: Lesson }[]> {
  const lists = (["challenges", "tutorials"] as const).map(async (kind) =>
    (await api.lessons(kind).catch(() => [])).filter(({ playground }) => playground === name).map((lesson) => ({ kind, lesson })),
  );
  return (await Promise.all(lists)).flat();
}

function machineTable(machines: PlaygroundMachine[]): TemplateResult {
  return html`<table>
    <thead>
      <tr><th>Name</th><th>Kernel</th><th>Resources</th><th>Drives</th><th>Users</th></tr>
    </thead>
    <tbody>
      ${machines.map(
        (machine) => html`<tr>
          <th scope="row">${machine.name}</th>
          <td>${typeof machine.kernel === "string" ? machine.kernel : (machine.kernel?.source ?? "default")}</td>
          <td>${resources(machine)}</td>
          <td>
            <ul class="plain">${(machine.drives ?? []).map((drive, index) => html`<li><code>vd${String.fromCharCode(97 + index)}</code> ${driveText(drive)}</li>`)}</ul>
          </td>
          <td>${(machine.users ?? []).map((user) => user.name).join(", ") || "default"}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function resources(machine: PlaygroundMachine): string {
  const { cpuCount, ramSize } = machine.resources ?? {};
  return [cpuCount ? `${cpuCount} CPU` : "", ramSize ?? ""].filter(Boolean).join(", ") || "default";
}

function driveText(drive: NonNullable<PlaygroundMachine["drives"]>[number]): string {
  const parts = [drive.source ?? "", drive.size ?? "", drive.filesystem ?? "", drive.mount ? `at ${drive.mount}` : "", drive.readOnly ? "read-only" : ""];
  return parts.filter(Boolean).join(" ") || "empty, raw";
}

customElements.define("labyard-playground", PlaygroundPage);
