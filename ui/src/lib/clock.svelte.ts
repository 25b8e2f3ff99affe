// The page's one clock. It ticks with the minute; each second only while something shows seconds; and not at all
// while the window is hidden, so that an idle window costs nothing.

import { MINUTE, SECOND } from "./time";

class Clock {
  now = $state(Date.now());
  /** The same, for those who must not be woken by it. */
  #read = Date.now();
  #secondsShown = 0;
  #wakes = new Set<{ at: number }>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Runs the clock until the returned function is called. */
  start(): () => void {
    const wake = () => this.tick();
    document.addEventListener("visibilitychange", wake);
    this.tick();
    return () => {
      document.removeEventListener("visibilitychange", wake);
      clearTimeout(this.#timer);
    };
  }

  /** Reads the time now. */
  tick(): void {
    this.now = this.#read = Date.now();
    this.#setTimer();
  }

  /** Ticks each second until the returned function is called. */
  everySecond(): () => void {
    this.#secondsShown += 1;
    this.tick();
    return () => {
      this.#secondsShown -= 1;
      this.#setTimer();
    };
  }

  /** Ticks at this instant too. */
  wakeAt(at: number): () => void {
    const wake = { at };
    this.#wakes.add(wake);
    this.#setTimer();
    return () => {
      this.#wakes.delete(wake);
      this.#setTimer();
    };
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (document.hidden) return;
    const now = Date.now();
    const step = this.#secondsShown > 0 ? SECOND : MINUTE;
    let next = (Math.floor(now / step) + 1) * step;
    // What came between the last tick and now is due at once; nobody has seen it yet.
    for (const { at } of this.#wakes) if (at > this.#read) next = Math.min(next, at);
    this.#timer = setTimeout(() => this.tick(), Math.max(0, Math.ceil(next - now)));
  }
}

export const clock = new Clock();

/** Keeps the clock as fine as a countdown to `until` needs it: by the second in the last minute. */
export function followDown(until: () => number | null): void {
  const end = $derived(until());
  const lastMinute = $derived(end !== null && clock.now < end && end - clock.now <= MINUTE);
  $effect(() => {
    if (end === null) return;
    return lastMinute ? clock.everySecond() : clock.wakeAt(end - MINUTE);
  });
}
