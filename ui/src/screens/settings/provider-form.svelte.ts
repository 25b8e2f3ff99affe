// The fields of a provider as they are typed, and what is made of them.

import type { Payer } from "../../lib/bindings/Payer";
import type { ProviderForm } from "../../lib/bindings/ProviderForm";
import type { ProviderView } from "../../lib/bindings/ProviderView";

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

  /** The id follows the name until somebody types one. */
  readonly id = $derived(this.typedId || idFrom(this.name));

  constructor(view: ProviderView | null) {
    if (!view) return;
    this.name = view.name;
    this.typedId = view.id;
    this.clientId = view.client_id ?? "";
    this.addresses = view.issuer || !view.authorize_url ? "issuer" : "urls";
    this.issuer = view.issuer ?? "";
    this.authorizeUrl = view.authorize_url ?? "";
    this.tokenUrl = view.token_url ?? "";
    this.scopes = view.scopes.join(" ");
    this.payer = view.payer;
    this.tokenRequest = view.token_request;
    this.baseUrl = view.base_url ?? "";
  }

  form(): ProviderForm {
    const written = (text: string) => text.trim() || null;
    const byIssuer = this.addresses === "issuer";
    return {
      id: this.id.trim(),
      name: this.name.trim(),
      issuer: byIssuer ? written(this.issuer) : null,
      authorize_url: byIssuer ? null : written(this.authorizeUrl),
      token_url: byIssuer ? null : written(this.tokenUrl),
      client_id: this.clientId.trim(),
      scopes: this.scopes.split(/\s+/).filter(Boolean),
      payer: this.payer,
      token_request: this.tokenRequest === "default" ? null : this.tokenRequest,
      base_url: written(this.baseUrl),
    };
  }
}
