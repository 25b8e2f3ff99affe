import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { hidden, linkedAccounts, noneInstalled, planAccount, profileAccount } from "../src/lib/preview-linked";
import { consoleReady, empty } from "../src/lib/preview-scenes";
import { isRenewable, reportWords, stateWords } from "../src/screens/accounts/words";
import { lastAsked, openWindow, press, see, seen, user } from "./window";

const now = Date.now();
const withAccounts = (...accounts: ReturnType<typeof planAccount>[]) => ({ ...empty(), accounts });
const again = { kind: "renews_when_asked" as const, since: new Date(now).toISOString() };

test("a row says who holds the session, and where it lies", async () => {
  await openWindow(withAccounts(planAccount(now), profileAccount(now)));
  const [plan, profile] = await screen.findAllByTestId("account-row");
  expect(plan!.textContent).toContain("Personal Claude Code");
  expect(plan!.textContent).toContain("Plan, Ada’s organization · ada@home.example");
  expect(plan!.textContent).toContain("/home/ada/.claude · held by Claude Code");
  expect(profile!.textContent).toContain("ant profile research");
  expect(profile!.textContent).toContain("held by ant");
});

test("tokens of Claude Code are not offered for copying, those of ant are", async () => {
  await openWindow(withAccounts(planAccount(now), profileAccount(now)));
  const menus = await screen.findAllByTestId("row-menu");
  await user.click(menus[0]!);
  await see("menu-look");
  expect(seen("menu-copy")).toBeNull();
  await user.keyboard("{Escape}");
  await user.click(menus[1]!);
  await see("menu-copy");
});

test("renewing a session of Claude Code says what it costs before it is done", async () => {
  const program = await openWindow(withAccounts(planAccount(now)));
  await press("row-menu");
  await press("renew");
  expect((await see("renew-dialog")).textContent).toContain("one small request, which counts towards your plan");
  expect(lastAsked(program, "refresh")).toBeUndefined();
  await press("renew-cancel");
  await waitFor(() => expect(seen("renew-dialog")).toBeNull());
  await press("row-menu");
  await press("renew");
  await press("renew-confirm");
  await waitFor(() => expect(lastAsked(program, "refresh")).toEqual({ accountId: planAccount(now).id }));
  await waitFor(() => expect(seen("renew-dialog")).toBeNull());
});

test("forgetting a link says that nothing is removed from Claude Code", async () => {
  const program = await openWindow(withAccounts(planAccount(now), profileAccount(now)));
  await user.click((await screen.findAllByTestId("row-menu"))[0]!);
  await press("menu-sign-out");
  const dialog = await see("sign-out-dialog");
  expect(dialog.textContent).toContain("Nothing is removed from Claude Code");
  expect(dialog.textContent).toContain("/home/ada/.claude");
  await press("sign-out-confirm");
  expect((await see("sign-out-said")).textContent).toContain("Claude Code keeps its session as it is");
  expect(lastAsked(program, "sign_out")).toEqual({ accountId: planAccount(now).id });
});

test("a session in the keychain is looked at by a click alone", async () => {
  const program = await openWindow(withAccounts(hidden(now)));
  expect(lastAsked(program, "look_at_session")).toBeUndefined();
  await press("look-now");
  await waitFor(() => expect(lastAsked(program, "look_at_session")).toEqual({ accountId: hidden(now).id }));
});

test("signing in again goes through the program that holds the session", async () => {
  const program = await openWindow(withAccounts(...linkedAccounts(now).slice(2, 3)));
  await press("sign-in-again");
  await see("waiting");
  expect(lastAsked(program, "begin_linked_sign_in")).toEqual({
    program: "claude_code",
    accountId: "acct-0000000000000023",
    console: false,
  });
});

test("a plan is signed in to through Claude Code, which opens the browser itself", async () => {
  const program = await openWindow({ ...empty(), providers: [consoleReady] });
  const route = await see("route-claude_code");
  expect(route.textContent).toContain("Plan (Pro, Max, Team)");
  expect(route.textContent).toContain("Claude Code 2.1.197");
  await user.click(route);
  expect((await see("waiting-holder")).textContent).toContain("Claude Code opened your browser and will hold the session");
  expect(lastAsked(program, "begin_linked_sign_in")).toEqual({ program: "claude_code", accountId: null, console: false });
  expect(lastAsked(program, "open_browser_again")).toBeUndefined();
  // There is one address, and one button that copies it.
  expect(seen("copy-paste-link")).toBeNull();
  await press("copy-link");
  await press("cancel");
  await see("first-start");
});

test("the console is signed in to by ant, which says that it makes the profile the active one", async () => {
  const program = await openWindow({ ...empty(), providers: [consoleReady] });
  await press("route-ant");
  expect((await see("waiting-holder")).textContent).toContain("the active one");
  expect(lastAsked(program, "begin_linked_sign_in")).toEqual({ program: "ant", accountId: null, console: false });
});

test("a session that is there already is linked by a click", async () => {
  const program = await openWindow(withAccounts(profileAccount(now)));
  await press("add-account");
  const found = await see("link-claude_code");
  expect(found.textContent).toContain("Link ada@home.example");
  expect(found.textContent).toContain("Keyfob only looks at that session");
  await user.click(found);
  await waitFor(() => expect(screen.getAllByTestId("account-row")).toHaveLength(2));
  expect(lastAsked(program, "link_session")).toEqual({ link: { kind: "claude_code", config_dir: null } });
});

test("what is not installed is said, with where to get it, and the other ways stay", async () => {
  const program = await openWindow(empty(), (program) => program.answer("other_programs", () => noneInstalled));
  const missing = await see("missing-claude_code");
  expect(missing.textContent).toContain("Claude Code is not installed");
  await press("get-claude_code");
  expect(lastAsked(program, "open_link")).toEqual({ which: "get_claude_code" });
  expect(seen("route-api-key")).not.toBeNull();
});

test("an ended session says who renews it", () => {
  expect(stateWords(again, now, "claude_code").word).toBe("Renews when used");
  expect(stateWords(again, now, "claude_code").title).toContain("Claude Code renews it when it is used next");
  expect(stateWords(again, now, "ant").title).toContain("when it is asked for it");
  expect(stateWords(again, now).title).toContain("The next tool that asks");
  expect(isRenewable(planAccount(now))).toBe(true);
  expect(isRenewable(hidden(now))).toBe(false);
});

test("what was only forgotten here is said to be there still", () => {
  const report = { label: "Personal", revoked: "not_ours" as const, detail: null, disconnected: [], left: [] };
  expect(reportWords(planAccount(now), report)).toEqual({
    words: "Nothing of it was touched: Claude Code keeps its session as it is, in /home/ada/.claude.",
    link: null,
  });
});
