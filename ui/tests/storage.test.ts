import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Overview } from "../src/lib/bindings/Overview";
import { lockedKeychain, scenes, systemKeychain, withPassphrase } from "../src/lib/preview-scenes";
import { wrongPassphrase } from "../src/lib/preview";
import { movedWords, passphraseProblem, pathProblem, whatHappens } from "../src/screens/settings/storage/words";
import { field, lastAsked, later, openWindow, press, see, seen, user } from "./window";

const now = Date.now();

async function openSettings(overview: Overview = scenes.accounts!(now)) {
  const program = await openWindow(overview);
  await press("nav-settings");
  await see("storage-name");
  return program;
}

async function choosePassphrase(first: string, second = first) {
  await press("storage-choice-passphrase");
  await user.type(await field("new-passphrase"), first);
  await user.type(await field("new-passphrase-again"), second);
  await press("storage-move");
}

test("the store in use is chosen, and nothing can be moved to it", async () => {
  await openSettings();
  expect((await see("storage-name")).textContent).toBe("System keychain");
  expect((await field("storage-choice-keychain")).checked).toBe(true);
  expect(seen("storage-move")).toBeNull();
  expect(seen("storage-choice-credential")).toBeNull();
});

test("a move says what happens, is confirmed, and tells its outcome", async () => {
  const program = await openSettings();
  const answer = later();
  program.answer("move_storage", () => answer.promise);
  await choosePassphrase("long enough");
  expect((await see("move-about")).textContent).toBe("Moves 4 secrets. Each is read back before the old copy is erased.");
  expect(lastAsked(program, "move_storage")).toBeUndefined();
  await press("move-confirm");
  expect(lastAsked(program, "move_storage")).toEqual({ to: { kind: "passphrase" }, passphrase: "long enough" });
  // Before the answer, the page holds no passphrase any more.
  await waitFor(async () => expect((await field("new-passphrase")).value).toBe(""));
  expect((await field("new-passphrase-again")).value).toBe("");
  expect((await see("move-confirm")).textContent?.trim()).toBe("Moving and reading back…");
  const overview = scenes.accounts!(now);
  program.overview = { ...overview, storage: withPassphrase };
  program.tell("changed");
  const { name, choice } = withPassphrase;
  answer.give({ count: 4, storage: { name, choice, leftovers_in: null }, problem: null });
  await waitFor(async () => expect((await see("outcome")).textContent).toContain("4 secrets were moved."));
  await waitFor(() => expect(seen("move-dialog")).toBeNull());
  expect((await see("storage-name")).textContent).toBe("Encrypted files (passphrase)");
  expect((await field("storage-choice-passphrase")).checked).toBe(true);
  expect(seen("new-passphrase")).toBeNull();
});

test("a move that was thought better of moves nothing", async () => {
  const program = await openSettings();
  await choosePassphrase("long enough");
  await press("move-cancel");
  await waitFor(() => expect(seen("move-dialog")).toBeNull());
  expect(lastAsked(program, "move_storage")).toBeUndefined();
});

test.each([
  ["short", "short", "at least 8 characters"],
  ["long enough", "long enough too", "differ"],
])("the passphrases %j and %j are not taken", async (first, second, why) => {
  await openSettings();
  await choosePassphrase(first, second);
  expect((await see("storage-unfit")).textContent).toContain(why);
  expect(seen("move-dialog")).toBeNull();
});

test("a key file is named by its whole path", async () => {
  const program = await openSettings();
  await press("storage-choice-key_file");
  await user.type(await field("key-file-field"), "keyfob.key");
  await press("storage-move");
  expect((await see("storage-unfit")).textContent).toContain("whole path");
  await user.clear(await field("key-file-field"));
  await user.type(await field("key-file-field"), " /media/stick/keyfob.key ");
  await press("storage-move");
  await press("move-confirm");
  await waitFor(() =>
    expect(lastAsked(program, "move_storage")).toEqual({
      to: { kind: "key_file", path: "/media/stick/keyfob.key" },
      passphrase: null,
    }),
  );
  expect((await see("key-file")).textContent).toBe("/media/stick/keyfob.key");
});

test("a move that fails says why, and keeps the store", async () => {
  const program = await openSettings();
  program.answer("move_storage", () => {
    throw lockedKeychain;
  });
  await choosePassphrase("long enough");
  await press("move-confirm");
  const error = await see("storage-error");
  expect(within(error).getByTestId("error-cure").textContent).toContain("Unlock it");
  expect((await see("storage-name")).textContent).toBe("System keychain");
  expect((await field("new-passphrase")).value).toBe("");
});

test("what a move left behind is said, and a warning comes with the outcome", async () => {
  const program = await openSettings();
  program.answer("move_storage", () => ({
    count: 4,
    storage: { name: "System keychain", choice: { kind: "keychain" }, leftovers_in: "System keychain" },
    problem: lockedKeychain,
  }));
  await choosePassphrase("long enough");
  await press("move-confirm");
  const said = async () => (await see("outcome")).textContent;
  await waitFor(async () => expect(await said()).toContain("4 secrets were moved. The system keychain is locked."));
});

test("old copies are named, and can be erased", async () => {
  const program = await openSettings(scenes.leftovers!(now));
  expect((await see("leftovers")).textContent).toContain("They still lie here: System keychain.");
  await press("erase-leftovers");
  expect(lastAsked(program, "move_storage")).toEqual({
    to: { kind: "key_file", path: "/media/stick/keyfob.key" },
    passphrase: null,
  });
  await waitFor(() => expect(seen("leftovers")).toBeNull());
});

test("a key from a service manager is shown where it is in use", async () => {
  const storage = {
    ...systemKeychain,
    name: "Encrypted files (key from the service manager)",
    choice: { kind: "credential" as const },
  };
  await openSettings({ ...scenes.accounts!(now), storage });
  expect((await field("storage-choice-credential")).checked).toBe(true);
});

test("a choice that cannot be read is not changed unseen", async () => {
  await openSettings({ ...scenes.accounts!(now), storage: { ...systemKeychain, choice: null } });
  expect(seen("storage-form")).toBeNull();
});

test("locked files are opened with the passphrase, and a wrong one leaves the field", async () => {
  const program = await openWindow(scenes["storage-locked"]!(now));
  const answer = later();
  program.answer("unlock_storage", () => answer.promise);
  await user.type(await field("passphrase-field"), "no such thing{Enter}");
  expect(lastAsked(program, "unlock_storage")).toEqual({ passphrase: "no such thing" });
  expect((await field("passphrase-field")).value).toBe("");
  expect((await see("unlock")).textContent?.trim()).toBe("Opening…");
  answer.refuse(wrongPassphrase);
  expect((await see("unlock-error")).textContent).toContain("That is not the passphrase");
  await waitFor(async () => expect(document.activeElement).toBe(await field("passphrase-field")));
  program.answer("unlock_storage", () => {
    program.overview = { ...program.overview, storage: withPassphrase };
    return null;
  });
  await user.type(await field("passphrase-field"), "open sesame");
  await press("unlock");
  await waitFor(() => expect(seen("passphrase-field")).toBeNull());
  expect(screen.queryAllByTestId("notice")).toHaveLength(0);
  expect((await see("storage")).dataset.storage).toBe("fine");
});

test("a locked keychain asks for no passphrase here", async () => {
  await openWindow(scenes.problems!(now));
  await screen.findAllByTestId("notice");
  expect(seen("passphrase-field")).toBeNull();
});

test.each([
  [0, "There are no secrets to move yet. New ones will lie there.", "New secrets will lie there."],
  [1, "Moves 1 secret. It is read back before the old copy is erased.", "1 secret was moved."],
  [3, "Moves 3 secrets. Each is read back before the old copy is erased.", "3 secrets were moved."],
])("the words for %i secrets", (count, before, after) => {
  expect(whatHappens(count)).toBe(before);
  expect(movedWords(count)).toBe(after);
});

test("characters are counted as people count them", () => {
  expect(passphraseProblem("🔑🔑🔑🔑", "🔑🔑🔑🔑")).toContain("at least 8");
  expect(passphraseProblem("🔑🔑🔑🔑🔑🔑🔑🔑", "🔑🔑🔑🔑🔑🔑🔑🔑")).toBeNull();
});

test.each(["/k", "C:\\k", "\\\\server\\k"])("%s is a whole path", (path) => expect(pathProblem(path)).toBeNull());
