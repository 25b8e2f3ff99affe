//! Taking a value out again: exactly what was inserted where that still stands there, else the value with the comma and
//! the line that were for it alone.

use std::ops::Range;

use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::tokens::{Token, TokenAndRange};

use super::{Document, Fault, How, Setting, as_json};

/// What became of taking a value out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TakenOut {
    /// The text without it.
    Changed(String),
    /// It is not there any more.
    Gone,
    /// Somebody has put another one there.
    Theirs,
}

pub(super) fn take_out(
    text: &str,
    setting: &Setting,
    was: Option<&str>,
) -> Result<TakenOut, Fault> {
    let document = Document::parse(text)?;
    let found = match document.place(&setting.at) {
        Ok(place) => place.found,
        // In the place of the object that led to it is something else now.
        Err(Fault::NoObject(keys)) if !keys.is_empty() => return Ok(TakenOut::Gone),
        Err(fault) => return Err(fault),
    };
    let Some(found) = found else {
        return Ok(TakenOut::Gone);
    };
    if as_json(document.body, &found.value).as_ref() != Some(&setting.is) {
        return Ok(TakenOut::Theirs);
    }
    let (known, inserted) = match (&setting.how, was) {
        (How::Replaced, Some(was)) => {
            let range = found.value.range();
            let range = range.start..range.end;
            let body = without(document.body, std::slice::from_ref(&range), was);
            return Ok(TakenOut::Changed(body));
        }
        (How::Replaced, None) => (setting.at.len() - 1, None),
        (How::Inserted { known, text, lead }, _) => (*known, Some((text.as_str(), *lead))),
    };
    let top = &setting.at[..=known];
    if let Some((text, lead)) = inserted
        && let Some(range) = exactly(&document, top, text, lead)?
    {
        return Ok(TakenOut::Changed(without(document.body, &[range], "")));
    }
    let mut body = without_property(&document, &setting.at)?;
    // The objects around it that were made for it go too, once nothing else is in them.
    for length in (known + 1..setting.at.len()).rev() {
        let at = &setting.at[..length];
        let document = Document::parse(&body)?;
        let found = document.place(at)?.found;
        let is_bare = found.is_some_and(|found| match &found.value {
            Value::Object(object) => within(&document, object).len() == 2,
            _ => false,
        });
        if !is_bare {
            break;
        }
        body = without_property(&document, at)?;
    }
    Ok(TakenOut::Changed(body))
}

/// Where exactly what was inserted still stands, if taking it out leaves the commas right.
fn exactly(
    document: &Document<'_>,
    top: &[String],
    text: &str,
    lead: usize,
) -> Result<Option<Range<usize>>, Fault> {
    let place = document.place(top)?;
    let Some(found) = place.found else {
        return Ok(None);
    };
    let range = found.range.start.checked_sub(lead);
    let Some(range) = range.map(|start| start..start + text.len()) else {
        return Ok(None);
    };
    let stands = document.body.get(range.clone()) == Some(text);
    let after = found.range.end.saturating_sub(range.start);
    let with_comma = text.get(after..).is_some_and(|rest| rest.starts_with(','));
    let is_alone =
        place.object.properties.len() == 1 && !followed_by_comma(document, found.range.end);
    Ok((stands && (with_comma || is_alone)).then_some(range))
}

/// The text without one property, and without the comma and the line that were for it alone.
fn without_property(document: &Document<'_>, at: &[String]) -> Result<String, Fault> {
    let body = document.body;
    let place = document.place(at)?;
    let Some(found) = place.found else {
        return Ok(body.to_owned());
    };
    let (start, end) = (found.range.start, found.range.end);
    let index = document.tokens.partition_point(|t| t.range.start < start);
    let plain = |t: &&TokenAndRange<'_>| !is_comment(&t.token);
    let before = document.tokens[..index].iter().rev().find(plain);
    let comma_before = before.filter(|t| t.token == Token::Comma);
    let after = document.tokens.partition_point(|t| t.range.start < end);
    let after = document.tokens[after..].iter().find(plain);
    let comma_after = after.filter(|t| t.token == Token::Comma);

    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut start = start;
    match (comma_before, comma_after) {
        (Some(comma), None) if body[comma.range.end..start].chars().all(is_space) => {
            start = comma.range.start;
        }
        (Some(comma), None) => cuts.push(comma.range.start..comma.range.end),
        _ => {}
    }
    // A comment between the property and its comma stays.
    let next_to_it = comma_after.filter(|comma| body[end..comma.range.start].trim().is_empty());
    let end = next_to_it.map_or(end, |comma| comma.range.end);
    let line = body[..start].trim_end_matches(is_space);
    let line = line
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let rest = body[end..].trim_start_matches(is_space);
    let ends_line = rest.starts_with('\n') || rest.starts_with("\r\n");
    match line {
        Some(line) if ends_line => cuts.push(line.len()..body.len() - rest.len()),
        // What follows on its line stays there.
        _ if next_to_it.is_some() => cuts.push(start..body.len() - rest.len()),
        _ => cuts.push(start..end),
    }
    if let (Some(comma), None) = (comma_after, next_to_it) {
        cuts.push(comma.range.start..comma.range.end);
    }
    Ok(without(body, &cuts, ""))
}

/// The text without these parts, which stand in it in this order; something else in the place of the last.
fn without(body: &str, cuts: &[Range<usize>], in_place: &str) -> String {
    let mut text = String::with_capacity(body.len() + in_place.len());
    let mut from = 0;
    for cut in cuts {
        text.push_str(&body[from..cut.start]);
        from = cut.end;
    }
    text.push_str(in_place);
    text.push_str(&body[from..]);
    text
}

/// The tokens of an object, its braces among them.
fn within<'d, 'a>(document: &'d Document<'a>, object: &Object<'_>) -> &'d [TokenAndRange<'a>] {
    let tokens = &document.tokens;
    let from = tokens.partition_point(|t| t.range.start < object.range.start);
    let to = tokens.partition_point(|t| t.range.start < object.range.end);
    &tokens[from..to]
}

fn followed_by_comma(document: &Document<'_>, end: usize) -> bool {
    let after = document.tokens.partition_point(|t| t.range.start < end);
    let mut rest = document.tokens[after..].iter();
    let next = rest.find(|t| !is_comment(&t.token));
    next.is_some_and(|t| t.token == Token::Comma)
}

fn is_comment(token: &Token<'_>) -> bool {
    matches!(token, Token::CommentLine(_) | Token::CommentBlock(_))
}

/// Space within a line.
pub(super) fn is_space(c: char) -> bool {
    c == ' ' || c == '\t'
}
