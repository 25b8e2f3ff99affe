import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test } from "vitest";

import { inUse, nothingInUse, onThisComputer } from "../src/lib/preview-which";
import { scenes } from "../src/lib/preview-scenes";
import { standing } from "../src/screens/which/words";
import { lastAsked, openWindow, press, see, seen, user } from "./window";

const now = Date.now();

async function openWhich() {
  const program = await openWindow(scenes.which!(now));
  await press("nav-which");
  await see("tool-claude-code");
  return program;
}

test("each tool shows what wins, who pays, what that outranks and what comes next", async () => {
  await openWhich();
  const claude = await see("tool-claude-code");
  expect(within(claude).getByTestId("winner").textContent).toBe("The variable ANTHROPIC_API_KEY");
  expect(within(claude).getByRole("heading", { level: 2 }).textContent).toBe("Claude Code");
  expect(claude.textContent).toContain("API billing");
  expect(claude.textContent).toContain("CI key");
  const outranked = within(claude).getAllByTestId("outranked").map(({ textContent }) => textContent);
  expect(outranked[0]).toContain("apiKeyHelper");
  expect(outranked[0]).toContain("Payer not known");
  expect(outranked[1]).toContain("Your plan");
  expect(within(claude).getByTestId("if-it-failed").textContent).toContain("Without it, this would be used");
  const sdk = await see("tool-anthropic-sdk");
  expect(sdk.textContent).toContain("Your company");
  expect(within(sdk).queryAllByTestId("outranked")).toEqual([]);
  expect(within(sdk).queryAllByTestId("warning")).toEqual([]);
});

test("a warning has a shape, words and a cure", async () => {
  await openWhich();
  const warnings = within(await see("tool-claude-code")).getAllByTestId("warning");
  expect(warnings.map(({ dataset }) => dataset.code)).toEqual(["readable_by_others", "outranks_plan", "key_asks_first"]);
  expect(warnings[0]!.querySelector("svg")!.dataset.shape).toBe("stop");
  expect(warnings.map((one) => one.querySelector(".unseen")!.textContent)).toEqual(["wrong:", "look:", "fine:"]);
  expect(warnings[1]!.querySelector("code")!.textContent).toBe("unset ANTHROPIC_API_KEY");
  expect(warnings[1]!.textContent).not.toContain("`");
});

test("it says whose environment it is", async () => {
  await openWhich();
  expect((await see("which-window")).textContent).toContain("keyfob which");
});

test("a folder is asked for with its settings, and what is wrong with it is said", async () => {
  const program = await openWhich();
  expect(lastAsked(program, "which")).toEqual({ folder: null });
  program.answer("which", () => {
    throw { code: "usage", message: "There is no folder /nowhere.", cure: "Name the folder that the tool is started in.", detail: null };
  });
  await user.type(await see("which-folder"), " /nowhere {Enter}");
  expect(lastAsked(program, "which")).toEqual({ folder: "/nowhere" });
  expect((await see("which-error")).textContent).toContain("There is no folder /nowhere.");
});

test("where nothing is used it says so", async () => {
  const [none] = nothingInUse;
  expect(standing(none!)).toEqual({ meaning: "act", word: "Nothing would be used here" });
  expect(standing(inUse[1]!)).toEqual({ meaning: "fine", word: "In use" });
  const program = await openWindow(scenes.which!(now));
  program.answer("which", () => [none]);
  await press("nav-which");
  expect((await see("tool-claude-code")).dataset.meaning).toBe("act");
  expect(seen("winner")).toBeNull();
});

test("it looks again when something changed", async () => {
  const program = await openWhich();
  program.answer("which", () => [inUse[1]]);
  program.tell("changed");
  await waitFor(() => expect(seen("tool-claude-code")).toBeNull());
});

test("at the first start what is there is one click away", async () => {
  const program = await openWindow(scenes.first_found!(now));
  program.found = onThisComputer;
  await press("nav-settings");
  await press("nav-accounts");
  const found = await screen.findAllByTestId("found");
  expect(found.map(({ dataset }) => dataset.key)).toEqual(onThisComputer.map(({ key }) => key));
  expect(within(found[0]!).getByTestId("take").textContent?.trim()).toBe("Link");
  expect(within(found[1]!).getByTestId("take").textContent?.trim()).toBe("Import");
  expect(within(found[2]!).queryByTestId("take")).toBeNull();
  await user.click(within(found[0]!).getByTestId("take"));
  expect(lastAsked(program, "take_discovered")).toEqual({ key: "claude-code" });
  expect((await see("outcome")).textContent).toContain("is in Keyfob now");
});

test("later it is one quiet line, and what is ignored goes", async () => {
  const program = await openWindow(scenes.found!(now));
  program.found = onThisComputer;
  await press("add-account");
  const line = await see("found-quiet");
  expect(line.textContent).toContain("Found on this computer: 2");
  const found = within(line).getAllByTestId("found");
  await user.click(within(found[1]!).getByTestId("ignore"));
  expect(lastAsked(program, "ignore_discovered")).toEqual({ key: onThisComputer[2]!.key });
  await waitFor(() => expect(within(line).getAllByTestId("found")).toHaveLength(1));
});

test("what cannot be taken says why, and stays", async () => {
  const program = await openWindow(scenes.found!(now));
  program.found = onThisComputer;
  program.answer("take_discovered", () => {
    throw { code: "not_accepted", message: "The server does not know this key.", cure: "Make a new one.", detail: null };
  });
  await press("add-account");
  const line = await see("found-quiet");
  await user.click(within(line).getAllByTestId("take")[0]!);
  expect((await see("outcome")).textContent).toContain("The server does not know this key.");
  expect(within(line).getAllByTestId("found")).toHaveLength(2);
});

test("where nothing is found nothing is said", async () => {
  await openWindow(scenes.first!(now));
  await see("first-start");
  expect(seen("found-list")).toBeNull();
});
