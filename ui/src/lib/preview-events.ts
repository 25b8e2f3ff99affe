// What the preview and the tests show of the past, and of Keyfob's own health.

import type { ActivityEntry } from "./bindings/ActivityEntry";
import type { Finding } from "./bindings/Finding";
import type { What } from "./bindings/What";
import { DAY, HOUR, MINUTE } from "./time";

const work = { account: "acct-0000000000000001", label: "Work" };
const key = { account: "acct-0000000000000002", label: "CI key" };
const gateway = { account: "acct-0000000000000003", label: "Gateway" };

const entry = (ms: number, of: typeof work, what: What, asked_by: string, more: Partial<ActivityEntry> = {}): ActivityEntry => ({
  at: new Date(ms).toISOString(),
  ...of,
  what,
  asked_by,
  ...more,
});

/** Everything that can happen, over three days, the newest first. */
export const history = (now: number): ActivityEntry[] => [
  entry(now - 2 * MINUTE, work, "renewed", "keyfob token", { took_ms: 212, request_id: "req_011CVe9", exposed_us: 840 }),
  entry(now - 4 * MINUTE, work, "renewal_failed", "the background", {
    words: "The server is busy and asked to wait.",
    detail: "429 rate_limit_error",
    request_id: "req_011CVe2",
    took_ms: 1_204,
  }),
  entry(now - 10 * MINUTE, key, "key_checked", "the window", { took_ms: 96 }),
  entry(now - DAY, gateway, "sign_in_ended", "the background", {
    words: "The server no longer accepts this sign-in: it was ended there, or used elsewhere.",
    detail: "400 invalid_grant",
    request_id: "req_011CVd7",
    took_ms: 180,
  }),
  entry(now - DAY - MINUTE, work, "recovered", "keyfob watch"),
  entry(now - DAY - 5 * MINUTE, work, "waiting", "keyfob watch", {
    words: "The system keychain is locked.",
    detail: "org.freedesktop.Secret.Error.IsLocked, collection login",
    took_ms: 240,
  }),
  entry(now - 5 * DAY, work, "moved", "the window", { words: "To: System keychain." }),
  entry(now - 5 * DAY - HOUR, key, "key_added", "keyfob add-key"),
  entry(now - 5 * DAY - 2 * HOUR, work, "signed_in", "the window", { took_ms: 402 }),
  entry(now - 5 * DAY - 3 * HOUR, { account: "acct-00000000000000ff", label: "Old laptop" }, "signed_out", "keyfob sign-out"),
];

/** As many as anybody will ever have. */
export const longHistory = (now: number, count: number): ActivityEntry[] =>
  Array.from({ length: count }, (_, place) =>
    entry(now - place * 11 * MINUTE, place % 3 === 0 ? key : work, place % 7 === 0 ? "renewal_failed" : "renewed", "the background", {
      took_ms: 100 + (place % 90),
      request_id: `req_${place}`,
    }),
  );

const fine = (group: Finding["group"], topic: string, words: string, detail: string | null = null): Finding => ({
  group,
  topic,
  meaning: "fine",
  words,
  cure: null,
  detail,
});

/** What is known without asking a server. */
export const findingsHere: Finding[] = [
  fine("keyfob", "Secrets", "They lie here: System keychain. It answers."),
  {
    ...fine("keyfob", "Secrets", "Old copies of secrets still lie elsewhere: Encrypted files (key file)."),
    meaning: "soon",
    cure: "Run `keyfob storage --finish` where that store can be opened.",
  },
  fine("keyfob", "Accounts", "4, all in order."),
  {
    ...fine("keyfob", "Settings", "config.toml has a mistake on line 12, so its providers are not in use."),
    meaning: "act",
    cure: "Correct the line; the file is kept as it is.",
    detail: "config.toml:12:9: invalid type: integer `5`, expected a string",
  },
  fine("keyfob", "Background", "Tokens are kept fresh in the background."),
  fine("keyfob", "Files", "Nobody else on this computer can write them, or read what is private."),
  fine("computer", "Browser", "firefox opens addresses."),
  fine("computer", "Loopback", "The browser can come back, on 127.0.0.1 and [::1]."),
  fine("network", "Proxy", "No proxy is set."),
];

const tools: Finding[] = [
  fine("tools", "Claude Code", "Version 2.1.34.", "~/.local/bin/claude"),
  fine("tools", "ant", "It was not found. It is needed only for Anthropic profiles."),
  fine("tools", "Variables", "No variables of this environment get in each other’s way."),
];

/** Everything, as it is while something is wrong. */
export const findings: Finding[] = [
  ...findingsHere,
  fine("network", "Server", "Claude Console answered in 184 ms, over TLS."),
  {
    ...fine(
      "network",
      "Server",
      "Acme gateway could not be trusted: its certificate comes from an authority that this computer does not know.",
    ),
    meaning: "soon",
    cure: "Where your company checks traffic, put its certificate authority among the system’s, or name its file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.",
    detail: "invalid peer certificate: UnknownIssuer",
  },
  fine("network", "Clock", "This computer’s clock agrees with the servers’."),
  ...tools,
];

/** Everything, as it should be. */
export const findingsFine: Finding[] = findings.filter(({ meaning }) => meaning === "fine");
