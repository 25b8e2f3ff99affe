// Opens the whole window upon a program that is played, so that tests press what people press.

import { configure, render, screen } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { beforeAll } from "vitest";

import App from "../src/App.svelte";
import type { Overview } from "../src/lib/bindings/Overview";
import { useDoor } from "../src/lib/ipc";
import { PretendProgram } from "../src/lib/preview";
import { fetchTheRest } from "../src/shell/later";

// The tests are about what is shown; how long it takes to compile the page here is nobody's concern.
beforeAll(async () => void (await fetchTheRest()), 120_000);
configure({ asyncUtilTimeout: 4_000 });

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

/** The arguments of the last time a command was asked for. */
export const lastAsked = (program: PretendProgram, command: string) =>
  program.asked.findLast((asked) => asked.command === command)?.args;

/** An answer that comes when the test says so. */
export function later<T>() {
  let settle!: { give: (value: T) => void; refuse: (error: unknown) => void };
  const promise = new Promise<T>((give, refuse) => (settle = { give, refuse }));
  return { promise, ...settle };
}
