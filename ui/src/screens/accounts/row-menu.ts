// What can be done with an account, in the order of how often it is done.

import type { App } from "../../lib/app.svelte";
import type { Status } from "../../lib/bindings/Status";
import * as ipc from "../../lib/ipc";
import { outcomes } from "../../lib/words";
import type { MenuEntry } from "../../parts/Menu.svelte";
import { isLinked, isRenewable, words } from "./words";

interface Verbs {
  app: App;
  check: () => void;
  renew: () => void;
  signIn: () => void;
  look: () => void;
  /** Where it stands in the order, and how long that is. */
  place: number;
  count: number;
}

export function rowMenu(account: Status, { app, check, renew, signIn, look, place, count }: Verbs): MenuEntry[] {
  const accountId = account.id;
  const copy: MenuEntry = {
    words: words.copy(account),
    testid: "menu-copy",
    run: () => void app.attempt(() => ipc.copyToken({ accountId }), outcomes.copied(words.secret(account))),
  };
  const makeDefault: MenuEntry = {
    words: words.makeDefault,
    testid: "menu-default",
    run: async () => {
      await app.attempt(() => ipc.setDefault({ accountId }), outcomes.madeDefault(account.label));
      await app.refresh();
    },
  };
  // Claude Code renews by a request that its plan pays, so that is asked first.
  const renewNow: MenuEntry =
    account.owner === "claude_code"
      ? { words: words.renewAsk, testid: "renew", run: () => app.ask({ kind: "renew", account }) }
      : { words: words.renew, testid: "renew", run: renew };
  const lookNow: MenuEntry = { words: words.look, testid: "menu-look", run: look };
  const again: MenuEntry =
    account.method === "api_key"
      ? { words: words.check, testid: "menu-check", run: check }
      : { words: words.signInAgain, testid: "menu-sign-in", run: signIn };
  const rename: MenuEntry = {
    words: words.rename,
    testid: "menu-rename",
    run: () => app.ask({ kind: "rename", account }),
  };
  const signOut: MenuEntry = {
    words: words.signOut(account),
    testid: "menu-sign-out",
    weight: "grave",
    run: () => app.ask({ kind: "sign_out", account }),
  };
  const move = (by: -1 | 1): MenuEntry => ({
    words: by < 0 ? words.up : words.down,
    testid: by < 0 ? "menu-up" : "menu-down",
    run: () => void app.move(account, by),
  });
  const moves = [...(place > 0 ? [move(-1)] : []), ...(place < count - 1 ? [move(1)] : [])];
  const question = (kind: "replace_key" | "edit_key" | "take_in", said: string): MenuEntry => ({
    words: said,
    testid: `menu-${kind.replace("_", "-")}`,
    run: () => app.ask({ kind, account }),
  });
  if (account.owner === "environment") {
    return [
      ...(account.gives ? [copy] : []),
      ...(account.importable ? [question("take_in", words.takeIn)] : []),
      ...moves,
    ];
  }
  const ofKey = [question("replace_key", words.replaceKey), question("edit_key", words.editKey)];
  return [
    ...(account.gives ? [copy] : []),
    ...(isRenewable(account) ? [renewNow] : []),
    ...(account.gives && !account.is_default ? [makeDefault] : []),
    ...(isLinked(account) ? [lookNow] : []),
    again,
    ...(account.method === "api_key" ? ofKey : []),
    ...moves,
    rename,
    signOut,
  ];
}
