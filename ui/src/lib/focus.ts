// What was pressed sometimes goes with what it did. Whoever uses the keyboard must not be sent back to the very top.

import { tick } from "svelte";

/** If the focus has been lost, goes on at what comes next, or else at the heading of the screen. */
export async function keepFocus(next?: () => HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement && document.activeElement !== document.body) return;
  (next?.() ?? document.querySelector<HTMLElement>("main h1"))?.focus({ preventScroll: true });
}
