// What can be done with an account, in the order of how often it is done.

import type { App } from "../../lib/app.svelte";
import type { Status } from "../../lib/bindings/Status";
import * as ipc from "../../lib/ipc";
import { outcomes } from "../../lib/words";
import type { MenuEntry } from "../../parts/Menu.svelte";
import { isRenewable, words } from "./words";

interface Verbs {
  app: App;
  check: () => void;
  renew: () => void;
  signIn: () => void;
}

export function rowMenu(account: Status, { app, check, renew, signIn }: Verbs): MenuEntry[] {
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
  const renewNow: MenuEntry = { words: words.renew, testid: "renew", run: renew };
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
  return [
    copy,
    ...(isRenewable(account) ? [renewNow] : []),
    ...(account.is_default ? [] : [makeDefault]),
    again,
    rename,
    signOut,
  ];
}
