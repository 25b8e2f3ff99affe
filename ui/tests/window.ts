// Opens the whole window upon a program that is played, so that tests press what people press.

import { configure, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { tick } from "svelte";
import { beforeAll, beforeEach, vi } from "vitest";

import App from "../src/App.svelte";
import type { Overview } from "../src/lib/bindings/Overview";
import { useDoor } from "../src/lib/ipc";
import { PretendProgram } from "../src/lib/preview";
import { fetchTheRest } from "../src/shell/later";

// The tests are about what is shown; how long it takes to compile the page here is nobody's concern.
beforeAll(async () => void (await fetchTheRest()), 120_000);
configure({ asyncUtilTimeout: 20_000 });

// What the page says of times is true for a moment, and a computer that runs tests may stand still for longer. So the
// page's clock stands, at a time that is far from midnight, until a test says that time passes.
const NOW = new Date(2026, 10, 21, 14).getTime();
const clockStands = () => vi.useFakeTimers({ toFake: ["Date"], now: NOW });
clockStands();
beforeEach(() => void clockStands());

/** So much time passes, and somebody looks at the window again. */
export async function pass(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  document.dispatchEvent(new Event("visibilitychange"));
  await tick();
}

/** The page's timers stand too, until `goOn`. Nothing can be pressed meanwhile. */
export const standStill = () => vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now: Date.now() });
export const goOn = () => vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });

/** So much time passes while all stands still. */
export async function passStill(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await tick();
}

export const user = userEvent.setup({ pointerEventsCheck: 0 });

export async function openWindow(overview: Overview, before?: (program: PretendProgram) => void): Promise<PretendProgram> {
  const program = new PretendProgram(overview);
  before?.(program);
  useDoor(program);
  render(App);
  await screen.findByTestId("main");
  return program;
}

export const see = (testid: string) => screen.findByTestId(testid);
export const seen = (testid: string) => screen.queryByTestId(testid);
export const press = async (testid: string) => user.click(await see(testid));
export const field = async (testid: string) => (await see(testid)) as HTMLInputElement;

/** What the page does by itself has been done. */
export const settled = () => new Promise((done) => setTimeout(done, 30));

/** The arguments of the last time a command was asked for. */
export const lastAsked = (program: PretendProgram, command: string) =>
  program.asked.findLast((asked) => asked.command === command)?.args;

/** An answer that comes when the test says so. */
export function later<T>() {
  let settle!: { give: (value: T) => void; refuse: (error: unknown) => void };
  const promise = new Promise<T>((give, refuse) => (settle = { give, refuse }));
  return { promise, ...settle };
}
