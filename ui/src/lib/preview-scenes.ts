// What the preview and the tests show: accounts as they occur, made for the moment they are looked at.

import type { OrderView } from "./bindings/OrderView";
import type { Overview } from "./bindings/Overview";
import type { ProviderView } from "./bindings/ProviderView";
import type { Status } from "./bindings/Status";
import type { StorageView } from "./bindings/StorageView";
import type { UiError } from "./bindings/UiError";
import { connectionScenes } from "./preview-connections";
import { linkedAccounts } from "./preview-linked";
import { DAY, HOUR, MINUTE } from "./time";

const at = (ms: number) => new Date(ms).toISOString();

const idOf = (number: number) => `acct-${number.toString(16).padStart(16, "0")}`;

export function workAccount(now: number): Status {
  return {
    id: idOf(1),
    label: "Work",
    method: "oauth",
    owner: "keyfob",
    provider: "claude-console",
    provider_name: "Claude Console",
    payer: "api",
    identity: { subject: "u-1", email: "ada@acme.example", organization: "Acme Inc.", workspace: "Research" },
    last_four: null,
    workspace_id: null,
    expires_on: null,
    check_failed: null,
    gives: true,
    importable: null,
    about: null,
    scopes: ["user:profile", "user:inference"],
    storage: "System keychain",
    waits_since: null,
    is_default: true,
    practice: false,
    created_at: at(now - 8 * DAY),
    state: { kind: "fresh", since: at(now - 108 * MINUTE), until: at(now + 6 * HOUR + 12.9 * MINUTE), renewable: true },
    meaning: "fine",
    sign_in_ends_at: at(now + 19.4 * DAY),
    changes_at: at(now + 6 * HOUR + 12.9 * MINUTE),
  };
}

export const apiKey = (now: number): Status => ({
  ...workAccount(now),
  id: idOf(2),
  label: "CI key",
  method: "api_key",
  provider: null,
  provider_name: "Anthropic",
  identity: { subject: null, email: null, organization: null, workspace: null },
  last_four: "9f2A",
  scopes: [],
  is_default: false,
  state: { kind: "valid", checked_at: at(now - 2.2 * MINUTE) },
  sign_in_ends_at: null,
  changes_at: null,
});

export const signInAgain = (now: number): Status => ({
  ...workAccount(now),
  id: idOf(3),
  label: "Gateway",
  provider: "acme",
  provider_name: "Acme gateway",
  payer: "company",
  is_default: false,
  identity: { subject: "u-2", email: "ada@acme.example", organization: null, workspace: null },
  state: {
    kind: "sign_in_again",
    since: at(now - 26 * HOUR),
    reason: "The server no longer accepts this sign-in: it was ended there, or used elsewhere.",
    detail: "400 invalid_grant · request req_011CVd7",
  },
  meaning: "act",
  sign_in_ends_at: at(now + 3 * DAY),
  changes_at: null,
});

export const practised = (now: number): Status => ({
  ...workAccount(now),
  id: idOf(4),
  label: "Practice",
  provider: "practice",
  provider_name: "Practice server",
  payer: "none",
  practice: true,
  is_default: false,
  identity: { subject: "p-1", email: "newcomer@practice.example", organization: "Practice", workspace: null },
  state: { kind: "renews_when_asked", since: at(now - 3 * HOUR) },
  sign_in_ends_at: at(now + 40 * HOUR),
  meaning: "soon",
  changes_at: null,
});

const failing = (now: number): Status => ({
  ...workAccount(now),
  id: idOf(5),
  label: "Side project",
  is_default: false,
  identity: { subject: "u-3", email: "ada@home.example", organization: "Lovelace", workspace: null },
  state: {
    kind: "renewal_failing",
    since: at(now - 20 * MINUTE),
    serves_until: at(now + 0.9 * MINUTE),
    rests_until: at(now + 12_000),
    reason: "The server is busy and asked to wait.",
    detail: "429 rate_limit_error · request req_011CVe2",
  },
  meaning: "soon",
  changes_at: at(now + 0.9 * MINUTE),
});

const unchecked = (now: number): Status => ({
  ...apiKey(now),
  id: idOf(6),
  label: "Old laptop",
  last_four: "Qx1A",
  state: { kind: "unverified", reason: "The key was stored without asking the server." },
  meaning: "soon",
});

const day = (ms: number) => at(ms).slice(0, 10);

/** A key whose end was noted, and whose last check taught nothing. */
export const noted = (now: number): Status => ({
  ...apiKey(now),
  id: idOf(20),
  label: "Deploy key",
  last_four: "2b2B",
  expires_on: day(now + 10 * DAY),
  check_failed: { at: at(now - 3 * MINUTE), reason: "The server is limiting requests just now; the key was not judged." },
  meaning: "soon",
});

const answered = (now: number, number: number, label: string, state: Status["state"]): Status => ({
  ...apiKey(now),
  id: idOf(number),
  label,
  state,
  meaning: "act",
});

export const needsWorkspace = (now: number): Status =>
  answered(now, 21, "Identity key", {
    kind: "needs_workspace",
    checked_at: at(now - HOUR),
    reason: "The key is genuine, but works only with a workspace id. Add the id (wrkspc_…).",
    detail: "HTTP 400, invalid_request_error (request req_011CVe9)",
  });

export const refusedKey = (now: number): Status =>
  answered(now, 22, "API key …9f2A", {
    kind: "key_refused",
    checked_at: at(now - 2 * HOUR),
    reason: "The server does not know this key: it is mistyped, revoked, disabled or expired. Replace it with a new one.",
    detail: "HTTP 401, authentication_error (request req_011CVea)",
  });

const unpaid = (now: number): Status =>
  answered(now, 23, "Team key", {
    kind: "billing_needed",
    checked_at: at(now - 5 * HOUR),
    reason: "The key is genuine, but its organization has to see to billing before it works. Do that in the Claude Console.",
    detail: "HTTP 402, billing_error (request req_011CVeb)",
  });

const notPermitted = (now: number): Status =>
  answered(now, 24, "Intern key", {
    kind: "not_permitted",
    checked_at: at(now - 5 * HOUR),
    reason: "The key is genuine, but may not do this. Ask whoever made it.",
    detail: "HTTP 403, permission_error (request req_011CVec)",
  });

const notedExpired = (now: number): Status => ({
  ...answered(now, 25, "Old deploy key", {
    kind: "noted_expired",
    on: day(now - 2 * DAY),
    reason: "The day that you noted as its last is over. Replace it with a new key, or check whether it still works.",
  }),
  expires_on: day(now - 2 * DAY),
});

const variable = (now: number): Status => ({
  ...workAccount(now),
  method: "environment",
  owner: "environment",
  provider: null,
  identity: { subject: null, email: null, organization: null, workspace: null },
  scopes: [],
  storage: "Environment",
  is_default: false,
  state: { kind: "unverified", reason: "Nobody asked the server whether it works." },
  sign_in_ends_at: null,
  changes_at: null,
});

export const keyInEnvironment = (now: number): Status => ({
  ...variable(now),
  id: idOf(30),
  label: "ANTHROPIC_API_KEY",
  provider_name: "API key",
  last_four: "77Zz",
  importable: "key",
  about: "Claude Code uses it before an apiKeyHelper, CLAUDE_CODE_OAUTH_TOKEN, a profile and its own sign-in.",
});

export const tokensInEnvironment = (now: number): Status => ({
  ...variable(now),
  id: idOf(31),
  label: "CLAUDE_ACCESS_TOKEN",
  provider_name: "OAuth token",
  payer: "unknown",
  gives: false,
  importable: "tokens",
  state: { kind: "fresh", since: null, until: at(now + 2 * HOUR), renewable: false },
  about: "Claude Code does not look at it; tools that know CLAUDE_USE_OAUTH do. It can be imported for a provider of yours.",
});

export const sessionInEnvironment = (now: number): Status => ({
  ...variable(now),
  id: idOf(32),
  label: "CLAUDE_CODE_OAUTH_TOKEN",
  provider_name: "Session of Claude",
  payer: "plan",
  gives: false,
  about:
    "Claude Code uses it before a profile and its own sign-in, but after an apiKeyHelper. Here ANTHROPIC_API_KEY is set too, and comes first. It is a session of Claude: Keyfob leaves it where it is and gives it to nobody.",
});

/** An order in which every account that is given stands. */
export const inOrder = (accounts: Status[]): OrderView => ({
  is_set: true,
  fallback: true,
  placed: accounts.map((a) => a.id),
  fell_back: null,
  fallback_words: null,
});

const hindered = (now: number): Status => ({
  ...apiKey(now),
  id: idOf(7),
  label: "Team key",
  last_four: "77aB",
  state: {
    kind: "hindered",
    checked_at: at(now - 5 * HOUR),
    reason: "The key is genuine, but its organization has no credit left. Add credit in Claude Console, then check it again.",
  },
  meaning: "act",
});

const long = (now: number): Status => ({
  ...workAccount(now),
  id: idOf(8),
  label: "The account that we share for the evaluation of long documents in the northern region",
  identity: {
    subject: "u-9",
    email: "a.very.long.address.indeed.with.many.parts@department-of-research.subsidiary.example.com",
    organization: "Gesellschaft für angewandte Rechtschreibung und Datenverarbeitung mbH & Co. KG",
    workspace: "Evaluation-of-long-documents-2026",
  },
  is_default: false,
});

export const claudeConsole: ProviderView = {
  id: "claude-console",
  name: "Claude Console",
  payer: "api",
  built_in: true,
  practice: false,
  ready: false,
  host: "platform.claude.com",
  issuer: null,
  authorize_url: "https://platform.claude.com/oauth/authorize",
  token_url: "https://api.anthropic.com/v1/oauth/token",
  revocation_url: null,
  device_authorization_url: null,
  client_id: null,
  variables: [],
  client_id_by_variable: false,
  variable_problem: null,
  scopes: ["user:profile", "user:inference", "user:developer"],
  audience: null,
  resource: [],
  redirect: "both",
  paste_redirect_uri: "https://platform.claude.com/oauth/code/callback",
  token_request: "form",
  base_url: null,
};

export const consoleReady: ProviderView = { ...claudeConsole, ready: true, client_id: "0c3f-client" };

/** As it is where a shell profile sets what the official command reads. */
export const consoleByVariable: ProviderView = {
  ...consoleReady,
  client_id_by_variable: true,
  variables: ["ANTHROPIC_OAUTH_CLIENT_ID"],
};

export const gateway: ProviderView = {
  ...claudeConsole,
  id: "acme",
  name: "Acme gateway",
  payer: "company",
  built_in: false,
  ready: true,
  host: "login.acme.example",
  issuer: "https://login.acme.example",
  authorize_url: null,
  token_url: null,
  client_id: "acme-desktop",
  scopes: ["openid", "email"],
  audience: "acme-llm",
  resource: ["https://llm.acme.example/v1"],
  redirect: "loopback",
  paste_redirect_uri: null,
  base_url: "https://llm.acme.example",
};

export const practiceProvider: ProviderView = {
  ...gateway,
  id: "practice",
  name: "Practice server",
  payer: "none",
  practice: true,
  host: "127.0.0.1:41234",
  issuer: "http://127.0.0.1:41234",
  base_url: null,
};

export const lockedKeychain: UiError = {
  code: "secret_store",
  message: "The system keychain is locked.",
  cure: "Unlock it with your login password, and Keyfob goes on by itself.",
  detail: "org.freedesktop.Secret.Error.IsLocked, collection login",
};

export const brokenConfig: UiError = {
  code: "failed",
  message: "config.toml has a mistake on line 12, so its providers are not in use.",
  cure: "Correct the line; the file is kept as it is.",
  detail: "/home/ada/.config/keyfob/config.toml:12:9: invalid type: integer `5`, expected a string",
};

export const systemKeychain: StorageView = {
  name: "System keychain",
  problem: null,
  choice: { kind: "keychain" },
  leftovers_in: null,
  wants_passphrase: false,
};

export const withPassphrase: StorageView = {
  ...systemKeychain,
  name: "Encrypted files (passphrase)",
  choice: { kind: "passphrase" },
};

export const locked: StorageView = {
  ...withPassphrase,
  problem: {
    code: "secret_store",
    message: "The encrypted files are locked: their passphrase was not given.",
    cure: "Type it in Keyfob's window, or run the command at a terminal.",
    detail: null,
  },
  wants_passphrase: true,
};

export const waitsForStore = (now: number): Status => ({
  ...workAccount(now),
  waits_since: at(now - 4 * MINUTE),
  meaning: "soon",
});

const kept = (storage: string) => (account: Status): Status => ({ ...account, storage });

export function empty(): Overview {
  return {
    accounts: [],
    order: { is_set: false, fallback: false, placed: [], fell_back: null, fallback_words: null },
    providers: [claudeConsole],
    storage: systemKeychain,
    practice: "available",
    practice_home: false,
    waiting: null,
    preferences: { theme: "system", last_screen: "accounts", keep_running: true },
    tray: true,
    problems: [],
    home: "/home/ada/.config/keyfob",
    version: "0.1.0",
  };
}

const several = (now: number): Overview => ({
  ...empty(),
  accounts: [workAccount(now), apiKey(now), signInAgain(now), practised(now)],
  providers: [consoleReady, gateway, practiceProvider],
});

const crowd = (now: number, count: number) => {
  const kinds = [workAccount, apiKey, signInAgain, practised, failing, unchecked, hindered];
  const of = (n: number) => ({ ...(kinds[n % kinds.length] ?? workAccount)(now), id: idOf(100 + n), is_default: n === 0 });
  return Array.from({ length: count }, (_, n) => ({ ...of(n), label: `${of(n).label} ${n + 1}` }));
};

const waiting = (now: number) => ({
  provider_id: "claude-console",
  provider_name: "Claude Console",
  payer: "api" as const,
  practice: false,
  ends_at: at(now + 4 * MINUTE + 32_000),
  can_paste: true,
  listens: true,
  browser_problem: null,
  exchanging: false,
  program: null,
});

/** Everything the window can be shown in. */
export const scenes: Record<string, (now: number) => Overview> = {
  accounts: several,
  fine: (now) => ({ ...several(now), accounts: [workAccount(now), apiKey(now)] }),
  first: () => empty(),
  none_installed: () => empty(),
  first_ready: () => ({ ...empty(), providers: [consoleReady], practice: "absent" }),
  states: (now) => ({
    ...several(now),
    accounts: [workAccount, apiKey, signInAgain, practised, failing, unchecked, hindered].map((make) => make(now)),
  }),
  keys: (now) => ({
    ...several(now),
    accounts: [noted, needsWorkspace, refusedKey, unpaid, notPermitted, notedExpired].map((make) => make(now)),
  }),
  environment: (now) => ({
    ...several(now),
    accounts: [workAccount, apiKey, keyInEnvironment, tokensInEnvironment, sessionInEnvironment].map((make) => make(now)),
  }),
  ordered: (now) => {
    const accounts = [signInAgain, apiKey, workAccount, keyInEnvironment].map((make, place) => ({
      ...make(now),
      is_default: place === 0,
    }));
    const words =
      '"Gateway" could not be used: Acme gateway has ended this sign-in. Gave "CI key" instead: now billed to API usage, and not to your company.';
    return { ...several(now), accounts, order: { ...inOrder(accounts), fallback_words: words } };
  },
  many: (now) => ({ ...several(now), accounts: crowd(now, 30) }),
  thousands: (now) => ({ ...several(now), accounts: crowd(now, 10_000) }),
  long: (now) => ({ ...several(now), accounts: [long(now), signInAgain(now)] }),
  problems: (now) => ({
    ...several(now),
    storage: { ...systemKeychain, problem: lockedKeychain },
    problems: [brokenConfig],
  }),
  "storage-locked": (now) => ({
    ...several(now),
    accounts: several(now).accounts.map(kept(locked.name)),
    storage: locked,
  }),
  "waits-for-store": (now) => ({
    ...several(now),
    accounts: [waitsForStore(now), apiKey(now)],
    storage: { ...systemKeychain, problem: lockedKeychain },
  }),
  leftovers: (now) => ({
    ...several(now),
    accounts: several(now).accounts.map(kept("Encrypted files (key file)")),
    storage: {
      ...systemKeychain,
      name: "Encrypted files (key file)",
      choice: { kind: "key_file", path: "/media/stick/keyfob.key" },
      leftovers_in: "System keychain",
    },
  }),
  activity: several,
  "activity-long": several,
  "activity-empty": (now) => ({ ...several(now), accounts: [apiKey(now)] }),
  doctor: several,
  ...Object.fromEntries(Object.keys(connectionScenes).map((name) => [name, several])),
  which: several,
  "which-none": several,
  found: several,
  first_found: () => empty(),
  "doctor-fine": several,
  "doctor-waiting": several,
  variables: (now) => ({ ...several(now), providers: [consoleByVariable, gateway] }),
  no_tray: (now) => ({ ...several(now), tray: false }),
  practice: (now) => ({ ...empty(), accounts: [practised(now)], practice_home: true, practice: "running" }),
  waiting: (now) => ({ ...several(now), waiting: waiting(now) }),
  linked: (now) => ({ ...several(now), accounts: linkedAccounts(now) }),
  waiting_other: (now) => ({
    ...several(now),
    waiting: { ...waiting(now), provider_id: "", provider_name: "Claude Code", payer: "plan", program: "claude_code" },
  }),
  storing: (now) => ({ ...several(now), waiting: { ...waiting(now), exchanging: true } }),
  no_browser: (now) => ({
    ...several(now),
    waiting: {
      ...waiting(now),
      browser_problem: {
        code: "failed",
        message: "No browser could be opened.",
        cure: "Copy the link and open it in a browser yourself.",
        detail: "xdg-open: no handler for x-scheme-handler/https",
      },
    },
  }),
};
