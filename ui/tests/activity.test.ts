import { screen, waitFor, within } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import type { ActivityEntry } from "../src/lib/bindings/ActivityEntry";
import { history, longHistory } from "../src/lib/preview-events";
import { scenes } from "../src/lib/preview-scenes";
import { HOUR } from "../src/lib/time";
import { byDay, inFull, numbered, timeOfDay, whatWords } from "../src/screens/activity/words";
import { openWindow, press, see, seen, user } from "./window";

const now = Date.now();
const noon = new Date(2026, 10, 20, 12).getTime();
const entries = () => screen.findAllByTestId("activity-entry");

async function openActivity(answer: () => ActivityEntry[] = () => history(Date.now())) {
  const program = await openWindow(scenes.activity!(now));
  program.answer("activity", answer);
  await press("nav-activity");
  return program;
}

test("an entry says when, whose, what, by whom, and how long it took", async () => {
  await openActivity();
  const [first] = await entries();
  const { at } = history(Date.now())[0]!;
  expect(first!.dataset).toMatchObject({ what: "renewed", meaning: "fine" });
  const text = first!.textContent!.replace(/\s+/g, " ");
  expect(text).toContain("Work Renewed by keyfob token took 212 ms");
  const time = first!.querySelector("time")!;
  expect(time.textContent).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(time.title).toContain(String(new Date(at).getFullYear()));
});

test("entries stand under their days", () => {
  const days = byDay(numbered(history(noon)), noon);
  expect(days.map(({ words, entries }) => [words, entries.length])).toEqual([
    ["Today", 3],
    ["Yesterday", 3],
    ["15 Nov", 4],
  ]);
});

test("a day begins at midnight, not 24 hours ago", () => {
  const midnight = new Date(2026, 10, 20).getTime();
  const at = (ms: number) => ({ ...history(noon)[0]!, at: new Date(ms).toISOString() });
  const days = byDay(numbered([at(midnight + 60_000), at(midnight - 60_000)]), midnight + 120_000);
  expect(days.map(({ words }) => words)).toEqual(["Today", "Yesterday"]);
});

test("each thing that happens has a meaning of its own", () => {
  const meanings = Object.fromEntries(Object.entries(whatWords).map(([what, { meaning }]) => [what, meaning]));
  expect(meanings).toMatchObject({
    renewed: "fine",
    recovered: "fine",
    renewal_failed: "soon",
    waiting: "soon",
    sign_in_ended: "act",
  });
});

test("what went wrong is one click below, ready to copy", async () => {
  await openActivity();
  const failed = (await entries())[1]!;
  expect(within(failed).queryByText("Copy")).toBeNull();
  await user.click(failed.querySelector("summary")!);
  const copy = await within(failed).findByTestId("copy-details");
  expect(failed.textContent).toContain("The server is busy and asked to wait.");
  const writeText = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
  await user.click(copy);
  expect(writeText).toHaveBeenCalledWith(expect.stringContaining("429 rate_limit_error\nrequest req_011CVe2"));
});

test("an entry in full is plain text", () => {
  expect(inFull(history(noon)[1]!)).toBe(
    [
      `${new Date(noon - 4 * 60_000).toISOString()} Work: renewal failed, by the background, took 1204 ms`,
      "The server is busy and asked to wait.",
      "429 rate_limit_error",
      "request req_011CVe2",
    ].join("\n"),
  );
});

test("one account's entries can be picked, also those of one that is gone", async () => {
  await openActivity();
  expect(await entries()).toHaveLength(10);
  await press("activity-filter-acct-0000000000000002");
  await waitFor(async () => expect(await entries()).toHaveLength(2));
  await press("activity-filter-acct-00000000000000ff");
  await waitFor(async () => expect(await entries()).toHaveLength(1));
  await press("activity-filter-all");
  await waitFor(async () => expect(await entries()).toHaveLength(10));
});

test("many accounts are picked from a list", async () => {
  const many = Array.from({ length: 12 }, (_, n) => ({
    ...history(now)[0]!,
    account: `acct-${n}`,
    label: `Account ${n}`,
  }));
  await openActivity(() => many);
  await user.selectOptions(await see("activity-filter"), "acct-3");
  await waitFor(async () => expect(await entries()).toHaveLength(1));
});

test("it is read anew when something changed, and what was open stays open", async () => {
  let happened = history(now - HOUR);
  const program = await openActivity(() => happened);
  const failed = (await entries())[1]!;
  await user.click(failed.querySelector("summary")!);
  happened = [{ ...happened[0]!, at: new Date(now).toISOString(), what: "key_checked" }, ...happened];
  program.tell("changed");
  await waitFor(async () => expect(await entries()).toHaveLength(11));
  const open = (await entries()).filter((entry) => entry.querySelector("details")!.open);
  expect(open.map(({ dataset }) => dataset.what)).toEqual(["renewal_failed"]);
});

test("a long past is shown a hundred at a time", async () => {
  await openActivity(() => longHistory(now, 250));
  expect(await entries()).toHaveLength(100);
  expect((await see("activity-more")).textContent?.trim()).toBe("Show 100 more");
  await press("activity-more");
  await waitFor(async () => expect(await entries()).toHaveLength(200));
  expect((await see("activity-more")).textContent?.trim()).toBe("Show 50 more");
  await press("activity-more");
  await waitFor(async () => expect(await entries()).toHaveLength(250));
  expect(seen("activity-more")).toBeNull();
});

test("where nothing has happened, one sentence says so", async () => {
  await openActivity(() => []);
  expect((await see("activity-empty")).textContent).toContain("Nothing has happened yet");
  expect(seen("activity-filter")).toBeNull();
});

test("what was read stays when it cannot be read again", async () => {
  const program = await openActivity();
  await entries();
  program.answer("activity", () => {
    throw { code: "failed", message: "activity.jsonl cannot be read.", cure: "Check its rights.", detail: null };
  });
  program.tell("changed");
  expect((await see("activity-error")).textContent).toContain("Check its rights.");
  expect(await entries()).toHaveLength(10);
});

test("the window opens where it was left, here too", async () => {
  const overview = scenes.activity!(now);
  await openWindow({ ...overview, preferences: { ...overview.preferences, last_screen: "activity" } });
  await entries();
  expect((await see("nav-activity")).getAttribute("aria-current")).toBe("page");
});

test("times of day have seconds", () => expect(timeOfDay(new Date(2026, 0, 2, 3, 4, 5).toISOString())).toBe("03:04:05"));
