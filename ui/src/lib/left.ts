// Some answers come when the screen that asked for them is gone.

import { onDestroy } from "svelte";

/** Says whether the component that is being made has been left since. */
export function whetherLeft(): () => boolean {
  let left = false;
  onDestroy(() => (left = true));
  return () => left;
}
