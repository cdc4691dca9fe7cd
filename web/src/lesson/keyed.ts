/** HTML of a lesson, whose parts bear names of their own: by these they are known again in its next version. */

/** A detached body. Inert until its children are put into the page: nothing loads, no element wakes up. */
export function keyed(html: string): HTMLElement {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const taken = new Set([...body.querySelectorAll("[id]")].map((each) => each.id));
  /** Where to go on: a thousand equal lines are no reason to count to a thousand each time. */
  const numbers = new Map<string, number>();
  const name = (element: Element, words: string): void => {
    const bare = `${element.localName}-${words.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}`;
    let number = numbers.get(bare) ?? 1;
    while (taken.has(number === 1 ? bare : `${bare}-${number}`)) number += 1;
    numbers.set(bare, number + 1);
    element.id = number === 1 ? bare : `${bare}-${number}`;
  };
  for (const task of body.querySelectorAll("lab-task, lab-input-task")) name(task, task.getAttribute("name") ?? "");
  for (const details of body.querySelectorAll("details")) name(details, details.querySelector("summary")?.textContent ?? "");
  for (const tabs of body.querySelectorAll("lab-tabs")) name(tabs, [...tabs.children].map((each) => each.slot).join(" "));
  // Unchanged blocks are the same ones wherever they stand then; a drawing is redrawn in its place.
  for (const block of body.children) if (block.id === "" && block.localName !== "lab-mermaid") name(block, digest(block.outerHTML));
  return body;
}

/** Tells texts apart; that two may share one does no harm. FNV-1a, 32 bits. */
function digest(text: string): string {
  let seen = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) seen = Math.imul(seen ^ text.charCodeAt(at), 0x01000193);
  return (seen >>> 0).toString(36);
}
