//! What a server publishes about itself: RFC 8414, or OpenID Connect Discovery.

use serde::Deserialize;
use url::Url;

use crate::error::{Code, Error, Result};
use crate::http::{Http, NoAnswer, ask};
use crate::sign_in::attempt::Endpoints;
use crate::sign_in::provider::{Provider, is_secure};

/// The fields that we need (RFC 8414 §2, RFC 9207 §3).
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Whatever is known of where a server can be asked for what.
#[derive(Debug, Default)]
pub(crate) struct Found {
    authorize: Option<Url>,
    token: Option<Url>,
    /// RFC 7009.
    pub(crate) revocation: Option<Url>,
    /// RFC 8628 §3.1.
    device: Option<Url>,
    issuer: Option<String>,
    names_itself: bool,
    /// Whether the server was asked.
    asked: bool,
}

/// Where one signs in on another device, and what comes after.
#[derive(Debug)]
pub(crate) struct DeviceEndpoints {
    /// RFC 8628 §3.1.
    pub(crate) device: Url,
    pub(crate) token: Url,
    pub(crate) revocation: Option<Url>,
    /// The issuer as it names itself.
    pub(crate) issuer: Option<String>,
}

/// What the configuration names, and for the rest what the server publishes. A server that is named in full is not
/// asked at all, unless it has an issuer, whose promise about `iss` is worth knowing.
pub(crate) async fn found(http: &Http, provider: &Provider) -> Result<Found> {
    let published = match &provider.issuer {
        None => None,
        Some(issuer) => Some(discover(http, provider, issuer).await?),
    };
    let asked = published.is_some();
    let published = published.unwrap_or_default();
    let named = |configured: &Option<Url>, field: &str, published: Option<&String>| {
        if let Some(url) = configured {
            return Ok(Some(url.clone()));
        }
        let Some(text) = published else {
            return Ok(None);
        };
        Url::parse(text)
            .ok()
            .filter(is_secure)
            .map(Some)
            .ok_or_else(|| broken(provider, &format!("its {field} is no safe URL")))
    };
    Ok(Found {
        authorize: named(
            &provider.authorize_url,
            "authorization_endpoint",
            published.authorization_endpoint.as_ref(),
        )?,
        token: named(
            &provider.token_url,
            "token_endpoint",
            published.token_endpoint.as_ref(),
        )?,
        revocation: named(
            &provider.revocation_url,
            "revocation_endpoint",
            published.revocation_endpoint.as_ref(),
        )?,
        device: named(
            &provider.device_authorization_url,
            "device_authorization_endpoint",
            published.device_authorization_endpoint.as_ref(),
        )?,
        names_itself: published.authorization_response_iss_parameter_supported,
        issuer: asked.then_some(published.issuer),
        asked,
    })
}

/// Where one signs in.
pub(crate) async fn endpoints(http: &Http, provider: &Provider) -> Result<Endpoints> {
    let found = found(http, provider).await?;
    let (Some(authorize), Some(token)) = (found.authorize, found.token) else {
        return Err(match found.asked {
            true => broken(
                provider,
                "it names no authorization_endpoint or no token_endpoint",
            ),
            false => Error::new(
                Code::Usage,
                format!(
                    "The provider \"{}\" has no addresses to sign in at.",
                    provider.name
                ),
                "Give it an issuer, or an authorize_url and a token_url, in Settings or config.toml.",
            ),
        });
    };
    Ok(Endpoints {
        authorize,
        token,
        revocation: found.revocation,
        issuer: found.issuer,
        names_itself: found.names_itself,
    })
}

/// Where one signs in on another device.
pub(crate) async fn device_endpoints(http: &Http, provider: &Provider) -> Result<DeviceEndpoints> {
    let found = found(http, provider).await?;
    let (Some(device), Some(token)) = (found.device, found.token) else {
        return Err(Error::new(
            Code::Usage,
            format!("{} offers no sign-in on another device.", provider.name),
            "Sign in without --device: the printed address can be opened elsewhere too. If the server does offer it, \
             give the provider a device_authorization_url.",
        ));
    };
    Ok(DeviceEndpoints {
        device,
        token,
        revocation: found.revocation,
        issuer: found.issuer,
    })
}

/// Where tokens are renewed.
pub(crate) async fn token_endpoint(http: &Http, provider: &Provider) -> Result<Url> {
    match found(http, provider).await?.token {
        Some(token) => Ok(token),
        None => Err(broken(provider, "it names no token_endpoint")),
    }
}

async fn discover(http: &Http, provider: &Provider, issuer: &Url) -> Result<Metadata> {
    let mut last = String::new();
    for address in addresses(issuer) {
        match ask(http.get(&address)?).await {
            // Some servers answer every address with a page, so what cannot be read is no reason to stop looking.
            Ok(answer) if answer.status.is_success() => match read(&answer.body, issuer) {
                Ok(metadata) => return Ok(metadata),
                Err(why) => last = format!("{}: {why}", address.path()),
            },
            Ok(answer) => last = format!("{}: HTTP {}", address.path(), answer.status.as_u16()),
            Err(NoAnswer::Unreachable(why)) => {
                return Err(Error::new(
                    Code::Network,
                    format!("{} cannot be reached.", provider.name),
                    "Check the network and the provider's address, then try again.",
                )
                .detail(why));
            }
            Err(NoAnswer::TooLong) => last = format!("{}: longer than 1 MiB", address.path()),
            Err(NoAnswer::PointsElsewhere) => {
                last = format!("{}: points to another address", address.path());
            }
        }
    }
    Err(broken(provider, &format!("no metadata was found ({last})")))
}

/// RFC 8414 §3.1 puts the well-known part before the path, OpenID Connect Discovery §4.1 behind it.
fn addresses(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    vec![
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ]
}

fn read(body: &[u8], issuer: &Url) -> Result<Metadata, String> {
    let metadata: Metadata = serde_json::from_slice(body)
        .map_err(|_| "its metadata is not the JSON of RFC 8414".to_owned())?;
    // RFC 8414 §3.3: another issuer's metadata must not be used. URLs gain a slash when they are parsed, so both
    // sides are compared as URLs.
    let same = Url::parse(&metadata.issuer).is_ok_and(|theirs| theirs == *issuer);
    if !same {
        return Err("its metadata names another issuer".to_owned());
    }
    if let Some(methods) = &metadata.code_challenge_methods_supported
        && !methods.iter().any(|m| m == "S256")
    {
        return Err("it does not support PKCE with S256".to_owned());
    }
    Ok(metadata)
}

fn broken(provider: &Provider, why: &str) -> Error {
    Error::new(
        Code::Network,
        format!(
            "{} does not say in a usable way where to sign in.",
            provider.name
        ),
        "Check the issuer in Settings; or leave it out, and name authorize_url and token_url yourself.",
    )
    .detail(why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn issuer(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn both_well_known_places_are_looked_at() {
        let paths = |text| {
            addresses(&issuer(text))
                .iter()
                .map(|u| u.path().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            paths("https://a.example/tenant/"),
            [
                "/.well-known/oauth-authorization-server/tenant",
                "/tenant/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            paths("https://a.example"),
            [
                "/.well-known/oauth-authorization-server",
                "/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn another_issuers_metadata_is_refused() {
        let body = br#"{"issuer":"https://b.example"}"#;
        assert!(read(body, &issuer("https://a.example")).is_err());
        assert!(read(body, &issuer("https://b.example/")).is_ok());
    }

    #[test]
    fn a_server_without_s256_is_refused() {
        let body =
            br#"{"issuer":"https://a.example","code_challenge_methods_supported":["plain"]}"#;
        assert!(read(body, &issuer("https://a.example")).is_err());
    }

    proptest! {
        #[test]
        fn no_metadata_makes_the_reader_panic(body: Vec<u8>) {
            let _ = read(&body, &issuer("https://a.example"));
        }

        #[test]
        fn no_json_makes_the_reader_panic(
            issuer_text in ".{0,40}", endpoint in ".{0,40}", methods in proptest::collection::vec(".{0,6}", 0..4),
        ) {
            let body = serde_json::json!({
                "issuer": issuer_text,
                "token_endpoint": endpoint,
                "code_challenge_methods_supported": methods,
            });
            let _ = read(body.to_string().as_bytes(), &issuer("https://a.example"));
        }
    }
}
