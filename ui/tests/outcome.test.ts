// The sentence about an outcome: how long it stays.

import { fireEvent, render, screen } from "@testing-library/svelte";
import { flushSync } from "svelte";
import { afterEach, expect, test, vi } from "vitest";

import { App } from "../src/lib/app.svelte";
import OutcomeBar from "../src/shell/OutcomeBar.svelte";

const LONG = 60_000;

function bar(): { app: App; said: () => string; pass: (time: number) => void } {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const app = new App();
  render(OutcomeBar, { app });
  return {
    app,
    said: () => screen.getByTestId("outcome").textContent!.trim(),
    pass: (time) => {
      vi.advanceTimersByTime(time);
      flushSync();
    },
  };
}

const say = (app: App, text: string) => {
  app.say(text);
  flushSync();
};

afterEach(() => void vi.useRealTimers());

test("good news goes by itself, bad news stays", () => {
  const { app, said, pass } = bar();
  say(app, "Work was renewed.");
  expect(said()).toBe("Work was renewed.");
  pass(LONG);
  expect(said()).toBe("");
  app.warn("Work was renewed.", { code: "secret_store", message: "It is locked.", cure: "Unlock it.", detail: null });
  flushSync();
  pass(LONG);
  expect(said()).toContain("It is locked.");
});

test.each([
  ["pointer", "pointerEnter", "pointerLeave"],
  ["keyboard", "focusIn", "focusOut"],
] as const)("nothing is taken from under the %s", async (_, comes, goes) => {
  const { app, said, pass } = bar();
  say(app, "Work was renewed.");
  const held = screen.getByTestId("outcome");
  await fireEvent[comes](held);
  pass(LONG);
  expect(said()).toBe("Work was renewed.");
  await fireEvent[goes](held);
  pass(LONG);
  expect(said()).toBe("");
});

test("what is said next goes in its own time", async () => {
  const { app, said, pass } = bar();
  say(app, "Work was renewed.");
  await fireEvent.pointerEnter(screen.getByTestId("outcome"));
  say(app, "Work is signed out.");
  pass(LONG);
  expect(said()).toBe("");
});
