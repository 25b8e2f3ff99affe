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
export function providerLine({ payer, practice, host, ready, client_id, variable_problem }: ProviderView): string {
  const lacks = client_id ? "Needs its addresses" : "Needs a client id";
  const missing = variable_problem ? "Cannot be used" : lacks;
  return [ready ? null : missing, payerWords(payer, practice), host].filter(Boolean).join(" · ");
}

/** What variables of the environment say of a provider, and whether that can be used. */
export function variableLine({ variables, variable_problem }: ProviderView): string | null {
  if (variable_problem) return `A variable of this environment cannot be used: ${variable_problem}.`;
  return variables.length > 0 ? `Set by ${variables.join(", ")}. What stands in config.toml goes before it.` : null;
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
  clientIdByVariable: (id: string) =>
    `In use is ${id}, from ANTHROPIC_OAUTH_CLIENT_ID. One that you enter here goes before it.`,
  builtInAbout:
    "Keyfob knows this provider’s addresses but ships no client id of Anthropic’s. Enter the one that was issued to you or your organization.",
  ownAbout: "Whoever runs your company’s gateway can tell you these.",
  kind: "Who signs people in?",
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
  scopesHint: "What is asked for, separated by spaces.",
  placeholder: (words: string) => `Put yours in place of ${words}.`,
  redirect: "The answer comes back",
  pasteUri: "Page that shows the code",
  revocationUrl: "Revocation address",
  revocationUrlHint: "Where signing out is told (RFC 7009). The issuer names it, where it has one.",
  deviceUrl: "Device address",
  deviceUrlHint: "For signing in on another device (RFC 8628). The issuer names it, where it has one.",
  audience: "Audience",
  audienceHint: "Whom the token is for, where the provider asks for that.",
  resource: "Resource",
  resourceHint: "The address that the token is for (RFC 8707), where the provider asks for that. Several are separated by spaces.",
  tokenRequest: "Token requests are sent as",
  baseUrl: "Gateway address",
  baseUrlHint: "The API that the token is for. Tools get it together with the token.",
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

export const redirectOptions = [
  { value: "loopback" as const, words: "To this computer" },
  { value: "both" as const, words: "To this computer, or as a code to paste" },
  { value: "paste" as const, words: "Only as a code to paste" },
];
