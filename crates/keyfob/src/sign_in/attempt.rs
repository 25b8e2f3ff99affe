//! One attempt to sign in, without any input or output: PKCE, state, the URLs, and what counts as an answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::error::{Code, Error};
use crate::secret::{Secret, presentable};
use crate::sign_in::provider::{Provider, Redirect};

/// By which way an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leg {
    /// A redirect to a port of this computer.
    Loopback,
    /// A code that a page of the provider showed.
    Paste,
}

/// Where one signs in, once discovery is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) authorize: Url,
    pub(crate) token: Url,
    pub(crate) revocation: Option<Url>,
    /// The issuer as it names itself, for RFC 9207.
    pub(crate) issuer: Option<String>,
    /// Whether the issuer promises to name itself in every answer (RFC 9207 §3).
    pub(crate) names_itself: bool,
}

/// One attempt. Verifier, state and nonce are independent random values: who sees the redirect, and with it the state, does
/// not know the verifier. [`Attempt::into_exchange`] takes the attempt apart, so each is used once.
#[derive(Debug)]
pub(crate) struct Attempt {
    client_id: String,
    scopes: Vec<String>,
    endpoints: Endpoints,
    verifier: Secret,
    state: String,
    /// What the ID token has to repeat (OpenID Connect Core §3.1.2.1), where one is asked for.
    nonce: Option<String>,
    /// Whom the token is for.
    aims: Vec<(String, String)>,
    loopback: Option<String>,
    paste: Option<Url>,
    paste_query: Vec<(String, String)>,
}

/// What the server told the browser.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The person agreed.
    Code { code: Secret, leg: Leg },
    /// The person or the server said no (RFC 6749 §4.1.2.1).
    Declined { error: Error },
}

/// Why something that came in is not the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTheAnswer {
    /// It does not carry our state, or is no answer at all. The wait goes on.
    Foreign(&'static str),
    /// It carries our state, but came from another server (RFC 9207 §2.4). The attempt is over.
    OtherIssuer,
}

/// What the token endpoint has to be told (RFC 6749 §4.1.3, RFC 7636 §4.5).
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) code: Secret,
    pub(crate) redirect_uri: String,
    pub(crate) client_id: String,
    pub(crate) verifier: Secret,
    pub(crate) state: String,
    pub(crate) nonce: Option<String>,
}

impl Attempt {
    /// A new attempt. `port` is the port of the listener, where there is one.
    pub(crate) fn new(
        provider: &Provider,
        client_id: &str,
        endpoints: Endpoints,
        port: Option<u16>,
        verifier: [u8; 32],
        state: [u8; 32],
        nonce: [u8; 32],
    ) -> Self {
        let loopback = port
            .filter(|_| provider.redirect != Redirect::Paste)
            .map(|port| {
                provider
                    .loopback_redirect_uri
                    .replace("{port}", &port.to_string())
            });
        let paste = provider
            .paste_redirect_uri
            .clone()
            .filter(|_| provider.redirect != Redirect::Loopback);
        Self {
            client_id: client_id.to_owned(),
            scopes: provider.scopes.clone(),
            endpoints,
            verifier: Secret::new(URL_SAFE_NO_PAD.encode(verifier)),
            state: URL_SAFE_NO_PAD.encode(state),
            nonce: provider
                .asks_who_it_is()
                .then(|| URL_SAFE_NO_PAD.encode(nonce)),
            aims: provider
                .aims()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            loopback,
            paste,
            paste_query: provider.paste_query.clone().into_iter().collect(),
        }
    }

    /// The URL to open in the browser, by leg; none where the attempt does not have that leg.
    pub(crate) fn authorize_url(&self, leg: Leg) -> Option<Url> {
        let redirect_uri = self.redirect_uri(leg)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose()));
        let mut url = self.endpoints.authorize.clone();
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", &self.client_id)
                .append_pair("redirect_uri", redirect_uri)
                .append_pair("code_challenge", &challenge)
                .append_pair("code_challenge_method", "S256")
                .append_pair("state", &self.state);
            if !self.scopes.is_empty() {
                query.append_pair("scope", &self.scopes.join(" "));
            }
            // OpenID Connect Core §11: a server gives no refresh token for this scope without asking the person.
            if self.scopes.iter().any(|s| s == "offline_access") {
                query.append_pair("prompt", "consent");
            }
            if let Some(nonce) = &self.nonce {
                query.append_pair("nonce", nonce);
            }
            query.extend_pairs(&self.aims);
            if leg == Leg::Paste {
                query.extend_pairs(&self.paste_query);
            }
        }
        Some(url)
    }

    /// What the endpoints are, for what comes after the attempt.
    pub(crate) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Reads the query of a request to the redirect URI.
    pub(crate) fn answer_in_query(&self, query: &str, leg: Leg) -> Result<Answer, NotTheAnswer> {
        use NotTheAnswer::Foreign;
        let once = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(n, _)| n == name);
            let value = values.next().map(|(_, value)| value.into_owned());
            // RFC 6749 §3.1: parameters must not be included more than once.
            match values.next() {
                Some(_) => Err(Foreign("a parameter stands in it twice")),
                None => Ok(value),
            }
        };
        let (state, code, error, iss) =
            (once("state")?, once("code")?, once("error")?, once("iss")?);
        match state {
            None => return Err(Foreign("it names no state")),
            Some(state) if !self.is_our_state(&state) => {
                return Err(Foreign("its state is not ours"));
            }
            Some(_) => {}
        }
        self.check_issuer(iss.as_deref())?;
        match (code.filter(|code| !code.is_empty()), error) {
            (Some(code), None) => Ok(Answer::Code {
                code: Secret::new(code),
                leg,
            }),
            (None, Some(error)) => Ok(Answer::Declined {
                error: declined(&error, once("error_description")?.as_deref()),
            }),
            _ => Err(Foreign("it holds neither a code nor an error, or both")),
        }
    }

    /// Reads what a person pasted: the whole callback URL, `code=…&state=…`, `code#state`, or the bare code. Spaces
    /// and line breaks come along when long text is copied out of a terminal or a mail, so they are dropped.
    pub(crate) fn answer_in_paste(&self, pasted: &str) -> Result<Answer, Error> {
        let wrapping = |c: char| matches!(c, '"' | '\'' | '`' | '<' | '>');
        let invisible =
            |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}');
        let text: String = pasted.chars().filter(|c| !invisible(*c)).collect();
        let text = text.trim_matches(wrapping);
        let bare_leg = if self.paste.is_some() {
            Leg::Paste
        } else {
            Leg::Loopback
        };

        if text.is_empty() {
            return Err(not_accepted("Nothing was pasted."));
        }
        // Anywhere in it (`Bearer …`, `ANTHROPIC_API_KEY=…`): a key must not go to the token endpoint as a code.
        if text.contains("sk-ant-") {
            return Err(not_accepted(
                "That is a key or a token, not the code of this sign-in.",
            ));
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            let url = Url::parse(text)
                .map_err(|_| not_accepted("That address cannot be read as a URL."))?;
            let leg = self.leg_of(&url).ok_or_else(|| {
                not_accepted("That is not the address that this sign-in comes back to.")
            })?;
            return self.pasted_query(url.query().unwrap_or_default(), leg);
        }
        let query = text.trim_start_matches('?');
        if query.starts_with("code=")
            || query.starts_with("error=")
            || (query.contains("&code=") || query.contains("&error="))
        {
            return self.pasted_query(query, bare_leg);
        }
        let (code, state) = match text.split_once('#') {
            Some((code, state)) => (code, Some(state)),
            None => (text, None),
        };
        if let Some(state) = state
            && !self.is_our_state(state)
        {
            return Err(not_accepted("That code belongs to another sign-in."));
        }
        let shortest = if state.is_some() {
            1
        } else {
            SHORTEST_BARE_CODE
        };
        if !is_plausible_code(code, shortest) {
            return Err(not_accepted("That does not look like a code."));
        }
        Ok(Answer::Code {
            code: Secret::new(code),
            leg: bare_leg,
        })
    }

    /// Ends the attempt by its answer.
    pub(crate) fn into_exchange(self, code: Secret, leg: Leg) -> Exchange {
        let redirect_uri = self.redirect_uri(leg).unwrap_or_default().to_owned();
        Exchange {
            code,
            redirect_uri,
            client_id: self.client_id,
            verifier: self.verifier,
            state: self.state,
            nonce: self.nonce,
        }
    }

    fn redirect_uri(&self, leg: Leg) -> Option<&str> {
        match leg {
            Leg::Loopback => self.loopback.as_deref(),
            Leg::Paste => self.paste.as_ref().map(Url::as_str),
        }
    }

    fn leg_of(&self, url: &Url) -> Option<Leg> {
        let same_place = |uri: &str| {
            Url::parse(uri).is_ok_and(|ours| {
                ours.host_str() == url.host_str()
                    && ours.port_or_known_default() == url.port_or_known_default()
                    && ours.path() == url.path()
            })
        };
        [Leg::Loopback, Leg::Paste]
            .into_iter()
            .find(|leg| self.redirect_uri(*leg).is_some_and(same_place))
    }

    fn pasted_query(&self, query: &str, leg: Leg) -> Result<Answer, Error> {
        // Some people's browsers keep the `#` of `code#state` in the address.
        let query = query.split('#').next().unwrap_or_default();
        self.answer_in_query(query, leg).map_err(|not| match not {
            NotTheAnswer::Foreign("its state is not ours") => {
                not_accepted("That code belongs to another sign-in.")
            }
            NotTheAnswer::Foreign(_) => not_accepted("That is not the whole address or code."),
            NotTheAnswer::OtherIssuer => other_issuer(),
        })
    }

    fn is_our_state(&self, state: &str) -> bool {
        Secret::new(state) == Secret::new(&self.state)
    }

    fn check_issuer(&self, iss: Option<&str>) -> Result<(), NotTheAnswer> {
        match (&self.endpoints.issuer, iss) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(NotTheAnswer::OtherIssuer),
            (Some(_), None) if self.endpoints.names_itself => Err(NotTheAnswer::OtherIssuer),
            _ => Ok(()),
        }
    }
}

/// The words for an answer that came from another server than the one we asked.
pub(crate) fn other_issuer() -> Error {
    Error::new(
        Code::Failed,
        "The answer came from another server than the one you were sent to, so it was not used.",
        "Sign in again. If it happens again, ask whoever runs the server.",
    )
    .detail("RFC 9207: the issuer in the answer is missing or different")
}

fn declined(error: &str, description: Option<&str>) -> Error {
    let error = presentable(error, &[]);
    let detail = match description {
        Some(words) => format!("{error}: {}", presentable(words, &[])),
        None => error.clone(),
    };
    if error == "access_denied" {
        return Error::new(
            Code::Failed,
            "You declined in the browser, so nothing was signed in.",
            "Sign in again whenever you like.",
        )
        .detail(detail);
    }
    Error::new(
        Code::Failed,
        "The server refused the sign-in.",
        "Check the provider's client id and scopes in Settings, then sign in again.",
    )
    .detail(detail)
}

fn not_accepted(what: &str) -> Error {
    Error::new(
        Code::NotAccepted,
        what,
        "Copy the whole code, or the whole address, from the browser and paste it again.",
    )
}

/// What comes without our state may be anything that was in the clipboard. Codes cannot be guessed, so they are long.
const SHORTEST_BARE_CODE: usize = 16;

/// RFC 6749 §A.11 allows any printable character.
fn is_plausible_code(code: &str, shortest: usize) -> bool {
    (shortest..=4096).contains(&code.len()) && code.bytes().all(|b| (0x21..=0x7e).contains(&b))
}

#[cfg(test)]
#[path = "attempt_tests.rs"]
mod tests;
