import type { WaitingView } from "../../lib/bindings/WaitingView";
import { payerWords, storeInSentence } from "../../lib/words";

export const words = {
  opening: "Opening your browser",
  openingPractice: "Starting the practice server",
  openingAbout: "This takes a moment.",
  waiting: "Waiting for your browser",
  left: (time: string) => `${time} left`,
  agree: "Agree there, and this window goes on by itself.",
  pasteOnly: "Agree there, then paste the code that the page shows.",
  to: ({ provider_name, payer, practice }: WaitingView) => `${provider_name} · ${payerWords(payer, practice)}`,
  notOpened: "Browser did not open?",
  copyLink: "Copy link",
  openAgain: "Open again",
  shownCode: "Shown a code instead?",
  codeField: "Code from the page",
  codeHint: "Paste the code, or the whole address of the page.",
  submitCode: "Go on",
  checkingCode: "Checking…",
  elsewhere: "Signing in on another computer?",
  copyOther: "Copy the link for another computer",
  cancel: "Cancel",
  storing: (storage: string) => `Storing in ${storeInSentence(storage)}…`,
  storingTitle: "Your browser has answered",
  failed: "The sign-in did not work",
  tryAgain: "Try again",
  leave: "Not now",
};
