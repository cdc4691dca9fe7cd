/** Questions to the server. Every failure is an `ApiError` that a page can show as it is. */

import type { Account, DiaryEntry, ErrorBody, FoundInGit, Lesson, LessonPage, MachineLoads, Me, Play, Playground, Port, Problem, Progress, ScannedPort, Snapshot, Solution, TaskDetails, Token } from "./types.ts";

const TIME_LIMIT_MS = 30_000;
/** Keeping a moment answers when it is on disk. */
const ACT_LIMIT_MS = 180_000;

export class ApiError extends Error {
  readonly code: string;
  readonly hint: string | null;
  readonly status: number;
  readonly problems: Problem[];

  constructor(status: number, body: ErrorBody) {
    super(body.message || "The server gave no reason.");
    this.name = "ApiError";
    this.status = status;
    this.code = body.code || `http-${status}`;
    this.hint = body.hint ?? null;
    this.problems = body.problems ?? [];
  }
}

/** The server's clock less ours, in ms: stages and tasks are timed by the server. Small differences are noise. */
let skew = 0;

export function serverNow(): number {
  return Date.now() + skew;
}

function learnClock(answer: Response): void {
  const said = Date.parse(answer.headers.get("date") ?? "");
  if (Number.isNaN(said)) return;
  const difference = said - Date.now();
  skew = Math.abs(difference) > 2000 ? difference : 0;
}

export async function errorOf(answer: Response): Promise<ApiError> {
  const fallback: ErrorBody = { message: `The server answered ${answer.status} ${answer.statusText}`.trim() + "." };
  const body: unknown = await answer.json().catch(() => null);
  const said = body && typeof body === "object" && "error" in body ? (body.error as ErrorBody | string) : null;
  if (typeof said === "string") return new ApiError(answer.status, { message: said });
  return new ApiError(answer.status, { ...fallback, ...said });
}

export function unreachable(cause: unknown): ApiError {
  const late = cause instanceof DOMException && cause.name === "TimeoutError";
  return new ApiError(0, {
    code: late ? "no-answer" : "server-unreachable",
    message: late ? "The server did not answer in time." : "The server cannot be reached.",
    hint: "See whether it still runs on its box: `labyard up` starts it and says where.",
  });
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

async function send(method: Method, path: string, headers: Record<string, string>, body?: unknown, limit = TIME_LIMIT_MS): Promise<Response> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(limit), headers: { accept: "application/json", ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, "content-type": "application/json" };
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (cause) {
    throw unreachable(cause);
  }
  learnClock(answer);
  return answer;
}

async function read<T>(answer: Response): Promise<T> {
  if (!answer.ok) throw await errorOf(answer);
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch {
    throw new ApiError(answer.status, { code: "bad-answer", message: "The server's answer could not be read.", hint: "Reload the page." });
  }
}

export const ask = async <T>(method: Method, path: string, body?: unknown, limit?: number): Promise<T> =>
  read<T>(await send(method, path, {}, body, limit));

export const enc = encodeURIComponent;

/** Values of start parameters by key. */
export type Chosen = Record<string, string>;

const changePart = (course: string, module: string, lesson: string, change: { started?: true; completed?: true }, initConditions: Chosen = {}): Promise<Lesson> =>
  ask<Lesson>("PATCH", `/api/courses/${enc(course)}/learning`, { modules: { [module]: { lessons: { [lesson]: change } } }, initConditions });

export const api = {
  me: () => ask<Me>("GET", "/api/auth/me"),
  logout: () => ask<unknown>("POST", "/api/auth/logout"),
  account: () => ask<Account>("GET", "/api/account"),
  changePassword: (current: string, password: string) => ask<unknown>("POST", "/api/account/password", { current, password }),
  changeAddress: (current: string, email: string) => ask<unknown>("POST", "/api/account/email", { current, email }),
  signOutEverywhere: () => ask<unknown>("POST", "/api/account/sign-out"),
  tokens: () => ask<Token[]>("GET", "/api/tokens"),
  makeToken: (name: string, scope: string[], expiresInDays: number | null) =>
    ask<Token & { accessToken: string }>("POST", "/api/oauth/tokens", { name, scope, expiresInDays }),
  endToken: (id: string) => ask<unknown>("DELETE", `/api/tokens/${enc(id)}`),
  playgrounds: () => ask<Playground[]>("GET", "/api/playgrounds"),
  playground: (name: string) => ask<Playground>("GET", `/api/playgrounds/${enc(name)}?format=extended`),
  plays: async () => {
    const [current, kept] = await Promise.all([ask<Play[]>("GET", "/api/plays"), ask<Play[]>("GET", "/api/plays?persistent=true")]);
    return [...new Map([...current, ...kept].map((play) => [play.id, play])).values()];
  },
  play: (id: string) => ask<Play>("GET", `/api/plays/${enc(id)}`),
  start: (playground: string, initConditions: Chosen) =>
    ask<Play>("POST", "/api/plays", { playground, initConditions, safetyDisclaimerConsent: true }),
  act: (id: string, action: string, more: { machine?: string; name?: string; maxPlayTimeMinutes?: number } = {}) =>
    ask<Play>("POST", `/api/plays/${enc(id)}/actions`, { action, ...more }, ACT_LIMIT_MS),
  snapshots: (id: string) => ask<Snapshot[]>("GET", `/api/plays/${enc(id)}/snapshots`),
  ports: (id: string) => ask<Port[]>("GET", `/api/plays/${enc(id)}/ports`),
  expose: (id: string, port: { machine: string; number: number; tls?: boolean; access?: string }) => ask<Port>("POST", `/api/plays/${enc(id)}/ports`, port),
  unexpose: (id: string, port: string) => ask<unknown>("DELETE", `/api/plays/${enc(id)}/ports/${enc(port)}`),
  scan: (id: string) => ask<ScannedPort[]>("POST", `/api/plays/${enc(id)}/ports/scan`, undefined, ACT_LIMIT_MS),
  diary: (id: string) => ask<DiaryEntry[]>("GET", `/api/plays/${enc(id)}/diary`),
  load: (id: string) => ask<MachineLoads>("GET", `/api/plays/${enc(id)}/load`),
  /** The end of a machine's serial console, as it wrote it. */
  console: async (id: string, machine: string): Promise<string> => {
    const answer = await send("GET", consoleAddress(id, machine), {});
    if (!answer.ok) throw await errorOf(answer);
    return answer.text();
  },
  tasks: (id: string) => ask<TaskDetails[]>("GET", `/api/plays/${enc(id)}/tasks`),
  /** What is read; null when it is still what it was at `tag`. */
  lessonPage: async (kinds: string, name: string, path: string, tag = ""): Promise<{ page: LessonPage; tag: string } | null> => {
    const address = `/api/${enc(kinds)}/${enc(name)}/page${path ? `?path=${enc(path)}` : ""}`;
    const answer = await send("GET", address, tag ? { "if-none-match": tag } : {});
    if (answer.status === 304) return null;
    return { page: await read<LessonPage>(answer), tag: answer.headers.get("etag") ?? "" };
  },
  solutions: (kinds: string, name: string, path: string) =>
    ask<Solution[]>("GET", `/api/${enc(kinds)}/${enc(name)}/solutions${path ? `?path=${enc(path)}` : ""}`),
  answer: (id: string, task: string, value: string) =>
    ask<unknown>("POST", `/api/plays/${enc(id)}/tasks/${enc(task)}/input`, { value }),
  lessons: (kind: string) => ask<Lesson[]>("GET", `/api/${enc(kind)}`),
  lesson: (kind: string, name: string) => ask<Lesson>("GET", `/api/${enc(kind)}/${enc(name)}`),
  startLesson: (kind: string, name: string, initConditions: Chosen) =>
    ask<Lesson>("PATCH", `/api/${enc(kind)}/${enc(name)}`, { started: true, initConditions }),
  startPart: (course: string, module: string, lesson: string, initConditions: Chosen) => changePart(course, module, lesson, { started: true }, initConditions),
  /** Its reader is done with it. `path`: of a lesson of a course. */
  complete: (kind: string, name: string, path: string): Promise<Lesson> => {
    const cut = path.lastIndexOf("/");
    if (path) return changePart(name, path.slice(0, Math.max(0, cut)), path.slice(cut + 1), { completed: true });
    return ask<Lesson>("PATCH", `/api/${enc(kind)}/${enc(name)}`, { completed: true });
  },
  /** A new attempt, whatever runs already. `lesson`: `challenge/NAME`, `course/NAME/MODULE/LESSON`. */
  startAttempt: (lesson: string, initConditions: Chosen) =>
    ask<Play>("POST", "/api/plays", { lesson, initConditions, safetyDisclaimerConsent: true }),
  lookInGit: (url: string) => ask<FoundInGit>("POST", "/api/git", { url }, ACT_LIMIT_MS),
  startFound: (id: string, initConditions: Chosen) => ask<Play>("POST", `/api/git/${enc(id)}/plays`, { initConditions }),
  progress: (zone: string) => ask<Progress>("GET", `/api/progress?zone=${enc(zone)}`),
  conns: (id: string) => ask<{ url: string }>("POST", `/api/plays/${enc(id)}/conns`),
};

export const consoleAddress = (play: string, machine: string): string => `/api/plays/${enc(play)}/machines/${enc(machine)}/console`;

/** A socket of this server, whatever host name it believes to have: behind a proxy only path and query can be trusted. */
export function socketUrl(pathOrUrl: string): string {
  const url = new URL(pathOrUrl, location.href);
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${url.pathname}${url.search}`;
}

export function terminalUrl(play: string, machine: string, terminal: string, cols: number, rows: number): string {
  return socketUrl(`/api/plays/${enc(play)}/machines/${enc(machine)}/terminals/${enc(terminal)}?cols=${cols}&rows=${rows}`);
}
