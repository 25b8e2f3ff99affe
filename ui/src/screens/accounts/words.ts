// What the accounts screen says. Pure functions of what is known and of the time.

import type { ConnectionStatus } from "../../lib/bindings/ConnectionStatus";
import type { Owner } from "../../lib/bindings/Owner";
import type { SignOutReport } from "../../lib/bindings/SignOutReport";
import type { State } from "../../lib/bindings/State";
import type { Status } from "../../lib/bindings/Status";
import { ago, DAY, day, exact, instant, SECOND, span } from "../../lib/time";
import { payerWords, storeInSentence } from "../../lib/words";
import type { ShapeKind } from "../../parts/Shape.svelte";

/** How a state is shown: a shape, a word, the exact instant behind it, and a sentence where one is needed. */
export interface StateWords {
  shape: ShapeKind;
  /** How much of the ring is left, from 0 to 1. */
  part: number;
  word: string;
  title: string | null;
  sentence: string | null;
  detail: string | null;
}

/** How an account is shown. The triangle says "soon" and nothing else, and nothing that is said so lacks it. */
export function accountWords(account: Status, now: number): StateWords {
  const { state, owner, meaning } = account;
  const shown = stateWords(state, now, owner);
  if (meaning === "soon" && shown.shape === "check") return { ...shown, shape: "warning", word: `Valid, ${whyLook(account, now)}` };
  if (meaning === "soon" && shown.shape === "question") return { ...shown, shape: "warning" };
  if (meaning === "act" && shown.shape === "warning") return { ...shown, shape: "stop" };
  return shown;
}

/** How many days before its noted end Keyfob says so. */
const NOTED_SOON = 14 * DAY;

// A noted day begins and ends by the clock that every computer has in common.
const notedEnd = (on: string): number => instant(`${on}T00:00:00Z`) + DAY;

function whyLook({ expires_on }: Status, now: number): string {
  const left = expires_on ? notedEnd(expires_on) - now : Infinity;
  return left <= 0 ? "past your note" : left <= NOTED_SOON + DAY ? "ends soon" : "worth a check";
}

const plain = { part: 1, title: null, sentence: null, detail: null };

export function stateWords(state: State, now: number, owner: Owner = "keyfob"): StateWords {
  switch (state.kind) {
    case "fresh": {
      const until = instant(state.until);
      return {
        ...plain,
        shape: "ring",
        // Who owns a session need not say when its token was issued; then the ring stays whole until the end.
        part: state.since ? partLeft(instant(state.since), until, now) : 1,
        word: `Fresh for ${span(until - now)}`,
        title: `Fresh until ${exact(until)}`,
        sentence: state.renewable ? null : "It cannot be renewed: after that you sign in again.",
      };
    }
    case "renews_when_asked":
      return {
        ...plain,
        shape: "waits",
        // Nobody can ask Claude Code for a token; it is used.
        word: owner === "claude_code" ? "Renews when used" : "Renews when asked",
        title: `The access token ended on ${exact(instant(state.since))}. ${renewsNext[owner]}`,
      };
    case "renewal_failing":
      return {
        ...plain,
        shape: "warning",
        word: "Renewal is failing",
        title: `Since ${exact(instant(state.since))}`,
        sentence: failingWords(state, now, owner),
        detail: state.detail,
      };
    case "sign_in_again":
      return {
        ...plain,
        shape: "stop",
        word: "Sign in again",
        title: `Since ${exact(instant(state.since))}`,
        sentence: state.reason,
        detail: state.detail,
      };
    case "valid":
      return { ...plain, shape: "check", word: "Valid", title: `Checked on ${exact(instant(state.checked_at))}` };
    case "unverified":
      return { ...plain, shape: "question", word: "Not checked", sentence: state.reason };
    case "needs_workspace":
    case "key_refused":
    case "billing_needed":
    case "not_permitted":
      return {
        ...plain,
        shape: "stop",
        word: refusedWords[state.kind],
        title: `Checked on ${exact(instant(state.checked_at))}`,
        sentence: state.reason,
        detail: state.detail,
      };
    case "noted_expired":
      return { ...plain, shape: "stop", word: "Expired, by your note", sentence: state.reason };
    case "ended":
      return { ...plain, shape: "stop", word: "Ended", title: `Since ${exact(instant(state.since))}`, sentence: state.reason };
    case "hindered":
      return {
        ...plain,
        shape: "stop",
        word: "Does not work yet",
        title: `Checked on ${exact(instant(state.checked_at))}`,
        sentence: state.reason,
      };
    case "cannot_tell":
      return { ...plain, shape: "question", word: "Not known", sentence: state.reason, detail: state.detail };
  }
}

const renewsNext: Record<Owner, string> = {
  keyfob: "The next tool that asks gets a new one.",
  claude_code: "Claude Code renews it when it is used next.",
  ant: "The command ant renews it when it is asked for it.",
  environment: "Whoever set it has to set a new one.",
};

/** What the server said of a key that does not work. */
const refusedWords = {
  needs_workspace: "Workspace id needed",
  key_refused: "Refused",
  billing_needed: "Billing needed",
  not_permitted: "Not permitted",
};

function partLeft(since: number, until: number, now: number): number {
  return Math.min(1, Math.max(0, (until - now) / Math.max(1, until - since)));
}

type Failing = Extract<State, { kind: "renewal_failing" }>;

function failingWords(state: Failing, now: number, owner: Owner): string {
  const left = state.serves_until ? instant(state.serves_until) - now : 0;
  const serves = left > 0 ? `The last token serves for another ${span(left)}.` : null;
  // While Keyfob rests, the row counts down to its next try instead.
  const tries = asksAgain(state, now) ? null : triesAgain[owner];
  return joined([state.reason, serves, tries], " ");
}

const triesAgain: Record<Owner, string> = {
  keyfob: "Keyfob tries again by itself, and when a tool asks.",
  claude_code: "Claude Code tries again when it is used next.",
  ant: "The command ant tries again when it is asked for it.",
  environment: "Whoever set it has to set a new one.",
};

/** How long Keyfob leaves a server alone that could not renew: "Asks again in 12 s". */
export function asksAgain(state: State, now: number): { words: string; title: string } | null {
  const at = state.kind === "renewal_failing" && state.rests_until ? instant(state.rests_until) : 0;
  if (at <= now) return null;
  // Rounded up, so that it never says 0.
  return { words: `Asks again in ${span(Math.ceil((at - now) / SECOND) * SECOND)}`, title: exact(at) };
}

/** The next instant that a countdown of this state runs to. */
export function runsTo(state: State, now: number): number | null {
  const ends =
    state.kind === "fresh" ? [state.until] : state.kind === "renewal_failing" ? [state.rests_until, state.serves_until] : [];
  const ahead = ends.flatMap((end) => (end ? [instant(end)] : [])).filter((end) => end > now);
  return ahead.length > 0 ? Math.min(...ahead) : null;
}

/** Whether another program holds it, so that Keyfob only looks at it. */
export const isLinked = ({ owner }: Status): boolean => owner === "claude_code" || owner === "ant";

/** Whether Keyfob, or whoever holds it, has something to renew the token with. */
export const isRenewable = (account: Status): boolean => renews(account) && canRenew(account);

const renews = (account: Status): boolean => account.method === "oauth" || isLinked(account);

const canRenew = ({ state }: Status): boolean =>
  state.kind === "renews_when_asked" || state.kind === "renewal_failing" || (state.kind === "fresh" && state.renewable);

/** What is said of a renewed token that its store could not take yet. */
export const waitsWords = ({ waits_since, storage }: Status) =>
  waits_since
    ? {
        words: `The renewed token waits, sealed on disk, for ${storeInSentence(storage)} to open.`,
        title: `Since ${exact(instant(waits_since))}`,
      }
    : null;

/** When a session ended that asks for a new sign-in: "Ended yesterday". */
export function endedWords(account: Status, now: number): { words: string; title: string } | null {
  const { state } = account;
  if (state.kind !== "sign_in_again") return null;
  // Of a session that is not there it is known only when that was seen.
  if (isLinked(account) && account.scopes.length === 0 && !state.detail) return null;
  const since = instant(state.since);
  const when = ago(since, now);
  return state.reason.includes(when) ? null : { words: `Ended ${when}`, title: exact(since) };
}

/** When the whole sign-in ends. */
export function signInEnds(at: string, now: number): { words: string; title: string } {
  const end = instant(at);
  const words = end > now ? `Sign-in ends in ${span(end - now)}` : `Sign-in ended ${ago(end, now)}`;
  return { words, title: exact(end) };
}

/** What the account is an account of: "Claude Console", "API key …9f2A". */
export function kindWords({ label, last_four, provider_name }: Status): string | null {
  const kind = last_four === null ? provider_name : `API key …${last_four}`;
  // A key that nobody named is called what it is, and that is said once.
  return label.startsWith(kind) ? null : kind;
}

/** A day that the person noted, in their own time: "1 Dec". */
export const notedDay = (on: string, now: number) => day(instant(`${on}T12:00`), now);

/** Who pays and who it is: "API billing, Acme Inc. · ada@acme.example · Research". */
export function whoWords({ payer, practice, identity }: Status): string {
  const payerAndOrganization = [payerWords(payer, practice), practice ? null : identity.organization];
  return joined([joined(payerAndOrganization, ", "), identity.email, identity.workspace], " · ");
}

/** Where the secret is and who holds it: "System keychain · held by Keyfob · checked today". */
export function whereWords({ storage, owner, state, expires_on }: Status, now: number): string {
  const holder = {
    keyfob: "held by Keyfob",
    claude_code: "held by Claude Code",
    ant: "held by ant",
    environment: "Set in this program's environment",
  }[owner];
  const checked = "checked_at" in state ? `checked ${ago(instant(state.checked_at), now)}` : null;
  const noted = expires_on
    ? `you noted: ${notedEnd(expires_on) > now ? "expires" : "expired"} ${notedDay(expires_on, now)}`
    : null;
  return joined([owner === "environment" ? null : storage, holder, checked, noted], " · ");
}

/** What the last check of a key failed with, where what was known before still counts. */
export const failedCheck = ({ check_failed }: Status, now: number): string | null =>
  check_failed ? `The last check, ${ago(instant(check_failed.at), now)}, taught nothing: ${check_failed.reason}` : null;

const joined = (parts: (string | null)[], by: string) => parts.filter(Boolean).join(by);

/** All of them in one sentence, for whoever has five seconds. */
export function summary(accounts: Status[]): { shape: ShapeKind; meaning: Status["meaning"]; words: string } {
  const act = accounts.filter((a) => a.meaning === "act");
  const soon = accounts.filter((a) => a.meaning === "soon");
  const [first] = act.length > 0 ? act : soon;
  if (!first) return { shape: "check", meaning: "fine", words: "All is well." };
  if (act.length > 1) return { shape: "stop", meaning: "act", words: `${act.length} accounts need you.` };
  if (act.length === 1) return { shape: "stop", meaning: "act", words: whatIsSo(first) };
  const several = `${soon.length} accounts are worth a look.`;
  return { shape: "warning", meaning: "soon", words: soon.length === 1 ? whatIsSo(first) : several };
}

function whatIsSo({ label, state, waits_since }: Status): string {
  switch (state.kind) {
    case "valid":
      return `${label} works, and is worth a look: its noted end is near, or its last check long ago.`;
    case "needs_workspace":
      return `${label} needs a workspace id.`;
    case "key_refused":
      return `The server refused ${label}. Replace the key.`;
    case "billing_needed":
      return `The organization of ${label} has to see to billing.`;
    case "not_permitted":
      return `${label} may not be used for this.`;
    case "noted_expired":
      return `By your note, ${label} has expired.`;
    case "ended":
      return `${label} has ended.`;
    case "sign_in_again":
      return `Sign in again to ${label}.`;
    case "renewal_failing":
      return `The renewal of ${label} is failing.`;
    case "unverified":
      return `${label} has not been checked.`;
    case "hindered":
      return `${label} does not work yet.`;
    case "cannot_tell":
      return `${label} could not be looked at.`;
    default:
      if (waits_since) return `The renewed token of ${label} waits to be stored.`;
      return `The sign-in of ${label} ends soon.`;
  }
}

export const words = {
  title: "Accounts",
  list: "Your accounts",
  add: "Add account",
  default: "Default",
  practice: "Practice",
  signIn: "Sign in",
  signInTo: (label: string) => `Sign in again to ${label}`,
  check: "Check now",
  checkOne: (label: string) => `Check now: ${label}`,
  checking: "Checking…",
  looking: "Looking…",
  more: (label: string) => `More for ${label}`,
  secret: (account: Status) => (account.last_four === null ? "Token" : "Key"),
  copy: (account: Status) => (account.last_four === null ? "Copy token" : "Copy key"),
  replaceKey: "Replace key…",
  replace: "Replace key",
  replaceOne: (label: string) => `Replace the key of ${label}`,
  editKey: "Workspace and expiry…",
  addWorkspace: "Add workspace id",
  addWorkspaceTo: (label: string) => `Add a workspace id to ${label}`,
  takeIn: "Import…",
  up: "Move up",
  down: "Move down",
  understood: "Understood",
  fallback: "Another account was given",
  makeDefault: "Make default",
  renew: "Renew now",
  renewing: "Renewing…",
  rename: "Rename…",
  signInAgain: "Sign in again",
  look: "Look now",
  lookAt: (label: string) => `Look at ${label} now`,
  renewAsk: "Renew now…",
  signOut: (account: Status) =>
    isLinked(account) ? "Forget link…" : account.method === "api_key" ? "Forget…" : "Sign out…",
};

export const renewWords = {
  title: (label: string) => `Renew ${label}`,
  about:
    "Claude Code renews its session when it is used. Keyfob runs it once with one small request, which counts towards your plan.",
  confirm: "Renew with one request",
  working: "Renewing…",
  cancel: "Cancel",
};

const linkedWords = {
  title: ({ label }: Status) => `Forget the link to ${label}`,
  about: ({ owner, storage }: Status) =>
    `Keyfob takes it off its list. Nothing is removed from ${owner === "ant" ? "ant" : "Claude Code"}: its session stays as it is, in ${storage}.`,
  confirm: ({ label }: Status) => `Forget the link to ${label}`,
  done: ({ label }: Status) => `The link to ${label} is forgotten`,
};

/** The tools that are given an account's credential, as people know them. */
export function connectedTo(all: ConnectionStatus[], { id }: Status): Lost {
  const theirs = all.filter(({ account }) => account === id);
  const of = (is: (to: ConnectionStatus["to"]) => boolean) => theirs.filter(({ to }) => is(to));
  const files = of((to) => to === "file");
  return {
    tools: of((to) => to !== "file" && to !== "command").map(({ name, target }) => (target ? `${name} (${target})` : name)),
    commands: of((to) => to === "command").map(({ target }) => target ?? "A program that runs Keyfob's command"),
    files: files.map(({ target, files: [first], name }) => target ?? first ?? name),
    filesEnd: files.every(({ valid_until }) => valid_until !== null),
  };
}

/** Who loses what when an account is signed out of. */
export type Lost = { tools: string[]; commands: string[]; files: string[]; filesEnd: boolean };

const listed = (names: string[]): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

export const renameWords = {
  title: (label: string) => `Rename ${label}`,
  field: "Name",
  save: "Rename",
  saving: "Renaming…",
  cancel: "Cancel",
};

export const signOutWords = {
  title: (account: Status) => said(account).title(account),
  about: (account: Status) => said(account).about(account),
  confirm: (account: Status) => said(account).confirm(account),
  working: ({ method }: Status) => (method === "oauth" ? "Signing out…" : "Forgetting…"),
  tools: (names: string[]) => `${listed(names)} will get nothing from Keyfob any more, and what was changed for that is put back.`,
  commands: (names: string[]) => `${listed(names)} will get nothing any more.`,
  files: (paths: string[], end: boolean) => {
    const which = paths.length === 1 ? "This file is deleted" : "These files are deleted";
    return `${which}: ${paths.join(", ")}. A copy of ${paths.length === 1 ? "it" : "them"} ${end ? "works until its end" : "goes on working"}.`;
  },
  disconnected: (names: string[]) => `Disconnected: ${names.join(", ")}.`,
  cancel: "Cancel",
  close: "Close",
  done: (account: Status) => said(account).done(account),
};

const keyWords: typeof linkedWords = {
  title: ({ label }) => `Forget ${label}`,
  about: ({ storage }) =>
    `Keyfob removes the key from ${storeInSentence(storage)}. The key itself goes on working wherever else it is used.`,
  confirm: ({ label }) => `Forget ${label}`,
  done: ({ label }) => `${label} is forgotten`,
};

const tokenWords: typeof linkedWords = {
  title: ({ label }) => `Sign out of ${label}`,
  about: ({ storage }) =>
    `Keyfob removes its tokens from ${storeInSentence(storage)}, and has them revoked where the server offers that. Tools that use this account stop working with it.`,
  confirm: ({ label }) => `Sign out of ${label} and forget its tokens`,
  done: ({ label }) => `Signed out of ${label}`,
};

const said = (account: Status) =>
  isLinked(account) ? linkedWords : account.method === "api_key" ? keyWords : tokenWords;

/** What became of the tokens, and where to end the rest by hand. */
export function reportWords(
  { method, practice, provider, provider_name, storage, owner }: Status,
  { revoked }: SignOutReport,
): { words: string; link: { which: "api_keys" | "console"; words: string } | null } {
  const keys = { which: "api_keys" as const, words: "Open the keys page" };
  if (method === "api_key") {
    const from = storeInSentence(storage);
    return practice
      ? { words: `The practice key is removed from ${from}.`, link: null }
      : { words: `The key is removed from ${from}. To end it everywhere, delete it on the keys page.`, link: keys };
  }
  switch (revoked) {
    case "yes":
      return { words: "Its tokens are forgotten here and revoked at the server.", link: null };
    case "no_endpoint":
      return {
        words: `Its tokens are forgotten here. ${provider_name} offers programs no way to revoke them, so they end by themselves${
          provider === "claude-console" ? ", or when you end them in Claude Console" : ""
        }.`,
        link: provider === "claude-console" ? { which: "console", words: "Open Claude Console" } : null,
      };
    case "failed":
      return {
        words: "Its tokens are forgotten here, but the server could not be asked to revoke them. They end by themselves.",
        link: null,
      };
    case "not_ours":
      return {
        words: `Nothing of it was touched: ${owner === "ant" ? "ant" : "Claude Code"} keeps its session as it is, in ${storage}.`,
        link: null,
      };
    case "not_needed":
      return { words: "Its tokens are forgotten here. There was nothing to revoke.", link: null };
  }
}
