/** Text in the files of a machine, looked for there. */

import { html, nothing, type TemplateResult } from "lit";
import type { MachineFiles, Match, Searched } from "../api/files.ts";
import { PageElement } from "../parts/element.ts";
import { asApiError } from "../parts/problem.ts";

const CUT: Record<string, string> = {
  files: "there are more files than are looked through at once",
  bytes: "there is more text than is looked through at once",
  matches: "there are more matches",
  time: "it took too long",
};

export class FileSearch extends PageElement {
  static override properties = { files: {}, machine: {}, root: {}, found: { state: true }, ended: { state: true }, running: { state: true } };
  declare files: MachineFiles;
  declare machine: string;
  /** The folder that is looked through, unless another one is typed. */
  declare root: string;
  declare found: Match[];
  declare ended: Searched | null;
  declare running: boolean;
  #stop: AbortController | null = null;

  constructor() {
    super();
    this.root = "";
    this.found = [];
    this.ended = null;
    this.running = false;
  }

  override focus(): void {
    this.querySelector<HTMLInputElement>("[name=text]")?.select();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.abort();
  }

  async #search(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = String(form.get("text") ?? "");
    if (text === "") return;
    this.#stop?.abort();
    const stop = (this.#stop = new AbortController());
    [this.found, this.ended, this.running] = [[], null, true];
    const wish = { path: String(form.get("path") ?? "").trim(), text, case: form.has("case"), regex: form.has("regex") };
    let waiting: Match[] = [];
    const show = (): void => {
      if (stop !== this.#stop || waiting.length === 0) return;
      this.found = [...this.found, ...waiting];
      waiting = [];
    };
    const clock = setInterval(show, 100); // hundreds may come at once: not each draws the list anew
    try {
      const ended = await this.files.search(wish, stop.signal, (match) => waiting.push(match));
      if (stop === this.#stop) this.ended = ended;
    } catch (cause) {
      if (!stop.signal.aborted) this.dispatchEvent(new CustomEvent("failed", { detail: asApiError(cause), bubbles: true }));
    } finally {
      clearInterval(clock);
      show();
      if (stop === this.#stop) this.running = false;
    }
  }

  #cancel(): void {
    this.#stop?.abort();
    this.running = false;
  }

  #open(match: Match): void {
    this.dispatchEvent(new CustomEvent<Match>("open-match", { detail: match, bubbles: true }));
  }

  #said(): string {
    const count = this.found.length;
    const many = `${count} ${count === 1 ? "line" : "lines"}`;
    if (this.running) return `Looking… ${many} so far.`;
    if (this.ended === null) return count === 0 ? "" : `Stopped at ${many}.`;
    const where = `${many} in ${this.ended.files} ${this.ended.files === 1 ? "file" : "files"} looked through.`;
    return this.ended.cut ? `${where} Not all: ${CUT[this.ended.cut] ?? "it was ended"}.` : where;
  }

  protected override render(): TemplateResult {
    const groups = new Map<string, Match[]>();
    for (const match of this.found) {
      const group = groups.get(match.path);
      if (group) group.push(match);
      else groups.set(match.path, [match]);
    }
    return html`<form class="search-form" @submit=${this.#search}>
        <input name="text" type="search" aria-label="Text to look for" placeholder="Text to look for" maxlength="500" autocomplete="off" spellcheck="false" />
        <div class="search-ways">
          <label><input type="checkbox" name="case" /> Capitals matter</label>
          <label><input type="checkbox" name="regex" /> Expression</label>
        </div>
        <input name="path" aria-label="Folder or file to look in" spellcheck="false" autocomplete="off" .value=${this.root} />
        <div class="search-ways">
          <button class="small primary">Search</button>
          ${this.running ? html`<button type="button" class="small" @click=${this.#cancel}>Stop</button>` : nothing}
        </div>
      </form>
      <p class="muted search-said" role="status">${this.#said()}</p>
      <div class="search-found">
        ${[...groups].map(
          ([path, matches]) => html`<section aria-label=${path}>
            <h2 title=${path}>${this.#short(path)}</h2>
            ${matches.map((match) => this.#line(match))}
          </section>`,
        )}
      </div>
      ${this.found.length === 0 && !this.running ? html`<p class="muted search-said">Not looked through: .git, node_modules, what is no text, and other drives.</p>` : nothing}`;
  }

  #line({ text, before, length, line, ...match }: Match): TemplateResult {
    const [head, found, tail] = [text.slice(0, before).trimStart(), text.slice(before, before + length), text.slice(before + length)];
    const open = (): void => this.#open({ text, before, length, line, ...match });
    return html`<button class="search-line" @click=${open}><span class="muted">${line}</span> <code>${head}<mark>${found}</mark>${tail}</code></button>`;
  }

  #short(path: string): string {
    const root = this.root === "/" ? "/" : `${this.root}/`;
    return path.startsWith(root) ? path.slice(root.length) : path;
  }
}

customElements.define("labyard-file-search", FileSearch);
