import { describe, expect, test } from "vitest";

import { ago, countdown, DAY, day, exact, HOUR, instant, MINUTE, SECOND, span } from "../src/lib/time";

describe("span", () => {
  test.each([
    [-1, "0 s"],
    [0, "0 s"],
    [999, "0 s"],
    [SECOND, "1 s"],
    [MINUTE - 1, "59 s"],
    [MINUTE, "1 min"],
    [HOUR - 1, "59 min"],
    [HOUR, "1 h"],
    [HOUR + MINUTE, "1 h 1 min"],
    [6 * HOUR + 12.9 * MINUTE, "6 h 12 min"],
    [DAY - 1, "23 h 59 min"],
    [DAY, "1 day"],
    [DAY + 5 * HOUR, "1 day 5 h"],
    [2 * DAY - 1, "1 day 23 h"],
    [2 * DAY, "2 days"],
    [19.9 * DAY, "19 days"],
  ])("%d ms is %s", (ms, words) => expect(span(ms)).toBe(words));
});

describe("countdown", () => {
  test.each([
    [-5, "0:00"],
    [0, "0:00"],
    [1, "0:01"],
    [59 * SECOND, "0:59"],
    [59 * SECOND + 1, "1:00"],
    [4 * MINUTE + 32 * SECOND, "4:32"],
    [5 * MINUTE, "5:00"],
  ])("%d ms is %s", (ms, words) => expect(countdown(ms)).toBe(words));
});

describe("ago", () => {
  const now = new Date(2026, 10, 21, 14, 0).getTime();
  test.each([
    [now + HOUR, "just now"],
    [now, "just now"],
    [now - MINUTE + 1, "just now"],
    [now - MINUTE, "1 min ago"],
    [now - HOUR + 1, "59 min ago"],
    [now - HOUR, "today"],
    [new Date(2026, 10, 21, 0, 0).getTime(), "today"],
    [new Date(2026, 10, 20, 23, 59).getTime(), "yesterday"],
    [new Date(2026, 10, 20, 0, 0).getTime(), "yesterday"],
    [new Date(2026, 10, 19, 23, 59).getTime(), "2 days ago"],
    [new Date(2026, 10, 15, 0, 0).getTime(), "6 days ago"],
    [new Date(2026, 10, 14, 23, 59).getTime(), "14 Nov"],
    [new Date(2025, 11, 1, 9, 0).getTime(), "1 Dec 2025"],
  ])("%d is %s", (at, words) => expect(ago(at, now)).toBe(words));

  test("what happened just before midnight is still minutes ago", () => {
    const afterMidnight = new Date(2026, 10, 21, 0, 5).getTime();
    expect(ago(afterMidnight - 10 * MINUTE, afterMidnight)).toBe("10 min ago");
  });
});

test("a day names its year only where it is another one", () => {
  const now = new Date(2026, 5, 1).getTime();
  expect(day(new Date(2026, 11, 1).getTime(), now)).toBe("1 Dec");
  expect(day(new Date(2027, 0, 1).getTime(), now)).toBe("1 Jan 2027");
});

test("the exact instant names the day and the second", () => {
  expect(exact(new Date(2026, 10, 21, 17, 12, 5).getTime())).toMatch(/Saturday,? 21 November 2026 at 17:12:05/);
});

test("instants of nine decimal places are read", () => {
  expect(instant("2026-11-21T10:00:00.123456789Z")).toBe(Date.UTC(2026, 10, 21, 10, 0, 0, 123));
});
