/** Tabs of a play that were opened by hand, remembered in this browser: they live on in the machines, so a reload shows them again. */

import { extraTerminals, extraViews, keepTerminals, keepViews } from "../play/settings.ts";
import { closable, nextTerminal, type Tab } from "../play/tabs.ts";

export class ByHand {
  readonly #play: string;
  /** Numbers of terminals by machine. */
  terminals: Record<string, number[]>;
  /** Keys of others: editors, what is behind the tasks. */
  views: string[];

  constructor(play: string) {
    this.#play = play;
    this.terminals = extraTerminals(play);
    this.views = extraViews(play);
  }

  /** A new terminal; its tab's key. */
  terminal(tabs: Tab[], machine: string): string {
    const number = nextTerminal(tabs, machine);
    this.terminals = { ...this.terminals, [machine]: [...(this.terminals[machine] ?? []), number].sort((a, b) => a - b) };
    keepTerminals(this.#play, this.terminals);
    return `${machine}/${number}`;
  }

  view(key: string): string {
    if (!this.views.includes(key)) this.views = [...this.views, key];
    keepViews(this.#play, this.views);
    return key;
  }

  /** The key of the tab to look at instead; null: any. */
  close(tab: Tab): string | null {
    if (!closable(tab)) return tab.key;
    if (tab.kind !== "terminal") {
      this.views = this.views.filter((key) => key !== tab.key);
      keepViews(this.#play, this.views);
      return null;
    }
    this.terminals = { ...this.terminals, [tab.machine]: (this.terminals[tab.machine] ?? []).filter((number) => number !== tab.extra) };
    keepTerminals(this.#play, this.terminals);
    return `${tab.machine}/1`;
  }
}
