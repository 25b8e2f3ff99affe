import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { connectionScenes, noTools, tools, works } from "../src/lib/preview-connections";
import { scenes } from "../src/lib/preview-scenes";
import { changeWords, standing } from "../src/screens/connections/words";
import { HOUR, MINUTE } from "../src/lib/time";
import { lastAsked, later, openWindow, press, see, seen, user } from "./window";

const now = Date.now();
const iso = (ms: number) => new Date(ms).toISOString();

async function openConnections(scene: string) {
  const program = await openWindow(scenes[scene]!(now), (program) => connectionScenes[scene]!(program, now));
  await press("nav-connections");
  return program;
}

const turn = async (row: string) => user.click(within(await see(row)).getByTestId("switch"));

test("a connected tool says whose credential it gets, who pays, when it asked and what was changed", async () => {
  await openConnections("connections");
  const row = await see("connection-claude-code");
  expect(row.textContent).toContain("CI key · API billing · the API key, each time it asks");
  expect(within(row).getByTestId("row-standing").textContent).toBe("Asked 2 min ago");
  expect(within(row).getByTestId("row-standing").title).toMatch(/ at \d\d:\d\d:\d\d/);
  expect(row.textContent).toContain("~/.claude/settings.json");
  expect(within(row).getByRole("switch").getAttribute("aria-checked")).toBe("true");
  expect(within(row).getByRole("switch", { name: "Claude Code: connected" })).toBeTruthy();
  const sdk = await see("connection-anthropic-sdk");
  expect(within(sdk).getByTestId("row-standing").textContent).toBe("Valid for 6 h 12 min");
  const command = await see("connection-command");
  expect(command.textContent).toContain("/usr/bin/keyfob helper command-0a1b");
  expect(command.textContent).toContain("Has not asked yet");
});

test("a switch says what it changes before it is turned, and then connects the usual account", async () => {
  const program = await openConnections("connections-found");
  await turn("tool-claude-code");
  expect((await see("connect-changes")).textContent).toContain("Changes ~/.claude/settings.json.");
  expect(lastAsked(program, "connect_tool")).toBeUndefined();
  expect(within(await see("tool-claude-code")).getByRole("switch").getAttribute("aria-checked")).toBe("false");
  await press("connect-confirm");
  expect(lastAsked(program, "connect_tool")).toEqual({
    to: "claude-code",
    accountId: "acct-0000000000000002",
    name: null,
    replace: false,
    activate: false,
  });
  const row = await see("connection-claude-code");
  expect((await see("outcome")).textContent).toContain("Claude Code uses CI key now.");
  expect(within(row).getByTestId("switch")).toBe(document.activeElement);
});

test("another account can be chosen, and what was asked can be left", async () => {
  const program = await openConnections("connections-found");
  await turn("tool-claude-code");
  await user.selectOptions(await see("connect-account"), "acct-0000000000000003");
  await press("connect-confirm");
  expect(lastAsked(program, "connect_tool")).toMatchObject({ accountId: "acct-0000000000000003" });
  await turn("tool-opencode");
  await press("connect-cancel");
  expect(seen("connect-form")).toBeNull();
  expect(seen("connection-opencode")).toBeNull();
});

test("only accounts that fit are offered", async () => {
  await openConnections("connections-found");
  await turn("tool-opencode");
  expect(seen("connect-account")).toBeNull();
  expect((await see("connect-form")).textContent).toContain("CI key · API billing");
});

test("what stands there is put aside only after a dialog", async () => {
  const program = await openConnections("connections-replaces");
  await turn("tool-claude-code");
  await press("connect-confirm");
  const dialog = (await see("replace-dialog")).textContent;
  expect(dialog).toContain("In /home/ada/.claude/settings.json there is apiKeyHelper already");
  expect(dialog).not.toContain("ANTHROPIC_BASE_URL");
  expect(lastAsked(program, "connect_tool")).toBeUndefined();
  await press("replace-confirm");
  expect(lastAsked(program, "connect_tool")).toMatchObject({ replace: true });
  await see("connection-claude-code");
  await waitFor(() => expect(seen("replace-dialog")).toBeNull());
});

test("what could not be written is said beside the switch, which stays off", async () => {
  await openConnections("connections-read-only");
  await turn("tool-claude-code");
  await press("connect-confirm");
  expect((await see("connect-error")).textContent).toContain("cannot be written");
  expect(within(await see("tool-claude-code")).getByRole("switch").getAttribute("aria-checked")).toBe("false");
});

test("turned off, the tool is disconnected, and what could not be taken back is said", async () => {
  const program = await openConnections("connections");
  await turn("connection-pi");
  expect(lastAsked(program, "disconnect_tool")).toEqual({ id: "pi-0a1b" });
  await see("tool-pi");
  expect((await see("outcome")).textContent).toContain("as it was");
  program.answer("disconnect_tool", () => ({ connection: {}, left: ["settings.json was changed since, and left as it is."] }));
  await turn("connection-claude-code");
  await waitFor(() => expect(screen.getByTestId("outcome").textContent).toContain("was changed since"));
  // Only good news goes by itself.
  expect(screen.getByTestId("outcome").querySelector("svg")!.dataset.shape).toBe("warning");
});

test("a failed disconnection says so in the row", async () => {
  const program = await openConnections("connections");
  program.answer("disconnect_tool", () => {
    throw { code: "failed", message: "settings.json cannot be written.", cure: "Check its permissions.", detail: null };
  });
  await turn("connection-claude-code");
  expect((await see("connection-error")).textContent).toContain("cannot be written");
  expect(within(await see("connection-claude-code")).getByRole("switch").getAttribute("aria-checked")).toBe("true");
});

test("a test says in a sentence what the tool said, with the detail below", async () => {
  const program = await openConnections("connections");
  const answer = later<typeof works>();
  program.answer("test_connection", () => answer.promise);
  const row = await see("connection-claude-code");
  await user.click(within(row).getByTestId("test"));
  expect(within(row).getByTestId("test").textContent?.trim()).toBe("Testing…");
  answer.give(works);
  const result = await see("test-result");
  expect(result.dataset.works).toBe("true");
  expect(result.textContent).toContain("Claude Code uses this helper");
  expect(result.querySelector("pre")?.textContent).toContain("api_key_helper");
});

test("a failing test turns the row's shape, with a cure", async () => {
  await openConnections("connections");
  const row = await see("connection-pi");
  await user.click(within(row).getByTestId("test"));
  const result = await see("test-result");
  expect(result.dataset.works).toBe("false");
  expect(result.textContent).toContain("See what pi --list-models anthropic says in a terminal");
  expect(row.dataset.meaning).toBe("act");
  expect(row.querySelector("svg")!.dataset.shape).toBe("stop");
  expect(within(row).getByTestId("row-standing").textContent).toBe("Test failed");
});

test("it looks again when a tool has asked, and when something changed", async () => {
  const program = await openConnections("connections");
  await see("connection-claude-code");
  const times = () => program.asked.filter(({ command }) => command === "connectable").length;
  const before = times();
  program.tell("asked");
  await waitFor(() => expect(times()).toBe(before + 1));
  program.tell("changed");
  await waitFor(() => expect(times()).toBe(before + 2));
});

test("files have their path and their end, and are deleted only after a dialog that names them", async () => {
  const program = await openConnections("connections");
  const [row, ofKey] = await screen.findAllByTestId("export");
  const path = "/home/ada/deploy/secrets/anthropic.env";
  expect(row!.textContent).toContain(path);
  expect(row!.textContent).toContain("Exported 5 days ago · Valid for 2 h 30 min");
  expect(ofKey!.textContent).toContain("Exported 5 days ago · Has no end");
  await user.click(within(row!).getByRole("button", { name: `Delete file…: ${path}` }));
  expect(lastAsked(program, "disconnect_tool")).toBeUndefined();
  await press("export-cancel");
  await waitFor(() => expect(seen("export-dialog")).toBeNull());
  expect(lastAsked(program, "disconnect_tool")).toBeUndefined();
  await user.click(within(row!).getByTestId("export-remove"));
  expect((await see("export-confirm")).textContent?.trim()).toBe(`Delete ${path}`);
  await press("export-confirm");
  expect(lastAsked(program, "disconnect_tool")).toEqual({ id: "file-0a1b" });
  await waitFor(() => expect(screen.getAllByTestId("export")).toHaveLength(1));
  expect((await see("outcome")).textContent).toContain(`${path} is deleted.`);
});

test("several commands can be connected, each with a name", async () => {
  const program = await openConnections("connections");
  await press("another-command");
  await user.type(await see("connect-name"), "Second{Enter}");
  expect(lastAsked(program, "connect_tool")).toMatchObject({ to: "command", name: "Second" });
  await waitFor(() => expect(screen.getAllByTestId("connection-command")).toHaveLength(2));
});

test("where nothing is found, or there is no account, that is said in plain words", async () => {
  await openConnections("connections-none-found");
  expect((await see("connections-none-found")).textContent).toContain("No tool that Keyfob knows was found");
  expect((await see("connections-missing")).textContent).toContain("Claude Code, opencode, pi");
  expect(await see("tool-command")).toBeTruthy();
});

test("without an account the way to one is a click", async () => {
  await openConnections("connections-no-accounts");
  await see("tool-claude-code");
  expect(seen("switch")).toBeNull();
  await press("connections-add");
  expect((await see("screen-title")).textContent).toBe("How do you use Claude?");
});

test("what has ended and what has lost its account needs somebody", async () => {
  await openConnections("connections-gone");
  const row = await see("connection-claude-code");
  expect(row.dataset.meaning).toBe("act");
  expect(row.textContent).toContain("Its account is gone");
  const files = await screen.findAllByTestId("export");
  expect(files.map(({ dataset }) => dataset.meaning)).toEqual(["act", "act"]);
});

test("how a connection stands, in words", () => {
  const connection = { ...noTools[0]!, id: "x" } as never as Parameters<typeof standing>[0];
  const at = (more: object) => standing({ ...connection, label: "Work", valid_until: null, last_asked: null, problem: null, ...more }, now);
  expect(at({}).word).toBe("Connected");
  expect(at({ last_asked: iso(now - 5 * MINUTE) }).word).toBe("Asked 5 min ago");
  expect(at({ valid_until: iso(now + HOUR) })).toMatchObject({ word: "Valid for 1 h", meaning: "fine" });
  expect(at({ valid_until: iso(now - 2 * MINUTE) })).toMatchObject({ word: "Ended 2 min ago", meaning: "act", shape: "stop" });
  expect(at({ problem: "It was taken over." })).toMatchObject({ word: "Needs you", meaning: "act" });
  expect(changeWords({ ...tools[1]!, changes: ["a", "b", "c"] })).toContain("a, b and c");
});

test("signing out says which tools lose their credential, and then which were disconnected", async () => {
  await openConnections("connections");
  await press("nav-accounts");
  await user.click((await screen.findAllByTestId("row-menu"))[0]!);
  await press("menu-sign-out");
  expect((await see("sign-out-tools")).textContent).toBe(
    "Anthropic SDKs and ant (work) will get nothing from Keyfob any more, and what was changed for that is put back.",
  );
  expect((await see("sign-out-commands")).textContent).toBe("Nightly evaluation will get nothing any more.");
  expect((await see("sign-out-files")).textContent).toBe(
    "This file is deleted: /home/ada/deploy/secrets/anthropic.env. A copy of it works until its end.",
  );
  await press("sign-out-confirm");
  expect((await see("sign-out-disconnected")).textContent).toContain("Disconnected: Anthropic SDKs and ant (work), Command (Nightly evaluation).");
});

test("what could not be taken back at the end is said", async () => {
  const program = await openWindow(scenes.connections!(now), (program) => connectionScenes.connections!(program, now));
  program.answer("sign_out", () => ({
    label: "Work",
    revoked: "no_endpoint",
    detail: null,
    disconnected: ["Claude Code"],
    left: ["/home/ada/.claude/settings.json was changed since, and left as it is."],
  }));
  await user.click((await screen.findAllByTestId("row-menu"))[0]!);
  await press("menu-sign-out");
  await press("sign-out-confirm");
  expect((await see("sign-out-left")).textContent).toContain("was changed since");
});

test("what connecting has to tell stays in the row, with what is to be typed as code", async () => {
  await openConnections("connections-found");
  await turn("tool-anthropic-sdk");
  await press("connect-confirm");
  const row = await see("connection-anthropic-sdk");
  expect((await see("outcome")).textContent?.trim()).toBe("Anthropic SDKs and ant use Work now.");
  const told = await within(row).findByTestId("connection-told");
  expect(told.textContent).toContain("Programs use it with ANTHROPIC_PROFILE=work");
  expect(told.textContent).not.toContain("`");
  expect([...told.querySelectorAll("code")].map(({ textContent }) => textContent)).toContain("keyfob watch");
  await press("nav-accounts");
  await press("nav-connections");
  expect((await see("connection-profile")).textContent).toBe("Programs use it with ANTHROPIC_PROFILE=work.");
  expect(seen("connection-told")).toBeNull();
});

test("a profile can be made the one that is used where none is named", async () => {
  const program = await openConnections("connections-found");
  await turn("tool-anthropic-sdk");
  await press("connect-activate");
  await press("connect-confirm");
  expect(lastAsked(program, "connect_tool")).toMatchObject({ to: "anthropic-sdk", activate: true });
  expect((await see("connection-told")).textContent).toContain("It is the active profile now");
});

test("while it connects it cannot be called back, and is asked for once", async () => {
  const program = await openConnections("connections-found");
  const answer = later<null>();
  program.answer("connect_tool", (args) => answer.promise.then(() => program.play("connect_tool", args)));
  await turn("tool-claude-code");
  await press("connect-confirm");
  await press("connect-confirm");
  await user.keyboard("{Escape}");
  expect(seen("connect-cancel")).toBeNull();
  expect(within(await see("tool-claude-code")).getByTestId("switch").textContent).toContain("Connecting…");
  await turn("tool-claude-code");
  expect(seen("connect-form")).not.toBeNull();
  expect(((await see("connect-account")) as HTMLSelectElement).disabled).toBe(true);
  expect(program.asked.filter(({ command }) => command === "connect_tool")).toHaveLength(1);
  answer.give(null);
  await see("connection-claude-code");
  await waitFor(() => expect(seen("connect-form")).toBeNull());
});

const refused = { code: "failed", message: "settings.json cannot be written.", cure: "Check `ls -l`.", detail: null };

test.each([
  ["connect_tool", "connections-found", "tool-claude-code", "connect-confirm"],
  ["disconnect_tool", "connections", "connection-pi", null],
] as const)("what fails after the screen was left is said all the same: %s", async (command, scene, row, next) => {
  const program = await openConnections(scene);
  const answer = later<null>();
  program.answer(command, () => answer.promise);
  await turn(row);
  if (next) await press(next);
  await press("nav-accounts");
  await waitFor(() => expect(seen(row)).toBeNull());
  answer.refuse(refused);
  await waitFor(() => expect(screen.getByTestId("outcome").textContent).toContain("settings.json cannot be written. Check ls -l."));
});

test("what fails while a file is deleted is said in its row, and elsewhere once that is left", async () => {
  const program = await openConnections("connections");
  program.answer("disconnect_tool", () => {
    throw refused;
  });
  await user.click((await screen.findAllByTestId("export-remove"))[0]!);
  await press("export-confirm");
  expect((await see("export-error")).querySelector("code")?.textContent).toBe("ls -l");
  expect(screen.getAllByTestId("export")).toHaveLength(2);
});

test("the focus goes into the form, and back where it came from", async () => {
  await openConnections("connections");
  await turn("tool-git");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("connect-account")));
  const opener = within(await see("tool-git")).getByTestId("switch");
  expect(opener.getAttribute("aria-expanded")).toBe("true");
  await press("connect-cancel");
  await waitFor(() => expect(document.activeElement).toBe(opener));
  expect(opener.getAttribute("aria-expanded")).toBe("false");
  await press("another-command");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("connect-account")));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("another-command")));
  expect(seen("connect-form")).toBeNull();
});

test("of several of a kind, the focus goes to the one that was just connected", async () => {
  const program = await openConnections("connections");
  await press("another-command");
  await user.type(await see("connect-name"), "Second{Enter}");
  await waitFor(() => expect(screen.getAllByTestId("connection-command")).toHaveLength(2));
  const second = screen.getAllByTestId("connection-command")[1]!;
  await waitFor(() => expect(document.activeElement).toBe(within(second).getByTestId("switch")));
  expect(program.tools.find(({ to }) => to === "command")!.connections[1]!.id).toBe(second.dataset.connection);
});

test("what holds a copy never asks, and is not said to", async () => {
  await openConnections("connections-copy");
  const row = await see("connection-opencode");
  expect(row.textContent).toContain("Holds a copy, which Keyfob keeps fresh");
  expect(row.textContent).not.toContain("Has not asked yet");
});

test("a test says in which folder it was made", async () => {
  await openConnections("connections");
  const row = await see("connection-claude-code");
  await user.click(within(row).getByTestId("test"));
  expect((await see("test-result")).textContent).toContain("Tested in your home folder.");
});

test("an account that does not fit is named with its reason", async () => {
  await openConnections("connections-found");
  await turn("tool-claude-code");
  expect((await see("connect-unfit")).textContent).toContain('Not for Work: "Work" is a sign-in to the Claude Console');
});

test("a test that could not be made counts as failed, and leaves the switch alone", async () => {
  const program = await openConnections("connections");
  program.answer("test_connection", () => {
    throw { code: "failed", message: "pi is not installed here any more.", cure: "Install it again.", detail: null };
  });
  const row = await see("connection-pi");
  await user.click(within(row).getByRole("button", { name: "Test pi" }));
  expect((await see("test-error")).textContent).toContain("not installed here any more");
  expect(row.dataset.meaning).toBe("act");
  expect(within(row).getByTestId("row-standing").textContent).toBe("Test failed");
});

test("a test and a switch do not speak over each other", async () => {
  const program = await openConnections("connections");
  const tested = later<typeof works>();
  program.answer("test_connection", () => tested.promise);
  program.answer("disconnect_tool", () => {
    throw refused;
  });
  const row = await see("connection-claude-code");
  await user.click(within(row).getByTestId("test"));
  await turn("connection-claude-code");
  await see("connection-error");
  expect(within(row).getByTestId("test").textContent?.trim()).toBe("Testing…");
  tested.give(works);
  await see("test-result");
  expect(seen("connection-error")).not.toBeNull();
  const turned = later<null>();
  program.answer("disconnect_tool", () => turned.promise);
  await turn("connection-claude-code");
  const before = program.asked.filter(({ command }) => command === "test_connection").length;
  await user.click(within(row).getByTestId("test"));
  expect(program.asked.filter(({ command }) => command === "test_connection")).toHaveLength(before);
  expect(within(row).getByTestId("switch").textContent).toContain("Turning off…");
});

test("what stands in the way is said, and the switch is not there", async () => {
  await openConnections("connections-obstacle");
  const row = await see("tool-claude-code");
  expect(within(row).getByTestId("tool-obstacle").textContent).toContain("is a sign-in to the Claude Console");
  expect(within(row).getByTestId("tool-obstacle").querySelector("code")?.textContent).toBe("keyfob connect anthropic-sdk --account Work --activate");
  expect(within(row).queryByTestId("switch")).toBeNull();
});

test("what keeps a tool from its credential outranks when it asked", async () => {
  await openConnections("connections-problem");
  for (const [testid, sentence] of [
    ["connection-claude-code", "does not hold what connecting put there any more (apiKeyHelper)"],
    ["connection-pi", "Sign in to it again."],
  ] as const) {
    const row = await see(testid);
    expect(row.dataset.meaning).toBe("act");
    expect(within(row).getByTestId("row-standing").textContent).toBe("Needs you");
    expect(within(row).getByTestId("connection-problem").textContent).toContain(sentence);
  }
});

test("a list that cannot be read is said, and read again when something changed", async () => {
  const program = await openConnections("connections-error");
  expect((await see("connections-error")).textContent).toContain("connections.json is damaged");
  program.answer("connectable", () => tools);
  program.tell("changed");
  await see("tool-claude-code");
  await waitFor(() => expect(seen("connections-error")).toBeNull());
});

test("what is connected for one project leaves the tool its own switch", async () => {
  const program = await openConnections("connections-project-alone");
  expect((await see("connection-claude-code")).textContent).toContain("/home/ada/Projects/evaluation");
  await turn("tool-claude-code");
  await press("connect-confirm");
  await waitFor(() => expect(screen.getAllByTestId("connection-claude-code")).toHaveLength(2));
  expect(lastAsked(program, "connect_tool")).toMatchObject({ to: "claude-code" });
  await waitFor(() => expect(seen("tool-claude-code")).toBeNull());
});

test("a second profile is for an account that has none", async () => {
  await openConnections("connections");
  await press("another-anthropic-sdk");
  expect((await see("connect-form")).textContent).toContain("Gateway · Billed to your company");
  expect(seen("connect-account")).toBeNull();
  await press("connect-confirm");
  await waitFor(() => expect(screen.getAllByTestId("connection-anthropic-sdk")).toHaveLength(2));
  await waitFor(() => expect(seen("another-anthropic-sdk")).toBeNull());
});

test("only an account of a practice server is practice", async () => {
  const program = await openConnections("connections-found");
  program.tools = program.tools.map((one) => ({ ...one, accounts: one.accounts.map((account) => ({ ...account, payer: "none" })) }));
  program.tell("changed");
  await turn("tool-command");
  const offered = within(await see("connect-account")).getAllByRole("option").map(({ textContent }) => textContent);
  await waitFor(() => expect(offered[0]).toContain("Work · Nobody is billed"));
  expect(offered.at(-1)).toContain("Practice · Practice, nobody is billed");
});
