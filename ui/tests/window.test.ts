import { screen, waitFor } from "@testing-library/svelte";
import { expect, test } from "vitest";

import type { Overview } from "../src/lib/bindings/Overview";
import { consoleReady, empty, scenes, workAccount } from "../src/lib/preview-scenes";
import { idFrom } from "../src/screens/settings/provider-form.svelte";
import { field, lastAsked, later, openWindow, press, see, seen, settled, user } from "./window";

const now = Date.now();

test("the first start explains itself and offers practice where it can be started", async () => {
  await openWindow(empty());
  await see("first-start");
  await see("route-practice");
});

test("without the practice program, practice is not offered", async () => {
  await openWindow({ ...empty(), practice: "absent" });
  await see("first-start");
  expect(seen("route-practice")).toBeNull();
});

test("problems are notices with a cure", async () => {
  await openWindow(scenes.problems!(now));
  const notices = screen.getAllByTestId("notice");
  expect(notices).toHaveLength(2);
  expect(notices[0]!.textContent).toContain("Unlock it");
  expect((await see("storage")).dataset.storage).toBe("problem");
});

test("a practice home says so on every screen", async () => {
  await openWindow(scenes.practice!(now));
  await see("practice-banner");
  await press("nav-settings");
  await see("practice-banner");
});

test("a window that cannot read what is kept says so and tries again", async () => {
  const { PretendProgram } = await import("../src/lib/preview");
  const { useDoor } = await import("../src/lib/ipc");
  const { render } = await import("@testing-library/svelte");
  const { default: App } = await import("../src/App.svelte");
  const program = new PretendProgram(empty());
  program.answer("overview", () => {
    throw new Error("the command is missing");
  });
  useDoor(program);
  render(App);
  expect((await see("error-message")).textContent).toContain("did not answer");
  program.answer("overview", () => empty());
  await press("try-again");
  await see("first-start");
});

test("what was known stays when it cannot be asked for again", async () => {
  const program = await openWindow({ ...empty(), accounts: [workAccount(now)] });
  program.answer("overview", () => {
    throw { code: "failed", message: "accounts.json cannot be read.", cure: "Check its rights.", detail: null };
  });
  program.tell("changed");
  expect((await see("notice")).textContent).toContain("accounts.json");
  await see("account-row");
});

test("the theme is kept and worn", async () => {
  const program = await openWindow({ ...empty(), accounts: [workAccount(now)] });
  await press("nav-settings");
  await press("theme-dark");
  await waitFor(() => expect(document.documentElement.dataset.theme).toBe("dark"));
  expect(lastAsked(program, "set_preferences")).toMatchObject({ preferences: { theme: "dark", last_screen: "settings" } });
});

test("the window opens where it was left", async () => {
  const overview = { ...empty(), accounts: [workAccount(now)] };
  await openWindow({ ...overview, preferences: { ...overview.preferences, last_screen: "settings" } });
  await waitFor(async () => expect((await see("main")).dataset.screen).toBe("settings"));
});

test("what is opened before the program has answered stays open", async () => {
  const overview = { ...empty(), accounts: [workAccount(now)] };
  const answer = later<Overview>();
  await openWindow(overview, (program) => program.answer("overview", () => answer.promise));
  await press("nav-settings");
  answer.give(overview);
  await see("theme-dark");
  await settled();
  expect((await see("main")).dataset.screen).toBe("settings");
});

test("what is opened before the window hears the program's events stays open", async () => {
  const listening = later<() => void>();
  await openWindow({ ...empty(), accounts: [workAccount(now)] }, (program) => (program.on = () => listening.promise));
  await press("add-account");
  listening.give(() => {});
  await settled();
  expect((await see("main")).dataset.screen).toBe("add");
});

test("whether to stay in the tray is chosen in the settings, by keyboard too", async () => {
  const program = await openWindow(scenes.fine!(now));
  await press("nav-settings");
  const keep = await field("keep-running");
  expect(keep.checked).toBe(true);
  expect((await see("keep-running-hint")).textContent).toContain("tools never wait");
  keep.focus();
  await user.keyboard(" ");
  expect(lastAsked(program, "set_preferences")).toMatchObject({ preferences: { keep_running: false, theme: "system" } });
  await waitFor(() => expect(keep.checked).toBe(false));
  await user.keyboard(" ");
  expect(lastAsked(program, "set_preferences")).toMatchObject({ preferences: { keep_running: true } });
});

test("without a tray the settings say that there is nothing to choose", async () => {
  await openWindow(scenes.no_tray!(now));
  await press("nav-settings");
  expect((await see("no-tray")).textContent).toContain("ends when its window is closed");
  expect(seen("keep-running")).toBeNull();
});

test("a new screen takes the focus to its heading", async () => {
  await openWindow({ ...empty(), accounts: [workAccount(now)] });
  await press("nav-settings");
  expect(document.activeElement).toBe(await see("screen-title"));
});

test("a provider is saved as it was typed, and its id follows its name", async () => {
  const program = await openWindow({ ...empty(), accounts: [workAccount(now)] });
  await press("nav-settings");
  await press("add-provider");
  await user.type(await see("provider-name"), "Acme Gateway");
  await user.type(await see("provider-issuer"), "https://login.acme.example");
  await user.type(await see("provider-client-id"), "desktop-1");
  await press("provider-save");
  await waitFor(async () => expect((await see("main")).dataset.screen).toBe("settings"));
  expect(lastAsked(program, "save_provider")).toEqual({
    form: {
      id: "acme-gateway",
      name: "Acme Gateway",
      issuer: "https://login.acme.example",
      authorize_url: null,
      token_url: null,
      revocation_url: null,
      device_authorization_url: null,
      client_id: "desktop-1",
      scopes: [],
      audience: null,
      resource: [],
      redirect: "loopback",
      paste_redirect_uri: null,
      payer: "company",
      token_request: null,
      base_url: null,
    },
    replaces: null,
  });
});

test("a kind of provider fills in its shape, and waits for what a person has to put in", async () => {
  const program = await openWindow({ ...empty(), accounts: [workAccount(now)] });
  await press("nav-settings");
  await press("add-provider");
  await press("provider-kind-keycloak");
  const issuer = (await see("provider-issuer")) as HTMLInputElement;
  expect(issuer.value).toBe("https://HOST/realms/REALM");
  expect(issuer.validationMessage).toContain("HOST");
  await user.clear(issuer);
  await user.type(issuer, "https://sso.acme.example/realms/main");
  expect(issuer.validity.customError).toBe(false);
  // What was typed stays, whatever kind is chosen afterwards.
  await press("provider-kind-okta");
  expect(issuer.value).toBe("https://sso.acme.example/realms/main");
  await user.type(await see("provider-name"), "Acme");
  await user.type(await see("provider-client-id"), "keyfob");
  await user.type(await see("provider-base-url"), "https://llm.acme.example");
  await user.click(await see("provider-more"));
  await user.type(await see("provider-resource"), "https://a.example urn:b");
  await user.type(await see("provider-audience"), "llm");
  await press("provider-save");
  await waitFor(() => expect(lastAsked(program, "save_provider")).toBeDefined());
  expect(lastAsked(program, "save_provider")).toMatchObject({
    form: {
      issuer: "https://sso.acme.example/realms/main",
      scopes: ["openid", "offline_access"],
      base_url: "https://llm.acme.example",
      audience: "llm",
      resource: ["https://a.example", "urn:b"],
    },
  });
});

test("a client id out of a variable is named, and not saved as the person's own", async () => {
  const program = await openWindow(scenes.variables!(now));
  await press("nav-settings");
  const row = (await see("provider-variables")).textContent;
  expect(row).toContain("Set by ANTHROPIC_OAUTH_CLIENT_ID");
  await user.click((await screen.findAllByTestId("provider-edit"))[0]!);
  expect(((await see("provider-client-id")) as HTMLInputElement).value).toBe("");
  await press("provider-save");
  await waitFor(() => expect(lastAsked(program, "save_provider")).toBeDefined());
  expect(lastAsked(program, "save_provider")).toMatchObject({ form: { client_id: "" } });
});

test("a built-in provider keeps its addresses when a client id is entered", async () => {
  const program = await openWindow(empty());
  await press("route-claude-console");
  await user.type(await see("provider-client-id"), "mine");
  await press("provider-save");
  await waitFor(() => expect(lastAsked(program, "save_provider")).toBeDefined());
  expect(lastAsked(program, "save_provider")).toMatchObject({
    replaces: "claude-console",
    form: { id: "claude-console", client_id: "mine", authorize_url: consoleReady.authorize_url },
  });
});

test.each([
  ["Acme Gateway", "acme-gateway"],
  ["  Größe & Söhne ", "gro-e-sohne"],
  ["a_b-c", "a_b-c"],
  ["", ""],
])("the id of %j is %j", (name, id) => expect(idFrom(name)).toBe(id));
