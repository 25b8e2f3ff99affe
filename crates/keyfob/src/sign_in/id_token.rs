//! Who signed in, as an ID token says (OpenID Connect Core §2).
//!
//! It came straight from the token endpoint over TLS, which §3.1.3.7 accepts in place of checking its signature. What
//! it says is checked all the same to be meant for this sign-in, is shown, and tells people apart; it opens nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::account::Identity;
use crate::error::{Code, Error};
use crate::sign_in::token_answer::shown;

/// What an ID token says.
pub(crate) struct Claims(Value);

/// What an ID token has to say to be the one of this sign-in.
pub(crate) struct Expected<'a> {
    /// The issuer as its metadata names it, where there is metadata.
    pub(crate) issuer: Option<&'a str>,
    pub(crate) client_id: &'a str,
    /// What was sent to be repeated.
    pub(crate) nonce: Option<&'a str>,
}

impl Claims {
    /// Reads the middle part of the token. What cannot be read says nothing.
    pub(crate) fn read(token: &Value) -> Option<Self> {
        let payload = token.as_str()?.split('.').nth(1)?;
        let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        value.is_object().then_some(Self(value))
    }

    /// Who it is, if it is the token of this sign-in (§3.1.3.7). One of another server, client or sign-in is refused;
    /// one that leaves out the nonce says nothing, because PKCE has already tied the answer to this attempt.
    pub(crate) fn who(&self, expected: &Expected<'_>) -> Result<Identity, Error> {
        let text = |name: &str| self.0.get(name).and_then(Value::as_str);
        let issuer = text("iss");
        if let (Some(ours), Some(theirs)) = (expected.issuer, issuer)
            && bare(ours) != bare(theirs)
        {
            return Err(not_ours("it names another issuer"));
        }
        if !self.is_for(expected.client_id) {
            return Err(not_ours("it is for another client"));
        }
        match (expected.nonce, text("nonce")) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                return Err(not_ours("its nonce is of another sign-in"));
            }
            (Some(_), None) => return Ok(Identity::default()),
            _ => {}
        }
        let said = |name: &str| shown(self.0.get(name)?);
        // The subject is unique at its issuer alone (§2).
        let subject = said("sub").map(|sub| match issuer {
            Some(issuer) => format!("{sub} at {}", bare(issuer)),
            None => sub,
        });
        let name = ["email", "preferred_username", "upn", "name"];
        Ok(Identity {
            subject,
            email: name.into_iter().find_map(said),
            organization: None,
            workspace: None,
        })
    }

    /// §2: `aud` is one text or a list of them.
    fn is_for(&self, client_id: &str) -> bool {
        match self.0.get("aud") {
            Some(Value::String(one)) => one == client_id,
            Some(Value::Array(many)) => many.iter().any(|one| one == client_id),
            _ => false,
        }
    }
}

/// Google leaves out `https://` in `iss`, and others add a slash.
fn bare(issuer: &str) -> &str {
    let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
    issuer.trim_end_matches('/')
}

fn not_ours(why: &str) -> Error {
    Error::new(
        Code::Failed,
        "The server's answer belongs to another sign-in, so it was not used.",
        "Sign in again. If it happens again, check the provider's issuer and client id.",
    )
    .detail(format!("the ID token was refused: {why}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> Value {
        let part = |text: String| URL_SAFE_NO_PAD.encode(text);
        let header = part(json!({ "alg": "RS256" }).to_string());
        json!(format!("{header}.{}.signature", part(claims.to_string())))
    }

    fn who(claims: &Value) -> Result<Identity, Error> {
        let expected = Expected {
            issuer: Some("https://login.example"),
            client_id: "keyfob",
            nonce: Some("n-1"),
        };
        Claims::read(&token(claims)).unwrap().who(&expected)
    }

    #[test]
    fn it_says_who_it_is() {
        let claims = json!({
            "iss": "https://login.example/", "aud": ["other", "keyfob"], "nonce": "n-1",
            "sub": "7", "name": "Ada", "email": "ada@example.com",
        });
        let identity = who(&claims).unwrap();
        assert_eq!(identity.subject.as_deref(), Some("7 at login.example"));
        assert_eq!(identity.email.as_deref(), Some("ada@example.com"));
        let named = json!({ "aud": "keyfob", "nonce": "n-1", "sub": "7", "name": "Ada" });
        assert_eq!(who(&named).unwrap().email.as_deref(), Some("Ada"));
    }

    #[test]
    fn one_of_another_sign_in_is_refused() {
        for claims in [
            json!({ "iss": "https://evil.example", "aud": "keyfob", "nonce": "n-1", "sub": "7" }),
            json!({ "aud": "other", "nonce": "n-1", "sub": "7" }),
            json!({ "nonce": "n-1", "sub": "7" }),
            json!({ "aud": "keyfob", "nonce": "n-2", "sub": "7" }),
        ] {
            let error = who(&claims).unwrap_err();
            assert!(error.message.contains("another sign-in"), "{claims}");
        }
    }

    #[test]
    fn one_that_repeats_no_nonce_says_nothing() {
        let claims = json!({ "aud": "keyfob", "sub": "7", "email": "ada@example.com" });
        assert_eq!(who(&claims).unwrap(), Identity::default());
    }

    proptest! {
        #[test]
        fn no_token_makes_it_panic(text in ".{0,60}", payload: Vec<u8>) {
            let _ = Claims::read(&json!(text));
            let _ = Claims::read(&json!(format!("a.{}.b", URL_SAFE_NO_PAD.encode(payload))));
        }
    }
}
