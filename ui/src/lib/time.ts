// Times as people say them. Every function is pure; the clock is read in clock.svelte.ts alone.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const parts = (ms: number, whole: number, part: number): [number, number] => [
  Math.floor(ms / whole),
  Math.floor((ms % whole) / part),
];

/** A length of time, rounded down: "19 days", "1 day 5 h", "6 h 12 min", "12 min", "45 s". */
export function span(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.floor(ms / DAY)} days`;
  if (ms >= DAY) return joined(parts(ms, DAY, HOUR), "day", "h");
  if (ms >= HOUR) return joined(parts(ms, HOUR, MINUTE), "h", "min");
  if (ms >= MINUTE) return `${Math.floor(ms / MINUTE)} min`;
  return `${Math.max(0, Math.floor(ms / SECOND))} s`;
}

function joined([whole, part]: [number, number], wholeUnit: string, partUnit: string): string {
  return part === 0 ? `${whole} ${wholeUnit}` : `${whole} ${wholeUnit} ${part} ${partUnit}`;
}

/** What is left of a few minutes, as a clock face says it: "4:32". */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** How long ago something was: "just now", "2 min ago", "today", "yesterday", "4 days ago", "12 Nov". */
export function ago(at: number, now: number): string {
  const gone = now - at;
  if (gone < MINUTE) return "just now";
  if (gone < HOUR) return `${Math.floor(gone / MINUTE)} min ago`;
  const nights = nightsBetween(at, now);
  if (nights === 0) return "today";
  if (nights === 1) return "yesterday";
  if (nights < 7) return `${nights} days ago`;
  return day(at, now);
}

// Making one of these costs more than all that is done with it, so each is made once.
const format = (how: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat("en-GB", how);
const dayFormat = format({ day: "numeric", month: "short" });
const dayOfYearFormat = format({ day: "numeric", month: "short", year: "numeric" });
const exactFormat = format({ dateStyle: "full", timeStyle: "long" });

/** A day, with its year only where it is another one: "12 Nov", "12 Nov 2025". */
export function day(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (sameYear ? dayFormat : dayOfYearFormat).format(at);
}

/** The day something was on, as a heading: "Today", "Yesterday", "12 Nov". */
export function dayName(at: number, now: number): string {
  const nights = nightsBetween(at, now);
  return nights === 0 ? "Today" : nights === 1 ? "Yesterday" : day(at, now);
}

/** The exact instant, for the tooltip: "Saturday 21 November 2026 at 17:12:05 CET". */
export function exact(at: number): string {
  return exactFormat.format(at);
}

// Days are counted by midnights, not by 24 hours: what happened last night was yesterday.
function nightsBetween(at: number, now: number): number {
  const midnight = (instant: number) => {
    const date = new Date(instant);
    return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  };
  return (midnight(now) - midnight(at)) / DAY;
}

/** An RFC 3339 instant in milliseconds. */
export const instant = (text: string): number => Date.parse(text);
