/**
 * The little of markdown that a playground's description needs: headings, lists, code, paragraphs, links. Everything else
 * stays as it was written; nothing is ever taken for HTML.
 */

import { html, type TemplateResult } from "lit";

export type Block =
  | { kind: "heading"; text: string }
  | { kind: "paragraph"; text: string }
  | { kind: "list"; ordered: boolean; items: string[] }
  | { kind: "code"; text: string };

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

export function blocks(source: string): Block[] {
  const lines = source.replaceAll("\r\n", "\n").split("\n");
  const found: Block[] = [];
  let open = false; // whether the next line of text goes on with the last block
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    const fence = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      const end = lines.findIndex((other, index) => index > at && other.trim() === fence);
      const stop = end < 0 ? lines.length : end;
      found.push({ kind: "code", text: lines.slice(at + 1, stop).join("\n") });
      at = stop;
      open = false;
    } else if (line.trim() === "") {
      open = false;
    } else {
      take(found, line, open);
      open = !line.startsWith("#");
    }
  }
  return found;
}

function take(found: Block[], line: string, open: boolean): void {
  const heading = /^#{1,6}\s+(.*)$/.exec(line);
  const item = ITEM.exec(line);
  const last = found.at(-1);
  if (heading) found.push({ kind: "heading", text: heading[1] as string });
  else if (item) {
    if (last?.kind === "list") last.items.push(item[2] as string);
    else found.push({ kind: "list", ordered: item[1] !== undefined, items: [item[2] as string] });
  } else if (open && last?.kind === "paragraph") last.text += ` ${line.trim()}`;
  else if (open && last?.kind === "list") last.items[last.items.length - 1] += ` ${line.trim()}`;
  else found.push({ kind: "paragraph", text: line.trim() });
}

export type Span = { kind: "text" | "code" | "strong"; text: string } | { kind: "link"; text: string; href: string };

const SPAN = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^\s)]+|\/(?!\/)[^\s)]*)\)/g;

export function spans(text: string): Span[] {
  const found: Span[] = [];
  let end = 0;
  for (const match of text.matchAll(SPAN)) {
    if (match.index > end) found.push({ kind: "text", text: text.slice(end, match.index) });
    const [, code, strong, label, href] = match;
    if (code !== undefined) found.push({ kind: "code", text: code });
    else if (strong !== undefined) found.push({ kind: "strong", text: strong });
    else found.push({ kind: "link", text: label as string, href: href as string });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: "text", text: text.slice(end) });
  return found;
}

function inline(text: string): unknown[] {
  return spans(text).map((span) =>
    span.kind === "link" ? html`<a href=${span.href} rel="noopener noreferrer">${span.text}</a>` : marked(span),
  );
}

function marked(span: Span): unknown {
  if (span.kind === "code") return html`<code>${span.text}</code>`;
  if (span.kind === "strong") return html`<strong>${span.text}</strong>`;
  return span.text;
}

/** A description: of a link only the words, for it may stand in one itself. */
export function line(text: string): unknown[] {
  return spans(text).map(marked);
}

export function prose(source: string): TemplateResult {
  return html`<div class="prose">
    ${blocks(source).map((block) => {
      switch (block.kind) {
        case "heading":
          return html`<h3>${inline(block.text)}</h3>`;
        case "code":
          return html`<pre tabindex="0"><code>${block.text}</code></pre>`;
        case "list": {
          const items = block.items.map((item) => html`<li>${inline(item)}</li>`);
          return block.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
        }
        case "paragraph":
          return html`<p>${inline(block.text)}</p>`;
      }
    })}
  </div>`;
}
