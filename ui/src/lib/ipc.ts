// The one door between the page and the program. Nothing else imports @tauri-apps, so tests and the preview can
// put another door in its place, and this file is the whole list of what the page may ask.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { ActivityEntry } from "./bindings/ActivityEntry";
import type { ConnectableTool } from "./bindings/ConnectableTool";
import type { Connected } from "./bindings/Connected";
import type { ConnectionStatus } from "./bindings/ConnectionStatus";
import type { Disconnected } from "./bindings/Disconnected";
import type { Discovered } from "./bindings/Discovered";
import type { Finding } from "./bindings/Finding";
import type { ImportCheck } from "./bindings/ImportCheck";
import type { Imported } from "./bindings/Imported";
import type { Link } from "./bindings/Link";
import type { Moved } from "./bindings/Moved";
import type { OtherProgram } from "./bindings/OtherProgram";
import type { OtherSessions } from "./bindings/OtherSessions";
import type { Overview } from "./bindings/Overview";
import type { Preferences } from "./bindings/Preferences";
import type { ProviderForm } from "./bindings/ProviderForm";
import type { Recipient } from "./bindings/Recipient";
import type { SignInEnded } from "./bindings/SignInEnded";
import type { SignOutReport } from "./bindings/SignOutReport";
import type { Status } from "./bindings/Status";
import type { StorageChoice } from "./bindings/StorageChoice";
import type { Tested } from "./bindings/Tested";
import type { UiError } from "./bindings/UiError";
import type { UsualOrder } from "./bindings/UsualOrder";
import type { WaitingView } from "./bindings/WaitingView";
import type { Which } from "./bindings/Which";

type Args = Record<string, unknown>;

/** What stands behind the page: the program, or something that plays it. */
export interface Door {
  call(command: string, args: Args): Promise<unknown>;
  on(event: string, heard: (payload: unknown) => void): Promise<() => void>;
}

const program: Door = {
  call: (command, args) => invoke(command, args),
  on: (event, heard) => listen(event, ({ payload }) => heard(payload)),
};

let door = program;

/** Puts another door in place of the program. */
export function useDoor(other: Door): void {
  door = other;
}

const ask = <T>(command: string, args: Args = {}) => door.call(command, args) as Promise<T>;

/** All that is shown, in one answer. */
export const overview = () => ask<Overview>("overview");

/** Opens the browser; with an account id, to renew that account's sign-in. */
export const beginSignIn = (args: { providerId: string; accountId: string | null }) =>
  ask<WaitingView>("begin_sign_in", args);

/** Has another program sign in; it opens the browser itself, and keeps the session. */
export const beginLinkedSignIn = (args: { program: OtherProgram; accountId: string | null; console: boolean }) =>
  ask<WaitingView>("begin_linked_sign_in", args);

/** Which other programs are here, and which of their sessions are not in the list yet. */
export const otherPrograms = () => ask<OtherSessions[]>("other_programs");

/** Adds a session that another program holds; it is only looked at. */
export const linkSession = (args: { link: Link }) => ask<Status>("link_session", args);

/** Looks at a session where the system may ask for leave: only at a click. */
export const lookAtSession = (args: { accountId: string }) => ask<Status>("look_at_session", args);

/** Copies the address to sign in at. Rust does it: the address never comes to the page. */
export const copySignInLink = (args: { leg: "redirect" | "paste" }) => ask<null>("copy_sign_in_link", args);

export const openBrowserAgain = () => ask<null>("open_browser_again");

/** Refused text is no end: the attempt goes on waiting. */
export const pasteCode = (args: { text: string }) => ask<null>("paste_code", args);

export const cancelSignIn = () => ask<null>("cancel_sign_in");

export const addApiKey = (args: {
  key: string;
  label: string | null;
  workspaceId: string | null;
  expiresOn: string | null;
  verify: boolean;
}) => ask<Status>("add_api_key", args);

/** Puts a new key in the place of an old one, if it works. */
export const rotateKey = (args: { accountId: string; key: string; expiresOn: string | null; verify: boolean }) =>
  ask<Status>("rotate_key", args);

/** What is empty is taken away. */
export const editKey = (args: { accountId: string; workspaceId: string; expiresOn: string }) =>
  ask<Status>("edit_key", args);

/** Looks at tokens that are being typed; nothing is stored, and nothing of them comes back. */
export const checkImport = (args: { text: string }) => ask<ImportCheck>("check_import", args);

export const importTokens = (args: { text: string; providerId: string; label: string | null }) =>
  ask<Imported>("import_tokens", args);

/** Takes in what stands in a variable of the program's environment. */
export const importEnvironment = (args: { accountId: string; providerId: string | null }) =>
  ask<Imported>("import_environment", args);

/** Those that are named come first, all others follow. */
export const setOrder = (args: { accountIds: string[] }) => ask<null>("set_order", args);

export const useUsualOrder = (args: { which: UsualOrder }) => ask<null>("use_usual_order", args);

export const clearOrder = () => ask<null>("clear_order");

export const setFallback = (args: { on: boolean }) => ask<null>("set_fallback", args);

/** The person has seen that another account was given. */
export const acknowledgeFallback = () => ask<null>("acknowledge_fallback");

export const checkKey = (args: { accountId: string }) => ask<Status>("check_key", args);

/** Renews a token before its time. It may be renewed and something still be to be said: that is the answer. */
export const refresh = (args: { accountId: string }) => ask<UiError | null>("refresh", args);

/** What happened to the accounts, the newest first. */
export const activity = () => ask<ActivityEntry[]>("activity");

/** Looks whether everything is in order; asks the servers only with `network`. */
export const doctor = (args: { network: boolean }) => ask<Finding[]>("doctor", args);

/** Which credential each tool would use, in the environment of the window and in a folder. */
export const which = (args: { folder: string | null }) => ask<Which[]>("which", args);

/** What is on this computer and not in the list. */
export const discover = () => ask<Discovered[]>("discover");

/** Links or imports what was found. */
export const takeDiscovered = (args: { key: string }) => ask<Status>("take_discovered", args);

export const ignoreDiscovered = (args: { key: string }) => ask<null>("ignore_discovered", args);

/** The tools that can be connected, whether they are here, and how they are connected. */
export const connectable = () => ask<ConnectableTool[]>("connectable");

/** Everything that was given to tools and into files. */
export const connections = () => ask<ConnectionStatus[]>("connections");

/**
 * With `replace`, what stands there already is put aside until the tool is disconnected; with `activate`, a profile is
 * used where none is named.
 */
export const connectTool = (args: {
  to: Recipient;
  accountId: string;
  name: string | null;
  replace: boolean;
  activate: boolean;
}) =>
  ask<Connected>("connect_tool", args);

/** Takes back what a tool was given, or removes a file. */
export const disconnectTool = (args: { id: string }) => ask<Disconnected>("disconnect_tool", args);

/** Runs the tool's own cheapest check. It takes as long as that. */
export const testConnection = (args: { id: string }) => ask<Tested>("test_connection", args);

/** Moves all secrets; a passphrase goes along where the new store is to be opened by one. */
export const moveStorage = (args: { to: StorageChoice; passphrase: string | null }) => ask<Moved>("move_storage", args);

/** Opens the encrypted files for as long as the program runs. */
export const unlockStorage = (args: { passphrase: string }) => ask<null>("unlock_storage", args);

export const setDefault = (args: { accountId: string }) => ask<null>("set_default", args);

export const rename = (args: { accountId: string; label: string }) => ask<Status>("rename", args);

export const signOut = (args: { accountId: string }) => ask<SignOutReport>("sign_out", args);

/** Copies the token or key. Rust does it, and clears it from the clipboard after 30 seconds. */
export const copyToken = (args: { accountId: string }) => ask<null>("copy_token", args);

/** Starts the practice server and answers with the provider to sign in to. */
export const startPractice = () => ask<string>("start_practice");

export const saveProvider = (args: { form: ProviderForm; replaces: string | null }) =>
  ask<null>("save_provider", args);

export const removeProvider = (args: { providerId: string }) => ask<null>("remove_provider", args);

export const setPreferences = (args: { preferences: Preferences }) => ask<null>("set_preferences", args);

/** Opens one of a few known pages in the browser. */
export const openLink = (args: { which: "claude_code" | "api_keys" | "console" | "get_claude_code" | "get_ant" }) =>
  ask<null>("open_link", args);

/** Accounts or configuration changed, here or in another process: ask for the overview again. */
export const onChanged = (heard: () => void) => door.on("changed", heard);

/** A connected tool asked for its credential. */
export const onAsked = (heard: () => void) => door.on("asked", heard);

export const onSignInEnded = (heard: (ended: SignInEnded) => void) =>
  door.on("sign_in_ended", (payload) => heard(payload as SignInEnded));
