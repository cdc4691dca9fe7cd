/**
 * One terminal's socket, kept alive: attach, replay, acknowledge, lose, attach again.
 *
 * Binary messages are terminal bytes both ways, text is JSON (docs/develop/architecture.md, "HTTP"). On every attach the
 * server sends the scrollback first, so the screen is wiped before it.
 */

import { onWake, pause } from "./backoff.ts";

export type LinkState =
  | { kind: "connecting" }
  | { kind: "open" }
  | { kind: "lost"; why: string; hint: string | null; until: number }
  | { kind: "ended"; code: number | null }
  | { kind: "refused"; why: string; hint: string | null; code: string };

export interface Screen {
  /** Draw; call `done` once the bytes were taken in. */
  write(data: Uint8Array, done: () => void): void;
  wipe(): void;
  size(): { cols: number; rows: number };
}

/** The server stops at 256 KiB unacknowledged; an eighth of that keeps acknowledgements rare and the pipe full. */
const ACK_EVERY = 32 * 1024;

/** A message's bytes. What is pasted may have any size; messages over 1 MiB end the connection. */
const PIECE = 64 * 1024;

/** Characters kept from before the connection stands. */
const EARLY_LIMIT = 4096;

/** After an attach, how long the replay may take before replies of the terminal itself are sent again. */
const REPLAY_MS = 400;

/** Errors that another try cannot mend. */
const FINAL = new Set(["not-found", "forbidden", "not-built", "unauthorized", "too-many"]);

export class TerminalLink {
  readonly #address: (cols: number, rows: number) => string;
  readonly #screen: Screen;
  readonly #changed: (state: LinkState) => void;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #unacknowledged = 0;
  #replayUntil = 0;
  #over: LinkState | null = null;
  #why = "";
  #hint: string | null = null;
  /** Typed while connecting. What is typed while the connection is lost is not kept: it would come as a surprise. */
  #early = "";
  #sent = "";
  readonly #stopWake: () => void;

  constructor(address: (cols: number, rows: number) => string, screen: Screen, changed: (state: LinkState) => void) {
    this.#address = address;
    this.#screen = screen;
    this.#changed = changed;
    this.#stopWake = onWake(() => this.#over === null && this.connect());
    this.connect();
  }

  close(): void {
    this.#stopWake();
    this.#drop();
  }

  connect(): void {
    this.#drop();
    this.#over = null;
    this.#why = "";
    this.#hint = null;
    this.#changed({ kind: "connecting" });
    const { cols, rows } = this.#screen.size();
    this.#sent = `${cols}x${rows}`;
    const socket = new WebSocket(this.#address(cols, rows));
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event: MessageEvent<ArrayBuffer | string>) => {
      if (typeof event.data === "string") this.#told(event.data);
      else this.#draw(socket, new Uint8Array(event.data));
    };
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  /** What was typed, or what the terminal itself answers to a program's question. */
  send(data: string): void {
    if (this.#socket?.readyState === WebSocket.CONNECTING && this.#early.length + data.length <= EARLY_LIMIT) this.#early += data;
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    // A replayed question was answered long ago: a second answer would end up as text at the prompt.
    if (performance.now() < this.#replayUntil && isReport(data)) return;
    this.sendBytes(new TextEncoder().encode(data));
  }

  sendBytes(data: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (let from = 0; from < data.length; from += PIECE) this.#socket.send(data.subarray(from, from + PIECE));
  }

  resize(cols: number, rows: number): void {
    const size = `${cols}x${rows}`;
    if (this.#socket?.readyState !== WebSocket.OPEN || size === this.#sent) return;
    this.#sent = size;
    this.#socket.send(JSON.stringify({ resize: { cols, rows } }));
  }

  #opened(): void {
    this.#unacknowledged = 0;
    this.#replayUntil = performance.now() + REPLAY_MS;
    this.#screen.wipe();
    const { cols, rows } = this.#screen.size();
    this.resize(cols, rows);
    const early = this.#early;
    this.#early = "";
    if (early) this.sendBytes(new TextEncoder().encode(early));
    this.#changed({ kind: "open" });
  }

  #draw(socket: WebSocket, data: Uint8Array): void {
    this.#attempt = 0;
    this.#screen.write(data, () => {
      if (socket !== this.#socket) return;
      this.#unacknowledged += data.byteLength;
      if (this.#unacknowledged < ACK_EVERY || socket.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify({ ack: this.#unacknowledged }));
      this.#unacknowledged = 0;
    });
  }

  #told(text: string): void {
    const said = parsed(text);
    if (typeof said["exit"] === "number" || ("exit" in said && said["exit"] === null)) {
      this.#finish({ kind: "ended", code: said["exit"] as number | null });
    } else if (said["error"] !== undefined) {
      const error = said["error"] as string | { code?: string; message?: string; hint?: string | null };
      const full = typeof error === "string" ? { message: error } : (error ?? {});
      this.#why = full.message ?? "The server gave no reason.";
      this.#hint = full.hint ?? null;
      const code = full.code ?? "";
      if (FINAL.has(code)) this.#finish({ kind: "refused", why: this.#why, hint: this.#hint, code });
    }
  }

  #finish(state: LinkState): void {
    this.#over = state;
    this.#changed(state);
  }

  #lost(): void {
    this.#socket = null;
    this.#early = "";
    if (this.#over !== null) return;
    const wait = pause(this.#attempt++);
    this.#changed({ kind: "lost", why: this.#why || "Connection lost.", hint: this.#hint, until: Date.now() + wait });
    this.#timer = setTimeout(() => this.connect(), wait);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Whether these bytes are a terminal's own answer (device attributes, status, colours), not something typed. */
export function isReport(data: string): boolean {
  return /^\x1b(?:\[[?>=]?[\d;]*\$?[cnRyt]|[\]P])/.test(data);
}
