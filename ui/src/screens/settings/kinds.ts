// What the identity providers that companies use look like, so that nobody has to look it up.

export type Kind = "any" | "entra" | "okta" | "google" | "keycloak";

interface Shape {
  issuer: string;
  scopes: string;
  /** The words in capitals that a person has to replace. */
  placeholders: string[];
  hint: string;
}

export const kindOptions: { value: Kind; words: string }[] = [
  { value: "any", words: "OpenID" },
  { value: "entra", words: "Entra" },
  { value: "okta", words: "Okta" },
  { value: "google", words: "Google" },
  { value: "keycloak", words: "Keycloak" },
];

export const shapes: Record<Kind, Shape> = {
  any: { issuer: "", scopes: "", placeholders: [], hint: "Keyfob reads the other addresses from it." },
  entra: {
    issuer: "https://login.microsoftonline.com/TENANT/v2.0",
    scopes: "openid offline_access api://GATEWAY/.default",
    placeholders: ["TENANT", "GATEWAY"],
    hint: "TENANT is the id of your directory, and GATEWAY in the scopes the gateway’s application. Keyfob’s own application is public, with http://127.0.0.1/callback among its redirect addresses for desktop apps.",
  },
  okta: {
    issuer: "https://ORG.okta.com/oauth2/default",
    scopes: "openid offline_access",
    placeholders: ["ORG"],
    hint: "ORG is your organization’s name at Okta. The application is a native one, with PKCE and without a client secret.",
  },
  google: {
    issuer: "https://accounts.google.com",
    scopes: "openid email",
    placeholders: [],
    hint: "Google asks desktop applications for a client secret, which Keyfob does not keep. It works through a gateway or a broker that does without; else sign in at one of the others.",
  },
  keycloak: {
    issuer: "https://HOST/realms/REALM",
    scopes: "openid offline_access",
    placeholders: ["HOST", "REALM"],
    hint: "The client has no authentication (it is public), and http://127.0.0.1/callback among its valid redirect URIs. For other devices, switch on OAuth 2.0 Device Authorization Grant.",
  },
};

/** Whether a text still has a word that was to be replaced. */
export const isUnfinished = (text: string, kind: Kind): string | null =>
  shapes[kind].placeholders.find((word) => text.includes(word)) ?? null;
