// What the window says of what is imported.

import type { ImportCheck } from "../../lib/bindings/ImportCheck";
import type { Place } from "../../lib/bindings/Place";
import { exact, instant, span } from "../../lib/time";
import { storeInSentence } from "../../lib/words";

export const words = {
  title: "Import tokens",
  about: (storage: string) =>
    `Tokens that another program of yours holds, as JSON. They go to ${storeInSentence(storage)}, and Keyfob renews them from then on.`,
  text: "JSON",
  hint: "access_token, and where there are any refresh_token, expires_at and scope. The time as seconds, milliseconds or a date.",
  provider: "Issued by",
  noProvider: "Add the provider that issued them first, with its client id: only with it can they be renewed.",
  label: "Name",
  labelHint: "Left empty, it is called like the provider.",
  submit: "Import",
  working: "Importing…",
  unfinished: "Not complete yet.",
  again: "Paste the tokens again to retry: this window does not keep them.",
  show: "Show the place",
  where: ({ line, column, path }: Place) => `Line ${line}, column ${column}${path ? `, at ${path}` : ""}`,
};

type Tokens = Extract<ImportCheck, { kind: "tokens" }>;

/** What was found: "Ends in 7 h 12 min · can be renewed · user:profile". */
export function foundWords({ expires_at, has_ended, renewable, scopes }: Tokens, now: number): { words: string; title: string | null } {
  const end = expires_at ? instant(expires_at) : null;
  const life = end === null ? "Does not say when it ends; counts as one hour" : has_ended ? "Has ended" : `Ends in ${span(end - now)}`;
  const renewal = renewable ? (has_ended ? "is renewed at once" : "can be renewed") : "cannot be renewed";
  return { words: [life, renewal, scopes.join(" ")].filter(Boolean).join(" · "), title: end === null ? null : exact(end) };
}

/** Where a place lies in the text, to point at it. */
export function offsetOf(text: string, { line, column }: Place): number {
  const before = text.split("\n").slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

export const takeInWords = {
  title: (variable: string) => `Import ${variable}`,
  aboutKey: (storage: string) =>
    `The key is checked with one free request and stored in ${storeInSentence(storage)}. The variable itself stays as it is; take it out where it is set, or tools go on using it.`,
  aboutTokens: (storage: string) =>
    `The tokens go to ${storeInSentence(storage)}, and Keyfob renews them with the provider that issued them. The variables themselves stay as they are.`,
  provider: "Issued by",
  confirm: "Import",
  working: "Importing…",
  cancel: "Cancel",
};
