// The fields of a provider as they are typed, and what is made of them.

import type { Payer } from "../../lib/bindings/Payer";
import type { ProviderForm } from "../../lib/bindings/ProviderForm";
import type { ProviderView } from "../../lib/bindings/ProviderView";
import type { Redirect } from "../../lib/bindings/Redirect";
import { type Kind, shapes } from "./kinds";

/** A provider's id out of its name: "Acme Gateway" gives "acme-gateway". */
export function idFrom(name: string): string {
  const words = name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return words.replace(/[^a-z0-9_]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40);
}

export class Fields {
  name = $state("");
  typedId = $state("");
  clientId = $state("");
  addresses = $state<"issuer" | "urls">("issuer");
  issuer = $state("");
  authorizeUrl = $state("");
  tokenUrl = $state("");
  scopes = $state("");
  payer = $state<Payer>("company");
  tokenRequest = $state<"default" | "form" | "json">("default");
  baseUrl = $state("");
  kind = $state<Kind>("any");
  redirect = $state<Redirect>("loopback");
  pasteUri = $state("");
  revocationUrl = $state("");
  deviceUrl = $state("");
  audience = $state("");
  resource = $state("");

  /** The id follows the name until somebody types one. */
  readonly id = $derived(this.typedId || idFrom(this.name));

  constructor(view: ProviderView | null) {
    if (!view) return;
    this.name = view.name;
    this.typedId = view.id;
    // What a variable says is not made the person's own by saving something else.
    this.clientId = view.client_id_by_variable ? "" : (view.client_id ?? "");
    this.redirect = view.redirect;
    this.pasteUri = view.paste_redirect_uri ?? "";
    this.revocationUrl = view.revocation_url ?? "";
    this.deviceUrl = view.device_authorization_url ?? "";
    this.audience = view.audience ?? "";
    this.resource = view.resource.join(" ");
    this.addresses = view.issuer || !view.authorize_url ? "issuer" : "urls";
    this.issuer = view.issuer ?? "";
    this.authorizeUrl = view.authorize_url ?? "";
    this.tokenUrl = view.token_url ?? "";
    this.scopes = view.scopes.join(" ");
    this.payer = view.payer;
    this.tokenRequest = view.token_request;
    this.baseUrl = view.base_url ?? "";
  }

  /** Fills in what is alike at every provider of a kind, and nothing that was typed. */
  choose(kind: Kind): void {
    const [before, now] = [shapes[this.kind], shapes[kind]];
    this.kind = kind;
    if (!this.issuer || this.issuer === before.issuer) this.issuer = now.issuer;
    if (!this.scopes || this.scopes === before.scopes) this.scopes = now.scopes;
    if (kind !== "any") this.addresses = "issuer";
  }

  form(): ProviderForm {
    const words = (text: string) => text.split(/\s+/).filter(Boolean);
    const written = (text: string) => text.trim() || null;
    const byIssuer = this.addresses === "issuer";
    return {
      id: this.id.trim(),
      name: this.name.trim(),
      issuer: byIssuer ? written(this.issuer) : null,
      authorize_url: byIssuer ? null : written(this.authorizeUrl),
      token_url: byIssuer ? null : written(this.tokenUrl),
      revocation_url: written(this.revocationUrl),
      device_authorization_url: written(this.deviceUrl),
      client_id: this.clientId.trim(),
      scopes: words(this.scopes),
      audience: written(this.audience),
      resource: words(this.resource),
      redirect: this.redirect,
      paste_redirect_uri: this.redirect === "loopback" ? null : written(this.pasteUri),
      payer: this.payer,
      token_request: this.tokenRequest === "default" ? null : this.tokenRequest,
      base_url: written(this.baseUrl),
    };
  }
}
