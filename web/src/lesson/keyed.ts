/** HTML of a lesson, whose parts bear names of their own: by these they are known again in its next version. */

/** A detached body. Inert until its children are put into the page: nothing loads, no element wakes up. */
export function keyed(html: string): HTMLElement {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  const taken = new Set([...body.querySelectorAll("[id]")].map((each) => each.id));
  const name = (element: Element, words: string): void => {
    const bare = `${element.localName}-${words.trim().toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}`;
    let id = bare;
    for (let number = 2; taken.has(id); number += 1) id = `${bare}-${number}`;
    taken.add(id);
    element.id = id;
  };
  for (const task of body.querySelectorAll("lab-task, lab-input-task")) name(task, task.getAttribute("name") ?? "");
  for (const details of body.querySelectorAll("details")) name(details, details.querySelector("summary")?.textContent ?? "");
  for (const tabs of body.querySelectorAll("lab-tabs")) name(tabs, [...tabs.children].map((each) => each.slot).join(" "));
  return body;
}
