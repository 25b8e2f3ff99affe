import type { Payer } from "../../lib/bindings/Payer";
import type { ProviderView } from "../../lib/bindings/ProviderView";
import { payerWords, storeInSentence } from "../../lib/words";

export const words = {
  title: "Settings",
  appearance: {
    title: "Appearance",
    label: "Theme",
    options: [
      { value: "system" as const, words: "As the system" },
      { value: "light" as const, words: "Light" },
      { value: "dark" as const, words: "Dark" },
    ],
  },
  running: {
    title: "Tray",
    keep: "Keep running in the tray when the window is closed",
    why: "Keyfob then renews tokens before they end, so that tools never wait.",
    noTray: "This desktop has no tray, so Keyfob ends when its window is closed.",
  },
  providers: {
    title: "Sign-in providers",
    about: "Whom you sign in to with your browser. A provider needs a client id that was issued to you or your organization.",
    list: "Providers",
    add: "Add provider",
    edit: "Edit",
    editOne: (name: string) => `Edit ${name}`,
    setUp: "Enter client id",
    setUpOne: (name: string) => `Enter client id for ${name}`,
    remove: "Remove…",
    removeOne: (name: string) => `Remove ${name}`,
    builtIn: "Built in",
    practice: "Practice",
  },
  remove: {
    title: (name: string) => `Remove ${name}`,
    about:
      "Its addresses and client id are forgotten. Accounts that were signed in with it stay, but can no longer be renewed.",
    confirm: (name: string) => `Remove ${name}`,
    working: "Removing…",
    cancel: "Cancel",
  },
  keys: {
    title: "API keys",
    about: (storage: string) =>
      `Paste a key, and it goes to ${storeInSentence(storage)} at once. API usage is billed to its organization.`,
  },
  about: {
    title: "About",
    version: "Version",
    home: "Settings folder",
    licence: "Licence",
    licenceIs: "MIT or Apache 2.0, as you choose",
    telemetry: "Telemetry",
    telemetryIs: "None. Keyfob speaks only to the servers you sign in to.",
    names: "Keyfob is an independent project. Claude is a trademark of Anthropic, which neither made nor endorsed it.",
  },
};

/** "API billing · console.example.com", or what is missing. */
export function providerLine({ payer, practice, host, ready, client_id }: ProviderView): string {
  const missing = client_id ? "Needs its addresses" : "Needs a client id";
  return [ready ? null : missing, payerWords(payer, practice), host].filter(Boolean).join(" · ");
}

export const formWords = {
  add: "Add provider",
  edit: (name: string) => name,
  back: { add: "Ways to sign in", settings: "Settings" },
  name: "Name",
  nameHint: "How you call it.",
  id: "Id",
  idHint: "Small letters, digits, - and _. The keyfob command uses it.",
  clientId: "Client id",
  clientIdHint: "As it was issued to you or your organization. It is no secret.",
  builtInAbout:
    "Keyfob knows this provider’s addresses but ships no client id of Anthropic’s. Enter the one that was issued to you or your organization.",
  ownAbout: "Your company’s gateway or identity provider can tell you these.",
  addresses: "Addresses",
  addressKinds: [
    { value: "issuer" as const, words: "From the issuer" },
    { value: "urls" as const, words: "One by one" },
  ],
  issuer: "Issuer",
  issuerHint: "Keyfob reads the other addresses from it.",
  authorizeUrl: "Authorize address",
  tokenUrl: "Token address",
  payer: "Who is billed",
  more: "More",
  scopes: "Scopes",
  scopesHint: "Separated by spaces.",
  tokenRequest: "Token requests are sent as",
  baseUrl: "API address",
  baseUrlHint: "The gateway that the token is for. Tools get it together with the token.",
  save: "Save",
  saving: "Saving…",
  cancel: "Cancel",
};

export const payerOptions: { value: Payer; words: string }[] = (["plan", "api", "company", "none"] as const).map(
  (value) => ({ value, words: payerWords(value, false) }),
);

export const tokenRequestOptions = [
  { value: "default" as const, words: "As usual" },
  { value: "form" as const, words: "Form" },
  { value: "json" as const, words: "JSON" },
];
