import type { Link } from "../../lib/bindings/Link";
import type { OtherProgram } from "../../lib/bindings/OtherProgram";
import type { ProviderView } from "../../lib/bindings/ProviderView";
import { payerWords, programName, storeInSentence } from "../../lib/words";

export const words = {
  title: "How do you use Claude?",
  back: "Accounts",
  signIn: "Sign in with Claude",
  opensBrowser: "Opens your browser",
  held: (storage: string) => `kept in ${storeInSentence(storage)} by Keyfob`,
  needsClientId: "Needs a client id",
  needsClientIdAbout:
    "Keyfob ships no client id of Anthropic’s. If you or your organization were issued one, enter it once and sign in here.",
  ownProvider: "Add your company’s sign-in",
  ownProviderAbout: "A gateway or identity provider, with the client id it issued to you",
  other: {
    plan: "Plan (Pro, Max, Team)",
    planAbout: "Through Claude Code, which signs you in and holds the session. Billed to your plan.",
    console: "Console, through ant",
    consoleAbout: "API billing. The command ant signs you in and holds the session in a profile of its own.",
    found: (name: string) => `Link ${name}`,
    foundAbout: (link: Link) =>
      link.kind === "anthropic_profile"
        ? `The profile ${link.profile} of ant. Keyfob only looks at it.`
        : "Claude Code is signed in on this computer. Keyfob only looks at that session.",
    foundHint: "Already signed in",
    missing: (program: OtherProgram) => `${programName(program)} is not installed`,
    missingAbout: {
      claude_code: "Only Claude Code can sign in to a Claude plan. Install it, then come back; or use another way below.",
      ant: "Install it, then come back; or sign in with a client id of your own.",
    },
    get: (program: OtherProgram) => `Where to get ${programName(program)}`,
    version: (program: OtherProgram, version: string) => `${programName(program)} ${version}`,
    looking: "Looking which programs are here…",
  },
  key: "Paste an API key",
  keyAbout: (storage: string) => `API billing, no renewal needed, kept in ${storeInSentence(storage)} by Keyfob`,
  practice: "Try it without an account",
  practiceAbout: "A practice server on this computer plays Claude’s part. Nobody is billed, and nothing in it is real.",
  others: "Other ways",
};

export const whichWords = {
  title: "Which one should I use?",
  answers: [
    "If you have a Claude plan (Pro, Max, Team), use it through Claude Code: it signs you in, and its session stays with it.",
    "If you or your company pay for API usage and were issued a client id, sign in with Claude: the tokens are short-lived and Keyfob renews them.",
    "If your company runs a gateway to Claude, add its sign-in; your company is billed.",
    "If you have none of these, paste an API key from Claude Console. It needs no renewal, but it stays valid until somebody deletes it.",
    "If you only want to see how Keyfob works, practise first. You can forget the practice account at any time.",
  ],
};

export const firstWords = {
  title: "Keyfob keeps your Claude credentials",
  about: (storage: string) =>
    `Sign in once in your own browser, or paste an API key. Keyfob keeps the secret in ${storeInSentence(storage)}, keeps it fresh, and hands it to the tools on this computer.`,
  routes: "How do you use Claude?",
};

/** "API billing, kept in the system keychain by Keyfob". */
export const billedAndHeld = ({ payer, practice }: ProviderView, storage: string) =>
  `${payerWords(payer, practice)}, ${words.held(storage)}`;

/** Who issued the client id, and where the browser goes. */
export function issuedBy({ name, host, practice }: ProviderView): string {
  const where = host ? `At ${host}, ` : "";
  return practice
    ? `${where}a practice server. Nothing that comes from it is real.`
    : `${where}${where ? "with" : "With"} the client id you entered for ${name}.`;
}

export const foundWords = {
  title: "Found on this computer",
  count: (count: number) => `Found on this computer: ${count}`,
  verbOf: { link: "Link", import: "Import" },
  taking: "One moment…",
  ignore: "Ignore",
  pays: (bill: string) => `Who pays: ${bill}`,
  taken: (label: string) => `${label} is in Keyfob now.`,
  ignored: (name: string) => `${name}: not shown any more. “keyfob discover --all” brings it back.`,
};
