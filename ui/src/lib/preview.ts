// A door that plays the program, for looking at screens in a browser and for tests. It is no part of the built page.

import type { ConnectableTool } from "./bindings/ConnectableTool";
import type { ConnectionStatus } from "./bindings/ConnectionStatus";
import type { Discovered } from "./bindings/Discovered";
import type { ImportCheck } from "./bindings/ImportCheck";
import type { Moved } from "./bindings/Moved";
import type { OrderView } from "./bindings/OrderView";
import type { OtherProgram } from "./bindings/OtherProgram";
import type { Overview } from "./bindings/Overview";
import type { Preferences } from "./bindings/Preferences";
import type { Recipient } from "./bindings/Recipient";
import type { Screen } from "./bindings/Screen";
import type { SignInEnded } from "./bindings/SignInEnded";
import type { StorageChoice } from "./bindings/StorageChoice";
import type { UiError } from "./bindings/UiError";
import type { WaitingView } from "./bindings/WaitingView";
import type { Door } from "./ipc";
import { connected, connectionScenes, playTest, toldOf } from "./preview-connections";
import { findings, findingsFine, findingsHere, history, longHistory } from "./preview-events";
import { noneInstalled, others, planAccount } from "./preview-linked";
import { apiKey, practiceProvider, scenes, workAccount } from "./preview-scenes";
import { inUse, nothingInUse, onThisComputer } from "./preview-which";
import { HOUR, MINUTE } from "./time";

type Args = Record<string, unknown>;

export const refusal: UiError = {
  code: "not_accepted",
  message: "This is not a code of this sign-in.",
  cure: "Copy the whole code from the page and paste it again.",
  detail: "the state differs from the one that was sent",
};

export const wrongPassphrase: UiError = {
  code: "secret_store",
  message: "That is not the passphrase of the encrypted files.",
  cure: "Try again with the passphrase that was chosen for them.",
  detail: null,
};

const storeNames: Record<StorageChoice["kind"], string> = {
  keychain: "System keychain",
  key_file: "Encrypted files (key file)",
  passphrase: "Encrypted files (passphrase)",
  credential: "Encrypted files (key from the service manager)",
};

/** Reads a little of what the program reads: enough to see how each answer looks. */
function playCheck(text: string): ImportCheck {
  const wrong = (message: string, cure: string, at: number, path: string | null): ImportCheck => {
    const before = text.slice(0, at).split("\n");
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, path };
    return { kind: "problem", error: { code: "not_accepted", message, cure, detail: null }, place, unfinished: !text.includes("}") };
  };
  if (text.includes("claudeAiOauth")) {
    const cure = "Link Claude Code instead: it shows how its session stands and leaves it where it is.";
    return wrong("That is a session of Claude Code, which renews it itself.", cure, text.indexOf("claudeAiOauth") - 1, "$.claudeAiOauth");
  }
  if (!text.includes("}")) return wrong("The JSON ends too early.", "Copy it again, to its last }.", text.length, null);
  const soon = text.indexOf('"soon"');
  if (soon >= 0) {
    const cure = "Write seconds or milliseconds since 1970, or a date such as 2026-12-01T10:00:00Z.";
    return wrong("expires_at is no time.", cure, soon, "$.expires_at");
  }
  return { kind: "tokens", expires_at: new Date(Date.now() + 7.2 * HOUR).toISOString(), has_ended: false, renewable: true, scopes: ["user:profile"] };
}

/** Plays the program with the overview it is given, and remembers what it was asked. */
export class PretendProgram implements Door {
  found: Discovered[] = [];
  tools: ConnectableTool[] = [];
  files: ConnectionStatus[] = [];
  readonly asked: { command: string; args: Args }[] = [];
  readonly #answers = new Map<string, (args: Args) => unknown>();
  readonly #heard = new Map<string, Set<(payload: unknown) => void>>();

  constructor(public overview: Overview) {}

  /** Answers a command like this from now on; a function that throws is a refusal. */
  answer(command: string, how: (args: Args) => unknown): void {
    this.#answers.set(command, how);
  }

  tell(event: string, payload: unknown = null): void {
    this.#heard.get(event)?.forEach((heard) => heard(payload));
  }

  end(ended: SignInEnded): void {
    this.overview = { ...this.overview, waiting: null };
    if (ended.kind === "signed_in") this.#add(ended.account);
    this.tell("sign_in_ended", ended);
  }

  async on(event: string, heard: (payload: unknown) => void): Promise<() => void> {
    const all = this.#heard.get(event) ?? new Set();
    this.#heard.set(event, all.add(heard));
    return () => all.delete(heard);
  }

  async call(command: string, args: Args): Promise<unknown> {
    this.asked.push({ command, args });
    const answer = this.#answers.get(command) ?? (() => this.play(command, args));
    return answer(args);
  }

  /** What it does with a command when nothing else was said. */
  play(command: string, args: Args): unknown {
    switch (command) {
      case "overview":
        return this.overview;
      case "begin_sign_in":
        return this.#begin(String(args.providerId));
      case "begin_linked_sign_in": {
        const program = args.program as OtherProgram;
        const waiting = { ...this.#begin(program === "ant" ? "ant" : "Claude Code"), provider_id: "", program };
        waiting.payer = program === "ant" || args.console ? "api" : "plan";
        this.overview = { ...this.overview, waiting };
        return waiting;
      }
      case "other_programs":
        return others;
      case "link_session":
        return this.#add({ ...planAccount(Date.now()), id: "acct-00000000000000cc", label: "ada@home.example" });
      case "cancel_sign_in":
        this.end({ kind: "cancelled" });
        return null;
      case "paste_code":
        if (args.text !== "good") throw refusal;
        this.end({ kind: "signed_in", account: { ...workAccount(Date.now()), id: "acct-00000000000000aa" } });
        return null;
      case "add_api_key":
        return this.#add({ ...apiKey(Date.now()), id: "acct-00000000000000bb", label: String(args.label ?? "API key") });
      case "rotate_key":
        return this.#change(String(args.accountId), {
          state: { kind: "valid", checked_at: new Date().toISOString() },
          meaning: "fine",
          last_four: "New1",
          expires_on: (args.expiresOn as string | null) ?? null,
        });
      case "edit_key":
        return this.#change(String(args.accountId), {
          workspace_id: String(args.workspaceId) || null,
          expires_on: String(args.expiresOn) || null,
        });
      case "check_import":
        return playCheck(String(args.text));
      case "import_tokens":
        return { account: this.#add({ ...workAccount(Date.now()), id: "acct-00000000000000cc", label: "Imported" }), warning: null };
      case "import_environment":
        return { account: this.#add({ ...apiKey(Date.now()), id: "acct-00000000000000dd", label: "API key …77Zz" }), warning: null };
      case "set_order":
        return this.#order(args.accountIds as string[]);
      case "use_usual_order":
        return this.#order(this.overview.accounts.map((a) => a.id));
      case "clear_order":
        return this.#ordered({ is_set: false, fallback: false, placed: [], fallback_words: null });
      case "set_fallback":
        return this.#ordered({ is_set: true, fallback: Boolean(args.on), placed: this.overview.accounts.map((a) => a.id) });
      case "acknowledge_fallback":
        return this.#ordered({ fallback_words: null });
      case "check_key":
      case "rename":
        return this.#change(String(args.accountId), args.label ? { label: String(args.label) } : {});
      case "sign_out":
        return this.#signOut(String(args.accountId));
      case "start_practice":
        this.overview = { ...this.overview, practice: "running", providers: [...this.overview.providers, practiceProvider] };
        return practiceProvider.id;
      case "refresh":
        return this.#renew(String(args.accountId));
      case "activity":
        return history(Date.now());
      case "which":
        return inUse;
      case "discover":
        return this.found;
      case "take_discovered":
        this.found = this.found.filter(({ key }) => key !== args.key);
        return this.#add({ ...apiKey(Date.now()), id: "acct-00000000000000cc", label: "From this computer" });
      case "ignore_discovered":
        this.found = this.found.filter(({ key }) => key !== args.key);
        return null;
      case "connectable":
        return this.tools;
      case "connections":
        return [...this.tools.flatMap(({ connections }) => connections), ...this.files];
      case "connect_tool":
        return this.#connect(args.to as Recipient, String(args.accountId), args.name as string | null, Boolean(args.activate));
      case "disconnect_tool":
        return this.#disconnect(String(args.id));
      case "test_connection":
        return playTest(String(args.id));
      case "doctor":
        return args.network ? findings : [...findingsHere, ...findings.filter(({ group }) => group === "tools")];
      case "move_storage":
        return this.#move(args.to as StorageChoice);
      case "unlock_storage":
        return this.#unlock(String(args.passphrase));
      case "set_preferences":
        this.overview = { ...this.overview, preferences: args.preferences as Preferences };
        return null;
      default:
        return null;
    }
  }

  #begin(providerId: string): WaitingView {
    const provider = this.overview.providers.find((p) => p.id === providerId);
    const waiting: WaitingView = {
      provider_id: providerId,
      provider_name: provider?.name ?? providerId,
      payer: provider?.payer ?? "api",
      practice: provider?.practice ?? false,
      ends_at: new Date(Date.now() + 5 * MINUTE).toISOString(),
      can_paste: provider?.redirect !== "loopback",
      listens: true,
      browser_problem: null,
      exchanging: false,
      program: null,
    };
    this.overview = { ...this.overview, waiting };
    return waiting;
  }

  #add(account: Overview["accounts"][number]) {
    const others = this.overview.accounts.filter((a) => a.id !== account.id);
    this.overview = { ...this.overview, accounts: [...others, account] };
    return account;
  }

  #change(id: string, change: Partial<Overview["accounts"][number]>) {
    const accounts = this.overview.accounts.map((a) => (a.id === id ? { ...a, ...change } : a));
    this.overview = { ...this.overview, accounts };
    return accounts.find((a) => a.id === id);
  }

  #order(ids: string[]): null {
    const place = (id: string) => (ids.includes(id) ? ids.indexOf(id) : ids.length);
    const accounts = this.overview.accounts.toSorted((a, b) => place(a.id) - place(b.id));
    this.overview = { ...this.overview, accounts: accounts.map((a, at) => ({ ...a, is_default: at === 0 })) };
    return this.#ordered({ is_set: true, placed: ids });
  }

  #ordered(change: Partial<OrderView>): null {
    const { order } = this.overview;
    this.overview = { ...this.overview, order: order && { ...order, ...change } };
    return null;
  }

  #connect(to: Recipient, accountId: string, name: string | null, activate: boolean) {
    const tool = this.tools.find((one) => one.to === to)!;
    const connection = connected(tool, accountId, name, Date.now());
    this.tools = this.tools.map((one) => (one === tool ? { ...one, connections: [...one.connections, connection] } : one));
    return { connection, words: toldOf(connection, activate), command: connection.command };
  }

  #disconnect(id: string) {
    const connection = [...this.tools.flatMap(({ connections }) => connections), ...this.files].find((one) => one.id === id);
    const others = (all: ConnectionStatus[]) => all.filter((one) => one !== connection);
    this.tools = this.tools.map((one) => ({ ...one, connections: others(one.connections) }));
    this.files = others(this.files);
    return { connection, left: [] };
  }

  #renew(id: string): null {
    const [since, until] = [Date.now(), Date.now() + 8 * HOUR].map((ms) => new Date(ms).toISOString()) as [string, string];
    this.#change(id, { state: { kind: "fresh", since, until, renewable: true }, meaning: "fine", changes_at: until });
    return null;
  }

  #move(choice: StorageChoice): Moved {
    const name = storeNames[choice.kind];
    const count = this.overview.storage.choice?.kind === choice.kind ? 0 : this.overview.accounts.length;
    const accounts = this.overview.accounts.map((account) => ({ ...account, storage: name }));
    const storage = { name, choice, leftovers_in: null };
    this.overview = { ...this.overview, accounts, storage: { ...this.overview.storage, ...storage } };
    return { count, storage, problem: null };
  }

  #unlock(passphrase: string): null {
    if (passphrase !== "open sesame") throw wrongPassphrase;
    this.overview = { ...this.overview, storage: { ...this.overview.storage, problem: null, wants_passphrase: false } };
    this.tell("changed");
    return null;
  }

  #signOut(id: string) {
    const account = this.overview.accounts.find((a) => a.id === id);
    this.overview = { ...this.overview, accounts: this.overview.accounts.filter((a) => a.id !== id) };
    this.tell("changed");
    const ours = account?.owner === "keyfob";
    const revoked = !ours ? "not_ours" : account.method === "api_key" ? "not_needed" : "no_endpoint";
    const theirs = this.tools.flatMap(({ connections }) => connections).filter(({ account }) => account === id);
    for (const { id: connection } of theirs) this.#disconnect(connection);
    return { label: account?.label, revoked, detail: null, disconnected: theirs.map(({ name, target }) => (target ? `${name} (${target})` : name)), left: [] };
  }
}

/** The door of the preview: `?scene=` names what is shown, `?theme=` how, `?screen=` where. */
export function previewDoor(query: URLSearchParams): Door {
  const name = query.get("scene") ?? "accounts";
  const overview = (scenes[name] ?? scenes.accounts!)(Date.now());
  const theme = query.get("theme") as Preferences["theme"] | null;
  const named: Screen[] = ["activity", "connections", "doctor", "which"];
  const own = named.find((screen) => name.startsWith(screen)) ?? "accounts";
  const last_screen = (query.get("screen") as Screen | null) ?? own;
  const program = new PretendProgram({
    ...overview,
    preferences: { ...overview.preferences, theme: theme ?? overview.preferences.theme, last_screen },
  });
  if (name === "none_installed") program.answer("other_programs", () => noneInstalled);
  if (name === "found" || name === "first_found") program.found = onThisComputer;
  connectionScenes[name]?.(program, Date.now());
  if (name === "which-none") program.answer("which", () => nothingInUse);
  if (name === "doctor-fine") program.answer("doctor", () => findingsFine);
  // The servers never answer here.
  if (name === "doctor-waiting") program.answer("doctor", (args) => (args.network ? new Promise(() => {}) : findingsHere));
  if (name === "activity-empty") program.answer("activity", () => []);
  if (name === "activity-long") program.answer("activity", () => longHistory(Date.now(), 2_000));
  return program;
}
