/** Asks what the machines of a play take, as long as somebody looks: not in a tab of the browser that is not seen. */

import type { Uses } from "../play/load.ts";
import { usesOf } from "../play/load.ts";
import { api } from "./client.ts";
import { pause } from "./backoff.ts";
import type { MachineLoads } from "./types.ts";

const EVERY_MS = 3000;
/** The second answer makes the first share, so it is not waited for that long. */
const SOON_MS = 1700;

export class LoadWatch {
  readonly #play: string;
  readonly #told: (uses: Uses) => void;
  #last: MachineLoads | null = null;
  #uses: Uses = new Map();
  #failed = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;
  #over = false;

  constructor(play: string, told: (uses: Uses) => void) {
    this.#play = play;
    this.#told = told;
    document.addEventListener("visibilitychange", this.#seen);
    this.#seen();
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#seen);
  }

  #seen = (): void => {
    clearTimeout(this.#timer);
    if (document.visibilityState === "visible") void this.#ask();
    else this.#last = null; // what was taken meanwhile is no figure of now
  };

  async #ask(): Promise<void> {
    if (this.#asking || this.#over) return;
    this.#asking = true;
    const first = this.#last === null;
    try {
      this.#take(await api.load(this.#play));
      this.#failed = 0;
    } catch {
      this.#failed += 1; // the page says itself when the server is away; figures that are old are not shown
      this.#last = null;
      this.#tell(new Map());
    }
    this.#asking = false;
    if (this.#over || document.visibilityState !== "visible") return;
    this.#timer = setTimeout(() => void this.#ask(), this.#failed > 0 ? EVERY_MS + pause(this.#failed) : first ? SOON_MS : EVERY_MS);
  }

  #take(now: MachineLoads): void {
    const uses = usesOf(this.#last, now, this.#uses);
    if (now.at !== this.#last?.at) this.#last = now;
    this.#tell(uses);
  }

  #tell(uses: Uses): void {
    this.#uses = uses;
    if (!this.#over) this.#told(uses);
  }
}
