use proptest::prelude::*;

use super::*;
use crate::sign_in::provider::{ProviderEntry, built_in};

const VERIFIER: [u8; 32] = [1; 32];
const STATE: [u8; 32] = [2; 32];
const NONCE: [u8; 32] = [3; 32];
const CODE: &str = "a-code.of~the_server1";
const PORT: u16 = 49_152;
const LOOPBACK: &str = "http://localhost:49152/callback";
const PASTE: &str = "https://platform.claude.com/oauth/code/callback";

fn endpoints() -> Endpoints {
    let url = |path| Url::parse(&format!("https://auth.example/{path}")).unwrap();
    Endpoints {
        authorize: url("authorize?tenant=7"),
        token: url("token"),
        revocation: None,
        issuer: None,
        names_itself: false,
    }
}

/// The built-in provider, which has both legs, with what `over` names laid over it.
fn provider(over: ProviderEntry) -> Provider {
    let (id, entry) = built_in().remove(0);
    Provider::from_entry(id, entry.overlaid(over), true).unwrap()
}

fn attempt_with(over: ProviderEntry) -> Attempt {
    attempt_at(&provider(over), Some(PORT))
}

fn attempt_at(provider: &Provider, port: Option<u16>) -> Attempt {
    Attempt::new(
        provider,
        "client-1",
        endpoints(),
        port,
        VERIFIER,
        STATE,
        NONCE,
    )
}

fn attempt() -> Attempt {
    attempt_with(ProviderEntry::default())
}

fn attempt_by(redirect: Redirect) -> Attempt {
    attempt_with(ProviderEntry {
        redirect: Some(redirect),
        ..ProviderEntry::default()
    })
}

fn ours() -> String {
    URL_SAFE_NO_PAD.encode(STATE)
}

fn code(leg: Leg) -> Answer {
    Answer::Code {
        code: Secret::new(CODE),
        leg,
    }
}

/// All values of one parameter in the authorize URL of a leg.
fn said(attempt: &Attempt, leg: Leg, name: &str) -> Vec<String> {
    let url = attempt.authorize_url(leg).unwrap();
    let pairs = url.query_pairs().filter(|(n, _)| n == name);
    pairs.map(|(_, value)| value.into_owned()).collect()
}

/// The forms in which people paste an answer, and the leg that each stands for.
fn pasted_forms(code: &str, state: &str) -> [(String, Leg); 5] {
    let query = format!("code={code}&state={state}");
    [
        (format!("{LOOPBACK}?{query}"), Leg::Loopback),
        (format!("{PASTE}?{query}"), Leg::Paste),
        (format!("{code}#{state}"), Leg::Paste),
        (query, Leg::Paste),
        (code.to_owned(), Leg::Paste),
    ]
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37,
        77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
    ];
    let provider = provider(ProviderEntry::default());
    let attempt = Attempt::new(
        &provider,
        "c",
        endpoints(),
        Some(PORT),
        verifier,
        STATE,
        NONCE,
    );
    let challenge = ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"];
    assert_eq!(said(&attempt, Leg::Loopback, "code_challenge"), challenge);
    assert_eq!(said(&attempt, Leg::Paste, "code_challenge"), challenge);
    let exchange = attempt.into_exchange(Secret::new(CODE), Leg::Paste);
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(exchange.verifier.expose(), verifier);
}

#[test]
fn the_two_urls_differ_in_nothing_but_where_the_answer_goes() {
    let attempt = attempt();
    for (leg, redirect_uri) in [(Leg::Loopback, LOOPBACK), (Leg::Paste, PASTE)] {
        for (name, value) in [
            ("tenant", "7"),
            ("response_type", "code"),
            ("client_id", "client-1"),
            ("redirect_uri", redirect_uri),
            ("code_challenge_method", "S256"),
            ("state", &ours()),
            ("scope", "user:profile user:inference user:developer"),
        ] {
            assert_eq!(said(&attempt, leg, name), [value], "{leg:?} {name}");
        }
    }
    // What the provider's page wants to be told (`paste_query`).
    assert!(said(&attempt, Leg::Loopback, "code").is_empty());
    assert_eq!(said(&attempt, Leg::Paste, "code"), ["true"]);
}

#[test]
fn the_server_asks_again_for_offline_access_only() {
    let with = |scopes: &[&str]| {
        let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        attempt_with(ProviderEntry {
            scopes: Some(scopes),
            ..ProviderEntry::default()
        })
    };
    let asked = with(&["openid", "offline_access"]);
    assert_eq!(said(&asked, Leg::Loopback, "prompt"), ["consent"]);
    assert!(said(&with(&["openid"]), Leg::Loopback, "prompt").is_empty());
    assert!(said(&with(&[]), Leg::Loopback, "scope").is_empty());
}

#[test]
fn verifier_and_state_are_independent_and_the_verifier_goes_to_the_token_endpoint_alone() {
    let attempt = attempt();
    let verifier = URL_SAFE_NO_PAD.encode(VERIFIER);
    for leg in [Leg::Loopback, Leg::Paste] {
        let url = attempt.authorize_url(leg).unwrap();
        assert!(!url.as_str().contains(&verifier));
        assert_eq!(said(&attempt, leg, "state"), [ours()]);
    }
    let exchange = attempt.into_exchange(Secret::new(CODE), Leg::Loopback);
    assert!(!format!("{exchange:?}").contains(&verifier));
    assert_eq!(exchange.verifier.expose(), verifier);
    assert_eq!(exchange.state, ours());
    assert_eq!(exchange.client_id, "client-1");
}

#[test]
fn an_attempt_has_the_legs_that_provider_and_listener_give_it() {
    for (redirect, port, loopback, paste) in [
        (Redirect::Loopback, Some(PORT), true, false),
        (Redirect::Both, Some(PORT), true, true),
        (Redirect::Both, None, false, true),
        (Redirect::Paste, Some(PORT), false, true),
    ] {
        let provider = provider(ProviderEntry {
            redirect: Some(redirect),
            ..ProviderEntry::default()
        });
        let attempt = attempt_at(&provider, port);
        let has = |leg| attempt.authorize_url(leg).is_some();
        let legs = (has(Leg::Loopback), has(Leg::Paste));
        assert_eq!(legs, (loopback, paste), "{redirect:?} {port:?}");
    }
}

#[test]
fn the_exchange_names_the_redirect_uri_of_the_leg_that_answered() {
    let uris = [LOOPBACK, PASTE, PASTE, PASTE, PASTE];
    for ((pasted, leg), uri) in pasted_forms(CODE, &ours()).into_iter().zip(uris) {
        assert_eq!(attempt().answer_in_paste(&pasted), Ok(code(leg)));
        let exchange = attempt().into_exchange(Secret::new(CODE), leg);
        assert_eq!(exchange.redirect_uri, uri);
    }
    // Without an address it can only be the leg that there is.
    let answer = attempt_by(Redirect::Loopback).answer_in_paste(CODE);
    assert_eq!(answer, Ok(code(Leg::Loopback)));
}

#[test]
fn what_comes_along_with_a_copied_code_is_dropped() {
    for (form, leg) in pasted_forms(CODE, &ours()) {
        for pasted in [
            format!("  {form}\n"),
            format!("\"{form}\""),
            format!(" `{form}` \r\n"),
            format!("<{form}>"),
            format!("\u{feff}{form}\u{200b}"),
            format!("{}\n   {}", &form[..9], &form[9..]),
        ] {
            let answer = attempt().answer_in_paste(&pasted);
            assert_eq!(answer, Ok(code(leg)), "{pasted:?}");
        }
    }
    let query = format!("?state={}&code={CODE}", ours());
    assert_eq!(attempt().answer_in_paste(&query), Ok(code(Leg::Paste)));
}

#[test]
fn a_code_of_another_sign_in_is_refused_in_every_form_that_says_so() {
    let other = URL_SAFE_NO_PAD.encode([3; 32]);
    for (pasted, _) in &pasted_forms(CODE, &other)[..4] {
        let error = attempt().answer_in_paste(pasted).unwrap_err();
        assert_eq!(error.message, "That code belongs to another sign-in.");
    }
}

#[test]
fn a_pasted_address_without_a_state_is_refused() {
    for pasted in [format!("{LOOPBACK}?code={CODE}"), format!("code={CODE}")] {
        let error = attempt().answer_in_paste(&pasted).unwrap_err();
        assert_eq!(error.message, "That is not the whole address or code.");
    }
}

#[test]
fn a_key_is_refused_wherever_it_stands_in_what_was_pasted() {
    for pasted in [
        "sk-ant-api03-abcdefgh",
        " 'sk-ant-ort01-abcdefgh' ",
        "ANTHROPIC_API_KEY=sk-ant-api03-abcdefgh",
        "Bearer sk-ant-oat01-abcdefgh",
        &format!("sk-ant-api03-abcdefgh#{}", ours()),
        &format!("code=sk-ant-api03-abcdefgh&state={}", ours()),
    ] {
        let error = attempt().answer_in_paste(pasted).unwrap_err();
        let expected = "That is a key or a token, not the code of this sign-in.";
        assert_eq!(error.message, expected, "{pasted}");
    }
}

#[test]
fn an_address_that_the_sign_in_does_not_come_back_to_is_refused() {
    let query = format!("code={CODE}&state={}", ours());
    for place in [
        "http://localhost:49153/callback",
        "http://localhost/callback",
        "http://localhost:49152/other",
        "https://evil.example/oauth/code/callback",
        "https://platform.claude.com/oauth/authorize",
        "https://[",
    ] {
        let pasted = format!("{place}?{query}");
        assert!(attempt().answer_in_paste(&pasted).is_err(), "{place}");
    }
    for (attempt, other_leg) in [
        (attempt_by(Redirect::Loopback), PASTE),
        (attempt_by(Redirect::Paste), LOOPBACK),
    ] {
        let pasted = format!("{other_leg}?{query}");
        assert!(attempt.answer_in_paste(&pasted).is_err(), "{other_leg}");
    }
}

#[test]
fn what_is_no_code_is_refused_and_may_be_pasted_anew() {
    for pasted in ["", " \n", "\"\"", "yes", "#", "größer-als-ascii", "a#b#c"] {
        let error = attempt().answer_in_paste(pasted).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{pasted:?}");
    }
    assert!(attempt().answer_in_paste(&"a".repeat(4_097)).is_err());
}

#[test]
fn only_a_query_with_our_state_is_an_answer() {
    let read = |query: &str| attempt().answer_in_query(query, Leg::Loopback);
    let ours = ours();
    let good = format!("state={ours}&code={CODE}&session_state=x");
    assert_eq!(read(&good), Ok(code(Leg::Loopback)));
    for foreign in [
        String::new(),
        format!("code={CODE}"),
        format!("code={CODE}&state="),
        format!("code={CODE}&state=x"),
        format!("code={CODE}&state={ours}x"),
        format!("code={CODE}&state={}", &ours[1..]),
        format!("code={CODE}&State={ours}"),
        format!("state={ours}"),
        format!("state={ours}&code="),
        format!("state={ours}&code={CODE}&error=access_denied"),
        // RFC 6749 §3.1: nothing may stand there twice, not even with the same value.
        format!("code={CODE}&state={ours}&state={ours}"),
        format!("code={CODE}&state=x&state={ours}"),
        format!("code={CODE}&code=other&state={ours}"),
        format!("error=a&error=b&state={ours}"),
        format!("error=a&error_description=b&error_description=c&state={ours}"),
        "error=access_denied".to_owned(),
        "error=access_denied&state=x".to_owned(),
    ] {
        let answer = read(&foreign);
        assert!(matches!(answer, Err(NotTheAnswer::Foreign(_))), "{foreign}");
    }
}

#[test]
fn a_refusal_with_our_state_ends_the_attempt_in_our_words() {
    let declined = |query: &str| {
        let query = format!("{query}&state={}", ours());
        match attempt().answer_in_query(&query, Leg::Loopback) {
            Ok(Answer::Declined { error }) => error,
            other => panic!("{other:?}"),
        }
    };
    let by_person = declined("error=access_denied&error_description=No+thanks");
    assert!(by_person.message.starts_with("You declined"));
    assert_eq!(by_person.detail.unwrap(), "access_denied: No thanks");
    let by_server = declined("error=invalid_scope&error_description=sk-ant-ort01-x%0Ano");
    assert_eq!(by_server.message, "The server refused the sign-in.");
    assert_eq!(by_server.detail.unwrap(), "invalid_scope: [removed] no");
}

#[test]
fn a_pasted_refusal_counts_like_one_in_the_browser() {
    let pasted = format!("{LOOPBACK}?error=access_denied&state={}", ours());
    let answer = attempt().answer_in_paste(&pasted);
    assert!(matches!(answer, Ok(Answer::Declined { .. })));
    let other = attempt().answer_in_paste("error=access_denied&state=x");
    assert_eq!(other.unwrap_err().code, Code::NotAccepted);
}

#[test]
fn an_answer_of_another_issuer_is_not_used() {
    const OURS: &str = "https://auth.example";
    for (known, promises, said, taken) in [
        (None, false, None, true),
        (None, false, Some("https://evil.example"), true),
        (Some(OURS), false, None, true),
        (Some(OURS), false, Some(OURS), true),
        (Some(OURS), false, Some("https://evil.example"), false),
        // RFC 9207 §2.4: compared letter by letter.
        (Some(OURS), false, Some("https://auth.example/"), false),
        (Some(OURS), true, Some(OURS), true),
        (Some(OURS), true, None, false),
        (Some(OURS), true, Some(""), false),
    ] {
        let mut attempt = attempt();
        attempt.endpoints.issuer = known.map(str::to_owned);
        attempt.endpoints.names_itself = promises;
        let iss = said.map_or(String::new(), |iss| format!("&iss={iss}"));
        for answer in ["code=the-code", "error=access_denied"] {
            let query = format!("{answer}&state={}{iss}", ours());
            let read = attempt.answer_in_query(&query, Leg::Loopback);
            match taken {
                true => assert!(read.is_ok(), "{query} {read:?}"),
                false => assert_eq!(read, Err(NotTheAnswer::OtherIssuer), "{query}"),
            }
        }
    }
}

/// States that are nearly ours, and anything else.
fn other_state() -> impl Strategy<Value = String> {
    let swapped = Just(ours().to_ascii_uppercase());
    let shorter = (0..ours().len()).prop_map(|n| ours()[..n].to_owned());
    let longer = "[A-Za-z0-9]{1,3}".prop_map(|more| ours() + &more);
    prop_oneof![".{0,50}", swapped, shorter, longer]
}

proptest! {
    #[test]
    fn no_query_and_no_paste_makes_the_readers_panic(text in any::<String>(), prefix in 0_usize..6) {
        let prefix = ["", "http://", "code=", "?code=x&state=", LOOPBACK, "x#"][prefix];
        let text = format!("{prefix}{text}");
        let _ = attempt().answer_in_query(&text, Leg::Loopback);
        let _ = attempt().answer_in_paste(&text);
    }

    #[test]
    fn a_query_without_our_state_is_never_an_answer(
        pairs in proptest::collection::vec(
            ("code|error|iss|error_description|[a-z]{0,5}", ".{0,20}"), 0..6),
        state in proptest::option::of(other_state()),
        at in any::<prop::sample::Index>(),
    ) {
        let mut pairs = pairs;
        if let Some(state) = state {
            pairs.insert(at.index(pairs.len() + 1), ("state".to_owned(), state));
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let read = attempt().answer_in_query(&query, Leg::Loopback);
        prop_assert!(matches!(read, Err(NotTheAnswer::Foreign(_))), "{query}");
    }

    #[test]
    fn white_space_anywhere_in_a_paste_changes_nothing(
        code in "[A-Za-z0-9._~-]{16,60}",
        form in 0_usize..5,
        spaces in proptest::collection::vec(
            (any::<prop::sample::Index>(), "[ \t\r\n\u{a0}\u{200b}\u{feff}]{1,3}"), 0..8),
    ) {
        let (mut pasted, leg) = pasted_forms(&code, &ours())[form].clone();
        for (at, space) in spaces {
            let places: Vec<usize> = pasted.char_indices().map(|(i, _)| i).collect();
            pasted.insert_str(*at.get(&places), &space);
        }
        let expected = Answer::Code { code: Secret::new(code), leg };
        prop_assert_eq!(attempt().answer_in_paste(&pasted), Ok(expected));
    }
}

#[test]
fn an_attempt_that_asks_who_it_is_sends_a_nonce_of_its_own() {
    let plain = attempt();
    assert!(said(&plain, Leg::Loopback, "nonce").is_empty());
    let scopes = Some(vec!["openid".to_owned(), "email".to_owned()]);
    let attempt = attempt_with(ProviderEntry {
        scopes,
        ..ProviderEntry::default()
    });
    let nonce = URL_SAFE_NO_PAD.encode(NONCE);
    for leg in [Leg::Loopback, Leg::Paste] {
        assert_eq!(said(&attempt, leg, "nonce"), [nonce.as_str()]);
    }
    let exchange = attempt.into_exchange(Secret::new(CODE), Leg::Paste);
    assert_eq!(exchange.nonce, Some(nonce));
}

#[test]
fn an_attempt_says_whom_the_token_is_for() {
    use crate::sign_in::provider::OneOrMany;
    let attempt = attempt_with(ProviderEntry {
        audience: Some("llm gateway".to_owned()),
        resource: Some(OneOrMany::Many(vec![
            "https://a.example/x".to_owned(),
            "urn:b".to_owned(),
        ])),
        ..ProviderEntry::default()
    });
    assert_eq!(said(&attempt, Leg::Loopback, "audience"), ["llm gateway"]);
    let resource = said(&attempt, Leg::Loopback, "resource");
    assert_eq!(resource, ["https://a.example/x", "urn:b"]);
}
