import { readdirSync, readFileSync } from "node:fs";

import { expect, test, vi } from "vitest";

import * as ipc from "../src/lib/ipc";

const form = {
  id: "acme",
  name: "Acme",
  issuer: "https://login.acme.example",
  authorize_url: null,
  token_url: null,
  revocation_url: null,
  device_authorization_url: null,
  client_id: "c",
  scopes: [],
  audience: null,
  resource: [],
  redirect: null,
  paste_redirect_uri: null,
  payer: "company" as const,
  token_request: null,
  base_url: null,
};
const preferences = { theme: "dark" as const, last_screen: "accounts" as const, keep_running: true };

// The names are a contract with the commands in src-tauri, so they are written out here once more.
test.each<[string, () => Promise<unknown>, object]>([
  ["overview", () => ipc.overview(), {}],
  ["begin_sign_in", () => ipc.beginSignIn({ providerId: "p", accountId: null }), { providerId: "p", accountId: null }],
  [
    "begin_linked_sign_in",
    () => ipc.beginLinkedSignIn({ program: "ant", accountId: "a", console: false }),
    { program: "ant", accountId: "a", console: false },
  ],
  ["other_programs", () => ipc.otherPrograms(), {}],
  [
    "link_session",
    () => ipc.linkSession({ link: { kind: "claude_code", config_dir: null } }),
    { link: { kind: "claude_code", config_dir: null } },
  ],
  ["look_at_session", () => ipc.lookAtSession({ accountId: "a" }), { accountId: "a" }],
  ["copy_sign_in_link", () => ipc.copySignInLink({ leg: "paste" }), { leg: "paste" }],
  ["open_browser_again", () => ipc.openBrowserAgain(), {}],
  ["paste_code", () => ipc.pasteCode({ text: "t" }), { text: "t" }],
  ["cancel_sign_in", () => ipc.cancelSignIn(), {}],
  [
    "add_api_key",
    () => ipc.addApiKey({ key: "k", label: null, workspaceId: null, expiresOn: null, verify: true }),
    { key: "k", label: null, workspaceId: null, expiresOn: null, verify: true },
  ],
  [
    "rotate_key",
    () => ipc.rotateKey({ accountId: "a", key: "k", expiresOn: null, verify: true }),
    { accountId: "a", key: "k", expiresOn: null, verify: true },
  ],
  [
    "edit_key",
    () => ipc.editKey({ accountId: "a", workspaceId: "", expiresOn: "" }),
    { accountId: "a", workspaceId: "", expiresOn: "" },
  ],
  ["check_import", () => ipc.checkImport({ text: "{}" }), { text: "{}" }],
  [
    "import_tokens",
    () => ipc.importTokens({ text: "{}", providerId: "p", label: null }),
    { text: "{}", providerId: "p", label: null },
  ],
  [
    "import_environment",
    () => ipc.importEnvironment({ accountId: "a", providerId: null }),
    { accountId: "a", providerId: null },
  ],
  ["set_order", () => ipc.setOrder({ accountIds: ["a"] }), { accountIds: ["a"] }],
  ["use_usual_order", () => ipc.useUsualOrder({ which: "stored_first" }), { which: "stored_first" }],
  ["clear_order", () => ipc.clearOrder(), {}],
  ["set_fallback", () => ipc.setFallback({ on: true }), { on: true }],
  ["acknowledge_fallback", () => ipc.acknowledgeFallback(), {}],
  ["check_key", () => ipc.checkKey({ accountId: "a" }), { accountId: "a" }],
  ["refresh", () => ipc.refresh({ accountId: "a" }), { accountId: "a" }],
  ["activity", () => ipc.activity(), {}],
  ["which", () => ipc.which({ folder: "/f" }), { folder: "/f" }],
  ["discover", () => ipc.discover(), {}],
  ["take_discovered", () => ipc.takeDiscovered({ key: "k" }), { key: "k" }],
  ["ignore_discovered", () => ipc.ignoreDiscovered({ key: "k" }), { key: "k" }],
  ["doctor", () => ipc.doctor({ network: true }), { network: true }],
  ["connectable", () => ipc.connectable(), {}],
  ["connections", () => ipc.connections(), {}],
  [
    "connect_tool",
    () => ipc.connectTool({ to: "pi", accountId: "a", name: null, replace: false, activate: false }),
    { to: "pi", accountId: "a", name: null, replace: false, activate: false },
  ],
  ["disconnect_tool", () => ipc.disconnectTool({ id: "pi-0a1b" }), { id: "pi-0a1b" }],
  ["test_connection", () => ipc.testConnection({ id: "pi-0a1b" }), { id: "pi-0a1b" }],
  [
    "move_storage",
    () => ipc.moveStorage({ to: { kind: "key_file", path: "/k" }, passphrase: null }),
    { to: { kind: "key_file", path: "/k" }, passphrase: null },
  ],
  ["unlock_storage", () => ipc.unlockStorage({ passphrase: "p" }), { passphrase: "p" }],
  ["set_default", () => ipc.setDefault({ accountId: "a" }), { accountId: "a" }],
  ["rename", () => ipc.rename({ accountId: "a", label: "l" }), { accountId: "a", label: "l" }],
  ["sign_out", () => ipc.signOut({ accountId: "a" }), { accountId: "a" }],
  ["copy_token", () => ipc.copyToken({ accountId: "a" }), { accountId: "a" }],
  ["start_practice", () => ipc.startPractice(), {}],
  ["save_provider", () => ipc.saveProvider({ form, replaces: null }), { form, replaces: null }],
  ["remove_provider", () => ipc.removeProvider({ providerId: "p" }), { providerId: "p" }],
  ["set_preferences", () => ipc.setPreferences({ preferences }), { preferences }],
  ["open_link", () => ipc.openLink({ which: "console" }), { which: "console" }],
])("%s", async (command, ask, args) => {
  const call = vi.fn(async () => null);
  ipc.useDoor({ call, on: async () => () => {} });
  await ask();
  expect(call).toHaveBeenCalledExactlyOnceWith(command, args);
});

test("the events have their names", async () => {
  const on = vi.fn(async () => () => {});
  ipc.useDoor({ call: async () => null, on });
  await ipc.onChanged(() => {});
  await ipc.onAsked(() => {});
  await ipc.onSignInEnded(() => {});
  expect(on.mock.calls.map(([name]: unknown[]) => name)).toEqual(["changed", "asked", "sign_in_ended"]);
});

test("only the door imports the program's side", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).map((path) => `src/${path}`);
  const others = files.filter((path) => /\.(ts|svelte)$/.test(path) && !path.endsWith("lib/ipc.ts"));
  expect(others.length).toBeGreaterThan(40);
  expect(others.filter((path) => readFileSync(path, "utf8").includes("@tauri-apps"))).toEqual([]);
});
