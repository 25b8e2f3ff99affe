import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Status } from "../src/lib/bindings/Status";
import {
  apiKey,
  consoleReady,
  empty,
  inOrder,
  keyInEnvironment,
  needsWorkspace,
  noted,
  refusedKey,
  scenes,
  sessionInEnvironment,
  tokensInEnvironment,
  workAccount,
} from "../src/lib/preview-scenes";
import { failedCheck, kindWords, notedDay, stateWords, summary, whereWords } from "../src/screens/accounts/words";
import { foundWords, offsetOf } from "../src/screens/import/words";
import { HOUR } from "../src/lib/time";
import { field, lastAsked, later, openWindow, press, see, seen, user } from "./window";

const now = Date.now();
const KEY = "sk-ant-api03-not-a-real-one";
const withAccounts = (...accounts: Status[]) => ({ ...empty(), providers: [consoleReady], accounts });
const settings = (overview = withAccounts(workAccount(now), apiKey(now))) => ({
  ...overview,
  preferences: { ...overview.preferences, last_screen: "settings" as const },
});

test.each([
  ["needs_workspace", "Workspace id needed"],
  ["key_refused", "Refused"],
  ["billing_needed", "Billing needed"],
  ["not_permitted", "Not permitted"],
] as const)("the answer %s has its word and its remainder", (kind, word) => {
  const shown = stateWords({ kind, checked_at: new Date(now).toISOString(), reason: "R.", detail: "HTTP 4xx" }, now);
  expect(shown).toMatchObject({ shape: "stop", word, sentence: "R.", detail: "HTTP 4xx" });
});

test("a key says what was noted, and that its last check taught nothing", () => {
  const key = { ...noted(now), expires_on: "2026-12-01" };
  expect(notedDay("2026-12-01", Date.parse("2026-03-01"))).toBe("1 Dec");
  expect(whereWords(key, Date.parse("2026-11-21T12:00"))).toContain("you noted: expires 1 Dec");
  expect(failedCheck(noted(now), now)).toContain("3 min ago, taught nothing: The server is limiting");
  expect(failedCheck(apiKey(now), now)).toBeNull();
  expect(summary([noted(now)]).meaning).toBe("soon");
});

test("a key that nobody named is called what it is once", () => {
  expect(kindWords(refusedKey(now))).toBeNull();
  expect(kindWords({ ...refusedKey(now), label: "API key …9f2A 2" })).toBeNull();
  expect(kindWords(apiKey(now))).toBe("API key …9f2A");
});

test("a refused key is replaced, and its field is empty before the answer", async () => {
  const program = await openWindow(withAccounts(refusedKey(now)));
  const answer = later<Status>();
  program.answer("rotate_key", () => answer.promise);
  await press("replace-key");
  await user.type(await field("replace-key-field"), KEY);
  await press("replace-key-confirm");
  expect(lastAsked(program, "rotate_key")).toEqual({
    accountId: refusedKey(now).id,
    key: KEY,
    expiresOn: null,
    verify: true,
  });
  expect((await field("replace-key-field")).value).toBe("");
  expect(document.documentElement.outerHTML).not.toContain(KEY);
  answer.give(apiKey(now));
  await waitFor(() => expect(seen("replace-key-dialog")).toBeNull());
  expect((await see("outcome")).textContent).toContain("has its new key");
});

test("a new key that does not work says so in the dialog, which stays", async () => {
  const program = await openWindow(withAccounts(apiKey(now)));
  program.answer("rotate_key", () => {
    throw { code: "not_accepted", message: "The server does not know this key.", cure: "Make a new one.", detail: null };
  });
  await press("row-menu");
  await press("menu-replace-key");
  await user.type(await field("replace-key-field"), KEY);
  await press("replace-key-confirm");
  expect((await see("replace-key-error")).textContent).toContain("does not know this key");
  await waitFor(async () => expect(document.activeElement).toBe(await field("replace-key-field")));
});

test("a workspace and a day are noted", async () => {
  const program = await openWindow(withAccounts(needsWorkspace(now)));
  await press("add-workspace");
  await user.type(await field("edit-workspace"), " wrkspc_1 ");
  await user.type(await field("edit-expires"), "2026-12-01");
  await press("edit-key-confirm");
  const accountId = needsWorkspace(now).id;
  expect(lastAsked(program, "edit_key")).toEqual({ accountId, workspaceId: "wrkspc_1", expiresOn: "2026-12-01" });
});

test("a variable is shown with what it outranks, and only what makes sense can be done", async () => {
  const program = await openWindow(withAccounts(keyInEnvironment(now), sessionInEnvironment(now)));
  const [key, session] = await screen.findAllByTestId("account-row");
  expect(key!.textContent).toContain("Set in this program's environment");
  expect(within(session!).getByTestId("account-about").textContent).toContain("gives it to nobody");
  await user.click(within(key!).getByTestId("row-menu"));
  await see("menu-copy");
  for (const none of ["menu-rename", "menu-sign-out", "menu-default", "menu-sign-in"]) expect(seen(none)).toBeNull();
  await press("menu-take-in");
  await press("take-in-confirm");
  expect(lastAsked(program, "import_environment")).toEqual({ accountId: keyInEnvironment(now).id, providerId: null });
});

test("tokens of a variable are imported for a provider that is named", async () => {
  const program = await openWindow(withAccounts(tokensInEnvironment(now), apiKey(now)));
  await user.click((await screen.findAllByTestId("row-menu"))[0]!);
  expect(seen("menu-copy")).toBeNull();
  await press("menu-take-in");
  await press("take-in-confirm");
  const accountId = tokensInEnvironment(now).id;
  expect(lastAsked(program, "import_environment")).toEqual({ accountId, providerId: "claude-console" });
});

test("an account is moved, and a variable that nobody placed stays without a place", async () => {
  const program = await openWindow(withAccounts(workAccount(now), apiKey(now), keyInEnvironment(now)));
  await user.click((await screen.findAllByTestId("row-menu"))[1]!);
  await press("menu-up");
  expect(lastAsked(program, "set_order")).toEqual({ accountIds: [apiKey(now).id, workAccount(now).id] });
  expect((await see("outcome")).textContent).toContain("CI key is number 1 now.");
});

test("that another account was given is shown until it is understood", async () => {
  const program = await openWindow(scenes.ordered!(now));
  expect((await see("fell-back")).textContent).toContain("now billed to API usage, and not to your company");
  await press("fell-back-understood");
  expect(lastAsked(program, "acknowledge_fallback")).toEqual({});
  await waitFor(() => expect(seen("fell-back")).toBeNull());
});

test("the order and the fallback are chosen in Settings", async () => {
  const program = await openWindow(settings());
  await see("order-unset");
  await press("order-stored-first");
  expect(lastAsked(program, "use_usual_order")).toEqual({ which: "stored_first" });
  const list = await see("order-list");
  expect(list.textContent).toContain("Work");
  await press("fallback");
  expect(lastAsked(program, "set_fallback")).toEqual({ on: true });
  await press("order-forget");
  await see("order-unset");
});

test("the order names only what has a place", async () => {
  const accounts = [workAccount(now), keyInEnvironment(now)];
  await openWindow(settings({ ...withAccounts(...accounts), order: inOrder([workAccount(now)]) }));
  expect((await see("order-list")).textContent).not.toContain("ANTHROPIC_API_KEY");
});

test("tokens are looked at while they are typed, and the exact place is shown", async () => {
  const program = await openWindow(settings());
  const area = (await see("import-text")) as unknown as HTMLTextAreaElement;
  await user.click(area);
  await user.paste('{"access_token": "planted",');
  await see("import-unfinished");
  await user.paste('\n "expires_at": "soon"}');
  expect((await see("import-place")).textContent).toContain("Line 2, column 16, at $.expires_at");
  expect((await see("import-problem")).textContent).toContain("expires_at is no time.");
  expect((await see("import-mark")).textContent).toBe("");
  await press("import-show");
  expect(area.value.slice(area.selectionStart, area.selectionEnd)).toBe('"');
  expect(lastAsked(program, "import_tokens")).toBeUndefined();
});

test("tokens that are right are imported, and the field is empty before the answer", async () => {
  const program = await openWindow(settings());
  const area = (await see("import-text")) as unknown as HTMLTextAreaElement;
  const answer = later<unknown>();
  program.answer("import_tokens", () => answer.promise);
  await user.click(area);
  await user.paste('{"access_token": "planted"}');
  expect((await see("import-found")).textContent).toContain("can be renewed");
  await press("import-submit");
  expect(lastAsked(program, "import_tokens")).toEqual({
    text: '{"access_token": "planted"}',
    providerId: "claude-console",
    label: null,
  });
  expect(area.value).toBe("");
  answer.refuse({ code: "secret_store", message: "The system keychain is locked.", cure: "Unlock it.", detail: null });
  expect((await see("import-error")).textContent).toContain("locked");
  expect(document.documentElement.outerHTML).not.toContain("planted");
});

test("without a provider there is nothing to import for", async () => {
  await openWindow(settings({ ...withAccounts(apiKey(now)), providers: empty().providers }));
  await see("import-no-provider");
});

test("what was found and where something lies, in words", () => {
  const tokens = { kind: "tokens" as const, expires_at: new Date(now + 7 * HOUR).toISOString(), has_ended: false, renewable: true, scopes: ["a"] };
  expect(foundWords(tokens, now).words).toBe("Ends in 7 h · can be renewed · a");
  expect(foundWords({ ...tokens, has_ended: true }, now).words).toBe("Has ended · is renewed at once · a");
  expect(foundWords({ ...tokens, expires_at: null, renewable: false, scopes: [] }, now).words).toBe(
    "Does not say when it ends; counts as one hour · cannot be renewed",
  );
  expect(offsetOf('{\n "a"', { line: 2, column: 2, path: null })).toBe(3);
});
