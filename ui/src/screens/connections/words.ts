// What the screen Connections says. Pure functions of what is known and of the time.

import type { ConnectableTool } from "../../lib/bindings/ConnectableTool";
import type { ConnectionStatus } from "../../lib/bindings/ConnectionStatus";
import type { Fitting } from "../../lib/bindings/Fitting";
import type { Meaning } from "../../lib/bindings/Meaning";
import type { Recipient } from "../../lib/bindings/Recipient";
import { ago, exact, instant, span } from "../../lib/time";
import { payerWords } from "../../lib/words";
import type { ShapeKind } from "../../parts/Shape.svelte";

export const words = {
  title: "Connections",
  about: "Tools on this computer that use your accounts. Each gets a valid credential, and never what renews it.",
  looking: "Looking…",
  noneFound:
    "No tool that Keyfob knows was found on this computer. Any program that can run a command can be connected all the same.",
  notHere: (names: string[]) => `Not found on this computer: ${names.join(", ")}.`,
  noAccounts: "There is no account yet that a tool could be given.",
  addAccount: "Add account",
  files: "Files",
  filesAbout: "Credentials that were written to a file, for a container or another computer.",
  remove: "Delete file…",
  removeOf: (path: string) => `Delete file…: ${path}`,
  removeTitle: "Delete this file?",
  removeAbout: (end: boolean) =>
    end ? "Whoever has a copy of it can use that until its end." : "Whoever has a copy of it can go on using that.",
  removeConfirm: (path: string) => `Delete ${path}`,
  removing: "Deleting…",
  on: "On",
  off: "Off",
  turning: "Turning off…",
  notConnected: "Not connected",
  connected: "Connected",
  hasNoEnd: "Has no end",
  testFailed: "Test failed",
  test: "Test",
  testing: "Testing…",
  testOf: (word: string, name: string) => `${word} ${name}`,
  another: "Connect another",
  anotherOf: (name: string) => `Connect another: ${name}`,
  account: "Account",
  name: "What is it for?",
  nameHint: "A name to know it by in this list. It may stay empty.",
  connect: "Connect",
  connecting: "Connecting…",
  cancel: "Cancel",
  activate: "Use it where none is named",
  activateHint: "Programs that name no profile get this one, and Claude Code too. Turned off, the one before is back.",
  profile: (name: string) => `Programs use it with \`ANTHROPIC_PROFILE=${name}\`.`,
  neverAsked: "Has not asked yet",
  holdsCopy: "Holds a copy, which Keyfob keeps fresh",
  testedIn: (folder: string) => (folder === "~" ? "Tested in your home folder." : `Tested in ${folder}.`),
  notFor: (label: string, why: string) => `Not for ${label}: ${why}`,
  command: "Give it this command:",
  changesNothing: "No file is changed.",
  replaceTitle: (name: string) => `Connect ${name}?`,
  replaceConfirm: "Put it aside and connect",
  switchLabel: (name: string) => `${name}: connected`,
};

/** What somebody chose in the form. */
export type Order = { account: Fitting; name: string | null; replace: boolean; activate: boolean };

/** What turning a switch on changes, before it is turned: "Changes /home/ada/.claude/settings.json." */
export function changeWords({ changes }: ConnectableTool): string {
  if (changes.length === 0) return words.changesNothing;
  return `Changes ${listed(changes)}. Turned off again, everything is as it was.`;
}

const listed = (files: string[]): string =>
  files.length < 2 ? files.join("") : `${files.slice(0, -1).join(", ")} and ${files.at(-1)}`;

/** What people call a tool in this list; "Command" is none of theirs, and what they named one is. */
export const toolName = ({ to, name, target = null }: { to: Recipient; name: string; target?: string | null }): string =>
  to === "command" ? (target ?? "Any other program") : name;

/** The same, with which one of the tool's it is: what tells its buttons apart. */
export const fullName = (one: ConnectionStatus): string =>
  one.to !== "command" && one.target ? `${toolName(one)}, ${one.target}` : toolName(one);

/** How a connection stands: shape, meaning and word. */
export function standing(
  { to, label, valid_until, last_asked, problem }: ConnectionStatus,
  now: number,
): { shape: ShapeKind; meaning: Meaning | "none"; word: string; title: string | null } {
  if (label === null) return { shape: "stop", meaning: "act", word: "Its account is gone", title: null };
  if (problem) return { shape: "stop", meaning: "act", word: "Needs you", title: null };
  if (valid_until) {
    const end = instant(valid_until);
    if (end <= now) return { shape: "stop", meaning: "act", word: `Ended ${ago(end, now)}`, title: exact(end) };
    return { shape: "check", meaning: "fine", word: `Valid for ${span(end - now)}`, title: `Until ${exact(end)}` };
  }
  if (last_asked) {
    const at = instant(last_asked);
    return { shape: "check", meaning: "fine", word: `Asked ${ago(at, now)}`, title: exact(at) };
  }
  return { shape: "check", meaning: "fine", word: to === "file" ? words.hasNoEnd : words.connected, title: null };
}

/** Whose credential it gets and who pays: "CI key · API billing · the API key, each time it asks". */
export function whoseWords({ to, label, payer, gets }: ConnectionStatus, practice: boolean): string {
  if (label === null && to === "file") return "Whose it was is not known any more.";
  if (label === null) return "Nothing can be given to it any more. Turn it off, and what was changed for it is put back.";
  const paid = payer ? payerWords(payer, practice) : null;
  return [label, paid, gets].filter(Boolean).join(" · ");
}

/** Since when, and where: each with the exact instant behind it. */
export const sinceWords = ({ to, made_at }: ConnectionStatus, now: number) => {
  const at = instant(made_at);
  return { words: `${to === "file" ? "Exported" : "Connected"} ${ago(at, now)}`, title: exact(at) };
};

/** What is to be said of a tool's asking: some never ask, and hold a copy. */
export function askingWords({ to, last_asked, valid_until, problem }: ConnectionStatus): string | null {
  if (to === "opencode" || to === "anthropic-sdk") return problem ? null : words.holdsCopy;
  return last_asked || valid_until || to === "file" ? null : words.neverAsked;
}

export const accountWords = ({ label, payer, gets }: Fitting, practice: boolean): string =>
  `${label} · ${payerWords(payer, practice)} · ${gets}`;

/** "Anthropic SDKs and ant" are more than one. */
const isSeveral = ({ to }: ConnectionStatus): boolean => to === "anthropic-sdk";

const gone = (one: ConnectionStatus): string => `${toolName(one)} ${isSeveral(one) ? "are" : "is"} disconnected`;

/** What was done, for the line at the foot of the window. */
export const outcomes = {
  connected: (one: ConnectionStatus, label: string) => `${toolName(one)} ${isSeveral(one) ? "use" : "uses"} ${label} now.`,
  disconnected: (one: ConnectionStatus) =>
    one.files.length > 0 ? `${gone(one)}, and what was changed for ${isSeveral(one) ? "them" : "it"} is as it was.` : `${gone(one)}.`,
  left: (one: ConnectionStatus, left: string[]) => `${gone(one)}. ${left.join(" ")}`,
  removed: (target: string) => `${target} is deleted.`,
};
