/** Files of one machine: what an editor asks (docs/develop/ide.md). Every failure is an `ApiError`. */

import { ApiError, enc, errorOf, unreachable } from "./client.ts";

export type Kind = "file" | "folder" | "link" | "other";

export interface Entry {
  name: string;
  kind: Kind;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
  mode: number;
  /** What a link leads to; null where that is gone. */
  target: Kind | null;
  /** Its name is no UTF-8: it cannot be asked for. */
  odd: boolean;
}

export interface Listing {
  path: string;
  version: string;
  total: number;
  offset: number;
  cut: boolean;
  writable: boolean;
  entries: Entry[];
}

export interface Look {
  path: string;
  entry: Entry;
  version: string;
  writable: boolean;
}

/** Bytes of a file from `from` on, and how it was when they were read. */
export interface Part {
  bytes: Uint8Array<ArrayBuffer>;
  from: number;
  size: number;
  version: string;
  writable: boolean;
}

export interface Match {
  path: string;
  line: number;
  /** Where the line begins, in bytes. */
  at: number;
  column: number;
  length: number;
  text: string;
  before: number;
}

export interface Searched {
  done: true;
  files: number;
  matches: number;
  /** Which bound ended it; empty: none. */
  cut: string;
}

export interface SearchWish {
  path: string;
  text: string;
  case: boolean;
  regex: boolean;
}

const TIME_LIMIT_MS = 75_000;
const UPLOAD_LIMIT_MS = 30 * 60_000;

/** Replaces whatever is there, or only nothing. */
export const ANY = "*";
export const NEW = "";

export class MachineFiles {
  readonly #base: string;

  constructor(play: string, machine: string) {
    this.#base = `/api/plays/${enc(play)}/machines/${enc(machine)}/files`;
  }

  /** Without a path of the user's home. */
  list(path: string, offset: number, limit: number): Promise<Listing> {
    return this.#json<Listing>(`?path=${enc(path)}&offset=${offset}&limit=${limit}`);
  }

  stat(path: string): Promise<Look> {
    return this.#json<Look>(`/stat?path=${enc(path)}`);
  }

  /** At most `length` bytes from `from` on; a file that is shorter gives fewer, or none. */
  async read(path: string, from: number, length: number): Promise<Part> {
    const range = { range: `bytes=${from}-${from + length - 1}` };
    const answer = await this.#send(`/content?path=${enc(path)}`, { headers: range }, [416]);
    const head = { size: Number(answer.headers.get("labyard-size")), version: tagOf(answer), writable: answer.headers.get("labyard-writable") === "yes" };
    if (answer.status === 416) return { bytes: new Uint8Array(), from, ...head };
    const start = Number(/^bytes (\d+)-/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? from);
    return { bytes: new Uint8Array(await answer.arrayBuffer()), from: start, ...head };
  }

  /** Its new version. `expected`: the version that was seen, `ANY` or `NEW`. An ApiError `changed` or `exists` else. */
  async write(path: string, content: Blob | Uint8Array<ArrayBuffer>, expected: string): Promise<string> {
    const headers = expected === NEW ? { "if-none-match": "*" } : { "if-match": expected === ANY ? "*" : `"${expected}"` };
    const answer = await this.#send(`/content?path=${enc(path)}`, { method: "PUT", body: content as BodyInit, headers }, [], UPLOAD_LIMIT_MS);
    return tagOf(answer);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#post("/folders", { path });
  }

  async move(path: string, to: string): Promise<void> {
    await this.#post("/moves", { path, to });
  }

  async remove(path: string, recursive: boolean): Promise<void> {
    await this.#send(`?path=${enc(path)}&recursive=${recursive}`, { method: "DELETE" });
  }

  /** Tells matches as they are found; resolves to how it ended. `stop` ends it in the machine, too. */
  async search(wish: SearchWish, stop: AbortSignal, found: (match: Match) => void): Promise<Searched> {
    const init = { method: "POST", body: JSON.stringify(wish), headers: { "content-type": "application/json" }, signal: stop };
    const answer = await this.#send("/search", init);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
      const lines = (rest + piece.value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const said = JSON.parse(line) as Match | Searched | { error: ConstructorParameters<typeof ApiError>[1] };
        if ("error" in said) throw new ApiError(0, said.error);
        if ("done" in said) return said;
        found(said);
      }
    }
    throw new ApiError(0, { code: "guest", message: "The search broke off.", hint: "Try again." });
  }

  /** For a link: the browser saves it. */
  download(path: string): string {
    return `${this.#base}/content?path=${enc(path)}&download=true`;
  }

  async #json<T>(path: string): Promise<T> {
    return (await (await this.#send(path, {})).json()) as T;
  }

  async #post(path: string, body: unknown): Promise<void> {
    await this.#send(path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  }

  async #send(path: string, init: RequestInit, fine: number[] = [], limit = TIME_LIMIT_MS): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(this.#base + path, { signal: AbortSignal.timeout(limit), ...init });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw unreachable(cause);
    }
    if (!answer.ok && !fine.includes(answer.status)) throw await errorOf(answer);
    return answer;
  }
}

function tagOf(answer: Response): string {
  return (answer.headers.get("etag") ?? "").replace(/^"|"$/g, "");
}
