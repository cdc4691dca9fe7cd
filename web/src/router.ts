/** Which page an address means, and moving between them without loading anew. */

export const KINDS = ["challenges", "tutorials", "courses", "skill-paths", "roadmaps", "trainings"] as const;
export type LessonKind = (typeof KINDS)[number];

export type Route =
  | { page: "home" }
  | { page: "account" }
  | { page: "play"; id: string }
  | { page: "playground"; name: string }
  | { page: "lessons"; kind: LessonKind | "" }
  | { page: "lesson"; kind: LessonKind; name: string; path: string }
  | { page: "admin"; section: AdminSection; name: string }
  | { page: "progress" }
  | { page: "start"; place: string; search: string }
  | { page: "missing"; path: string };

export const ADMIN_SECTIONS = ["overview", "plays", "people", "images", "disk"] as const;
export type AdminSection = (typeof ADMIN_SECTIONS)[number];

/** `search`: of lessons of a course, `?lesson=module/lesson`. */
export function routeOf(path: string, search = ""): Route {
  const parts = path.split("/").filter(Boolean).map(decoded);
  if (parts.length === 0) return { page: "home" };
  const [kind, name] = parts;
  if (parts.length === 1 && kind === "account") return { page: "account" };
  if (parts.length === 2 && name) {
    if (kind === "plays") return { page: "play", id: name };
    if (kind === "playgrounds") return { page: "playground", name };
  }
  if (kind === "admin") return adminRoute(parts) ?? { page: "missing", path };
  if (parts.length === 1 && kind === "lessons") return { page: "lessons", kind: "" };
  if (parts.length === 1 && kind === "progress") return { page: "progress" };
  if (parts.length > 1 && kind === "start") return { page: "start", place: parts.slice(1).join("/"), search };
  const lessons = KINDS.find((each) => each === kind);
  if (lessons && parts.length === 1) return { page: "lessons", kind: lessons };
  if (lessons && parts.length === 2 && name) return { page: "lesson", kind: lessons, name, path: new URLSearchParams(search).get("lesson") ?? "" };
  return { page: "missing", path };
}

/** `/admin`, `/admin/{section}`, and of plays also one of them. */
function adminRoute(parts: string[]): Route | null {
  const [, word = "overview", name = ""] = parts;
  const section = ADMIN_SECTIONS.find((each) => each === word);
  if (!section || parts.length > 3 || (name && section !== "plays")) return null;
  return { page: "admin", section, name };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const playPath = (id: string): string => `/plays/${encodeURIComponent(id)}`;
export const playgroundPath = (name: string): string => `/playgrounds/${encodeURIComponent(name)}`;

export const adminPath = (section: AdminSection = "overview", name = ""): string =>
  `/admin${section === "overview" ? "" : `/${section}`}${name ? `/${encodeURIComponent(name)}` : ""}`;

export const lessonPath = (kind: LessonKind, name: string, path = ""): string =>
  `/${kind}/${encodeURIComponent(name)}${path ? `?lesson=${encodeURIComponent(path)}` : ""}`;

export function go(path: string): void {
  history.pushState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate"));
  scrollTo(0, 0);
}

/** Follow links to our own pages without leaving; everything else is the browser's business. */
export function followLinks(root: HTMLElement): void {
  root.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    // A link may stand in an element's shadow root, where `target` is the element.
    const link = (event.composedPath()[0] as Element).closest("a");
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (routeOf(link.pathname).page === "missing") return;
    event.preventDefault();
    if (link.href !== location.href) go(link.pathname + link.search + link.hash);
  });
}
