import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { isRenewable, stateWords, summary, waitsWords, whereWords, whoWords } from "../src/screens/accounts/words";
import { apiKey, empty, lockedKeychain, practised, scenes, signInAgain, waitsForStore, workAccount } from "../src/lib/preview-scenes";
import { HOUR, MINUTE, SECOND } from "../src/lib/time";
import { lastAsked, later, openWindow, passStill, press, see, seen, standStill, user } from "./window";

const now = Date.now();
const withAccounts = (...accounts: ReturnType<typeof workAccount>[]) => ({ ...empty(), accounts });
const iso = (ms: number) => new Date(ms).toISOString();

test("a row says how it stands, who pays, and where it is", async () => {
  await openWindow(withAccounts(workAccount(now), apiKey(now)));
  const [work, key] = await screen.findAllByTestId("account-row");
  expect(work).toHaveProperty("dataset.state", "fresh");
  expect(within(work!).getByTestId("account-state").textContent).toBe("Fresh for 6 h 12 min");
  expect(within(work!).getByTestId("account-state").title).toMatch(/^Fresh until .+ at /);
  expect(within(work!).getByTestId("account-sign-in-ends").textContent).toBe("Sign-in ends in 19 days");
  expect(work!.textContent).toContain("API billing, Acme Inc. · ada@acme.example · Research");
  expect(work!.textContent).toContain("System keychain · held by Keyfob");
  expect(key!.textContent).toContain("API key …9f2A");
  expect((await see("summary")).textContent).toContain("All is well.");
});

test.each([
  [{ kind: "fresh", since: iso(now - HOUR), until: iso(now + HOUR), renewable: true }, "ring", "Fresh for 1 h", 0.5],
  [{ kind: "fresh", since: iso(now - HOUR), until: iso(now + 45_500), renewable: false }, "ring", "Fresh for 45 s", 0.01],
  [{ kind: "fresh", since: iso(now - HOUR), until: iso(now - 1), renewable: true }, "ring", "Fresh for 0 s", 0],
  [{ kind: "renews_when_asked", since: iso(now) }, "waits", "Renews when asked", 1],
  [{ kind: "renewal_failing", since: iso(now), serves_until: null, rests_until: null, reason: "R.", detail: null }, "warning", "Renewal is failing", 1],
  [{ kind: "sign_in_again", since: iso(now), reason: "R.", detail: null }, "stop", "Sign in again", 1],
  [{ kind: "valid", checked_at: iso(now) }, "check", "Valid", 1],
  [{ kind: "unverified", reason: "R." }, "question", "Not checked", 1],
  [{ kind: "hindered", checked_at: iso(now), reason: "R." }, "stop", "Does not work yet", 1],
] as const)("the state %o has its shape and word", (state, shape, word, part) => {
  const shown = stateWords(state, now);
  expect(shown).toMatchObject({ shape, word });
  expect(shown.part).toBeCloseTo(part, 1);
});

test("a failing renewal says how long the old token serves", () => {
  const state = {
    kind: "renewal_failing" as const,
    since: iso(now),
    serves_until: iso(now + 12 * MINUTE),
    rests_until: null,
    reason: "The server is busy.",
    detail: null,
  };
  expect(stateWords(state, now).sentence).toBe(
    "The server is busy. The last token serves for another 12 min. Keyfob tries again by itself, and when a tool asks.",
  );
});

test("who pays and where it lies, in words", () => {
  expect(whoWords(practised(now))).toBe("Practice, nobody is billed · newcomer@practice.example");
  expect(whoWords({ ...signInAgain(now) })).toBe("Billed to your company · ada@acme.example");
  expect(whereWords(apiKey(now), now)).toBe("System keychain · held by Keyfob · checked 2 min ago");
});

test("the summary names the one thing to do", () => {
  expect(summary([workAccount(now), signInAgain(now)]).words).toBe("Sign in again to Gateway.");
  expect(summary([signInAgain(now), signInAgain(now)]).words).toBe("2 accounts need you.");
  expect(summary([practised(now)]).words).toBe("The sign-in of Practice ends soon.");
  expect(summary([apiKey(now)]).meaning).toBe("fine");
});

test("signing in again renews the account it is about", async () => {
  const program = await openWindow({ ...scenes.accounts!(now), accounts: [signInAgain(now)] });
  await press("sign-in-again");
  await see("waiting");
  expect(lastAsked(program, "begin_sign_in")).toEqual({ providerId: "acme", accountId: signInAgain(now).id });
});

test("the dialog names what goes, and the report says what became of it", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  await press("row-menu");
  await press("menu-sign-out");
  const confirm = await see("sign-out-confirm");
  expect(confirm.textContent?.trim()).toBe("Sign out of Work and forget its tokens");
  expect(lastAsked(program, "sign_out")).toBeUndefined();
  await user.click(confirm);
  const said = await see("sign-out-said");
  expect(said.dataset.revoked).toBe("no_endpoint");
  expect(said.textContent).toContain("forgotten here");
  expect(said.textContent).toContain("Claude Console");
  await press("sign-out-close");
  await waitFor(() => expect(seen("sign-out-dialog")).toBeNull());
  expect(await see("first-start")).toBeTruthy();
});

test("the dialog of a key names the key", async () => {
  await openWindow(withAccounts(apiKey(now)));
  await press("row-menu");
  await press("menu-sign-out");
  expect((await see("sign-out-confirm")).textContent?.trim()).toBe("Forget CI key");
  await press("sign-out-cancel");
  await waitFor(() => expect(seen("sign-out-dialog")).toBeNull());
});

test("a refused sign-out says so in the dialog and keeps the account", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  program.answer("sign_out", () => {
    throw lockedKeychain;
  });
  await press("row-menu");
  await press("menu-sign-out");
  await press("sign-out-confirm");
  const dialog = await see("sign-out-dialog");
  await waitFor(() => expect(within(dialog).getByTestId("error-message").textContent).toContain("locked"));
  expect(within(dialog).getByTestId("error-cure").textContent).toContain("Unlock it");
});

test("renaming sends the new name", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  await press("row-menu");
  await press("menu-rename");
  const name = await see("rename-field");
  await user.clear(name);
  await user.type(name, " Office {Enter}");
  await waitFor(() => expect(seen("rename-dialog")).toBeNull());
  expect(lastAsked(program, "rename")).toEqual({ accountId: workAccount(now).id, label: "Office" });
  expect((await see("account-label")).textContent).toBe("Office");
});

test("copying a token says how long it stays in the clipboard", async () => {
  await openWindow(withAccounts(workAccount(now)));
  await press("row-menu");
  await press("menu-copy");
  await waitFor(async () =>
    expect((await see("outcome")).textContent).toContain("Token copied. It leaves the clipboard in 30 seconds."),
  );
});

test("the list is asked for again once a state has turned, and only once", async () => {
  standStill();
  const turned = { ...workAccount(now), changes_at: iso(now + 100) };
  const program = await openWindow(withAccounts(turned));
  await see("account-row");
  const asked = () => program.asked.filter(({ command }) => command === "overview").length;
  expect(asked()).toBe(1);
  await passStill(SECOND);
  expect(asked()).toBe(2);
  await passStill(2 * MINUTE);
  expect(asked()).toBe(2);
});

test("a change elsewhere is shown", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  program.overview = withAccounts(workAccount(now), apiKey(now));
  program.tell("changed");
  await waitFor(() => expect(screen.getAllByTestId("account-row")).toHaveLength(2));
});

test("a token is renewed at a word, and the row says so meanwhile", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  const answer = later<null>();
  program.answer("refresh", () => answer.promise);
  await press("row-menu");
  await press("renew");
  expect(lastAsked(program, "refresh")).toEqual({ accountId: workAccount(now).id });
  await waitFor(async () => expect((await see("account-state")).textContent).toBe("Renewing…"));
  answer.give(null);
  await waitFor(async () => expect((await see("outcome")).textContent).toContain("Work was renewed."));
  expect((await see("account-state")).textContent).toBe("Fresh for 6 h 12 min");
});

test("a renewal that came with a warning says both", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  program.answer("refresh", () => lockedKeychain);
  await press("row-menu");
  await press("renew");
  const outcome = await see("outcome");
  await waitFor(() => expect(outcome.textContent).toContain("Work was renewed. The system keychain is locked. Unlock it"));
  expect(outcome.querySelector("svg")!.classList).toContain("soon");
});

test("a renewal that failed says why, and what helps", async () => {
  const program = await openWindow(withAccounts(workAccount(now)));
  program.answer("refresh", () => {
    throw { code: "network", message: "The server could not be reached.", cure: "Try again later.", detail: null };
  });
  await press("row-menu");
  await press("renew");
  await waitFor(async () =>
    expect((await see("outcome")).textContent).toContain("The server could not be reached. Try again later."),
  );
  expect((await see("account-state")).textContent).toBe("Fresh for 6 h 12 min");
});

test("only what can be renewed offers it", () => {
  const fresh = workAccount(now);
  const lasting = { ...fresh, state: { ...fresh.state, renewable: false } as typeof fresh.state };
  expect([fresh, practised(now), lasting, signInAgain(now), apiKey(now)].map(isRenewable)).toEqual([true, true, false, false, false]);
});

test("a renewed token that waits for its store says so", async () => {
  await openWindow(withAccounts(waitsForStore(now)));
  expect((await see("account-waits")).textContent).toContain(
    "The renewed token waits, sealed on disk, for the system keychain to open.",
  );
  expect((await see("summary")).textContent).toContain("The renewed token of Work waits to be stored.");
  expect(waitsWords({ ...waitsForStore(now), storage: "Encrypted files (passphrase)" })!.words).toContain("for the encrypted files to open");
});

test("a row counts down to the next try", async () => {
  const failing = (rests: number) => ({
    ...workAccount(now),
    state: {
      kind: "renewal_failing" as const,
      since: iso(now),
      serves_until: null,
      rests_until: iso(rests),
      reason: "The server is busy.",
      detail: null,
    },
    meaning: "soon" as const,
    changes_at: null,
  });
  standStill();
  await openWindow(withAccounts(failing(now + 2_500)));
  expect((await see("account-asks-again")).textContent).toBe("Asks again in 3 s");
  for (const words of ["Asks again in 2 s", "Asks again in 1 s"]) {
    await passStill(SECOND);
    expect(seen("account-asks-again")?.textContent).toBe(words);
  }
  await passStill(SECOND);
  expect(seen("account-asks-again")).toBeNull();
  expect((await see("account-reason")).textContent).toContain("Keyfob tries again by itself");
});

test("the menu opens by keyboard at its first entry", async () => {
  await openWindow(withAccounts(workAccount(now)));
  (await see("row-menu")).focus();
  await user.keyboard("{Enter}");
  await waitFor(async () => expect(document.activeElement).toBe(await see("menu-copy")));
});
