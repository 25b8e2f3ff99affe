import { waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Status } from "../src/lib/bindings/Status";
import { apiKey, empty } from "../src/lib/preview-scenes";
import { field, lastAsked, later, openWindow, press, see, user } from "./window";

const KEY = "sk-ant-api03-not-a-real-one";

async function typeKey() {
  await press("route-api-key");
  await user.type(await field("key-field"), KEY);
  await user.type(await field("key-label"), "CI key");
}

test("the key is handed on, and its field is empty before the answer", async () => {
  const program = await openWindow(empty());
  const answer = later<Status>();
  program.answer("add_api_key", () => answer.promise);
  await typeKey();
  await press("key-submit");
  expect(lastAsked(program, "add_api_key")).toEqual({ key: KEY, label: "CI key", workspaceId: null, expiresOn: null, verify: true });
  expect((await field("key-field")).value).toBe("");
  expect((await see("key-submit")).textContent).toContain("Checking the key…");
  expect(document.documentElement.outerHTML).not.toContain(KEY);
  program.overview = { ...empty(), accounts: [apiKey(Date.now())] };
  answer.give(apiKey(Date.now()));
  await see("account-row");
});

test("a refused key is named beside the field, and the rest stays", async () => {
  const program = await openWindow(empty());
  program.answer("add_api_key", () => {
    throw { code: "not_accepted", message: "The server does not know this key.", cure: "Copy it again.", detail: "401" };
  });
  await typeKey();
  await press("key-verify");
  await press("key-submit");
  expect((await see("key-error")).textContent).toContain("The server does not know this key.");
  expect((await field("key-label")).value).toBe("CI key");
  expect((await field("key-verify")).checked).toBe(false);
  expect(lastAsked(program, "add_api_key")).toMatchObject({ verify: false });
  await waitFor(async () => expect(document.activeElement).toBe(await field("key-field")));
});

test("the key field hides what is typed and asks nobody to remember or check it", async () => {
  await openWindow(empty());
  await press("route-api-key");
  const key = await field("key-field");
  expect(key.type).toBe("password");
  expect(key.autocomplete).toBe("off");
  expect(key.getAttribute("spellcheck")).toBe("false");
});
