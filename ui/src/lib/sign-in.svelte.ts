// One sign-in, from the click to its end. The program runs it; this follows it.

import type { OtherProgram } from "./bindings/OtherProgram";
import type { UiError } from "./bindings/UiError";
import type { WaitingView } from "./bindings/WaitingView";
import { asUiError } from "./error";
import * as ipc from "./ipc";

/** What is signed in to, and which account is renewed by it. A practice server has to be started first. */
export type Target =
  | { kind: "provider"; providerId: string; accountId: string | null }
  | { kind: "other"; program: OtherProgram; accountId: string | null; console: boolean }
  | { kind: "practice" }
  | { kind: "practice_again"; providerId: string; accountId: string };

export type Phase =
  | { kind: "opening" }
  | { kind: "waiting"; view: WaitingView }
  | { kind: "failed"; error: UiError };

export class SignIn {
  phase = $state.raw<Phase>({ kind: "opening" });
  #left = false;

  constructor(
    readonly target: Target,
    underWay?: WaitingView,
  ) {
    if (underWay) this.phase = { kind: "waiting", view: underWay };
  }

  /** Opens the browser; also to try again after a failure. */
  async begin(): Promise<void> {
    const opening: Phase = { kind: "opening" };
    this.phase = opening;
    const phase = await this.#ask().catch((thrown): Phase => ({ kind: "failed", error: asUiError(thrown) }));
    // The end may have been heard before this answer; then it stands.
    if (this.phase === opening) this.phase = phase;
  }

  async #ask(): Promise<Phase> {
    const { target } = this;
    if (target.kind === "other") {
      const { program, accountId, console } = target;
      return { kind: "waiting", view: await ipc.beginLinkedSignIn({ program, accountId, console }) };
    }
    const order = await this.#order(target);
    // Whoever left while the practice server was starting wants no browser any more.
    if (this.#left) return this.phase;
    return { kind: "waiting", view: await ipc.beginSignIn(order) };
  }

  async #order(target: Exclude<Target, { kind: "other" }>): Promise<{ providerId: string; accountId: string | null }> {
    if (target.kind === "practice") return { providerId: await ipc.startPractice(), accountId: null };
    if (target.kind === "practice_again") await ipc.startPractice();
    return { providerId: target.providerId, accountId: target.accountId };
  }

  /** Takes over what the program says of the attempt. */
  follow(view: WaitingView): void {
    if (this.phase.kind === "waiting") this.phase = { kind: "waiting", view };
  }

  /** Nobody looks at this sign-in any more. */
  leave(): void {
    this.#left = true;
  }

  fail(error: UiError): void {
    this.phase = { kind: "failed", error };
  }
}
