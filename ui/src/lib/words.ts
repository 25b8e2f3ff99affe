// What the window says of what has just been done, whichever screen is open.

import type { OtherProgram } from "./bindings/OtherProgram";
import type { Payer } from "./bindings/Payer";

export const outcomes = {
  signedIn: (label: string) => `Signed in as ${label}.`,
  stored: (label: string) => `${label} is stored.`,
  copied: (what: string) => `${what} copied. It leaves the clipboard in 30 seconds.`,
  linkCopied: "Link copied.",
  madeDefault: (label: string) => `Tools get ${label} now when they name none.`,
  renewed: (label: string) => `${label} was renewed.`,
  linked: (label: string) => `${label} is in the list. Keyfob only looks at it.`,
  looked: (label: string) => `Looked at ${label}.`,
  renamed: (label: string) => `Renamed to ${label}.`,
  checked: (label: string) => `${label} is checked.`,
  replaced: (label: string) => `${label} has its new key. End the old one on the keys page.`,
  noted: (label: string) => `${label} is changed.`,
  imported: (label: string) => `${label} is imported. Remove it where it came from, so that two programs do not renew it.`,
  takenIn: (variable: string, label: string) => `${label} is imported. ${variable} itself stays as it is.`,
  movedTo: (label: string, place: number) => `${label} is number ${place} now.`,
  providerSaved: (name: string) => `${name} is saved.`,
  providerRemoved: (name: string) => `${name} is removed.`,
};

/** What people call another program. */
export const programName = (program: OtherProgram): string => (program === "ant" ? "ant" : "Claude Code");

/** Who is billed, in words. */
export function payerWords(payer: Payer, practice: boolean): string {
  if (practice) return "Practice, nobody is billed";
  return {
    plan: "Plan",
    api: "API billing",
    company: "Billed to your company",
    none: "Nobody is billed",
    unknown: "Billed to whoever issued it",
  }[payer];
}

/** A store's name inside a sentence, without what opens it: "the system keychain", "the encrypted files". */
export function storeInSentence(name: string): string {
  const short = name.replace(/ \(.*\)$/, "");
  return `the ${short.charAt(0).toLowerCase()}${short.slice(1)}`;
}
