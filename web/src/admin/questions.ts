/** What the admin's pages ask of the server, and what it answers. */

import { ask } from "../api/client.ts";

export interface Notice {
  code: string;
  text: string;
  hint: string;
  /** Which of these pages shows more, or `status`; empty: none. */
  about: string;
  grave: boolean;
}

/** Bytes; processors; `average`: processes that run or want to. */
export interface Box {
  version: string;
  capacity: { cpus: number; memory: number; memory_used: number; disk: number; disk_free: number; accelerator: string };
  load: { at: string; machines: number; memory: number; cpuSeconds: number; average: number; waiting: number; waitingMemory: number };
  plays: Record<string, number>;
  queued: number;
  sockets: number;
  notices: Notice[];
}

/** A play of anybody's, and what it takes, in bytes; null: not to be had. */
export interface Costly {
  id: string;
  title: string;
  playground: string;
  lesson: string;
  owner: string;
  /** Empty: who has no account any more. */
  handle: string;
  bot: boolean;
  state: string;
  reason: string | null;
  message: string;
  createdAt: string;
  stateAt: string;
  expiresAt: string;
  persistent: boolean;
  machines: number;
  promised: number;
  memory: number | null;
  cpuSeconds: number;
  disk: number | null;
}

export interface Everybody {
  /** When costs were measured. */
  at: string;
  plays: Costly[];
  /** There are more, which are older. */
  cut: boolean;
}

export interface Ended {
  id: string;
  error: { code: string; message: string; hint: string | null } | null;
}

export interface Person {
  id: string;
  handle: string;
  name: string;
  role: string;
  createdAt: string;
  disabled: boolean;
  /** Empty: none is known. */
  email: string;
}

/** `email` empty: for whoever has the link. `uses`: how many accounts may still be made by it. */
export interface Invitation {
  id: string;
  role: string;
  email: string;
  uses: number;
  createdAt: string;
  expiresAt: string;
}

export interface NewInvitation {
  role: string;
  email: string;
  uses: number;
  days: number;
  /** Write it to the address. */
  send: boolean;
}

export const ROLES = ["learner", "author", "instructor", "admin"];

export interface Image {
  source: string;
  digest: string;
  size: number;
  created_at: string;
  used_by: string[];
}

export interface Kernel {
  version: string;
  /** Null: it is known, and not here. */
  release: string | null;
  size: number;
  used_by: string[];
}

export interface Use {
  kind: string;
  name: string;
  own: number;
  shared: number;
  note: string;
}

/** Reading every snapshot whole takes as long as the disk does. */
const SCRUB_LIMIT_MS = 6 * 3_600_000;
const DISK_LIMIT_MS = 120_000;

const user = (handle: string): string => `/api/users/${encodeURIComponent(handle)}`;

export const admin = {
  box: () => ask<Box>("GET", "/api/host"),
  plays: (ended: boolean) => ask<Everybody>("GET", `/api/admin/plays?ended=${ended}`),
  end: (action: string, plays: string[]) => ask<Ended[]>("POST", "/api/admin/plays/end", { action, plays }, DISK_LIMIT_MS),
  people: () => ask<Person[]>("GET", "/api/users"),
  addPerson: (handle: string, name: string, role: string) => ask<Person>("POST", "/api/users", { handle, name, role }),
  changePerson: (handle: string, change: { role?: string; disabled?: boolean; name?: string; email?: string }) => ask<Person>("PATCH", user(handle), change),
  removePerson: (handle: string) => ask<{ ended: number }>("DELETE", user(handle), undefined, DISK_LIMIT_MS),
  invitations: () => ask<Invitation[]>("GET", "/api/invitations"),
  invite: (wish: NewInvitation) => ask<Invitation & { url: string; sent: boolean }>("POST", "/api/invitations", wish),
  withdraw: (id: string) => ask<unknown>("DELETE", `/api/invitations/${encodeURIComponent(id)}`),
  link: (handle: string) => ask<{ url: string }>("POST", `${user(handle)}/signin-links`),
  images: () => ask<Image[]>("GET", "/api/images"),
  kernels: () => ask<Kernel[]>("GET", "/api/kernels"),
  removeImage: (source: string) => ask<unknown>("DELETE", `/api/images?source=${encodeURIComponent(source)}`, undefined, DISK_LIMIT_MS),
  gcImages: () => ask<{ freed: number }>("POST", "/api/images/gc", undefined, DISK_LIMIT_MS),
  removeKernel: (version: string) => ask<unknown>("DELETE", `/api/kernels/${encodeURIComponent(version)}`, undefined, DISK_LIMIT_MS),
  disk: () => ask<Use[]>("GET", "/api/disk", undefined, DISK_LIMIT_MS),
  scrub: () => ask<{ damaged: string[] }>("POST", "/api/disk/scrub", undefined, SCRUB_LIMIT_MS),
};
