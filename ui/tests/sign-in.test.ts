import { waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { consoleReady, empty, practised, scenes, workAccount } from "../src/lib/preview-scenes";
import { refusal } from "../src/lib/preview";
import { field, lastAsked, later, openWindow, press, see, seen, settled, user } from "./window";

const now = Date.now();
const readyToSignIn = () => ({ ...empty(), providers: [consoleReady] });

test("with one way in, the button opens the browser at once", async () => {
  const program = await openWindow(readyToSignIn());
  await press("route-claude-console");
  await see("waiting");
  expect(lastAsked(program, "begin_sign_in")).toEqual({ providerId: "claude-console", accountId: null });
  expect((await see("waiting-left")).textContent?.trim()).toBe("5:00 left");
});

test("practice starts its server first, then signs in there", async () => {
  const program = await openWindow(empty());
  await press("route-practice");
  await see("waiting");
  const commands = program.asked.map(({ command }) => command);
  expect(commands.indexOf("start_practice")).toBeLessThan(commands.indexOf("begin_sign_in"));
  expect(lastAsked(program, "begin_sign_in")).toEqual({ providerId: "practice", accountId: null });
});

test("whoever leaves while the practice server is starting is sent to no browser", async () => {
  const program = await openWindow(empty());
  const starting = later<string>();
  program.answer("start_practice", () => starting.promise);
  await press("route-practice");
  await see("opening");
  await press("cancel");
  starting.give("practice");
  await see("first-start");
  await waitFor(() => expect(lastAsked(program, "cancel_sign_in")).toBeDefined());
  expect(lastAsked(program, "begin_sign_in")).toBeUndefined();
  expect(seen("opening")).toBeNull();
});

test("a practice account is renewed at a server that runs", async () => {
  const program = await openWindow({ ...empty(), accounts: [practised(now)] });
  await press("row-menu");
  await press("menu-sign-in");
  await see("waiting");
  const commands = program.asked.map(({ command }) => command);
  expect(commands.indexOf("start_practice")).toBeLessThan(commands.indexOf("begin_sign_in"));
  expect(lastAsked(program, "begin_sign_in")).toEqual({ providerId: "practice", accountId: practised(now).id });
});

test("a provider without a client id leads to its settings", async () => {
  const program = await openWindow(empty());
  await press("route-claude-console");
  await see("provider-client-id");
  expect(lastAsked(program, "begin_sign_in")).toBeUndefined();
});

test("the sign-in's end is announced and its row is lit", async () => {
  const program = await openWindow(readyToSignIn());
  await press("route-claude-console");
  await see("waiting");
  program.end({ kind: "signed_in", account: workAccount(now) });
  const row = await see("account-row");
  await waitFor(() => expect(row.classList).toContain("lit"));
  await waitFor(async () => expect((await see("outcome")).textContent).toContain("Signed in as Work."));
});

test("a failure says what to do, and can be tried again", async () => {
  const program = await openWindow(readyToSignIn());
  await press("route-claude-console");
  await see("waiting");
  program.end({
    kind: "failed",
    error: { code: "network", message: "The server did not answer.", cure: "Check the network.", detail: "timed out" },
  });
  await see("sign-in-failed");
  expect((await see("error-message")).textContent).toBe("The server did not answer.");
  expect((await see("error-cure")).textContent).toBe("Check the network.");
  await press("try-again");
  await see("waiting");
});

test("a browser that could not be asked is a failure too", async () => {
  const program = await openWindow(readyToSignIn());
  program.answer("begin_sign_in", () => {
    throw { code: "failed", message: "Port taken.", cure: "Choose another.", detail: null };
  });
  await press("route-claude-console");
  expect((await see("error-message")).textContent).toBe("Port taken.");
});

test("a refused code is named beside the field, which is empty, and it goes on waiting", async () => {
  const program = await openWindow(scenes.waiting!(now));
  const answer = later<null>();
  program.answer("paste_code", () => answer.promise);
  const code = await field("paste-field");
  await user.type(code, "wrong{Enter}");
  expect(lastAsked(program, "paste_code")).toEqual({ text: "wrong" });
  expect(code.value).toBe("");
  answer.refuse(refusal);
  expect((await see("paste-error")).dataset.code).toBe("not_accepted");
  expect(seen("waiting")).not.toBeNull();
  expect(document.activeElement).toBe(code);
});

test("Escape cancels, and so does the button", async () => {
  const program = await openWindow(readyToSignIn());
  await press("route-claude-console");
  await see("waiting");
  await user.keyboard("{Escape}");
  await see("first-start");
  expect(lastAsked(program, "cancel_sign_in")).toEqual({});
  await press("route-claude-console");
  await press("cancel");
  await see("first-start");
});

test("the late end of a cancelled sign-in does not end the next one", async () => {
  const program = await openWindow(readyToSignIn());
  await press("route-claude-console");
  await see("waiting");
  program.tell("sign_in_ended", { kind: "cancelled" });
  await settled();
  expect(seen("waiting")).not.toBeNull();
});

test("once the browser has answered, it says that it stores", async () => {
  const program = await openWindow(scenes.waiting!(now));
  program.overview = scenes.storing!(now);
  program.tell("changed");
  expect((await see("exchanging")).textContent).toBe("Storing in the system keychain…");
});

test("the links are copied by the program", async () => {
  const program = await openWindow(scenes.waiting!(now));
  await press("copy-link");
  expect(lastAsked(program, "copy_sign_in_link")).toEqual({ leg: "redirect" });
  await press("copy-paste-link");
  expect(lastAsked(program, "copy_sign_in_link")).toEqual({ leg: "paste" });
});

test("a sign-in under way is found again after a look at the settings", async () => {
  await openWindow(scenes.waiting!(now));
  await press("nav-settings");
  expect(seen("waiting")).toBeNull();
  await press("nav-accounts");
  await see("waiting");
});

test("practice servers are listed only where nothing starts them, or where all is practice", async () => {
  const { routes } = await import("../src/screens/add/routes");
  const { practiceProvider } = await import("../src/lib/preview-scenes");
  const overview = { ...readyToSignIn(), accounts: [practised(now)], providers: [consoleReady, practiceProvider] };
  expect(routes(overview)).toMatchObject({ signIn: { kind: "one" }, practiceProviders: [], practice: "offered" });
  expect(routes({ ...overview, practice: "absent" }).practiceProviders).toHaveLength(1);
  expect(routes({ ...overview, practice_home: true }).practiceProviders).toHaveLength(1);
  expect(routes({ ...overview, practice: "running", practice_home: true }).practice).toBe("not_here");
});
