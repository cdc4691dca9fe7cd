/** Images and kernels: how large, used by whom, and removed. */

import { html, nothing, type TemplateResult } from "lit";
import { serverNow } from "../api/client.ts";
import { confirmed } from "../parts/dialog.ts";
import { ago } from "../play/time.ts";
import { size } from "./figures.ts";
import { admin, type Image, type Kernel } from "./questions.ts";
import { Section } from "./section.ts";

interface Stock {
  images: Image[];
  kernels: Kernel[];
}

export class AdminImages extends Section<Stock> {
  protected override refreshMs = 15_000;

  protected override async ask(): Promise<Stock> {
    const [images, kernels] = await Promise.all([admin.images(), admin.kernels()]);
    return { images: images.sort((a, b) => b.size - a.size), kernels };
  }

  async #remove(what: string, name: string, remove: () => Promise<unknown>): Promise<void> {
    const text = `It is fetched or built again when a play needs it, which takes a while.`;
    if (!(await confirmed({ title: `Remove ${what} ${name}?`, text, act: "Remove it", danger: true }))) return;
    await this.act(`Removing ${name}…`, async () => {
      await remove();
      return `${name} is removed.`;
    });
  }

  async #clean(): Promise<void> {
    const text = "Every image that no play and no snapshot uses goes. What is needed again is fetched or built again.";
    if (!(await confirmed({ title: "Remove all images nobody uses?", text, act: "Remove them", danger: true }))) return;
    await this.act("Removing what nobody uses…", async () => `Freed ${size((await admin.gcImages()).freed)}.`);
  }

  protected override draw(stock: Stock): TemplateResult {
    const idle = stock.images.some((image) => image.used_by.length === 0);
    const here = stock.kernels.filter((kernel) => kernel.release !== null);
    return html`<section aria-labelledby="images">
        <div class="section-head">
          <h2 id="images">Images</h2>
          <button ?disabled=${this.busy !== "" || !idle} title=${idle ? nothing : "All of them are in use"} @click=${() => void this.#clean()}>Remove what nobody uses</button>
        </div>
        ${stock.images.length === 0
          ? html`<p class="empty-line">None is here yet. Each is fetched or built when a play first needs it; <code>labyard image pull NAME</code> does it ahead.</p>`
          : table("images", ["Image", "Size", "Made", "Used by"], stock.images.map((image) => this.#image(image)))}
      </section>
      <section aria-labelledby="kernels">
        <h2 id="kernels">Kernels</h2>
        ${here.length === 0
          ? html`<p class="empty-line">None is here yet. Each is fetched when a play first needs it; <code>labyard kernel pull VERSION</code> does it ahead.</p>`
          : table("kernels", ["Kernel", "Size", "Release", "Used by"], here.map((kernel) => this.#kernel(kernel)))}
      </section>`;
  }

  #image(image: Image): TemplateResult {
    return html`<tr data-image=${image.source}>
      <td><span class="break">${image.source}</span></td>
      <td class="number">${size(image.size)}</td>
      <td class="wide-only muted">${ago(serverNow() - Date.parse(image.created_at))}</td>
      <td>${users(image.used_by)}</td>
      <td class="acts">${this.#button(image.source, image.used_by, () => void this.#remove("the image", image.source, () => admin.removeImage(image.source)))}</td>
    </tr>`;
  }

  #kernel(kernel: Kernel): TemplateResult {
    return html`<tr data-kernel=${kernel.version}>
      <td>${kernel.version}</td>
      <td class="number">${size(kernel.size)}</td>
      <td class="wide-only muted">${kernel.release}</td>
      <td>${users(kernel.used_by)}</td>
      <td class="acts">${this.#button(kernel.version, kernel.used_by, () => void this.#remove("the kernel", kernel.version, () => admin.removeKernel(kernel.version)))}</td>
    </tr>`;
  }

  #button(name: string, users: string[], act: () => void): TemplateResult {
    const why = users.length > 0 ? "It is in use" : this.busy;
    return html`<button class="small" ?disabled=${Boolean(why)} title=${why || nothing} aria-label="Remove ${name}" @click=${act}>Remove</button>`;
  }
}

function table(name: string, words: [string, string, string, string], rows: TemplateResult[]): TemplateResult {
  const [what, big, more, by] = words;
  return html`<div class="table-box" tabindex="0" role="region" aria-label="List of ${name}">
    <table>
      <thead><tr><th>${what}</th><th class="number">${big}</th><th class="wide-only">${more}</th><th>${by}</th><th><span class="hidden">What can be done</span></th></tr></thead>
      <tbody>${rows}</tbody>
    </table>
  </div>`;
}

/** Ids of plays, and `snapshots` for what starts go on from. */
function users(used: string[]): string {
  const plays = used.filter((user) => user !== "snapshots").length;
  const said = plays === 0 ? [] : [plays === 1 ? "1 play" : `${plays} plays`];
  if (used.includes("snapshots")) said.push("snapshots");
  return said.join(", ") || "nobody";
}

customElements.define("labyard-admin-images", AdminImages);
