// Something the program is asked for while a screen is open. What was read stays on the screen while it is read anew.

import type { UiError } from "./bindings/UiError";
import { asUiError } from "./error";

export class Reading<T> {
  value = $state.raw<T | null>(null);
  /** Why the last reading failed. */
  trouble = $state.raw<UiError | null>(null);
  busy = $state(false);
  #asked = 0;

  constructor(readonly ask: () => Promise<T>) {}

  /** Reads it again. Of several questions under way, only the last one's answer counts. */
  async again(): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    try {
      const value = await this.ask();
      if (asked !== this.#asked) return;
      this.value = value;
      this.trouble = null;
    } catch (thrown) {
      if (asked !== this.#asked) return;
      this.trouble = asUiError(thrown);
    }
    this.busy = false;
  }
}
