// Which ways in there are, as a pure function of what the program says.

import type { Overview } from "../../lib/bindings/Overview";
import type { ProviderView } from "../../lib/bindings/ProviderView";

export type SignInRoutes =
  | { kind: "none" }
  | { kind: "one"; provider: ProviderView }
  | { kind: "several"; providers: ProviderView[] };

export interface Routes {
  signIn: SignInRoutes;
  /** Providers that lack a client id or an address. */
  unready: ProviderView[];
  /** Practice servers that the program cannot start itself. */
  practiceProviders: ProviderView[];
  practice: "offered" | "not_here";
}

export function routes({ providers, practice, practice_home }: Overview): Routes {
  const real = providers.filter((p) => !p.practice);
  const ready = real.filter((p) => p.ready);
  const [only] = ready;
  // The practice server's own entry stays in the configuration after it has ended, so it is offered by itself only
  // where nothing starts it, or where all is practice anyway.
  const listed = practice === "absent" || practice_home;
  const practiceProviders = listed ? providers.filter((p) => p.practice && p.ready) : [];
  // A server that runs and is listed needs no second way to it.
  const reached = practice === "running" && practiceProviders.length > 0;
  return {
    signIn: !only ? { kind: "none" } : ready.length === 1 ? { kind: "one", provider: only } : { kind: "several", providers: ready },
    unready: real.filter((p) => !p.ready),
    practiceProviders,
    practice: practice === "absent" || reached ? "not_here" : "offered",
  };
}
