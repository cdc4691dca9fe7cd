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

/** While `change` puts in another text: the first line that is seen, or what has the focus, stays where it is on the screen. */
export function keepPlace(root: HTMLElement, change: () => void): void {
  const scroller = root.closest<HTMLElement>(".lesson-side") ?? document.documentElement;
  const top = Math.max(0, scroller.getBoundingClientRect().top);
  const seen = (each: Element): boolean => each.getBoundingClientRect().bottom > top + 48;
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const mark = focused && seen(focused) ? focused : [...root.querySelectorAll("article.lesson > *")].find(seen);
  const before = mark?.getBoundingClientRect().top ?? 0;
  scroller.style.overflowAnchor = "none"; // the browser's own idea of this would be added to ours
  change();
  if (mark?.isConnected) scroller.scrollTop += mark.getBoundingClientRect().top - before;
  requestAnimationFrame(() => scroller.style.removeProperty("overflow-anchor"));
}
