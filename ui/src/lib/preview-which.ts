// What the preview and the tests show of the tools in use, and of what was found on this computer.

import type { Candidate } from "./bindings/Candidate";
import type { Discovered } from "./bindings/Discovered";
import type { Tool } from "./bindings/Tool";
import type { Which } from "./bindings/Which";

const key: Candidate = {
  source: "api_key",
  name: "the variable ANTHROPIC_API_KEY",
  place: "the environment",
  owner: "whoever set it",
  payer: "api",
  state: "Set, ends in 9f2A; nobody asked a server whether it works",
  account: "acct-0000000000000002",
  label: "CI key",
};

const helper: Candidate = {
  source: "api_key_helper",
  name: "the apiKeyHelper in your settings",
  place: "/home/ada/.claude/settings.json",
  owner: "you, in Claude Code's settings",
  payer: "not_known",
  state: "Run when a key is needed; Keyfob does not run it",
  account: null,
  label: null,
};

const session: Candidate = {
  source: "login_session",
  name: "Claude Code's own sign-in (max)",
  place: "/home/ada/.claude/.credentials.json",
  owner: "Claude Code",
  payer: "plan",
  state: "Signed in; nobody asked a server whether it works",
  account: null,
  label: null,
};

const profile: Candidate = {
  source: "active_profile",
  name: 'the active Anthropic profile "work"',
  place: "/home/ada/.config/anthropic/configs/work.json",
  owner: "Keyfob",
  payer: "company",
  state: "Signed in; nobody asked a server whether it works",
  account: "acct-0000000000000001",
  label: "Work",
};

export const inUse: Which[] = [
  {
    tool: "claude-code",
    winner: key,
    outranked: [helper, session],
    if_it_failed:
      "Claude Code says so and stops; it tries no other by itself. Without it, this would be used: the apiKeyHelper in your settings.",
    next: helper,
    warnings: [
      {
        code: "readable_by_others",
        meaning: "act",
        words: "Others on this computer can read /home/ada/.claude/settings.json, and a credential is in it.",
        cure: "Run `chmod 600 /home/ada/.claude/settings.json`, or take the credential out.",
      },
      {
        code: "outranks_plan",
        meaning: "soon",
        words: "Your plan is signed in to, and is not used here: the variable ANTHROPIC_API_KEY outranks it.",
        cure: "Should your plan pay? Take ANTHROPIC_API_KEY out of the environment (`unset ANTHROPIC_API_KEY`, and where your shell's profile sets it).",
      },
      {
        code: "key_asks_first",
        meaning: "fine",
        words: "Claude Code asks once whether to use this key. It is used if you say Yes; if you say No, the next one is.",
        cure: "`claude -p` does not ask, and uses it.",
      },
    ],
    notes: ["Settings that an organization sends by its server or its device management are not seen from here."],
  },
  {
    tool: "anthropic-sdk",
    winner: profile,
    outranked: [],
    if_it_failed: "The program gets an error; no other is tried. Without it, nothing would be left.",
    next: null,
    warnings: [],
    notes: ["A credential that a program gives in its own code outranks all of this, and cannot be seen from here."],
  },
];

const withoutAny: Record<Tool, string> = {
  "claude-code": 'Claude Code says "Not logged in" and asks you to sign in.',
  "anthropic-sdk": "The program stops with an error that says that no credential was found.",
};

/** As it is where no tool finds anything. */
export const nothingInUse: Which[] = inUse.map(({ tool, notes }) => ({
  tool,
  winner: null,
  outranked: [],
  if_it_failed: withoutAny[tool],
  next: null,
  warnings: [],
  notes,
}));

export const onThisComputer: Discovered[] = [
  {
    key: "claude-code",
    name: "The sign-in of Claude Code (ada@example.com)",
    place: "/home/ada/.claude/.credentials.json",
    payer: "plan",
    action: "link",
    about: "Claude Code keeps and renews it; Keyfob shows how it stands.",
    command: "keyfob link claude-code",
  },
  {
    key: "variable:ANTHROPIC_API_KEY:9f2A",
    name: "The variable ANTHROPIC_API_KEY, ends in 9f2A",
    place: "the environment",
    payer: "api",
    action: "import",
    about: "Keyfob checks it and stores a copy. The variable stays as it is.",
    command: "keyfob import --from-environment ANTHROPIC_API_KEY",
  },
  {
    key: "variable:CLAUDE_CODE_OAUTH_TOKEN",
    name: "The variable CLAUDE_CODE_OAUTH_TOKEN",
    place: "the environment",
    payer: "plan",
    action: "only_shown",
    about: "A token of a Claude plan belongs to Claude Code. Keyfob never stores or hands on one.",
    command: null,
  },
];
