// What the preview and the tests show of tools: found or not, connected, asking, failing.

import type { ConnectableTool } from "./bindings/ConnectableTool";
import type { ConnectionStatus } from "./bindings/ConnectionStatus";
import type { Fitting } from "./bindings/Fitting";
import type { Payer } from "./bindings/Payer";
import type { Recipient } from "./bindings/Recipient";
import type { Tested } from "./bindings/Tested";
import type { PretendProgram } from "./preview";
import { DAY, HOUR, MINUTE } from "./time";

const at = (ms: number) => new Date(ms).toISOString();

const WORK = "acct-0000000000000001";
const KEY = "acct-0000000000000002";
const GATEWAY = "acct-0000000000000003";

const fits = (id: string, label: string, payer: Payer, what: string) => (copied: boolean): Fitting => ({
  id,
  label,
  payer,
  gets: copied ? `a copy of ${what}` : `${what}, each time it asks`,
  replaces: null,
});
const work = fits(WORK, "Work", "api", "an access token");
const key = fits(KEY, "CI key", "api", "the API key");
const gateway = fits(GATEWAY, "Gateway", "company", "an access token");
const practised = fits("acct-0000000000000004", "Practice", "none", "an access token");

const tool = (to: Recipient, name: string, more: Partial<ConnectableTool>): ConnectableTool => ({
  to,
  name,
  found: null,
  is_here: more.found !== undefined,
  how: "",
  changes: [],
  accounts: [],
  unfit: [],
  obstacle: null,
  connections: [],
  ...more,
});

// A sign-in to the Console is nothing for Claude Code and pi, and a token that ends nothing for opencode.
const claudeCode = tool("claude-code", "Claude Code", {
  found: "~/.local/bin/claude",
  how: "Its setting apiKeyHelper runs Keyfob's command, which prints a valid credential.",
  changes: ["~/.claude/settings.json"],
  accounts: [key(false), gateway(false)],
  unfit: [
    {
      label: "Work",
      why: '"Work" is a sign-in to the Claude Console. Claude Code sends what a helper prints as an API key too, and Anthropic\'s API refuses its tokens as such.',
    },
  ],
});

const sdk = tool("anthropic-sdk", "Anthropic SDKs and ant", {
  is_here: true,
  how: "A profile of Keyfob's own holds an access token, which Keyfob keeps fresh.",
  changes: ["~/.config/anthropic"],
  accounts: [work(true), gateway(true)],
});

const opencode = tool("opencode", "opencode", {
  found: "/usr/local/bin/opencode",
  how: "Its settings name a file of Keyfob's own, which holds a copy of the API key and which only you can read.",
  changes: ["~/.config/opencode/opencode.json"],
  accounts: [key(true)],
});

const pi = tool("pi", "pi", {
  found: "~/.npm-global/bin/pi",
  how: "Its models.json runs Keyfob's command for every request.",
  changes: ["~/.pi/agent/models.json"],
  accounts: [key(false), gateway(false)],
});

const git = tool("git", "git credential helper", {
  found: "/usr/bin/git",
  how: "git is told that Keyfob has the credential for the API's host, for programs that ask git.",
  changes: ["~/.gitconfig"],
  accounts: [work(false), key(false), gateway(false)],
});

const command = tool("command", "Command", {
  is_here: true,
  how: "You give the program a command, which prints a valid credential and nothing else.",
  accounts: [work(false), key(false), gateway(false), practised(false)],
});

/** Found, and none connected. */
export const tools: ConnectableTool[] = [claudeCode, sdk, opencode, pi, git, command];

/** Nothing but what needs no program. */
export const noTools: ConnectableTool[] = tools.map((one) => ({ ...one, found: null, is_here: ["anthropic-sdk", "command"].includes(one.to) }));

/** A connection as the program would make it. */
export function connected({ to, name, accounts, changes }: ConnectableTool, accountId: string, wish: string | null, now: number): ConnectionStatus {
  const account = accounts.find(({ id }) => id === accountId) ?? accounts[0]!;
  const id = `${to}-${(now % 0xffff).toString(16).padStart(4, "0")}`;
  const host = account.id === GATEWAY ? "llm.acme.example" : "api.anthropic.com";
  const own: Partial<Record<Recipient, string>> = { "anthropic-sdk": account.label.toLowerCase(), git: host };
  const target = own[to] ?? wish;
  const profile = ["configs", "credentials"].map((part) => `~/.config/anthropic/${part}/${target}.json`);
  return {
    id,
    to,
    name,
    target,
    account: account.id,
    label: account.label,
    payer: account.payer,
    gets: account.gets,
    made_at: at(now),
    valid_until: to === "anthropic-sdk" ? at(now + 6 * HOUR + 12.9 * MINUTE) : null,
    last_asked: null,
    problem: null,
    files: to === "anthropic-sdk" ? profile : changes,
    command: to === "command" ? `/usr/bin/keyfob helper ${id}` : null,
  };
}

/** What the program has to tell of it. */
export function toldOf({ to, target, label }: ConnectionStatus, activate: boolean): string[] {
  switch (to) {
    case "claude-code":
      return ["~/.claude/settings.json names Keyfob's helper now. A Claude Code that runs already takes it when it is started again."];
    case "anthropic-sdk":
      return [
        activate
          ? `It is the active profile now ("${target}"); programs need no setting.`
          : `Programs use it with ANTHROPIC_PROFILE=${target}; \`--activate\` makes it the one that is used where none is named.`,
        "Its token is written anew while the window or `keyfob watch` runs, and at every `keyfob token`.",
      ];
    case "opencode":
      return ["opencode uses it from its next start. A project's own opencode.json may say something else."];
    case "pi":
      return ["pi asks for it at every request."];
    case "git":
      return [`Programs that ask git for a credential of ${target} get it: \`git credential fill\`.`];
    default:
      return [`Give this command to the program. It prints a valid credential of "${label}", and nothing else.`];
  }
}

const since = (one: ConnectableTool, account: string, now: number, more: Partial<ConnectionStatus>): ConnectionStatus => ({
  ...connected(one, account, null, now),
  id: `${one.to}-0a1b`,
  made_at: at(now - 5 * DAY),
  ...more,
});

const withOne = (one: ConnectableTool, connection: ConnectionStatus): ConnectableTool => ({ ...one, connections: [connection] });

const severalTools = (now: number): ConnectableTool[] => [
  withOne(claudeCode, since(claudeCode, KEY, now, { last_asked: at(now - 2.3 * MINUTE) })),
  withOne(sdk, since(sdk, WORK, now, {})),
  opencode,
  withOne(pi, since(pi, KEY, now, { last_asked: at(now - 26 * HOUR) })),
  git,
  withOne(command, since(command, WORK, now, { target: "Nightly evaluation", command: "/usr/bin/keyfob helper command-0a1b" })),
];

const file = (now: number, name: string, more: Partial<ConnectionStatus>): ConnectionStatus => ({
  ...since(command, WORK, now, { command: null }),
  id: "file-0a1b",
  to: "file",
  name: "File",
  target: `/home/ada/deploy/secrets/${name}`,
  gets: "a copy of an access token",
  files: [`/home/ada/deploy/secrets/${name}`],
  ...more,
});

const exports = (now: number): ConnectionStatus[] => [
  file(now, "anthropic.env", { valid_until: at(now + 2 * HOUR + 30.9 * MINUTE) }),
  file(now, "ci.key", { id: "file-0c2d", account: KEY, label: "CI key", gets: "a copy of the API key" }),
];

const project = (now: number): ConnectionStatus =>
  since(claudeCode, GATEWAY, now, {
    id: "claude-code-2c3d",
    target: "/home/ada/Projects/evaluation",
    files: ["~/Projects/evaluation/.claude/settings.local.json"],
  });

const longName = "The account that we share for the evaluation of long documents in the northern region";

const longTools = (now: number): ConnectableTool[] => {
  const path = "/home/a.very.long.name.indeed/Projects/department-of-research/evaluation-of-long-documents-2026/.claude/settings.local.json";
  const [first] = severalTools(now);
  const connection = { ...first!.connections[0]!, label: longName, target: path, files: [path] };
  const accounts = [{ ...key(true), label: longName }, gateway(true)];
  return [{ ...claudeCode, connections: [connection] }, { ...opencode, changes: [path], accounts }, command];
};

/** What a test says that works. */
export const works: Tested = {
  works: true,
  words: "Claude Code uses this helper, and the helper prints a valid credential.",
  cure: null,
  detail:
    '$ /usr/bin/keyfob helper claude-code-0a1b\n[removed]\nexit code 0\n$ claude auth status\n{"loggedIn":true,"authMethod":"api_key_helper","apiProvider":"firstParty"}\nexit code 0',
  folder: "~",
};

/** And one that does not. */
export const worksNot: Tested = {
  works: false,
  words: "pi lists none of Anthropic's models.",
  cure: "See what `pi --list-models anthropic` says in a terminal.",
  detail: "$ pi --list-models anthropic\nNo models matching anthropic\nexit code 0",
  folder: "~",
};

export const playTest = (id: string): Tested => (id.startsWith("pi-") ? worksNot : works);

const readOnly = {
  code: "failed" as const,
  message: "/home/ada/.claude/settings.json cannot be written.",
  cure: "Check its permissions; nothing was changed.",
  detail: "Read-only file system (os error 30)",
};

const connectedAlready = {
  code: "usage" as const,
  message: "git is connected already.",
  cure: "Turn that off first (`keyfob disconnect git-0a1b`).",
  detail: null,
};

const hasItsOwn = "pi holds a credential of its own for Anthropic, and uses that first. Take it away with /logout in pi.";

const noConsole =
  '"Work" is a sign-in to the Claude Console. Claude Code sends what a helper prints as an API key too, and Anthropic\'s API refuses its tokens as such. Use `keyfob connect anthropic-sdk --account Work --activate`, whose profile Claude Code reads by itself; or start it with `keyfob run Work -- claude`; or connect an API key.';

const takenOut =
  "/home/ada/.claude/settings.json does not hold what connecting put there any more (apiKeyHelper), so nothing is asked of Keyfob. Connect it again: `keyfob connect claude-code`, or turn it off and on.";

const copyGone =
  "The copy that opencode reads is not there any more (/home/ada/.local/share/keyfob/given/opencode-0a1b). Connect it again: turn it off (`keyfob disconnect opencode-0a1b`), then on.";

const commandGone =
  "The command /home/ada/bin/keyfob is not there any more, so git credential helper gets nothing. Connect it again: turn it off (`keyfob disconnect git-0a1b`), then on.";

const folderGone = "The folder /home/ada/Projects/evaluation is not there any more. Turn it off (`keyfob disconnect claude-code-2c3d`).";

const signedOut =
  '"Gateway" does not work now: The server no longer accepts this sign-in: it was ended there, or used elsewhere. Sign in to it again.';

const slowly = <T>(answer: () => T) => new Promise<T>((give) => setTimeout(() => give(answer()), 3_000));

const change = (all: ConnectableTool[], to: Recipient, how: (one: ConnectableTool) => ConnectableTool) =>
  all.map((one) => (one.to === to ? how(one) : one));

/** What each scene of this screen puts into the program that is played. */
export const connectionScenes: Record<string, (program: PretendProgram, now: number) => void> = {
  connections: (program, now) => {
    program.tools = severalTools(now);
    program.files = exports(now);
  },
  "connections-none-found": (program) => {
    program.tools = noTools;
  },
  "connections-found": (program) => {
    program.tools = tools;
  },
  "connections-no-accounts": (program) => {
    program.tools = tools.map((one) => ({ ...one, accounts: [], obstacle: null }));
  },
  "connections-read-only": (program) => {
    program.tools = tools;
    program.answer("connect_tool", ({ to }) => {
      throw to === "git" ? connectedAlready : readOnly;
    });
  },
  // The address is another one for the gateway alone.
  "connections-replaces": (program) => {
    const path = "/home/ada/.claude/settings.json";
    const one = `In ${path} there is apiKeyHelper already: it is put aside, and put back when this is turned off.`;
    const both = `In ${path} there are apiKeyHelper and ANTHROPIC_BASE_URL already: they are put aside, and put back when this is turned off.`;
    const accounts = [{ ...key(false), replaces: one }, { ...gateway(false), replaces: both }];
    program.tools = change(tools, "claude-code", (tool) => ({ ...tool, accounts }));
  },
  "connections-gone": (program, now) => {
    program.tools = severalTools(now).map((one) => ({
      ...one,
      connections: one.connections.map((connection) => ({ ...connection, label: null, payer: null })),
    }));
    program.files = exports(now).map((file) => ({ ...file, valid_until: at(now - 3 * HOUR) }));
  },
  "connections-long": (program, now) => {
    program.tools = longTools(now);
  },
  "connections-obstacle": (program) => {
    const withoutKey = change(tools, "claude-code", (one) => ({ ...one, accounts: [], obstacle: noConsole }));
    program.tools = change(withoutKey, "pi", (one) => ({ ...one, obstacle: hasItsOwn }));
  },
  "connections-problem": (program, now) => {
    const gateway = since(pi, GATEWAY, now, { last_asked: at(now - 20_000), problem: signedOut });
    const all = change(severalTools(now), "pi", (one) => withOne(one, gateway));
    program.tools = change(all, "claude-code", (one) => withOne(one, { ...one.connections[0]!, problem: takenOut }));
    const gone = "/home/ada/deploy/secrets/anthropic.env is not there any more. If it was moved or copied, what it holds works until its end.";
    program.files = exports(now).map((one, place) => (place === 0 ? { ...one, problem: gone } : one));
  },
  "connections-lost": (program, now) => {
    const lost = change(severalTools(now), "opencode", (one) => withOne(one, since(one, KEY, now, { problem: copyGone })));
    const all = change(lost, "git", (one) => withOne(one, since(one, KEY, now, { problem: commandGone })));
    program.tools = change(all, "claude-code", (one) => withOne(one, { ...project(now), problem: folderGone }));
    program.files = exports(now);
  },
  "connections-copy": (program, now) => {
    program.tools = change(tools, "opencode", (one) => withOne(one, since(one, KEY, now, {})));
    program.files = exports(now);
  },
  "connections-slow": (program, now) => {
    program.tools = change(tools, "claude-code", (one) => ({ ...one, connections: [project(now)] }));
    program.answer("connect_tool", (args) => slowly(() => program.play("connect_tool", args)));
    program.answer("test_connection", () => slowly(() => worksNot));
    program.answer("disconnect_tool", (args) => slowly(() => program.play("disconnect_tool", args)));
  },
  "connections-project": (program, now) => {
    const mine = since(claudeCode, KEY, now, { last_asked: at(now - 2.3 * MINUTE) });
    program.tools = change(severalTools(now), "claude-code", (one) => ({ ...one, connections: [project(now), mine] }));
  },
  "connections-project-alone": (program, now) => {
    program.tools = change(severalTools(now), "claude-code", (one) => ({ ...one, connections: [project(now)] }));
  },
  "connections-many": (program, now) => {
    const account = (n: number) => ({ ...gateway(false), id: `acct-${String(n).padStart(16, "0")}`, label: `Customer ${n}, evaluation` });
    const accounts = Array.from({ length: 40 }, (_, n) => account(100 + n));
    const connections = accounts.slice(0, 12).map(({ id, label }, n) =>
      ({ ...since(command, GATEWAY, now, {}), id: `command-00${10 + n}`, account: id, label, target: `Nightly ${n + 1}` }));
    program.tools = change(severalTools(now), "command", (one) => ({ ...one, accounts, connections }));
  },
  "connections-error": (program) => {
    program.answer("connectable", () => {
      throw {
        code: "failed",
        message: "/home/ada/.config/keyfob/connections.json is damaged.",
        cure: "It was left as it is. Repair it, or move it away and connect your tools again.",
        detail: "expected value at line 1 column 1",
      };
    });
  },
};
