/** Where in a text somebody is, and going to another place of it. */

import { LessonTabs } from "./tabs.ts";

/** Into view with everything around it opened, and the focus goes along. */
export function reveal(target: HTMLElement, block: "start" | "center"): void {
  for (let around = target.parentElement; around !== null; around = around.parentElement) {
    if (around instanceof HTMLDetailsElement) around.open = true;
    if (around.slot && around.parentElement instanceof LessonTabs) around.parentElement.selected = around.slot;
  }
  if (!target.hasAttribute("tabindex")) target.tabIndex = -1;
  // Elements draw after this: what was hidden a moment ago can be scrolled to only then.
  requestAnimationFrame(() => {
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block });
  });
}

/**
 * Before another text is put in: what has the focus, else the first thing that is seen and is still there then, shall stay where it is on
 * the screen. Call what is returned after every step of the change; the last one before the screen is drawn counts.
 */
export function holdPlace(root: HTMLElement): () => void {
  const scroller = root.closest<HTMLElement>(".lesson-side") ?? document.documentElement;
  const top = Math.max(0, scroller.getBoundingClientRect().top);
  const seen = (each: Element): boolean => each.getBoundingClientRect().bottom > top + 48 && each.getBoundingClientRect().top < innerHeight;
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const marks = [...(focused ? [focused] : []), ...root.querySelectorAll("article.lesson > *")].filter(seen);
  const before = new Map(marks.map((each) => [each, each.getBoundingClientRect().top]));
  scroller.style.overflowAnchor = "none"; // the browser's own idea of this would be added to ours
  requestAnimationFrame(() => requestAnimationFrame(() => scroller.style.removeProperty("overflow-anchor")));
  return () => {
    const mark = marks.find((each) => each.isConnected);
    if (mark) scroller.scrollTop += mark.getBoundingClientRect().top - (before.get(mark) ?? 0);
  };
}
