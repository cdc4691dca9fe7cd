/** A text put in the place of another one, with as little change as can be: what is open, typed or focused stays. Loaded for previews. */

import { Idiomorph } from "idiomorph";

/** What its reader or the pages did to an element, which no author writes. */
function isOurs(name: string, element: Element, change: "update" | "remove"): boolean {
  if (name === "open" && element.localName === "details") return true;
  return change === "remove" && ["tabindex", "hidden", "data-state"].includes(name);
}

export function morph(article: HTMLElement, wanted: HTMLElement): void {
  Idiomorph.morph(article, [...wanted.childNodes], {
    morphStyle: "innerHTML",
    callbacks: { beforeAttributeUpdated: (name, element, change) => !isOurs(name, element, change) },
  });
}
