// A state is a shape and a word, not only a colour; what was done is said, and what is over is not said any more.

import { render, screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Status } from "../src/lib/bindings/Status";
import { hidden, linkedAccounts } from "../src/lib/preview-linked";
import {
  apiKey,
  consoleReady,
  empty,
  inOrder,
  keyInEnvironment,
  noted,
  practised,
  refusedKey,
  scenes,
  signInAgain,
  workAccount,
} from "../src/lib/preview-scenes";
import { DAY } from "../src/lib/time";
import Said from "../src/parts/Said.svelte";
import { accountWords, endedWords, whereWords } from "../src/screens/accounts/words";
import { replaceWords } from "../src/screens/key/words";
import { field, lastAsked, later, openWindow, press, see, seen, user } from "./window";

const now = Date.now();
const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const withAccounts = (...accounts: Status[]) => ({ ...empty(), providers: [consoleReady], accounts });
const settings = (overview = withAccounts(workAccount(now), apiKey(now))) => ({
  ...overview,
  preferences: { ...overview.preferences, last_screen: "settings" as const },
});

const soonKey = (expires_on: string | null): Status => ({ ...noted(now), expires_on });
const refusal = { code: "network", message: "The server could not be reached.", cure: "Try again later.", detail: null };

test("a key that is worth a look has another shape and another word than one that is fine", () => {
  expect(accountWords(apiKey(now), now)).toMatchObject({ shape: "check", word: "Valid" });
  expect(accountWords(soonKey(null), now)).toMatchObject({ shape: "warning", word: "Valid, worth a check" });
  expect(accountWords(soonKey(day(now + 40 * DAY)), now).word).toBe("Valid, worth a check");
  expect(accountWords(soonKey(day(now + 14 * DAY)), now)).toMatchObject({ shape: "warning", word: "Valid, ends soon" });
  expect(accountWords(soonKey(day(now - 2 * DAY)), now)).toMatchObject({ shape: "warning", word: "Valid, past your note" });
});

test("no shape stands for two meanings", () => {
  const shapes = new Map<string, Set<string>>();
  for (const scene of ["states", "keys", "environment", "linked"]) {
    for (const account of scenes[scene]!(now).accounts) {
      const { shape } = accountWords(account, now);
      shapes.set(shape, (shapes.get(shape) ?? new Set()).add(account.meaning));
    }
  }
  expect([...shapes.get("warning")!]).toEqual(["soon"]);
  expect([...shapes.get("stop")!]).toEqual(["act"]);
  expect([...shapes.get("check")!]).toEqual(["fine"]);
});

test("what nobody asked is neither fine nor wrong", async () => {
  const asked = { ...keyInEnvironment(now), meaning: "fine" as const };
  await openWindow(withAccounts(asked, hidden(now)));
  const shape = (row: HTMLElement) => row.querySelector("svg")!;
  const [unasked, notSeen] = await screen.findAllByTestId("account-row");
  expect(shape(unasked!).dataset.shape).toBe("question");
  expect(shape(unasked!).classList).toContain("none");
  expect(shape(notSeen!).dataset.shape).toBe("warning");
});

test("a sign-in that ends soon has the shape that says so", async () => {
  await openWindow(withAccounts(workAccount(now), practised(now)));
  const [calm, soon] = await screen.findAllByTestId("account-sign-in-ends");
  expect(calm!.querySelector("svg")).toBeNull();
  expect(soon!.querySelector("svg")!.dataset.shape).toBe("warning");
});

test("when a session ended stands in its row, and not twice", async () => {
  await openWindow(withAccounts(signInAgain(now)));
  expect((await see("account-ended")).textContent).toMatch(/^Ended (yesterday|2 days ago)$/);
  const account = signInAgain(now);
  const state = { ...account.state, since: new Date(now - 2 * 60_000).toISOString(), reason: "It ended 2 min ago." };
  expect(endedWords({ ...account, state } as Status, now)).toBeNull();
  expect(endedWords(workAccount(now), now)).toBeNull();
  // Where no session lies, nobody knows when it ended.
  const gone = linkedAccounts(now)[2]!;
  expect(endedWords(gone, now)).not.toBeNull();
  expect(endedWords({ ...gone, scopes: [], state: { ...gone.state, detail: null } } as Status, now)).toBeNull();
});

test("a noted day that is over is said as over", () => {
  const at = (time: string) => whereWords({ ...apiKey(now), expires_on: "2026-11-19" }, Date.parse(time));
  expect(at("2026-11-19T23:59:59Z")).toContain("you noted: expires 19 Nov");
  expect(at("2026-11-20T00:00:00Z")).toContain("you noted: expired 19 Nov");
});

test("a check from the menu says that it runs", async () => {
  const program = await openWindow(withAccounts(apiKey(now)));
  const answer = later();
  program.answer("check_key", () => answer.promise);
  await press("row-menu");
  await press("menu-check");
  await waitFor(async () => expect((await see("account-state")).textContent).toBe("Checking…"));
  answer.give(null);
  await waitFor(async () => expect((await see("account-state")).textContent).toBe("Valid"));
});

test("what a check failed with goes when the account stands otherwise, and not before", async () => {
  const program = await openWindow(withAccounts(apiKey(now)));
  program.answer("check_key", () => {
    throw refusal;
  });
  await press("row-menu");
  await press("menu-check");
  expect((await see("row-error")).textContent).toContain("could not be reached");
  program.overview = { ...program.overview, accounts: [{ ...apiKey(now), label: "Renamed" }] };
  program.tell("changed");
  await waitFor(async () => expect((await see("account-label")).textContent).toBe("Renamed"));
  expect(seen("row-error")).not.toBeNull();
  program.overview = { ...program.overview, accounts: [{ ...refusedKey(now), id: apiKey(now).id }] };
  program.tell("changed");
  await waitFor(() => expect(seen("row-error")).toBeNull());
});

test("a refusal goes while the next key is typed", async () => {
  const program = await openWindow(settings());
  program.answer("add_api_key", () => {
    throw refusal;
  });
  await user.type(await field("key-field"), "sk-ant-1");
  await press("key-submit");
  await see("key-error");
  expect((await see("key-field")).getAttribute("aria-invalid")).toBe("true");
  await user.type(await field("key-field"), "s");
  expect(seen("key-error")).toBeNull();
  expect((await see("key-field")).getAttribute("aria-invalid")).toBe("false");
});

test("a key that replaces another is called checked only where it is", async () => {
  await openWindow(withAccounts(refusedKey(now)));
  await press("replace-key");
  const dialog = await see("replace-key-dialog");
  expect(dialog.textContent).toContain("The new key is checked first.");
  await press("replace-key-verify");
  expect(dialog.textContent).toContain("stored without asking the server");
  expect(dialog.textContent).not.toContain("checked first");
  expect(replaceWords.about("System keychain", false)).toContain("takes the old one’s place in the system keychain");
});

test("what becomes of the order is said", async () => {
  const program = await openWindow(settings());
  for (const [button, said] of [
    ["order-stored-first", "Sign-ins come first now"],
    ["order-environment-first", "The environment comes first now"],
    ["order-forget", "The order is forgotten"],
  ] as const) {
    await press(button);
    await waitFor(async () => expect((await see("outcome")).textContent).toContain(said));
  }
  expect(lastAsked(program, "clear_order")).toEqual({});
});

test("an order that is longer than what is shown says by how much", async () => {
  const { accounts } = scenes.many!(now);
  await openWindow(settings({ ...withAccounts(...accounts), order: inOrder(accounts) }));
  expect(within(await see("order-list")).getAllByRole("listitem")).toHaveLength(12);
  expect((await see("order-more")).textContent).toBe("and 18 more");
});

test("a short order leaves nothing out", async () => {
  await openWindow(settings({ ...withAccounts(workAccount(now)), order: inOrder([workAccount(now)]) }));
  await see("order-list");
  expect(seen("order-more")).toBeNull();
});

test("what is found while somebody types is told, and a wrong place is named at the field", async () => {
  await openWindow(settings());
  const area = (await see("import-text")) as unknown as HTMLTextAreaElement;
  await user.click(area);
  await user.paste('{"access_token": "planted",');
  expect((await see("import-unfinished")).closest("[aria-live=polite]")).not.toBeNull();
  await user.paste('\n "expires_at": "soon"}');
  await see("import-place");
  const named = area.getAttribute("aria-describedby")!.split(" ").map((id) => document.getElementById(id)!.textContent);
  expect(named[0]).toBe("Line 2, column 16, at $.expires_at");
  expect(named[1]).toContain("access_token");
  await user.clear(area);
  await user.paste('{"access_token": "planted"}');
  expect((await see("import-found")).closest("[aria-live=polite]")).not.toBeNull();
  expect(area.getAttribute("aria-describedby")!.split(" ")).toHaveLength(1);
});

test("a passphrase does not lie hidden behind another choice", async () => {
  await openWindow(settings());
  await press("storage-choice-passphrase");
  await user.type(await field("new-passphrase"), "typed once");
  await user.type(await field("new-passphrase-again"), "typed twice");
  await press("storage-move");
  await see("storage-unfit");
  await press("storage-choice-key_file");
  expect(seen("storage-unfit")).toBeNull();
  await press("storage-choice-passphrase");
  expect((await field("new-passphrase")).value).toBe("");
  expect((await field("new-passphrase-again")).value).toBe("");
});

test.each([
  ["Run `a b`, or not.", "Run a b, or not.", ["a b"]],
  ["`a` then `b`", "a then b", ["a", "b"]],
  ["One ` alone", "One ` alone", []],
  ["`a` and one ` more", "a and one ` more", ["a"]],
  ["Plain <b>text</b>", "Plain <b>text</b>", []],
])("%j is said with what is to be typed", (text, said, typed) => {
  const { container } = render(Said, { text });
  expect(container.textContent).toBe(said);
  expect([...container.querySelectorAll("code")].map((code) => code.textContent)).toEqual(typed);
});
