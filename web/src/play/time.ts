/** Spans of time for people. All in milliseconds. */

/** `4 s`, `1:05 min`, `2:03 h`: how long something has taken. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)} min`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)} h`;
}

/** `58:12 left`, `2 h 05 min left`, `3 days left`. */
export function left(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  if (hours >= 48) return `${Math.floor(hours / 24)} days left`;
  if (hours >= 1) return `${hours} h ${two(Math.floor(seconds / 60) % 60)} min left`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)} left`;
}

/** Minutes of a span as Go writes it (`1h30m`), rounded up. */
export function minutesOf(span: string): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(span) ?? [];
  return Number(hours ?? 0) * 60 + Number(minutes ?? 0) + Math.ceil(Number(seconds ?? 0) / 60);
}

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ago`;
  return `${Math.floor(hours / 24)} days ago`;
}

/** `14:32`, with the day when that is not today. */
export function clock(at: Date, now = new Date()): string {
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString([], { weekday: "long", day: "numeric", month: "long" })}, ${time}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
