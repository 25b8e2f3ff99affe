// The one door between the page and the program. Nothing else imports @tauri-apps, so tests and the preview can
// put another door in its place, and this file is the whole list of what the page may ask.

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { ActivityEntry } from "./bindings/ActivityEntry";
import type { Finding } from "./bindings/Finding";
import type { Moved } from "./bindings/Moved";
import type { Overview } from "./bindings/Overview";
import type { Preferences } from "./bindings/Preferences";
import type { ProviderForm } from "./bindings/ProviderForm";
import type { SignInEnded } from "./bindings/SignInEnded";
import type { SignOutReport } from "./bindings/SignOutReport";
import type { Status } from "./bindings/Status";
import type { StorageChoice } from "./bindings/StorageChoice";
import type { UiError } from "./bindings/UiError";
import type { WaitingView } from "./bindings/WaitingView";

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
  verify: boolean;
}) => ask<Status>("add_api_key", args);

export const checkKey = (args: { accountId: string }) => ask<Status>("check_key", args);

/** Renews a token before its time. It may be renewed and something still be to be said: that is the answer. */
export const refresh = (args: { accountId: string }) => ask<UiError | null>("refresh", args);

/** What happened to the accounts, the newest first. */
export const activity = () => ask<ActivityEntry[]>("activity");

/** Looks whether everything is in order; asks the servers only with `network`. */
export const doctor = (args: { network: boolean }) => ask<Finding[]>("doctor", args);

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
export const openLink = (args: { which: "claude_code" | "api_keys" | "console" }) => ask<null>("open_link", args);

/** Accounts or configuration changed, here or in another process: ask for the overview again. */
export const onChanged = (heard: () => void) => door.on("changed", heard);

export const onSignInEnded = (heard: (ended: SignInEnded) => void) =>
  door.on("sign_in_ended", (payload) => heard(payload as SignInEnded));
