use mock_provider::Options;

use crate::fixture::{Practice, redirected};

#[tokio::test]
async fn unknown_client_or_redirect_stays_on_the_page() {
    let practice = Practice::open().await;
    for change in [
        ("client_id", "someone-else"),
        ("client_id", ""),
        ("redirect_uri", ""),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "http://127.0.0.1:50123/callback/"),
        ("redirect_uri", "http://127.0.0.1:50123/callback?next=1"),
    ] {
        let answer = practice.authorize(&[change]).await;
        assert_eq!(answer.status(), 400, "{change:?}");
        assert!(!answer.headers().contains_key("location"));
        assert!(answer.text().await.unwrap().contains("id=\"refusal\""));
    }
}

#[tokio::test]
async fn other_faults_go_back_to_the_client() {
    let practice = Practice::open().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "too-short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "user:profile root"), "invalid_scope"),
    ] {
        let query = redirected(&practice.authorize(&[change]).await);
        assert_eq!(query["error"], error, "{change:?}");
        assert_eq!(query["state"], "the-state");
        assert_eq!(query["iss"], practice.url(""));
        assert!(!query["error_description"].is_empty());
    }
}

#[tokio::test]
async fn a_missing_state_is_told_without_one() {
    let practice = Practice::open().await;
    let query = redirected(&practice.authorize(&[("state", "")]).await);
    assert_eq!(query["error"], "invalid_request");
    assert!(!query.contains_key("state"));
}

#[tokio::test]
async fn every_loopback_name_and_port_is_registered() {
    let practice = Practice::open().await;
    for host in ["127.0.0.1:1", "localhost:65535", "[::1]:8080"] {
        let uri = format!("http://{host}/callback");
        let answer = practice.authorize(&[("redirect_uri", &uri)]).await;
        assert!(redirected(&answer).contains_key("code"), "{host}");
    }
}

#[tokio::test]
async fn a_decision_without_a_page_is_refused() {
    let practice = Practice::with(Options::default()).await;
    for form in [
        [("request", "made-up"), ("decision", "agree")],
        [("request", ""), ("decision", "")],
    ] {
        let answer = practice.post("/oauth/decision").form(&form);
        assert_eq!(answer.send().await.unwrap().status(), 400);
    }
}
