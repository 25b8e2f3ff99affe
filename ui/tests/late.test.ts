// What comes late, fails late, or comes while the person is elsewhere.

import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Status } from "../src/lib/bindings/Status";
import { noneInstalled, others, planAccount, profileAccount } from "../src/lib/preview-linked";
import { apiKey, consoleReady, empty, inOrder, keyInEnvironment, scenes, workAccount } from "../src/lib/preview-scenes";
import { inUse, onThisComputer } from "../src/lib/preview-which";
import { MINUTE, SECOND } from "../src/lib/time";
import { field, goOn, lastAsked, later, openWindow, pass, passStill, press, see, seen, settled, standStill, user } from "./window";

const now = Date.now();
const KEY = "sk-ant-api03-not-a-real-one";
const locked = { code: "secret_store", message: "The system keychain is locked.", cure: "Unlock it.", detail: null } as const;
const withAccounts = (...accounts: Status[]) => ({ ...empty(), providers: [consoleReady], accounts });
const settings = (...accounts: Status[]) => {
  const overview = withAccounts(...accounts);
  return { ...overview, preferences: { ...overview.preferences, last_screen: "settings" as const } };
};
const said = (words: string) => waitFor(() => expect(screen.getByTestId("outcome").textContent).toContain(words));
const screenNow = async () => (await see("main")).dataset.screen;

test("tokens are imported only once they have been looked at", async () => {
  const program = await openWindow(settings(workAccount(now)));
  const check = later<unknown>();
  program.answer("check_import", () => check.promise);
  await user.click(await see("import-text"));
  await user.paste('{"access_token": "planted"}');
  await press("import-submit");
  await user.type(await field("import-label"), "{Enter}");
  expect(lastAsked(program, "import_tokens")).toBeUndefined();
  await waitFor(() => expect(lastAsked(program, "check_import")).toBeDefined());
  check.give({ kind: "tokens", expires_at: null, has_ended: false, renewable: true, scopes: [] });
  await see("import-found");
  await press("import-submit");
  expect(lastAsked(program, "import_tokens")).toMatchObject({ text: '{"access_token": "planted"}' });
});

test("what was found in one text does not let another one in", async () => {
  const program = await openWindow(settings(workAccount(now)));
  await user.click(await see("import-text"));
  await user.paste('{"access_token": "planted"}');
  await see("import-found");
  program.answer("check_import", () => later().promise);
  await user.paste("x");
  await press("import-submit");
  expect(seen("import-found")).toBeNull();
  expect(lastAsked(program, "import_tokens")).toBeUndefined();
});

test("a dialog cannot be closed while it works, so what went wrong is read in it", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  const answer = later<unknown>();
  program.answer("rename", () => answer.promise);
  await press("row-menu");
  await press("menu-rename");
  await press("rename-confirm");
  await user.keyboard("{Escape}");
  await settled();
  const dialog = await see("rename-dialog");
  expect(within(dialog).queryByText("Cancel")).toBeNull();
  answer.refuse(locked);
  await waitFor(() => expect(within(dialog).getByTestId("error-message").textContent).toContain("locked"));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(seen("rename-dialog")).toBeNull());
});

test("a dialog that ends late leaves the one that was asked after it", async () => {
  const program = await openWindow(withAccounts(planAccount(now), workAccount(now)));
  const answer = later<null>();
  program.answer("refresh", () => answer.promise);
  const menus = await screen.findAllByTestId("row-menu");
  await user.click(menus[0]!);
  await press("renew");
  await press("renew-confirm");
  await press("renew-cancel");
  await waitFor(() => expect(seen("renew-dialog")).toBeNull());
  await user.click((await screen.findAllByTestId("row-menu"))[1]!);
  await press("menu-rename");
  await see("rename-field");
  answer.give(null);
  await said("was renewed");
  await settled();
  expect((await field("rename-field")).value).toBe("Work");
});

test("a variable that was taken in says so, and its dialog goes", async () => {
  await openWindow(withAccounts(keyInEnvironment(now)));
  await press("row-menu");
  await press("menu-take-in");
  await press("take-in-confirm");
  await waitFor(() => expect(seen("take-in-dialog")).toBeNull());
  await said("ANTHROPIC_API_KEY itself stays as it is.");
});

test("a key that is refused after its screen was left is spoken of all the same", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  const answer = later<Status>();
  program.answer("add_api_key", () => answer.promise);
  await press("add-account");
  await press("route-api-key");
  await user.type(await field("key-field"), KEY);
  await press("key-submit");
  await press("nav-settings");
  answer.refuse(locked);
  await said("The system keychain is locked. Unlock it.");
});

test("a provider that is saved late takes nobody away from another screen", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  const answer = later<null>();
  program.answer("save_provider", () => answer.promise);
  await press("nav-settings");
  await user.click((await screen.findAllByTestId("provider-edit"))[0]!);
  await press("provider-save");
  await press("nav-doctor");
  answer.give(null);
  await said("is saved");
  expect(await screenNow()).toBe("doctor");
});

test("a sign-in that ends in the background leaves what is typed elsewhere", async () => {
  const program = await openWindow(scenes.waiting!(now));
  await press("nav-settings");
  await press("add-provider");
  await user.type(await field("provider-name"), "Acme");
  program.end({ kind: "signed_in", account: workAccount(now) });
  await said("Signed in as Work.");
  expect((await field("provider-name")).value).toBe("Acme");
  await press("nav-accounts");
  await screen.findAllByTestId("account-row");
  expect(seen("waiting")).toBeNull();
});

test("a sign-in that fails in the background is spoken of, and read under Accounts once", async () => {
  const program = await openWindow(scenes.waiting!(now));
  await press("nav-settings");
  program.end({ kind: "failed", error: { code: "network", message: "The server did not answer.", cure: "Check it.", detail: null } });
  await said("The server did not answer. Check it.");
  await press("nav-doctor");
  await press("nav-accounts");
  await see("sign-in-failed");
  await press("nav-settings");
  await press("nav-accounts");
  await waitFor(() => expect(seen("sign-in-failed")).toBeNull());
});

test("a sign-in whose end nobody heard is left once its time is over", async () => {
  const program = await openWindow({ ...empty(), providers: [consoleReady] });
  await press("route-claude-console");
  await see("waiting");
  program.overview = { ...program.overview, waiting: null };
  program.tell("changed");
  await settled();
  expect(seen("waiting")).not.toBeNull();
  await pass(6 * MINUTE);
  await waitFor(() => expect(seen("waiting")).toBeNull());
  await see("first-start");
});

test("only what is given to tools can be the default", async () => {
  await openWindow(withAccounts(planAccount(now), { ...profileAccount(now), is_default: false }));
  const menus = await screen.findAllByTestId("row-menu");
  await user.click(menus[0]!);
  await see("menu-look");
  expect(seen("menu-default")).toBeNull();
  await user.keyboard("{Escape}");
  await user.click(menus[1]!);
  await see("menu-default");
});

test("a variable without a place counts for nobody's place", async () => {
  const accounts = [workAccount(now), apiKey(now), keyInEnvironment(now)];
  const program = await openWindow({ ...withAccounts(...accounts), order: inOrder(accounts.slice(0, 2)) });
  const menus = await screen.findAllByTestId("row-menu");
  await user.click(menus[1]!);
  await see("menu-up");
  expect(seen("menu-down")).toBeNull();
  await user.keyboard("{Escape}");
  await user.click(menus[2]!);
  expect(seen("menu-down")).toBeNull();
  await press("menu-up");
  const [work, key, variable] = accounts.map(({ id }) => id);
  expect(lastAsked(program, "set_order")).toEqual({ accountIds: [work, variable, key] });
});

test("a field that is not right is unfolded", async () => {
  const program = await openWindow(settings(workAccount(now)));
  await user.click((await screen.findAllByTestId("provider-edit"))[0]!);
  await user.type(await field("provider-client-id"), "mine");
  await user.clear(await field("provider-name"));
  const more = (await see("provider-more")) as HTMLDetailsElement;
  expect(more.open).toBe(false);
  await press("provider-save");
  expect(more.open).toBe(true);
  expect(lastAsked(program, "save_provider")).toBeUndefined();
});

test("what cannot be looked for is said, and looked for again by whoever comes back", async () => {
  const program = await openWindow(withAccounts(workAccount(now)), (program) => {
    for (const command of ["other_programs", "discover"]) {
      program.answer(command, () => {
        throw locked;
      });
    }
  });
  await press("add-account");
  await see("other-programs-error");
  await see("found-error");
  program.answer("other_programs", () => noneInstalled);
  await fireEvent.focus(window);
  await see("missing-claude_code");
  expect(seen("other-programs-error")).toBeNull();
  program.answer("other_programs", () => others);
  await fireEvent.focus(window);
  await see("route-claude_code");
  const asked = program.asked.length;
  await fireEvent.focus(window);
  expect(program.asked).toHaveLength(asked);
});

test("what is found late moves nothing, and what is taken is looked for no more", async () => {
  standStill();
  const answer = later<unknown>();
  const program = await openWindow(empty(), (program) => program.answer("discover", () => answer.promise));
  await see("first-start");
  expect(seen("route-api-key")).toBeNull();
  await passStill(SECOND);
  const route = await see("route-api-key");
  goOn();
  answer.give(onThisComputer);
  const found = await see("found-list");
  expect(route.compareDocumentPosition(found)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  await user.click(within(found).getAllByTestId("take")[0]!);
  await see("account-row");
  expect(program.asked.filter(({ command }) => command === "discover")).toHaveLength(1);
});

test("a session is linked once, however often it is pressed", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  const answer = later<Status>();
  program.answer("link_session", () => answer.promise);
  await press("add-account");
  await press("link-claude_code");
  await press("link-claude_code");
  expect(program.asked.filter(({ command }) => command === "link_session")).toHaveLength(1);
});

test("which looks once when it opens, and never into a folder that is being typed", async () => {
  const program = await openWindow(scenes.which!(now));
  program.tell("changed");
  await press("nav-which");
  await see("tool-claude-code");
  const looks = () => program.asked.filter(({ command }) => command === "which");
  expect(looks()).toHaveLength(1);
  await user.type(await field("which-folder"), "/half");
  program.tell("changed");
  await waitFor(() => expect(looks()).toHaveLength(2));
  expect(looks().at(-1)!.args).toEqual({ folder: null });
  program.answer("which", () => {
    throw locked;
  });
  await press("which-look");
  await see("which-error");
  expect(seen("tool-claude-code")).toBeNull();
  program.answer("which", () => inUse);
  await press("which-look");
  await see("tool-claude-code");
  program.answer("which", () => {
    throw locked;
  });
  await press("which-look");
  await see("which-error");
  expect(seen("tool-claude-code")).not.toBeNull();
});

test("a choice that could not be kept is not shown as if it were", async () => {
  const program = await openWindow(scenes.fine!(now));
  await press("nav-settings");
  const keep = await field("keep-running");
  program.answer("set_preferences", () => {
    throw locked;
  });
  await user.click(keep);
  await said("The system keychain is locked.");
  await waitFor(() => expect(keep.checked).toBe(true));
});

test("the focus goes on where what was pressed has gone", async () => {
  const program = await openWindow(scenes.ordered!(now));
  const understood = await see("fell-back-understood");
  understood.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("screen-title")));

  program.found = onThisComputer.map((one) => ({ ...one, action: "import" as const }));
  await press("add-account");
  const all = await screen.findAllByTestId("ignore");
  const next = all[1]!;
  all[0]!.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(document.activeElement).toBe(next));
});

test("the button that checks a key keeps the focus, and gives it on when it goes", async () => {
  const unverified = { ...apiKey(now), state: { kind: "unverified" as const, reason: "R." }, meaning: "soon" as const };
  const program = await openWindow(withAccounts(unverified));
  const answer = later<null>();
  program.answer("check_key", () => answer.promise);
  const check = await see("check-now");
  check.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(check.getAttribute("aria-disabled")).toBe("true"));
  expect(document.activeElement).toBe(check);
  await user.keyboard("{Enter}");
  expect(program.asked.filter(({ command }) => command === "check_key")).toHaveLength(1);
  program.overview = withAccounts(apiKey(now));
  answer.give(null);
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("row-menu")));
});
