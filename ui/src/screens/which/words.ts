import type { Bill } from "../../lib/bindings/Bill";
import type { Candidate } from "../../lib/bindings/Candidate";
import type { Meaning } from "../../lib/bindings/Meaning";
import type { Tool } from "../../lib/bindings/Tool";
import type { Which } from "../../lib/bindings/Which";

export const words = {
  title: "In use",
  looking: "Looking…",
  again: "Look again",
  about: "What the tools on this computer would use now, and who pays.",
  window:
    "This is the environment of this window. A terminal may have other variables: run “keyfob which” there.",
  folder: "Folder",
  folderHint: "Settings of a project count in its folder alone. Leave it empty to look without one.",
  pays: "Who pays",
  where: "Where",
  kept: "Kept by",
  state: "State",
  account: "In Keyfob",
  outranks: "It outranks",
  ifItFailed: "If it failed",
  whatHappens: "What happens",
  warnings: "Worth knowing",
  notes: "What cannot be seen from here",
};

export const tools: Record<Tool, string> = { "claude-code": "Claude Code", "anthropic-sdk": "Anthropic SDKs" };

export const bills: Record<Bill, string> = {
  plan: "Your plan",
  api: "API billing",
  company: "Your company",
  nobody: "Nobody (practice)",
  cloud: "Your cloud provider",
  not_known: "Not known",
};

/** Who pays, where nothing beside it says what is meant. */
export const paidBy = ({ payer }: Candidate): string => (payer === "not_known" ? "Payer not known" : bills[payer]);

/** Names come as they stand inside a sentence. */
export const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** How a tool stands: in a word, beside the shape. */
export function standing({ winner, warnings }: Which): { meaning: Meaning; word: string } {
  if (!winner) return { meaning: "act", word: "Nothing would be used here" };
  const has = (meaning: Meaning) => warnings.some((warning) => warning.meaning === meaning);
  if (has("act")) return { meaning: "act", word: "Needs you" };
  if (has("soon")) return { meaning: "soon", word: "Worth a look" };
  return { meaning: "fine", word: "In use" };
}
