//! Where a new value goes, and how it is written so that it looks like what stands around it.

use jsonc_parser::ast::{Object, ObjectProp};
use jsonc_parser::common::Ranged as _;
use serde_json::Value as Json;

use super::Document;

/// Where nothing shows how it is done there.
const UNIT: &str = "  ";

pub(super) struct Insertion {
    pub(super) position: usize,
    pub(super) text: String,
    /// Where in the text the first new key begins.
    pub(super) lead: usize,
}

/// How a value is written.
struct Style<'a> {
    colon: &'a str,
    /// The end of a line, the indentation of the line that the value begins on, and what one level adds; none where all
    /// is on one line.
    lines: Option<(&'a str, String, &'a str)>,
}

/// What has to be inserted so that the keys, of which none is in the object yet, lead to the value.
pub(super) fn insertion(
    document: &Document<'_>,
    object: &Object<'_>,
    known: usize,
    keys: &[&str],
    is: &Json,
) -> Insertion {
    let body = document.body;
    let (newline, unit, colon) = (newline(body), unit(document), colon(document, object));
    let value = wrapped(keys.get(1..).unwrap_or_default(), is);
    let key = Json::from(keys.first().copied().unwrap_or_default()).to_string();
    let member = |lines: Option<(&str, &str)>| {
        let lines = lines.map(|(indent, unit)| (newline, indent.to_owned(), unit));
        let style = Style { colon, lines };
        format!("{key}{colon}{}", written(&value, &style))
    };
    let first = object.properties.first();
    if let Some(position) = end_of_line(body, object.range.start + 1) {
        let indent = match first {
            Some(first) => indent_at(body, first.range.start).to_owned(),
            None => format!("{}{unit}", indent_at(body, object.range.start)),
        };
        let comma = first.map_or("", |_| ",");
        return Insertion {
            position,
            text: format!("{newline}{indent}{}{comma}", member(Some((&indent, unit)))),
            lead: newline.len() + indent.len(),
        };
    }
    if let Some(first) = first {
        let text = format!("{},{}", member(None), after_comma(body, object));
        return Insertion {
            position: first.range.start,
            text,
            lead: 0,
        };
    }
    let position = object.range.end - 1;
    let root_is_one_line = end_of_line(body, document.root.range.start + 1).is_none();
    if known > 0 && root_is_one_line {
        let text = member(None);
        return Insertion {
            position,
            text,
            lead: 0,
        };
    }
    let outer = indent_at(body, object.range.start);
    let indent = format!("{outer}{unit}");
    let member = member(Some((&indent, unit)));
    Insertion {
        position,
        text: format!("{newline}{indent}{member}{newline}{outer}"),
        lead: newline.len() + indent.len(),
    }
}

/// A value for a key that is there.
pub(super) fn in_place_of(document: &Document<'_>, found: &ObjectProp<'_>, is: &Json) -> String {
    let body = document.body;
    let on_own_line = end_of_line(body, document.root.range.start + 1).is_some();
    let indent = indent_at(body, found.range.start).to_owned();
    let style = Style {
        colon: between(body, found).unwrap_or(": "),
        lines: on_own_line.then(|| (newline(body), indent, unit(document))),
    };
    written(is, &style)
}

/// The value within objects for the keys before it.
fn wrapped(keys: &[&str], is: &Json) -> Json {
    keys.iter().rev().fold(is.clone(), |inner, &key| {
        Json::Object([(key.to_owned(), inner)].into_iter().collect())
    })
}

fn written(value: &Json, style: &Style<'_>) -> String {
    let (open, close, parts) = match value {
        Json::Object(all) if !all.is_empty() => {
            let inner = style.deeper();
            let member = |(key, value): (&String, &Json)| {
                let key = Json::from(key.as_str()).to_string();
                format!("{key}{}{}", style.colon, written(value, &inner))
            };
            ('{', '}', all.iter().map(member).collect::<Vec<_>>())
        }
        Json::Array(all) if !all.is_empty() => {
            let inner = style.deeper();
            let parts = all.iter().map(|value| written(value, &inner)).collect();
            ('[', ']', parts)
        }
        plain => return plain.to_string(),
    };
    match &style.lines {
        None => format!("{open}{}{close}", parts.join(",")),
        Some((newline, indent, unit)) => {
            let between = format!(",{newline}{indent}{unit}");
            let parts = parts.join(&between);
            format!("{open}{newline}{indent}{unit}{parts}{newline}{indent}{close}")
        }
    }
}

impl Style<'_> {
    fn deeper(&self) -> Self {
        let deeper = |(newline, indent, unit): &(_, String, _)| {
            let deeper: String = format!("{indent}{unit}");
            (*newline, deeper, *unit)
        };
        Self {
            colon: self.colon,
            lines: self.lines.as_ref().map(deeper),
        }
    }
}

/// How lines end there.
fn newline(body: &str) -> &'static str {
    match body.find('\n') {
        Some(at) if body[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// What one level of indentation is there.
fn unit<'a>(document: &Document<'a>) -> &'a str {
    let (body, root) = (document.body, &document.root);
    match (
        end_of_line(body, root.range.start + 1),
        root.properties.first(),
    ) {
        (Some(_), Some(first)) => {
            let (inner, outer) = (
                indent_at(body, first.range.start),
                indent_at(body, root.range.start),
            );
            inner.strip_prefix(outer).unwrap_or(inner)
        }
        _ => UNIT,
    }
}

/// What stands between a key and its value there.
fn colon<'a>(document: &Document<'a>, object: &Object<'_>) -> &'a str {
    let first = object.properties.first();
    let first = first.or(document.root.properties.first());
    first
        .and_then(|first| between(document.body, first))
        .unwrap_or(": ")
}

fn between<'a>(body: &'a str, property: &ObjectProp<'_>) -> Option<&'a str> {
    let text = &body[property.name.range().end..property.value.range().start];
    let plain = text
        .chars()
        .all(|c| c == ':' || super::removing::is_space(c));
    plain.then_some(text)
}

/// What stands between members of an object that is on one line.
fn after_comma<'a>(body: &'a str, object: &Object<'_>) -> &'a str {
    let [first, second, ..] = object.properties.as_slice() else {
        return match body[object.range.start + 1..].starts_with(super::removing::is_space) {
            true => " ",
            false => "",
        };
    };
    let between = body[first.range.end..second.range.start].trim_start();
    match between.strip_prefix(',') {
        Some(space) if space.chars().all(super::removing::is_space) => space,
        _ => " ",
    }
}

/// Where a line ends, if nothing but space and comments stand before that.
fn end_of_line(body: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = body[at..].trim_start_matches(super::removing::is_space);
        at = body.len() - rest.len();
        if rest.starts_with('\n') || rest.starts_with("\r\n") {
            return Some(at);
        }
        if rest.starts_with("//") {
            let end = at + rest.find('\n')?;
            return Some(match body[..end].ends_with('\r') {
                true => end - 1,
                false => end,
            });
        }
        let comment = rest.strip_prefix("/*")?;
        let comment = &comment[..comment.find("*/")?];
        if comment.contains('\n') {
            return None;
        }
        at += comment.len() + "/**/".len();
    }
}

/// The indentation of the line that a place is on.
fn indent_at(body: &str, at: usize) -> &str {
    let line = body[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &body[line..at];
    let long = line.len() - line.trim_start_matches(super::removing::is_space).len();
    &line[..long]
}
