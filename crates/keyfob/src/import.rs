//! Tokens as JSON, as another program wrote them: what is in them, or the exact place of what is wrong.
//!
//! Values are never repeated: whatever is said of them names the field and the place alone.

mod fields;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use self::fields::Fields;
use crate::error::{Code, Error};
use crate::linked::environment::is_session;
use crate::secret::Secret;
use crate::when;

/// A scope that only Claude Code asks for.
const CLAUDE_CODES_SCOPE: &str = "user:sessions:claude_code";

/// Tokens as they were read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    /// None where nothing says so.
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) sign_in_ends_at: Option<Timestamp>,
    pub(crate) scopes: Option<Vec<String>>,
}

/// Where in a text something stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// The field, such as `$.expires_at`; none where the text is no JSON.
    pub path: Option<String>,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) error: Error,
    pub(crate) place: Option<Place>,
    /// Whether it would be right if only it went on.
    pub(crate) unfinished: bool,
}

/// Boxed, because it is larger than most answers.
type Read<T> = Result<T, Box<Problem>>;

/// Reads what was pasted.
pub(crate) fn parse(pasted: &Secret, now: Timestamp) -> Read<Tokens> {
    let text = pasted.expose().trim_start_matches('\u{feff}');
    let json = Json { text };
    json.looks_like_json()?;
    let fields = json.fields()?;
    json.is_something_else(&fields)?;
    json.without_duplicates(&fields)?;
    json.tokens(&fields, now)
}

/// A text that is being read.
struct Json<'a> {
    text: &'a str,
}

impl<'a> Json<'a> {
    fn looks_like_json(&self) -> Read<()> {
        let text = self.text.trim();
        let cure =
            "Paste the JSON whole: {\"access_token\": …, \"refresh_token\": …, \"expires_at\": …}.";
        match text {
            "" => Err(whole("Nothing was pasted.", cure)),
            _ if text.starts_with("sk-ant-api") => Err(key()),
            _ if text.starts_with("sk-ant-") => {
                Err(whole("That is a token by itself, and no JSON.", cure))
            }
            _ => Ok(()),
        }
    }

    fn fields(&self) -> Read<Fields<'a>> {
        serde_json::from_str(self.text).map_err(|error| {
            if error.is_data() {
                let cure = "Paste one object: {\"access_token\": …}.";
                return self.wrong(0, None, "That is JSON, but no object with tokens.", cure);
            }
            // The library counts columns in bytes, and says nothing of what stands there.
            let line = self
                .text
                .lines()
                .nth(error.line().saturating_sub(1))
                .unwrap_or_default();
            let before = error.column().saturating_sub(1).min(line.len());
            let column = line
                .char_indices()
                .take_while(|(at, _)| *at < before)
                .count()
                + 1;
            let place = Place {
                line: error.line().max(1),
                column,
                path: None,
            };
            let (message, cure) = match error.is_eof() {
                true => ("The JSON ends too early.", "Copy it again, to its last }."),
                false => (
                    "The JSON is broken here.",
                    "Copy it again, whole and without changes.",
                ),
            };
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default().to_owned();
            let unfinished = error.is_eof();
            let error = Error::new(Code::NotAccepted, message, cure);
            Box::new(Problem {
                unfinished,
                ..*at(error, place, Some(&why))
            })
        })
    }

    /// What people have at hand that is not meant here, with the way that is.
    fn is_something_else(&self, fields: &Fields<'a>) -> Read<()> {
        let claude_code = ["claudeAiOauth", "accessToken", "refreshToken", "mcpOAuth"];
        if let Some((name, value)) = fields.first_of(&claude_code) {
            let error = claude_codes();
            return Err(at(error, self.place(value, name), None));
        }
        let keys = ["api_key", "apiKey", "ANTHROPIC_API_KEY", "x-api-key"];
        if let Some((name, value)) = fields.first_of(&keys) {
            return Err(at(key().error, self.place(value, name), None));
        }
        match fields.get("type").map(|value| (value, text_of(value))) {
            Some((value, Some(kind))) if kind.expose() == "oauth_token" => {
                let error = Error::new(
                    Code::NotAccepted,
                    "That is a profile of ant, which renews it itself. Two programs that renew the same tokens end each other's sign-in.",
                    "Link it instead: `keyfob link anthropic-profile`.",
                );
                Err(at(error, self.place(value, "type"), None))
            }
            _ => Ok(()),
        }
    }

    fn without_duplicates(&self, fields: &Fields<'a>) -> Read<()> {
        match fields.first_repeated() {
            Some((name, value)) => Err(self.wrong_field(
                value,
                name,
                &format!("{name} is there twice."),
                "Take one of them out.",
            )),
            None => Ok(()),
        }
    }

    fn tokens(&self, fields: &Fields<'a>, now: Timestamp) -> Read<Tokens> {
        let Some(value) = fields.get("access_token") else {
            let start = self.text.len() - self.text.trim_start().len();
            let cure = "It has to say \"access_token\": \"…\".";
            return Err(self.wrong(start, Some("$"), "access_token is missing.", cure));
        };
        let access_token = self.token(value, "access_token")?;
        let refresh_token = match fields.get("refresh_token") {
            Some(value) => Some(self.token(value, "refresh_token")?),
            None => None,
        };
        let place = |name: &str| fields.get(name).map(|value| (value, name.to_owned()));
        if let Some((value, name)) = place("token_type")
            && !text_of(value).is_some_and(|kind| kind.expose().eq_ignore_ascii_case("bearer"))
        {
            let cure = "Only bearer tokens can be kept and handed out.";
            return Err(self.wrong_field(
                value,
                &name,
                "token_type is another one than Bearer.",
                cure,
            ));
        }
        let scopes = self.scopes(fields)?;
        if let Some((value, name)) = place("scope").or_else(|| place("scopes"))
            && scopes
                .iter()
                .flatten()
                .any(|scope| scope == CLAUDE_CODES_SCOPE)
        {
            return Err(at(claude_codes(), self.place(value, &name), None));
        }
        let expires_at = self.instant(fields, "expires_at", "expires_in", now)?;
        if refresh_token.is_none() && expires_at.is_some_and(|end| end <= now) {
            let (value, name) = place("expires_at")
                .or_else(|| place("expires_in"))
                .unwrap_or((value, "access_token".to_owned()));
            let cure = "Sign in with `keyfob login`, or paste tokens with a refresh_token.";
            return Err(self.wrong_field(
                value,
                &name,
                "The access token has ended, and there is nothing to renew it with.",
                cure,
            ));
        }
        Ok(Tokens {
            access_token,
            refresh_token,
            expires_at,
            sign_in_ends_at: self.instant(
                fields,
                "refresh_token_expires_at",
                "refresh_token_expires_in",
                now,
            )?,
            scopes,
        })
    }

    fn token(&self, value: &'a RawValue, name: &str) -> Read<Secret> {
        let wrong =
            |message: String, cure: &str| Err(self.wrong_field(value, name, &message, cure));
        let Some(token) = text_of(value) else {
            return wrong(
                format!("{name} is no text."),
                "Write it in quotation marks.",
            );
        };
        let text = token.expose();
        if text.trim().is_empty() {
            return wrong(format!("{name} is empty."), "Copy the tokens again.");
        }
        if !text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return wrong(
                format!("{name} has spaces, line breaks or other signs in it that no token has."),
                "Copy the tokens again, in one piece.",
            );
        }
        if text.starts_with("sk-ant-api") || text.starts_with("sk-ant-admin") {
            return Err(at(key().error, self.place(value, name), None));
        }
        if text.starts_with("sk-ant-sid") {
            return wrong(
                format!("{name} is the session cookie of a web page. Keyfob does not take it."),
                "Sign out of that page to make the cookie void, and sign in with `keyfob login`.",
            );
        }
        let other = match name {
            "access_token" => "sk-ant-ort",
            _ => "sk-ant-oat",
        };
        if text.starts_with(other) {
            return wrong(
                format!("{name} is the other kind of token."),
                "Exchange access_token and refresh_token.",
            );
        }
        Ok(token)
    }

    /// An instant, or so many seconds from now.
    fn instant(
        &self,
        fields: &Fields<'a>,
        at: &str,
        within: &str,
        now: Timestamp,
    ) -> Read<Option<Timestamp>> {
        if let Some(value) = fields.get(at) {
            let instant = match text_of(value) {
                Some(text) => when::of_text(text.expose()),
                None => number(value).map_or(Err(when::NoInstant::NotATime), when::of_number),
            };
            return instant.map(Some).map_err(|why| {
                let cure = "Write seconds or milliseconds since 1970, or a date such as 2026-12-01T10:00:00Z.";
                self.wrong_field(value, at, &format!("{at} {}.", why.words()), cure)
            });
        }
        let Some(value) = fields.get(within) else {
            return Ok(None);
        };
        let seconds = match text_of(value) {
            Some(text) => text.expose().trim().parse().ok(),
            None => number(value),
        };
        let fits = seconds.filter(|seconds: &f64| (0.0..1e9).contains(seconds));
        let end =
            fits.and_then(|seconds| now.checked_add(SignedDuration::from_secs_f64(seconds)).ok());
        match end {
            Some(end) => Ok(Some(end)),
            None => Err(self.wrong_field(
                value,
                within,
                &format!("{within} is no number of seconds."),
                "Write for how many seconds from now it lives, such as 3600.",
            )),
        }
    }

    /// Separated by spaces, or a list.
    fn scopes(&self, fields: &Fields<'a>) -> Read<Option<Vec<String>>> {
        let Some((name, value)) = fields.first_of(&["scope", "scopes"]) else {
            return Ok(None);
        };
        if let Some(text) = text_of(value) {
            return Ok(Some(words_of(text.expose())));
        }
        match serde_json::from_str::<Vec<String>>(value.get()) {
            Ok(list) => Ok(Some(list.iter().flat_map(|text| words_of(text)).collect())),
            Err(_) => Err(self.wrong_field(
                value,
                name,
                &format!("{name} is neither a text nor a list of texts."),
                "Write the scopes with spaces between them, or leave them out.",
            )),
        }
    }

    fn wrong_field(&self, value: &RawValue, name: &str, message: &str, cure: &str) -> Box<Problem> {
        let error = Error::new(Code::NotAccepted, message, cure);
        at(error, self.place(value, name), None)
    }

    fn wrong(&self, offset: usize, path: Option<&str>, message: &str, cure: &str) -> Box<Problem> {
        let error = Error::new(Code::NotAccepted, message, cure);
        at(error, self.place_of(offset, path), None)
    }

    fn place(&self, value: &RawValue, name: &str) -> Place {
        // A raw value is a part of the text that it was read from, so its address says where it stands.
        let offset = (value.get().as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        self.place_of(offset.unwrap_or(0), Some(&format!("$.{name}")))
    }

    fn place_of(&self, offset: usize, path: Option<&str>) -> Place {
        let before = self.text.get(..offset).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            path: path.map(str::to_owned),
        }
    }
}

fn at(error: Error, place: Place, why: Option<&str>) -> Box<Problem> {
    let mut detail = format!("line {}, column {}", place.line, place.column);
    for more in why.into_iter().chain(place.path.as_deref()) {
        detail.push_str(", ");
        detail.push_str(more);
    }
    Box::new(Problem {
        error: error.detail(detail),
        place: Some(place),
        unfinished: false,
    })
}

fn whole(message: &str, cure: &str) -> Box<Problem> {
    Box::new(Problem {
        error: Error::new(Code::NotAccepted, message, cure),
        place: None,
        unfinished: false,
    })
}

fn key() -> Box<Problem> {
    whole(
        "That is an API key, which needs no renewal.",
        "Add it as one: paste it under \"API keys\", or use `keyfob add-key`.",
    )
}

fn claude_codes() -> Error {
    Error::new(
        Code::NotAccepted,
        "That is a session of Claude Code, which renews it itself. Keyfob does not take it: Anthropic does not permit other programs to keep it.",
        "Link Claude Code instead: `keyfob link claude-code` shows how its session stands and leaves it where it is.",
    )
}

fn text_of(value: &RawValue) -> Option<Secret> {
    serde_json::from_str::<String>(value.get())
        .ok()
        .map(Secret::new)
}

fn number(value: &RawValue) -> Option<f64> {
    serde_json::from_str(value.get()).ok()
}

fn words_of(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Tokens {
    /// Whether they look like what Anthropic issues.
    pub(crate) fn are_anthropics(&self) -> bool {
        std::iter::once(&self.access_token)
            .chain(&self.refresh_token)
            .any(is_session)
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
