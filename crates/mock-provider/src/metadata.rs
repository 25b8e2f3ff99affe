//! What the server says about itself (RFC 8414).

use axum::Json;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::answers::RequestId;
use crate::devices::DEVICE_GRANT;
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::registration::{SCOPES, paste_page};
use crate::shared::Handle;

pub(crate) async fn metadata(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
) -> Response {
    let victim = Victim {
        place: Place::Metadata,
        secrets: String::new(),
        id: &id,
    };
    answer(&shared, victim, async {
        let base = &shared.base_url;
        Json(json!({
            "issuer": shared.issuer(),
            "authorization_endpoint": format!("{base}/oauth/authorize"),
            "token_endpoint": format!("{base}/v1/oauth/token"),
            "revocation_endpoint": format!("{base}/v1/oauth/revoke"),
            "device_authorization_endpoint": format!("{base}/v1/oauth/device_authorization"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "scopes_supported": SCOPES.map(|(name, _)| name),
            "authorization_response_iss_parameter_supported": true,
        }))
        .into_response()
    })
    .await
}

/// The settings that make Keyfob use this server, as TOML for its `config.toml`.
pub(crate) fn config_block(base: &str, client_id: &str) -> String {
    // Every JSON string of visible ASCII is a TOML basic string too.
    let client_id = serde_json::Value::from(client_id);
    let paste_page = paste_page(base);
    format!(
        r#"# Keyfob's practice server. Everything that comes from it is practice.
[providers.mock]
name = "Practice server"
issuer = "{base}"
authorize_url = "{base}/oauth/authorize"
token_url = "{base}/v1/oauth/token"
revocation_url = "{base}/v1/oauth/revoke"
device_authorization_url = "{base}/v1/oauth/device_authorization"
client_id = {client_id}
scopes = ["user:profile", "user:inference"]
redirect = "both"
loopback_redirect_uri = "http://127.0.0.1:{{port}}/callback"
paste_redirect_uri = "{paste_page}"
token_request = "json"
payer = "none"
base_url = "{base}"
practice = true

[api]
base_url = "{base}"
practice = true
"#
    )
}
