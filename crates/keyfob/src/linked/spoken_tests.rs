use super::*;

fn secure(url: &Url) -> bool {
    url.scheme() == "https"
}

fn address() -> Url {
    Url::parse("https://claude.com/cai/oauth/authorize?code=true&state=the-state").unwrap()
}

#[test]
fn the_address_is_found_once_it_is_whole() {
    let whole = "Opening browser to sign in…\nIf the browser didn't open, visit: https://claude.com/cai/oauth/authorize?a=b&state=s\nPaste code here if prompted > ";
    let url = address_in(whole, secure).unwrap();
    assert_eq!(url.query(), Some("a=b&state=s"));
    for cut in [
        "",
        "Opening",
        "visit: https://claude.com/cai/oau",
        "visit: http://evil.example/ \n",
        "visit: https:// \n",
    ] {
        assert_eq!(address_in(cut, secure), None, "{cut}");
    }
    let ant = "Opening your browser to authenticate...\nIf your browser doesn't open or can't reach this machine, visit the URL below and paste the code here:\n\n  https://platform.claude.com/oauth/authorize?state=x\n\nWaiting for authentication...\nCode: ";
    assert_eq!(address_in(ant, secure).unwrap().path(), "/oauth/authorize");
    let link =
        "visit: \u{1b}]8;;https://claude.com/x\u{7}https://claude.com/y\u{1b}]8;;\u{7}\u{1b}[0m\n";
    assert_eq!(address_in(link, secure).unwrap().path(), "/y");
}

#[test]
fn what_is_pasted_is_handed_on_as_the_programs_want_it() {
    for (pasted, handed) in [
        ("the-code#the-state", "the-code#the-state"),
        (" the-\n code#the-state \n", "the-code#the-state"),
        ("code=the-code&state=the-state", "the-code#the-state"),
        (
            "https://platform.claude.com/oauth/code/callback?code=the-code&state=the-state",
            "the-code#the-state",
        ),
        (
            "http://localhost:4711/callback?state=the-state&code=the%2Dcode#x",
            "the-code#the-state",
        ),
        ("<the-code#the-state>", "the-code#the-state"),
        // The program itself says what it thinks of one without.
        ("the-code", "the-code"),
    ] {
        assert_eq!(
            code_in(pasted, &address()).unwrap().expose(),
            handed,
            "{pasted}"
        );
    }
}

#[test]
fn what_is_surely_wrong_is_not_handed_on() {
    for pasted in [
        "",
        "  \n",
        "the-code#another-state",
        "code=the-code&state=another-state",
        "https://platform.claude.com/oauth/code/callback?state=the-state",
        "sk-ant-oat01-x#the-state",
        "Bearer sk-ant-api03-x",
        "cöde#the-state",
        "#the-state",
    ] {
        let error = code_in(pasted, &address()).unwrap_err();
        assert_eq!(error.code, Code::NotAccepted, "{pasted}");
    }
    let long = "x".repeat(5_000);
    assert!(code_in(&long, &address()).is_err());
}

#[test]
fn last_words_are_repeated_without_what_is_secret() {
    let code = Secret::new("the-code");
    let said = "If the browser didn't open, visit: https://claude.com/?state=s\nPaste code here if prompted > \nInvalid code. Please make sure the full code was copied.\n\u{1b}[31mLogin failed: getaddrinfo ENOTFOUND platform.claude.com\u{1b}[0m\nthe-code sk-ant-oat01-x\n";
    assert_eq!(
        last_words(said, &[&code]).as_deref(),
        Some("Login failed: getaddrinfo ENOTFOUND platform.claude.com [removed] [removed]")
    );
    assert_eq!(last_words("\n  \nCode: \n", &[]), None);
    assert!(is_unreachable(said) && !is_refused_by_server(said));
    assert!(is_refused_by_server("API Error: 401 {\"type\":\"error\"}"));
    assert_eq!(refusals(said), 1);
}
