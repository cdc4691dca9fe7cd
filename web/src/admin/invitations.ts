/** Invitations: links by which people make accounts themselves. Made, listed, withdrawn. */

import { html, nothing, type TemplateResult } from "lit";
import { api, serverNow } from "../api/client.ts";
import { confirmed, told as tell } from "../parts/dialog.ts";
import { left } from "../play/time.ts";
import { admin, ROLES, type Invitation } from "./questions.ts";
import { Section } from "./section.ts";

export class AdminInvitations extends Section<Invitation[]> {
  static override properties = { ...Section.properties, mail: { state: true }, address: { state: true } };
  /** Letters leave this server. */
  declare mail: boolean;
  declare address: string;
  protected override refreshMs = 15_000;

  constructor() {
    super();
    this.mail = false;
    this.address = "";
    void api.account().then(({ mail }) => (this.mail = mail), () => undefined);
  }

  protected override ask(): Promise<Invitation[]> {
    return admin.invitations();
  }

  #invite = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const said = new FormData(form);
    const email = String(said.get("email")).trim();
    const wish = { role: String(said.get("role")), email, uses: email ? 1 : Number(said.get("uses")), days: Number(said.get("days")), send: said.has("send") };
    void this.act("Making an invitation…", async () => {
      const { url, sent } = await admin.invite(wish);
      form.reset();
      this.address = "";
      if (sent) return `A letter with it is on its way to ${email}.`;
      const whom = email ? `for ${email}, ` : "";
      void tell("An invitation", html`<p>Whoever has this link makes an account with it, ${whom}as ${wish.role}. It is shown this once.</p>
        <p><code class="link">${url}</code></p>
        <p><button class="small" @click=${() => void navigator.clipboard?.writeText(url)}>Copy it</button></p>`);
      return "The invitation is made.";
    });
  };

  async #withdraw(one: Invitation): Promise<void> {
    const text = "Its link does not work any more. Accounts that were made by it stay.";
    if (!(await confirmed({ title: "Withdraw this invitation?", text, act: "Withdraw it", danger: true }))) return;
    await this.act("Withdrawing it…", async () => {
      await admin.withdraw(one.id);
      return "The invitation is withdrawn.";
    });
  }

  protected override draw(known: Invitation[]): TemplateResult {
    return html`<h2>Invitations</h2>
      <form class="finder" @submit=${this.#invite} aria-label="A new invitation">
        <div class="field"><label for="invite-email">For (e-mail)</label>
        <input id="invite-email" name="email" type="email" maxlength="254" autocomplete="off" placeholder="whoever has the link" @input=${(event: Event) => (this.address = (event.target as HTMLInputElement).value.trim())} /></div>
        <div class="field"><label for="invite-role">Role</label>
        <select id="invite-role" name="role">${ROLES.map((role) => html`<option>${role}</option>`)}</select></div>
        <div class="field"><label for="invite-days">Days</label>
        <input id="invite-days" name="days" type="number" min="1" max="365" value="7" required /></div>
        <div class="field"><label for="invite-uses">Accounts</label>
        <input id="invite-uses" name="uses" type="number" min="1" max="1000" value="1" required ?disabled=${this.address !== ""} /></div>
        ${this.mail ? html`<label class="check"><input type="checkbox" name="send" ?disabled=${this.address === ""} /> Write it to them</label>` : nothing}
        <button ?disabled=${this.busy !== ""}>Invite</button>
      </form>
      ${known.length === 0 ? html`<p class="empty-line">No invitation is open.</p>` : this.#table(known)}`;
  }

  #table(known: Invitation[]): TemplateResult {
    return html`<div class="table-box" tabindex="0" role="region" aria-label="Invitations">
      <table>
        <thead><tr><th>For</th><th>Role</th><th>Accounts</th><th class="wide-only">Ends</th><th><span class="hidden">What can be done</span></th></tr></thead>
        <tbody>${known.map(
          (one) => html`<tr data-invitation=${one.id}>
            <td>${one.email || html`<span class="muted">whoever has the link</span>`}</td>
            <td>${one.role}</td>
            <td>${one.uses}</td>
            <td class="wide-only muted">${left(Date.parse(one.expiresAt) - serverNow())}</td>
            <td class="acts"><button class="small quiet" ?disabled=${this.busy !== ""} aria-label="Withdraw the invitation for ${one.email || "whoever has the link"}" @click=${() => void this.#withdraw(one)}>Withdraw</button></td>
          </tr>`,
        )}</tbody>
      </table>
    </div>`;
  }
}

customElements.define("labyard-admin-invitations", AdminInvitations);
