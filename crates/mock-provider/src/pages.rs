//! The pages a person sees. No script, nothing from outside, and every value escaped.

use axum::extract::RawQuery;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::fields::Fields;
use crate::ledger::Grants;
use crate::options::Options;
use crate::registration::meaning;

/// `form-action` is left out on purpose: Chromium holds the redirect after a form to it too, and that leads to the
/// client's own address.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// What a consent page is about.
pub(crate) enum About<'a> {
    /// A sign-in in this browser, by the id of its request.
    Browser(&'a str),
    /// A sign-in on another device, by the code that it shows.
    Device(&'a str),
}

/// Asks whether the client may have what it asked for.
pub(crate) fn consent(options: &Options, asked: &Grants, about: About<'_>) -> Response {
    let (action, request, note) = match about {
        About::Browser(id) => ("/oauth/decision", id, String::new()),
        About::Device(code) => {
            let words = "The other device shows this code. Agree only if you see it there:";
            let note = format!("<p>{words} <b id=\"user-code\">{}</b></p>", escape(code));
            ("/oauth/device/decision", code, note)
        }
    };
    let scopes: String = asked
        .scopes
        .iter()
        .map(|scope| {
            let (words, name) = (meaning(scope).unwrap_or_default(), escape(scope));
            format!("<li>{words} <small>{name}</small></li>")
        })
        .collect();
    let body = format!(
        include_str!("pages/consent.html"),
        client = escape(&options.client_id),
        email = escape(&asked.email),
        organization = escape(&options.organization),
        initial = escape(&asked.email.chars().take(1).collect::<String>()),
        scopes = scopes,
        note = note,
        action = action,
        request = escape(request),
    );
    page(StatusCode::OK, "Allow access?", &body)
}

/// Asks for the code that another device shows.
pub(crate) fn device(wrong: Option<&str>) -> Response {
    let wrong = wrong.map(|code| {
        format!(
            "<p id=\"wrong\">{} is no code that waits here.</p>",
            escape(code)
        )
    });
    let body = format!(
        include_str!("pages/device.html"),
        wrong = wrong.unwrap_or_default()
    );
    page(StatusCode::OK, "Sign in on another device", &body)
}

/// Tells the person that the other device goes on.
pub(crate) fn device_done(agreed: bool) -> Response {
    let body = match agreed {
        true => {
            "<h1 id=\"done\">You are signed in on the other device</h1>\n<p>You can close this page.</p>"
        }
        false => "<h1 id=\"done\">You declined</h1>\n<p>The other device is not signed in.</p>",
    };
    page(StatusCode::OK, "Done", body)
}

/// Tells the person that it ends here, and sends nobody anywhere.
pub(crate) fn refusal(words: &str) -> Response {
    let body = format!(
        "<h1>This sign-in cannot go on</h1>\n<p id=\"refusal\">{}</p>",
        escape(words)
    );
    page(StatusCode::BAD_REQUEST, "Cannot go on", &body)
}

/// The hosted redirect page: shows what came back, for a person to carry over.
pub(crate) async fn code(RawQuery(query): RawQuery) -> Response {
    let Ok(fields) = Fields::from_form(query.unwrap_or_default().as_bytes()) else {
        return refusal("A parameter came twice.");
    };
    if let Some(error) = fields.get("error") {
        let words = fields.get("error_description").unwrap_or_default();
        let body = format!(
            "<h1>You were not signed in</h1>\n<p>{}</p>\n<p><code id=\"error\">{}</code></p>",
            escape(words),
            escape(error)
        );
        return page(StatusCode::OK, "Not signed in", &body);
    }
    let (Some(code), Some(state)) = (fields.get("code"), fields.get("state")) else {
        return refusal("There is no code in this address.");
    };
    let body = format!(
        "<h1>Almost there</h1>\n<p>Paste this code into Keyfob.</p>\n\
         <p><code class=\"paste\" id=\"code\">{}#{}</code></p>\n\
         <p class=\"hint\">One click selects all of it.</p>",
        escape(code),
        escape(state)
    );
    page(StatusCode::OK, "Your code", &body)
}

fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        include_str!("pages/frame.html"),
        title = title,
        style = include_str!("pages/style.css"),
        body = body,
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
