/** When to try again, and a sense for having slept. */

const STEPS_MS = [300, 700, 1500, 3000, 6000, 10_000];

/** Milliseconds to wait before try number `attempt` (from 0); `random` in [0, 1) spreads many browsers apart. */
export function pause(attempt: number, random: number = Math.random()): number {
  const step = STEPS_MS[Math.min(attempt, STEPS_MS.length - 1)] as number;
  return Math.round(step * (0.8 + 0.4 * random));
}

const TICK_MS = 5000;

/** Calls back when the box came back from sleep or from being offline: sockets that look open then are often dead. */
export function onWake(wake: () => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    // Hidden tabs are throttled to one tick a minute; a longer gap is sleep.
    if (now - last > 90_000) wake();
    last = now;
  }, TICK_MS);
  addEventListener("online", wake);
  return () => {
    clearInterval(timer);
    removeEventListener("online", wake);
  };
}
