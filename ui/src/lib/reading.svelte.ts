// Something the program is asked for while a screen is open. What was read stays on the screen while it is read anew.

import type { UiError } from "./bindings/UiError";
import { asUiError } from "./error";

export class Reading<T> {
  value = $state.raw<T | null>(null);
  /** Why the last reading failed. */
  trouble = $state.raw<UiError | null>(null);
  busy = $state(false);
  #asked = 0;
  #latest: Promise<void> = Promise.resolve();

  constructor(readonly ask: () => Promise<T>) {}

  /** Reads it again. Of several questions under way, only the last one's answer counts, and everybody waits for that. */
  again(): Promise<void> {
    this.#latest = this.#read(++this.#asked);
    return this.#latest;
  }

  async #read(asked: number): Promise<void> {
    this.busy = true;
    try {
      const value = await this.ask();
      if (asked !== this.#asked) return this.#latest;
      this.value = value;
      this.trouble = null;
    } catch (thrown) {
      if (asked !== this.#asked) return this.#latest;
      this.trouble = asUiError(thrown);
    }
    this.busy = false;
  }
}
