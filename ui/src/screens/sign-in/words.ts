import type { OtherProgram } from "../../lib/bindings/OtherProgram";
import type { WaitingView } from "../../lib/bindings/WaitingView";
import { payerWords, programName, storeInSentence } from "../../lib/words";

export const words = {
  opening: "Opening your browser",
  openingOther: (program: OtherProgram) => `Starting ${programName(program)}`,
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
  storingThere: (name: string) => `${name} is fetching and storing its session…`,
  holds: (name: string) => `${name} opened your browser and will hold the session. Keyfob only looks at it.`,
  makesActive: "It makes the profile that it signs in to the active one.",
  storingTitle: "Your browser has answered",
  failed: "The sign-in did not work",
  tryAgain: "Try again",
  leave: "Not now",
};
