//! Single values in somebody else's JSON, with comments or without: set and taken out again, with every other byte as it
//! was.
//!
//! A new value is put in by one insertion, at the beginning of its object, where neither a missing nor a trailing comma
//! has to be thought of; taking that insertion out again gives the text as it was, whatever was edited elsewhere.

mod inserting;
mod removing;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::tokens::TokenAndRange;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions};
use serde::{Deserialize, Serialize};

pub(crate) use self::removing::TakenOut;

/// Marks UTF-8, as some editors on Windows write it at the beginning of a file.
const MARK: char = '\u{feff}';

/// A value that was set, with what is needed to take it out again. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// The keys that lead to it.
    pub(crate) at: Vec<String>,
    /// What was written.
    pub(crate) is: serde_json::Value,
    /// How it came into the text.
    #[serde(flatten)]
    how: How,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
enum How {
    /// In the place of another value.
    Replaced,
    /// It was not there before.
    Inserted {
        /// How many of the keys were there already.
        known: usize,
        /// What was inserted.
        text: String,
        /// Where in that the first new key begins.
        lead: usize,
    },
}

impl Setting {
    /// Whether another value stood there before.
    pub(crate) fn replaced(&self) -> bool {
        self.how == How::Replaced
    }

    /// The keys as people write them.
    pub(crate) fn name(&self) -> String {
        self.at.join(".")
    }
}

/// Why a text is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is nothing in it, which is no JSON.
    Empty,
    /// It stops being JSON here.
    NotJson {
        line: usize,
        column: usize,
        why: String,
    },
    /// What these keys lead to is no object; no keys: the whole.
    NoObject(String),
    /// This key stands there more than once.
    Twice(String),
}

/// A text that was understood.
struct Document<'a> {
    /// Without the mark at its beginning.
    body: &'a str,
    root: Object<'a>,
    /// Comments among them.
    tokens: Vec<TokenAndRange<'a>>,
}

/// Where keys lead, as far as they do.
struct Place<'o, 'a> {
    /// The innermost object that is there.
    object: &'o Object<'a>,
    /// How many keys lead to it.
    known: usize,
    /// What all keys lead to.
    found: Option<&'o ObjectProp<'a>>,
}

/// Sets a value: the new text, and how to take it back.
pub(crate) fn set(
    text: &str,
    at: &[&str],
    is: &serde_json::Value,
) -> Result<(String, Setting), Fault> {
    let document = Document::parse(text)?;
    let place = document.place(at)?;
    let (body, how) = match place.found {
        Some(found) => {
            let range = found.value.range();
            let (before, after) = (&document.body[..range.start], &document.body[range.end..]);
            let new = inserting::in_place_of(&document, found, is);
            (format!("{before}{new}{after}"), How::Replaced)
        }
        None => {
            let keys = &at[place.known..];
            let new = inserting::insertion(&document, place.object, place.known, keys, is);
            let (before, after) = document.body.split_at(new.position);
            let body = format!("{before}{}{after}", new.text);
            let how = How::Inserted {
                known: place.known,
                text: new.text,
                lead: new.lead,
            };
            (body, how)
        }
    };
    let setting = Setting {
        at: at.iter().map(|&key| key.to_owned()).collect(),
        is: is.clone(),
        how,
    };
    Ok((marked(text, body), setting))
}

/// Takes a value out again, or puts back the one that stood there before, given as it was written.
pub(crate) fn take_out(
    text: &str,
    setting: &Setting,
    was: Option<&str>,
) -> Result<TakenOut, Fault> {
    Ok(match removing::take_out(text, setting, was)? {
        TakenOut::Changed(body) => TakenOut::Changed(marked(text, body)),
        other => other,
    })
}

/// A value as it is written.
pub(crate) fn raw<'a>(text: &'a str, at: &[String]) -> Result<Option<&'a str>, Fault> {
    let document = Document::parse(text)?;
    let body = document.body;
    let found = document.place(at)?.found.map(|found| found.value.range());
    Ok(found.map(|range| &body[range.start..range.end]))
}

/// A value; comments within it do not count.
pub(crate) fn value(text: &str, at: &[&str]) -> Result<Option<serde_json::Value>, Fault> {
    let document = Document::parse(text)?;
    let found = document.place(at)?.found;
    Ok(found.and_then(|found| as_json(document.body, &found.value)))
}

/// Whether nothing is in it but an empty object.
pub(crate) fn is_bare(text: &str) -> bool {
    Document::parse(text).is_ok_and(|document| document.tokens.len() == 2)
}

/// Whether it is JSON in the strict sense, without comments and trailing commas.
pub(crate) fn is_strict(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text.trim_start_matches(MARK)).is_ok()
}

impl<'a> Document<'a> {
    fn parse(text: &'a str) -> Result<Self, Fault> {
        let body = text.strip_prefix(MARK).unwrap_or(text);
        let collect = CollectOptions {
            comments: CommentCollectionStrategy::AsTokens,
            tokens: true,
        };
        let parsed = jsonc_parser::parse_to_ast(body, &collect, &options()).map_err(|error| {
            Fault::NotJson {
                line: error.line_display(),
                column: error.column_display(),
                why: error.kind().to_string(),
            }
        })?;
        match parsed.value {
            None => Err(Fault::Empty),
            Some(Value::Object(root)) => Ok(Self {
                body,
                root,
                tokens: parsed.tokens.unwrap_or_default(),
            }),
            Some(_) => Err(Fault::NoObject(String::new())),
        }
    }

    fn place(&self, at: &[impl AsRef<str>]) -> Result<Place<'_, 'a>, Fault> {
        let mut object = &self.root;
        for (known, key) in at.iter().enumerate() {
            let key = key.as_ref();
            let keys = || {
                let keys: Vec<_> = at[..=known].iter().map(AsRef::as_ref).collect();
                keys.join(".")
            };
            let mut same = object.properties.iter().filter(|p| p.name.as_str() == key);
            let found = same.next();
            if same.next().is_some() {
                return Err(Fault::Twice(keys()));
            }
            let is_last = known + 1 == at.len();
            match found.map(|found| (found, &found.value)) {
                Some((_, Value::Object(inner))) if !is_last => object = inner,
                Some(_) if !is_last => return Err(Fault::NoObject(keys())),
                _ => {
                    return Ok(Place {
                        object,
                        known,
                        found,
                    });
                }
            }
        }
        Ok(Place {
            object,
            known: at.len(),
            found: None,
        })
    }
}

/// JSON with comments and trailing commas, and nothing else that is looser.
fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn as_json(body: &str, value: &Value<'_>) -> Option<serde_json::Value> {
    let range = value.range();
    jsonc_parser::parse_to_serde_value(&body[range.start..range.end], &options()).ok()
}

fn marked(before: &str, body: String) -> String {
    match before.starts_with(MARK) {
        true => format!("{MARK}{body}"),
        false => body,
    }
}

#[cfg(test)]
#[path = "json_text_tests.rs"]
mod tests;
