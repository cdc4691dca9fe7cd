/** People with an account: made, given a role, let in by a link, shut out, removed. */

import { html, nothing, type TemplateResult } from "lit";
import { serverNow } from "../api/client.ts";
import { confirmed, opened, told as tell } from "../parts/dialog.ts";
import { ago } from "../play/time.ts";
import { adminPath } from "../router.ts";
import { admin, ROLES, type Person } from "./questions.ts";
import { Section } from "./section.ts";

export class AdminPeople extends Section<Person[]> {
  static override properties = { ...Section.properties, words: { state: true } };
  declare words: string;
  protected override refreshMs = 15_000;

  constructor() {
    super();
    this.words = "";
  }

  protected override ask(): Promise<Person[]> {
    return admin.people();
  }

  #add = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const said = new FormData(form);
    const handle = String(said.get("handle")).trim();
    void this.act(`Making an account for ${handle}…`, async () => {
      await admin.addPerson(handle, String(said.get("name")).trim(), String(said.get("role")));
      form.reset();
      await this.#showLink(handle);
      return `${handle} has an account.`;
    });
  };

  async #showLink(handle: string): Promise<void> {
    const { url } = await admin.link(handle);
    void tell(`A way in for ${handle}`, html`<p>This link lets one browser in as ${handle}, once, within a quarter of an hour. Send it to them; you can make another at any time.</p>
      <p><code class="link">${url}</code></p>
      <p><button class="small" @click=${() => void navigator.clipboard?.writeText(url)}>Copy it</button></p>`);
  }

  #link(person: Person): void {
    void this.act(`Making a link for ${person.handle}…`, async () => {
      await this.#showLink(person.handle);
      return "";
    });
  }

  #role(person: Person, role: string): void {
    void this.act(`Changing what ${person.handle} may do…`, async () => {
      await admin.changePerson(person.handle, { role });
      return `${person.handle} is ${role === "admin" || role === "author" || role === "instructor" ? "an" : "a"} ${role} now.`;
    });
  }

  async #email(person: Person): Promise<void> {
    const address = await opened<string | null>(null, (answer) => {
      const send = (event: SubmitEvent): void => {
        event.preventDefault();
        answer(String(new FormData(event.target as HTMLFormElement).get("email")).trim());
      };
      return html`<h2 id="dialog-title">The e-mail address of ${person.handle}</h2>
        <form class="stacked" @submit=${send}>
          <label for="their-email">E-mail address</label>
          <input id="their-email" name="email" type="email" maxlength="254" autocomplete="off" .value=${person.email} aria-describedby="their-email-hint" />
          <small class="muted" id="their-email-hint">Whoever reads its mail can choose their password. Empty: none.</small>
          <div class="dialog-buttons"><button type="button" @click=${() => answer(null)}>Keep it</button><button class="primary">Change it</button></div>
        </form>`;
    });
    if (address === null || address === person.email) return;
    await this.act(`Changing the address of ${person.handle}…`, async () => {
      const { email } = await admin.changePerson(person.handle, { email: address });
      return email ? `Letters to ${person.handle} go to ${email}.` : `${person.handle} has no e-mail address any more.`;
    });
  }

  async #shut(person: Person): Promise<void> {
    const out = !person.disabled;
    if (out) {
      const text = "They are signed out everywhere at once, and their tokens are forgotten. Their plays and progress stay.";
      if (!(await confirmed({ title: `Shut ${person.handle} out?`, text, act: "Shut them out", danger: true }))) return;
    }
    await this.act(out ? `Shutting ${person.handle} out…` : `Letting ${person.handle} in…`, async () => {
      await admin.changePerson(person.handle, { disabled: out });
      return out ? `${person.handle} is shut out.` : `${person.handle} may come in again; they need a link.`;
    });
  }

  async #remove(person: Person): Promise<void> {
    const text = `Their plays are destroyed and their progress is forgotten. This cannot be undone. Shutting them out keeps everything.`;
    if (!(await confirmed({ title: `Remove ${person.handle}?`, text, act: "Remove them", danger: true }))) return;
    await this.act(`Removing ${person.handle}…`, async () => {
      const { ended } = await admin.removePerson(person.handle);
      return ended ? `${person.handle} is removed; plays that end: ${ended}.` : `${person.handle} is removed.`;
    });
  }

  protected override draw(people: Person[]): TemplateResult {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const found = people.filter((person) => words.every((word) => `${person.handle} ${person.name} ${person.email} ${person.role}`.toLowerCase().includes(word)));
    return html`${this.#form()}
      <section aria-labelledby="everybody">
        <div class="section-head">
          <h2 id="everybody">${people.length} with an account</h2>
          ${people.length > 8
            ? html`<input type="search" aria-label="Search people" placeholder="Search" .value=${this.words} @input=${(event: Event) => (this.words = (event.target as HTMLInputElement).value)} />`
            : nothing}
        </div>
        ${people.length === 0
          ? html`<p class="empty-line">Nobody yet but you, who own this box. Make an account above, and send its link.</p>`
          : found.length === 0
            ? html`<p class="empty-line">Nobody is called “${this.words}”.</p>`
            : this.#table(found)}
      </section>`;
  }

  #form(): TemplateResult {
    return html`<form class="finder" @submit=${this.#add} aria-label="A new account">
      <div class="field"><label for="new-handle">Handle</label>
      <input id="new-handle" name="handle" required maxlength="32" pattern="[a-z0-9]([a-z0-9\\-]{0,30}[a-z0-9])?" title="Small letters, digits and hyphens" autocomplete="off" autocapitalize="none" spellcheck="false" placeholder="ada" /></div>
      <div class="field"><label for="new-name">Name</label>
      <input id="new-name" name="name" maxlength="200" autocomplete="off" placeholder="Ada L." /></div>
      <div class="field"><label for="new-role">Role</label>
      <select id="new-role" name="role">${ROLES.map((role) => html`<option>${role}</option>`)}</select></div>
      <button class="primary" ?disabled=${this.busy !== ""}>Make an account</button>
    </form>`;
  }

  #table(people: Person[]): TemplateResult {
    return html`<div class="table-box" tabindex="0" role="region" aria-label="People">
      <table>
        <thead><tr><th>Handle</th><th class="wide-only">Name</th><th>Role</th><th class="wide-only">Since</th><th><span class="hidden">What can be done</span></th></tr></thead>
        <tbody>${people.map((person) => this.#row(person))}</tbody>
      </table>
    </div>`;
  }

  #row(person: Person): TemplateResult {
    const busy = this.busy !== "";
    return html`<tr data-person=${person.handle}>
      <td><a href="${adminPath("plays")}?find=${encodeURIComponent(person.handle)}">${person.handle}</a>${person.disabled ? html` <span class="muted">shut out</span>` : nothing}</td>
      <td class="wide-only">${person.name}${person.email ? html` <span class="muted">${person.email}</span>` : nothing}</td>
      <td>
        <select aria-label="Role of ${person.handle}" ?disabled=${busy} @change=${(event: Event) => this.#role(person, (event.target as HTMLSelectElement).value)}>
          ${ROLES.map((role) => html`<option ?selected=${role === person.role}>${role}</option>`)}
        </select>
      </td>
      <td class="wide-only muted">${ago(serverNow() - Date.parse(person.createdAt))}</td>
      <td class="acts">
        <button class="small" ?disabled=${busy || person.disabled} title=${person.disabled ? "They are shut out" : nothing} aria-label="A link for ${person.handle}" @click=${() => this.#link(person)}>Link</button>
        <button class="small" ?disabled=${busy} aria-label="E-mail address of ${person.handle}" @click=${() => void this.#email(person)}>E-mail</button>
        <button class="small" ?disabled=${busy} aria-label="${person.disabled ? "Let in" : "Shut out"}: ${person.handle}" @click=${() => void this.#shut(person)}>${person.disabled ? "Let in" : "Shut out"}</button>
        <button class="small quiet" ?disabled=${busy} aria-label="Remove ${person.handle}" @click=${() => void this.#remove(person)}>Remove</button>
      </td>
    </tr>`;
  }
}

customElements.define("labyard-admin-people", AdminPeople);
