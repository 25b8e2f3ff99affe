//! The ID token (OpenID Connect Core §2), unsigned: nothing here is real, and clients read it from the token endpoint,
//! where §3.1.3.7 lets the connection stand in for a signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::ledger::Grants;
use crate::mint::uuid_of;

/// What every ID token of this server says alike.
pub(crate) struct About<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// Seconds since 1970.
    pub(crate) now: i64,
}

pub(crate) fn of(grants: &Grants, about: &About<'_>) -> String {
    let mut claims = json!({
        "iss": about.issuer,
        "sub": uuid_of(&grants.email),
        "aud": about.client_id,
        "iat": about.now,
        "exp": about.now + 300,
        "email": grants.email,
        "name": grants.email.split('@').next(),
    });
    if let Some(nonce) = &grants.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = part(json!({ "alg": "none", "typ": "JWT" }).to_string());
    format!("{header}.{}.", part(claims.to_string()))
}
