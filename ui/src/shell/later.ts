// What the first picture does not need. It is fetched when it is opened, or once the window has come to rest: the
// accounts are on the screen sooner, and nothing is waited for after that.

export const later = {
  firstStart: () => import("../screens/add/FirstStart.svelte"),
  add: () => import("../screens/add/AddAccount.svelte"),
  key: () => import("../screens/key/KeyScreen.svelte"),
  signIn: () => import("../screens/sign-in/SignInScreen.svelte"),
  which: () => import("../screens/which/Which.svelte"),
  connections: () => import("../screens/connections/Connections.svelte"),
  activity: () => import("../screens/activity/Activity.svelte"),
  settings: () => import("../screens/settings/Settings.svelte"),
  provider: () => import("../screens/settings/ProviderScreen.svelte"),
  doctor: () => import("../screens/doctor/Doctor.svelte"),
  rename: () => import("../screens/accounts/Rename.svelte"),
  renew: () => import("../screens/accounts/Renew.svelte"),
  signOut: () => import("../screens/accounts/SignOut.svelte"),
  replaceKey: () => import("../screens/key/ReplaceKey.svelte"),
  editKey: () => import("../screens/key/EditKey.svelte"),
  takeIn: () => import("../screens/import/TakeIn.svelte"),
  unlock: () => import("./UnlockForm.svelte"),
  menu: () => import("../parts/OpenMenu.svelte"),
};

/** Fetches all of it. What cannot be fetched now is asked for again when it is opened, and says why there. */
export const fetchTheRest = () => Promise.allSettled(Object.values(later).map((fetch) => fetch()));
