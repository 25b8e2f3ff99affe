// What the window knows and where it stands. Screens read it and call its verbs; they keep only their own phase.

import type { Link } from "./bindings/Link";
import type { Meaning } from "./bindings/Meaning";
import type { Overview } from "./bindings/Overview";
import type { Preferences } from "./bindings/Preferences";
import type { Screen as MainScreen } from "./bindings/Screen";
import type { SignInEnded } from "./bindings/SignInEnded";
import type { Status } from "./bindings/Status";
import type { Theme } from "./bindings/Theme";
import type { UiError } from "./bindings/UiError";
import { clock } from "./clock.svelte";
import { asUiError } from "./error";
import * as ipc from "./ipc";
import { SignIn, type Target } from "./sign-in.svelte";
import { standsIn } from "./order";
import { instant, SECOND } from "./time";
import { outcomes } from "./words";

export type Screen =
  | { kind: MainScreen }
  | { kind: "add" }
  | { kind: "key" }
  | { kind: "sign_in"; run: SignIn }
  | { kind: "provider"; id: string | null; from: "add" | "settings" };

export type Loaded =
  | { kind: "loading" }
  | { kind: "ready"; overview: Overview; trouble: UiError | null }
  | { kind: "failed"; error: UiError };

/** What the person is asked in a dialog. It is kept here, because the row it is about goes when its account does. */
export type Question = {
  kind: "rename" | "sign_out" | "renew" | "replace_key" | "edit_key" | "take_in";
  account: Status;
};
export type Asking = { kind: "nothing" } | Question;

/** How long after its time a sign-in may still say by itself how it ended. */
const GRACE = 2 * SECOND;

export type Outcome = { text: string; meaning: Meaning };

export class App {
  loaded = $state.raw<Loaded>({ kind: "loading" });
  screen = $state.raw<Screen>({ kind: "accounts" });
  outcome = $state.raw<Outcome | null>(null);
  asking = $state.raw<Asking>({ kind: "nothing" });
  /** The account to point at, because it has just come in. */
  lit = $state<string | null>(null);
  /** How often the program has said that something changed; screens that ask for more than the overview follow it. */
  changes = $state(0);
  /** The sign-in under way, also while another screen is open. */
  #run = $state.raw<SignIn | null>(null);
  #asked = 0;
  #turned = 0;
  /** Whether a screen was opened already: the rail is there before the program's first answer. */
  #opened = false;

  /** When the next account turns by itself, or the sign-in under way must be over. */
  readonly turnsAt = $derived.by(() => {
    if (this.loaded.kind !== "ready") return null;
    const instants = this.loaded.overview.accounts.flatMap((a) => (a.changes_at ? [instant(a.changes_at)] : []));
    const over = this.#overAt;
    if (over !== null) instants.push(over);
    return instants.length > 0 ? Math.min(...instants) : null;
  });

  /** When the sign-in under way has ended, even if nobody heard its end. */
  get #overAt(): number | null {
    const phase = this.#run?.phase;
    return phase?.kind === "waiting" ? instant(phase.view.ends_at) + GRACE : null;
  }

  readonly theme = $derived<Theme>(
    this.loaded.kind === "ready" ? this.loaded.overview.preferences.theme : "system",
  );

  /** Hears the program's events and asks for the first overview. The returned function stops listening. */
  async start(): Promise<() => void> {
    const [stops] = await Promise.all([this.#listen(), this.refresh()]);
    if (this.loaded.kind === "ready") this.#openFirst(this.loaded.overview);
    return () => stops.forEach((stop) => stop());
  }

  /** A window that hears no events still shows what it can ask for. */
  async #listen(): Promise<(() => void)[]> {
    try {
      return await Promise.all([
        ipc.onChanged(() => {
          this.changes += 1;
          void this.refresh();
        }),
        ipc.onSignInEnded((ended) => void this.#ended(ended)),
      ]);
    } catch (thrown) {
      this.complain(asUiError(thrown));
      return [];
    }
  }

  /** Opens the screen where the window was left, unless somebody has opened one meanwhile. */
  #openFirst({ accounts, preferences, waiting }: Overview): void {
    if (!this.#opened && !waiting && accounts.length > 0) this.screen = { kind: preferences.last_screen };
  }

  /** Asks for the overview again. Of several questions under way, only the last one's answer counts. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const overview = await ipc.overview();
      if (asked !== this.#asked) return;
      clock.tick();
      this.loaded = { kind: "ready", overview, trouble: null };
      this.#followSignIn(overview);
    } catch (thrown) {
      if (asked !== this.#asked) return;
      const error = asUiError(thrown);
      // What was known stays on the screen; an old truth with a warning beats an empty window.
      const { loaded } = this;
      this.loaded =
        loaded.kind === "ready" ? { ...loaded, trouble: error } : { kind: "failed", error };
    }
  }

  #followSignIn({ waiting }: Overview): void {
    if (!waiting) {
      if (this.#overAt !== null && this.#overAt <= clock.now) this.leaveSignIn();
      return;
    }
    if (this.#run) return this.#run.follow(waiting);
    const { program, provider_id: providerId, payer } = waiting;
    const target: Target = program
      ? { kind: "other", program, accountId: null, console: payer !== "plan" }
      : { kind: "provider", providerId, accountId: null };
    this.#run = new SignIn(target, waiting);
    this.screen = { kind: "sign_in", run: this.#run };
  }

  /** Asks again once a state has turned: once for each instant, so that a clock that disagrees cannot make a loop. */
  turn(at: number): void {
    if (at === this.#turned) return;
    this.#turned = at;
    void this.refresh();
  }

  open(screen: Screen): void {
    this.#opened = true;
    this.lit = null;
    this.screen = screen;
  }

  /** Opens one of the rail's screens. A sign-in under way is found under Accounts again; one that failed has been read. */
  openMain(kind: MainScreen): void {
    if (this.#run?.phase.kind === "failed" && this.screen.kind === "sign_in") this.#run = null;
    this.open(kind === "accounts" && this.#run ? { kind: "sign_in", run: this.#run } : { kind });
    this.#prefer({ last_screen: kind });
  }

  /** Starts a sign-in and shows it. */
  signIn(target: Target): void {
    const run = new SignIn(target);
    this.#run = run;
    this.open({ kind: "sign_in", run });
    void this.#begin(run);
  }

  async #begin(run: SignIn): Promise<void> {
    await run.begin();
    if (run === this.#run && run.phase.kind === "failed") this.#tellElsewhere(run.phase.error);
  }

  /** Whoever looks at the sign-in reads there why it failed. */
  #tellElsewhere(error: UiError): void {
    if (this.screen.kind !== "sign_in") this.complain(error);
  }

  /** Starts the sign-in that renews an account. */
  signInAgain({ id: accountId, provider: providerId, practice, owner, payer }: Status): void {
    if (owner === "claude_code" || owner === "ant") {
      return this.signIn({ kind: "other", program: owner, accountId, console: payer !== "plan" });
    }
    if (!providerId) return;
    const canStart = this.loaded.kind === "ready" && this.loaded.overview.practice !== "absent";
    this.signIn({ kind: practice && canStart ? "practice_again" : "provider", providerId, accountId });
  }

  /** Leaves a sign-in that is over. */
  leaveSignIn(): void {
    const target = this.#run?.target;
    const renewing = target && "accountId" in target && target.accountId !== null;
    const none = this.loaded.kind === "ready" && this.loaded.overview.accounts.length === 0;
    const seen = this.screen.kind === "sign_in";
    this.#run = null;
    if (seen) this.open(renewing || none ? { kind: "accounts" } : { kind: "add" });
  }

  /** Shows an account that has just come in. Whoever has left for another screen is only told: what is typed there stays. */
  async welcome(account: Status, words: string, left = false): Promise<void> {
    if (left) {
      await this.refresh();
      return this.say(words);
    }
    this.#run = null;
    await this.refresh();
    this.open({ kind: "accounts" });
    this.lit = account.id;
    this.say(words);
  }

  async #ended(ended: SignInEnded): Promise<void> {
    if (ended.kind === "signed_in") return this.#signedIn(ended.account);
    if (ended.kind === "failed") {
      this.#run?.fail(ended.error);
      this.#tellElsewhere(ended.error);
    }
    await this.refresh();
    // A new attempt may have begun while the old one's end was on its way; the overview knows.
    const over = this.loaded.kind === "ready" && this.loaded.overview.waiting === null;
    if (ended.kind === "cancelled" && over && this.#run?.phase.kind === "waiting") this.leaveSignIn();
  }

  /** The account is shown to whoever waited for it; on any other screen something may be half typed. */
  async #signedIn({ id, label }: Status): Promise<void> {
    this.#run = null;
    await this.refresh();
    if (this.screen.kind === "sign_in" && this.screen.run !== this.#run) this.open({ kind: "accounts" });
    if (this.screen.kind === "accounts") this.lit = id;
    this.say(outcomes.signedIn(label));
  }

  ask(question: Asking): void {
    this.asking = question;
  }

  /** Closes the dialog of one question, if it is still the one that is asked. */
  close(question: Question): void {
    if (this.asking === question) this.asking = { kind: "nothing" };
  }

  say(text: string): void {
    this.outcome = { text, meaning: "fine" };
  }

  /** Runs something small whose outcome is one sentence. */
  async attempt(what: () => Promise<unknown>, done: string | null): Promise<void> {
    try {
      await what();
      if (done) this.say(done);
    } catch (thrown) {
      this.complain(asUiError(thrown));
    }
  }

  /** Says what went wrong, and what helps. It stays until it is closed. */
  complain({ message, cure }: UiError): void {
    this.outcome = { text: `${message} ${cure}`, meaning: "act" };
  }

  /** Says what was done, and what should be known beside it. */
  warn(done: string, { message, cure }: UiError): void {
    this.outcome = { text: `${done} ${message} ${cure}`, meaning: "soon" };
  }

  /** Renews an account's token before its time. */
  async renew({ id: accountId, label }: Status): Promise<void> {
    try {
      const warning = await ipc.refresh({ accountId });
      if (warning) this.warn(outcomes.renewed(label), warning);
      else this.say(outcomes.renewed(label));
    } catch (thrown) {
      this.complain(asUiError(thrown));
    }
    await this.refresh();
  }

  /** Adds a session that another program holds, and shows it. */
  async link(link: Link): Promise<void> {
    try {
      const account = await ipc.linkSession({ link });
      await this.welcome(account, outcomes.linked(account.label));
    } catch (thrown) {
      this.complain(asUiError(thrown));
    }
  }

  /** Moves an account up or down in the person's order. A variable gets a place in it only by this. */
  async move({ id, label }: Status, by: -1 | 1): Promise<void> {
    if (this.loaded.kind !== "ready") return;
    const { accounts, order } = this.loaded.overview;
    const stands = standsIn(order);
    const moves = accounts.filter((a) => a.id === id || stands(a)).map((a) => a.id);
    const from = moves.indexOf(id);
    const place = Math.min(moves.length - 1, Math.max(0, from + by));
    if (place === from) return;
    moves.splice(from, 1);
    moves.splice(place, 0, id);
    await this.attempt(() => ipc.setOrder({ accountIds: moves }), outcomes.movedTo(label, place + 1));
    await this.refresh();
  }

  /** Whether an account came from a practice server, where nobody is billed. */
  isPractice(id: string): boolean {
    return this.loaded.kind === "ready" && this.loaded.overview.accounts.some((a) => a.id === id && a.practice);
  }

  setTheme(theme: Theme): void {
    this.#prefer({ theme });
  }

  setKeepRunning(keep_running: boolean): void {
    this.#prefer({ keep_running });
  }

  #prefer(change: Partial<Preferences>): void {
    if (this.loaded.kind !== "ready") return;
    const { overview } = this.loaded;
    const preferences = { ...overview.preferences, ...change };
    this.loaded = { ...this.loaded, overview: { ...overview, preferences } };
    void this.#keep(preferences);
  }

  async #keep(preferences: Preferences): Promise<void> {
    try {
      await ipc.setPreferences({ preferences });
    } catch (thrown) {
      this.complain(asUiError(thrown));
      // What could not be kept is not shown as if it were.
      await this.refresh();
    }
  }
}
