export const words = {
  product: "Keyfob",
  mainScreens: "Screens",
  accounts: "Accounts",
  which: "In use",
  connections: "Connections",
  activity: "Activity",
  settings: "Settings",
  doctor: "Doctor",
  storage: "Secrets are kept in",
  storageProblem: "needs you",
  version: (version: string) => `Version ${version}`,
  practiceHome: "This is a practice home. Nothing in it is real: sign-ins and API keys are answered by the practice server.",
  startFailed: "Keyfob could not read what it keeps",
  tryAgain: "Try again",
  close: "Close",
};

export const unlockWords = {
  passphrase: "Passphrase",
  unlock: "Unlock",
  opening: "Opening…",
  opened: (name: string) => `${name}: open until Keyfob ends.`,
};
