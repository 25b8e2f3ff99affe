// What the activity screen says. Pure functions of what is known and of the time.

import type { ActivityEntry } from "../../lib/bindings/ActivityEntry";
import type { Meaning } from "../../lib/bindings/Meaning";
import type { Status } from "../../lib/bindings/Status";
import type { What } from "../../lib/bindings/What";
import { dayName, instant } from "../../lib/time";
import type { ShapeKind } from "../../parts/Shape.svelte";

interface Shown {
  shape: ShapeKind;
  meaning: Meaning;
  words: string;
}

export const whatWords: Record<What, Shown> = {
  signed_in: { shape: "check", meaning: "fine", words: "Signed in" },
  signed_out: { shape: "check", meaning: "fine", words: "Signed out" },
  key_added: { shape: "check", meaning: "fine", words: "Key added" },
  key_replaced: { shape: "check", meaning: "fine", words: "Key replaced" },
  imported: { shape: "check", meaning: "fine", words: "Imported" },
  fell_back: { shape: "warning", meaning: "soon", words: "Another account was given" },
  key_checked: { shape: "check", meaning: "fine", words: "Key checked" },
  renewed: { shape: "ring", meaning: "fine", words: "Renewed" },
  renewal_failed: { shape: "warning", meaning: "soon", words: "Renewal failed" },
  sign_in_ended: { shape: "stop", meaning: "act", words: "Sign-in ended" },
  waiting: { shape: "waits", meaning: "soon", words: "Renewed, waits to be stored" },
  recovered: { shape: "check", meaning: "fine", words: "Stored what had waited" },
  moved: { shape: "check", meaning: "fine", words: "Moved to another store" },
  linked: { shape: "check", meaning: "fine", words: "Linked" },
  not_given: { shape: "warning", meaning: "soon", words: "Not given to a tool" },
  asked_again: { shape: "warning", meaning: "soon", words: "Asked for again at once" },
  unlinked: { shape: "check", meaning: "fine", words: "Forgotten, and left as it is" },
  not_written: { shape: "warning", meaning: "soon", words: "A tool's copy could not be written" },
};

const clockFace = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** The time of day: "14:46:55". */
export const timeOfDay = (at: string) => clockFace.format(instant(at));

/** An entry and its number, counted from the oldest, so that it keeps it when newer ones come. */
export interface Numbered {
  number: number;
  entry: ActivityEntry;
}

export const numbered = (entries: ActivityEntry[]): Numbered[] =>
  entries.map((entry, place) => ({ number: entries.length - place, entry }));

export interface Day {
  words: string;
  entries: Numbered[];
}

/** Entries of one day after the other, in the order they come. */
export function byDay(entries: Numbered[], now: number): Day[] {
  const days: Day[] = [];
  for (const numbered of entries) {
    const words = dayName(instant(numbered.entry.at), now);
    const last = days.at(-1);
    if (last?.words === words) last.entries.push(numbered);
    else days.push({ words, entries: [numbered] });
  }
  return days;
}

/** The accounts that something happened to, as they are called now; those that are gone, as they were called last. */
export function accountsIn(entries: ActivityEntry[], accounts: Status[]): { value: string; words: string }[] {
  const called = new Map(accounts.map(({ id, label }) => [id, label]));
  const named = new Map<string, string>();
  for (const { account, label } of entries) {
    if (!named.has(account)) named.set(account, called.get(account) ?? label);
  }
  return [...named].map(([value, words]) => ({ value, words }));
}

/** All that is known of an entry, to copy. It holds no secret. */
export function inFull(entry: ActivityEntry): string {
  const took = entry.took_ms == null ? "" : `, ${words.took(entry.took_ms)}`;
  const exposed = entry.exposed_us == null ? null : words.exposed(entry.exposed_us);
  const lines = [
    `${entry.at} ${entry.label}: ${whatWords[entry.what].words.toLowerCase()}, ${words.by(entry.asked_by)}${took}`,
    entry.words,
    entry.detail,
    entry.request_id ? words.request(entry.request_id) : null,
    exposed,
  ];
  return lines.filter(Boolean).join("\n");
}

export const words = {
  title: "Activity",
  empty: "Nothing has happened yet: sign-ins, renewals and whatever goes wrong with them will stand here.",
  none: "Nothing is known of this account.",
  account: "Account",
  all: "All accounts",
  more: (count: number) => `Show ${count} more`,
  by: (who: string) => `by ${who}`,
  took: (ms: number) => `took ${ms} ms`,
  request: (id: string) => `request ${id}`,
  exposed: (us: number) => `the answer was in memory alone for ${us} µs`,
};
