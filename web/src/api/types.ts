/**
 * The JSON the server speaks, as far as the pages read it. Names are those of the labctl contract; what is ours beside it
 * is marked. Everything that may be absent is optional: the pages are lenient when reading machines.
 */

export type PlayStateWord =
  | "CREATED"
  | "WARMING_UP"
  | "WARMED_UP"
  | "STARTING"
  | "RUNNING"
  | "STOPPING"
  | "STOPPED"
  | "DESTROYING"
  | "DESTROYED"
  | "FAILED";

export type MachineStateWord =
  | "CREATED"
  | "WARMING_UP"
  | "WARMED_UP"
  | "STARTING"
  | "RUNNING"
  | "REBOOTING"
  | "STOPPING"
  | "STOPPED";

/** Values of `PlayTask.status`. */
export const TASK = { none: 0, created: 10, blocked: 20, running: 30, failed: 35, completed: 40 } as const;

export interface Condition {
  name: string;
  status: string;
  lastTransitionAt?: string | null;
  message?: string;
}

export interface MachineStatus {
  name: string;
  state: MachineStateWord;
  conditions?: Condition[] | null;
  /** Ours: what a machine that is not ready is waiting for, and since when (RFC 3339). */
  stage?: string;
  since?: string | null;
  message?: string;
}

export interface PlayStatus {
  stateEvents?: { state: PlayStateWord; error?: boolean; at?: string }[] | null;
  machines?: MachineStatus[] | null;
  /** Ours: why it ended (a word of `labyard.play.status.Reason`), a sentence, and what was changed on the way. */
  reason?: string | null;
  message?: string;
  notes?: string[] | null;
  /** Ours, while it waits for room on the box: `startsIn` (seconds) is a guess, `startsBy` (a time) a bound. */
  queue?: { place: number; startsIn?: number | null; startsBy?: string | null } | null;
}

export interface PlayMachine {
  name: string;
  users?: { name: string; default?: boolean; welcome?: string | null }[] | null;
  resources?: { cpuCount?: number; ramSize?: string } | null;
}

export interface PlayTask {
  name: string;
  init?: boolean;
  helper?: boolean;
  status: number;
  version?: number;
  /** Ours, where the server says so: the machine it runs on. */
  machine?: string;
  /** Ours: what the author says to a learner who is not there yet, and how often it ran. */
  hint?: string | null;
  runs?: number;
}

export interface TaskDetails extends PlayTask {
  machine: string;
  needs?: string[] | null;
  user?: string;
  timeoutSeconds?: number;
  exitCode?: number | null;
  stdout?: string;
  stderr?: string;
  lastRunAt?: string | null;
  lastDurationMs?: number | null;
  /** Its scripts; empty where `withheld`. */
  run?: string;
  env?: string[];
  hintcheck?: string;
  hintcheckExitCode?: number;
  failcheck?: string;
  failcheckExitCode?: number;
  failcheckStdout?: string[];
  failcheckStderr?: string[];
  /** Ours, all that follow. */
  timedOut?: boolean;
  outputCut?: boolean;
  runs?: number;
  input?: string | null;
  /** Scripts and outputs are for those who write the lesson. */
  withheld?: boolean;
}

/** Ours: what one machine takes. `cpuSeconds` null: it is off. `memoryTotal` null: it does not say, so `memory` is what it takes of the box. Bytes. */
export interface MachineLoad {
  name: string;
  cpus: number;
  cpuSeconds: number | null;
  memory: number | null;
  memoryTotal: number | null;
}

/** `at`: seconds of a clock that only goes on. */
export interface MachineLoads {
  at: number;
  machines: MachineLoad[];
}

export interface Play {
  id: string;
  title?: string;
  createdAt?: string;
  updatedAt?: string;
  /** Milliseconds left from the moment of the answer; 0 or less: no end is set. */
  expiresIn?: number;
  /** In all, from its start, as Go writes it: `1h30m`; `0s`: without end. */
  maxPlayTime?: string;
  status?: PlayStatus | null;
  /** Ours: the id of the play it was forked from. */
  forkOf?: string;
  /** The lesson it is played for, one of these; `lessonPath` is `module/lesson` in a course. */
  challengeName?: string | null;
  tutorialName?: string | null;
  courseName?: string | null;
  lessonPath?: string | null;
  /** Ours: of the tasks and machines it was made from; absent: nobody knows. */
  playDigest?: string;
  playground: Playground;
  machines: PlayMachine[];
  tasks?: Record<string, PlayTask> | null;
}

/** Ours: a moment of a play that was kept. `size` in bytes, less what it shares. */
export interface Snapshot {
  name: string;
  createdAt: string;
  size?: number;
}

/** Ours: something that happened to a play. `who`: the handle of who asked; empty: nobody, or somebody who is gone. */
export interface DiaryEntry {
  at: string;
  kind: string;
  what: string;
  who: string;
  reason?: string | null;
  detail?: string;
}

export interface PlaygroundDrive {
  source?: string;
  mount?: string;
  size?: string;
  filesystem?: string;
  readOnly?: boolean;
}

export interface PlaygroundMachine {
  name: string;
  users?: { name: string; default?: boolean }[] | null;
  kernel?: { source?: string } | string | null;
  drives?: PlaygroundDrive[] | null;
  network?: { interfaces?: { network?: string; address?: string }[] | null } | null;
  resources?: { cpuCount?: number; ramSize?: string } | null;
  noSSH?: boolean;
}

export interface PlaygroundNetwork {
  name: string;
  subnet?: string;
  gateway?: string;
  private?: boolean;
}

export interface PlaygroundTab {
  id?: string;
  kind?: string;
  name?: string;
  machine?: string;
  number?: number;
  url?: string;
}

export interface InitCondition {
  key: string;
  default?: string | null;
  nullable?: boolean;
  options?: string[] | null;
  placeholder?: string;
  validationRegex?: string;
}

/** A port of a machine that a browser can open. */
export interface Port {
  id: string;
  machine: string;
  number: number;
  /** `private`, `public` */
  access: string;
  tls: boolean;
}

/** Something that listens. `protocol`: HTTP, HTTPS, or TCP for all else. */
export interface ScannedPort {
  machine: string;
  number: number;
  protocol: string;
  /** In words, for what is not at the machine's loopback. */
  where?: string;
}

/** What whoever looks at something may do with it. */
export interface UserAccess {
  canStart?: boolean;
  canReadSolution?: boolean;
  /** Ours: whether they say who may. */
  canChange?: boolean;
}

export interface Playground {
  name: string;
  userAccess?: UserAccess;
  title?: string;
  description?: string;
  markdown?: string;
  categories?: string[] | null;
  owner?: string;
  networks?: PlaygroundNetwork[] | null;
  machines?: PlaygroundMachine[] | null;
  tabs?: PlaygroundTab[] | null;
  initTasks?: Record<string, { name?: string; machine?: string }> | null;
  initConditions?: { values?: InitCondition[] | null } | null;
  /** Ours: why its manifest cannot be used, a line for each problem; then it cannot be started. */
  problems?: string[] | null;
}

/** A heading of a text, to jump to. */
export interface Heading {
  id: string;
  level: number;
  text: string;
}

/** One file as it is read. `html` was made safe by the server (docs/develop/content.md). */
export interface LessonPart {
  name: string;
  title: string;
  html: string;
  contents?: Heading[] | null;
}

/** What is read of a piece, or of one lesson of a course. */
export interface LessonPage extends LessonPart {
  kind: string;
  path?: string;
  units?: LessonPart[] | null;
  /** Its author is at work on it: it is to be asked for again and again. */
  preview?: boolean;
  /** Of the tasks and machines a play of it would be made from now; absent: nobody knows. */
  playDigest?: string;
}

/** Something embedded that has to be done as well. */
export interface Gate {
  kind: string;
  name: string;
  passed: boolean;
}

export interface CourseLesson {
  name: string;
  title?: string;
  path?: string;
  canStart?: boolean;
  initConditions?: { values?: InitCondition[] | null } | null;
  /** By name; those that are neither preparation nor helpers decide whether it is complete. */
  tasks?: Record<string, { init?: boolean; helper?: boolean }> | null;
  /** Names of those that its reader may read. */
  solutions?: string[] | null;
  problems?: string[] | null;
}

/** `html` as of a lesson, empty where there is only a `script`: a bot's, told to those who write. */
export interface Solution extends LessonPart {
  script?: string | null;
}

export interface CourseModule {
  name: string;
  title?: string;
  lessons?: CourseLesson[] | null;
}

export interface CourseUnit {
  name: string;
  title?: string;
  completed?: boolean;
  gates?: Gate[] | null;
}

export interface Learning {
  modules?: Record<string, { lessons?: Record<string, LessonState> }>;
}

/** How far somebody is with one lesson of a course. `play`: the id of the one that runs. */
export interface LessonState {
  started?: boolean;
  play?: string;
  completed?: boolean;
  gates?: Gate[] | null;
}

/** A challenge, tutorial, course or path: all that pages draw of it. */
export interface Lesson {
  name: string;
  userAccess?: UserAccess;
  title?: string;
  description?: string;
  categories?: string[] | null;
  tags?: string[] | null;
  difficulty?: string;
  /** Of a path. */
  difficulties?: string[] | null;
  needs?: string;
  /** The name of the one it is played in. */
  playground?: string;
  /** todo, attempted, solved or completed; empty for what is not tried by itself. */
  status?: string;
  /** Of what has parts: how many of them are done. */
  progress?: { done: number; total: number } | null;
  play?: Play | null;
  canStart?: boolean;
  initConditions?: { values?: InitCondition[] | null } | null;
  tasks?: CourseLesson["tasks"] | undefined;
  solutions?: string[] | null;
  problems?: string[] | null;
  completed?: boolean;
  modules?: CourseModule[] | null;
  units?: CourseUnit[] | null;
  learning?: Learning | null;
}

/** A day on which somebody was there; `day` as `2026-11-26`, where they are. */
export interface ActiveDay {
  day: string;
  began: number;
  solved: number;
}

/** Where somebody stands. */
export interface Progress {
  zone: string;
  today: string;
  streak: number;
  longestStreak: number;
  days: ActiveDay[];
  solved: { kind: string; difficulty: string; solved: number; total: number }[];
  courses: { kinds: string; name: string; title: string; done: number; total: number }[];
  recent: { kind: string; name: string; title: string; did: "began" | "solved" | "completed"; at: string; path: string }[];
}

/** What is at a place in a Git repository. */
export interface FoundInGit {
  id: string;
  url: string;
  commit: string;
  /** playground, challenge, ...; empty: it is to be chosen from `choices`. */
  kind: string;
  name?: string;
  title: string;
  description: string;
  networks?: PlaygroundNetwork[] | null;
  machines?: PlaygroundMachine[] | null;
  initConditions?: { values?: InitCondition[] | null } | null;
  canStart: boolean;
  /** Of its page, for a lesson. */
  path: string;
  problems: string[];
  leftOut: number;
  choices: { folder: string; url: string }[];
}

/** What the play socket sends; unknown kinds are ignored. */
export interface PlayMessage {
  kind: string;
  machine?: string;
  task?: PlayTask;
  status?: PlayStatus;
}

export interface Problem {
  file?: string;
  line?: number;
  column?: number;
  message: string;
  hint?: string | null;
  warning?: boolean;
}

export interface ErrorBody {
  code?: string;
  message?: string;
  hint?: string | null;
  problems?: Problem[] | null;
}

/** Who is signed in. */
export interface Me {
  id: string;
  handle: string;
  role: "learner" | "author" | "instructor" | "admin";
}

/** One's own account. `hasAccount` false: the box's owner, who needs none. */
export interface Account extends Me {
  email: string;
  /** Letters leave this server. */
  mail: boolean;
  hasAccount: boolean;
  hasPassword: boolean;
  /** Browsers that are signed in. */
  sessions: number;
}

/** `expiresAt` empty: it does not end; no `scope`: good for all that one may. */
export interface Token {
  id: string;
  name: string;
  scope: string[];
  createdAt: string;
  expiresAt: string;
}
