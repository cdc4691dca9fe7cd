/** One play kept current: asked once, then told through the play socket; asked again whenever the socket was lost. */

import { ApiError, api, socketUrl } from "./client.ts";
import { onWake, pause } from "./backoff.ts";
import { stateOf } from "../play/state.ts";
import type { Play, PlayMessage } from "./types.ts";

/** The server repeats the status every few seconds; a socket silent for this long is dead. */
const SILENCE_MS = 30_000;

export interface LiveState {
  play: Play | null;
  /** `performance.now()` when `play.expiresIn` was told. */
  toldAt: number;
  connected: boolean;
  /** Set only when there is nothing to show: no such play, not signed in, or never reached. */
  error: ApiError | null;
}

export class LivePlay {
  state: LiveState = { play: null, toldAt: 0, connected: false, error: null };
  readonly #id: string;
  readonly #changed: (state: LiveState) => void;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #round = 0;
  #stopWake: () => void;

  constructor(id: string, changed: (state: LiveState) => void) {
    this.#id = id;
    this.#changed = changed;
    this.#stopWake = onWake(() => void this.#connect());
    void this.#connect();
  }

  close(): void {
    this.#round += 1;
    this.#stopWake();
    this.#drop();
  }

  /** Put an answer to an action in place, without waiting for the socket. */
  take(play: Play): void {
    this.#set({ play, toldAt: performance.now(), error: null });
  }

  retry(): void {
    this.#attempt = 0;
    void this.#connect();
  }

  #set(part: Partial<LiveState>): void {
    this.state = { ...this.state, ...part };
    this.#changed(this.state);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #connect(): Promise<void> {
    const round = ++this.#round;
    this.#drop();
    const opening = api.conns(this.#id); // at the same time: a page shows nothing of its machines before both are here
    opening.catch(() => undefined);
    try {
      const play = await api.play(this.#id);
      if (round !== this.#round) return;
      this.take(play);
      if (stateOf(play) === "DESTROYED") return; // nothing more will be told
      const { url } = await opening;
      if (round !== this.#round) return;
      this.#listen(new WebSocket(socketUrl(url)), round);
    } catch (cause) {
      if (round === this.#round) this.#failed(cause instanceof ApiError ? cause : new ApiError(0, { message: String(cause) }));
    }
  }

  #failed(error: ApiError): void {
    const final = error.status === 401 || error.status === 404;
    this.#set({ connected: false, error: final || this.state.play === null ? error : null });
    if (!final) this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), pause(this.#attempt++));
  }

  #listen(socket: WebSocket, round: number): void {
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempt = 0;
      this.#set({ connected: true });
      this.#heard(round);
    };
    socket.onmessage = (event) => {
      this.#heard(round);
      if (typeof event.data === "string") this.#apply(event.data);
    };
    socket.onclose = () => {
      if (round !== this.#round || socket !== this.#socket) return;
      this.#set({ connected: false });
      this.#later();
    };
  }

  #heard(round: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => round === this.#round && void this.#connect(), SILENCE_MS);
  }

  #apply(text: string): void {
    const play = this.state.play;
    if (play === null) return;
    let message: PlayMessage;
    try {
      message = JSON.parse(text) as PlayMessage;
    } catch {
      return;
    }
    const next = applied(play, message);
    if (next !== play) this.#set({ play: next });
  }
}

/** The play after one message of its socket. */
export function applied(play: Play, message: PlayMessage): Play {
  if (message.kind === "status" && message.status) return { ...play, status: message.status };
  if (message.kind === "task" && message.task) {
    return { ...play, tasks: { ...play.tasks, [message.task.name]: { ...play.tasks?.[message.task.name], ...message.task } } };
  }
  return play;
}
