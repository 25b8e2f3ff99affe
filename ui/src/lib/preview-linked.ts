// Sessions that other programs hold, for the preview and the tests.

import type { OtherSessions } from "./bindings/OtherSessions";
import type { Status } from "./bindings/Status";
import { HOUR, MINUTE } from "./time";

const at = (ms: number) => new Date(ms).toISOString();

export const planAccount = (now: number): Status => ({
  id: "acct-0000000000000021",
  label: "Personal",
  method: "claude_code",
  owner: "claude_code",
  provider: null,
  provider_name: "Claude Code",
  payer: "plan",
  identity: { subject: "a-1", email: "ada@home.example", organization: "Ada’s organization", workspace: null },
  last_four: null,
  workspace_id: null,
  expires_on: null,
  check_failed: null,
  gives: false,
  importable: null,
  about: null,
  scopes: ["user:inference", "user:profile"],
  storage: "/home/ada/.claude",
  waits_since: null,
  is_default: false,
  practice: false,
  created_at: at(now - 48 * HOUR),
  state: { kind: "fresh", since: null, until: at(now + 5 * HOUR + 12.9 * MINUTE), renewable: true },
  meaning: "fine",
  sign_in_ends_at: null,
  changes_at: at(now + 5 * HOUR + 12.9 * MINUTE),
});

export const profileAccount = (now: number): Status => ({
  ...planAccount(now),
  id: "acct-0000000000000022",
  label: "Research",
  method: "anthropic_profile",
  owner: "ant",
  gives: true,
  provider_name: "ant profile research",
  payer: "api",
  identity: { subject: null, email: "ada@acme.example", organization: "Acme Inc.", workspace: "Research" },
  storage: "/home/ada/.config/anthropic",
  is_default: true,
});

const ended = (now: number): Status => ({
  ...planAccount(now),
  id: "acct-0000000000000023",
  label: "Work",
  identity: { subject: "a-2", email: "ada@acme.example", organization: null, workspace: null },
  storage: "/home/ada/.local/share/keyfob/claude-code/work",
  state: {
    kind: "sign_in_again",
    since: at(now - 26 * HOUR),
    reason: "The server no longer accepts Claude Code's session, and Claude Code could not renew it.",
    detail: "Claude Code: API Error: 403 OAuth token has been revoked",
  },
  meaning: "act",
  changes_at: null,
});

export const hidden = (now: number): Status => ({
  ...planAccount(now),
  id: "acct-0000000000000024",
  label: "Laptop",
  state: {
    kind: "cannot_tell",
    reason: "Claude Code keeps this session in the keychain, and Keyfob looks there only when you click Look now in its window.",
    detail: null,
  },
  meaning: "soon",
  changes_at: null,
});

const expired = (now: number): Status => ({
  ...planAccount(now),
  id: "acct-0000000000000025",
  label: "Evenings",
  state: { kind: "renews_when_asked", since: at(now - 3 * HOUR) },
  changes_at: null,
});

export const linkedAccounts = (now: number): Status[] =>
  [planAccount, profileAccount, ended, hidden, expired].map((make) => make(now));

export const others: OtherSessions[] = [
  {
    program: "claude_code",
    path: "/home/ada/.local/bin/claude",
    version: "2.1.197",
    found: [{ link: { kind: "claude_code", config_dir: null }, name: "ada@home.example" }],
  },
  { program: "ant", path: "/usr/local/bin/ant", version: "2.3.0", found: [] },
];

export const noneInstalled: OtherSessions[] = [
  { program: "claude_code", path: null, version: null, found: [] },
  { program: "ant", path: null, version: null, found: [] },
];
