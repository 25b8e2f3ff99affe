//! The revocation endpoint (RFC 7009).

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::answers::{OAuthError, RequestId};
use crate::fault_list::Place;
use crate::faults::{Victim, answer};
use crate::fields::Fields;
use crate::shared::{Handle, Shared};

pub(crate) async fn revoke(
    State(shared): State<Handle>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = Fields::from_body(&headers, &body);
    let victim = Victim {
        place: Place::Revoke,
        secrets: fields.as_ref().map(Fields::secrets).unwrap_or_default(),
        id: &id,
    };
    answer(&shared, victim, async {
        match fields.and_then(|fields| carry_out(&shared, &fields)) {
            Ok(()) => StatusCode::OK.into_response(),
            Err(error) => error.into_response(),
        }
    })
    .await
}

/// Revokes the whole sign-in that the token is of. A token that was never issued is as good as revoked (§2.2).
fn carry_out(shared: &Shared, fields: &Fields) -> Result<(), OAuthError> {
    let token = fields.required("token")?;
    // A public client names itself (§2.1); one that leaves it out is let through, as many servers do.
    if fields
        .get("client_id")
        .is_some_and(|id| id != shared.options.client_id)
    {
        return Err(OAuthError::invalid_client());
    }
    shared.ledger().revoke(token);
    Ok(())
}
