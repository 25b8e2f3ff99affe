use mock_provider::Options;
use serde_json::json;

use crate::fixture::{LOOPBACK, Practice, Tokens, redirected, target};

/// The hidden request id of a consent page.
fn request_id(page: &str) -> &str {
    let (_, rest) = page.split_once("name=\"request\" value=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn by_loopback_and_json() {
    let practice = Practice::open().await;
    let answer = practice.authorize(&[]).await;
    assert_eq!(target(&answer), LOOPBACK);
    let query = redirected(&answer);
    assert_eq!(query["state"], "the-state");
    assert_eq!(query["iss"], practice.url(""));

    let tokens = practice
        .token(&practice.exchange_fields(&query["code"]))
        .await;
    assert_eq!(tokens.headers()["cache-control"], "no-store");
    let tokens = Tokens::of(tokens).await;
    assert!(tokens.access.starts_with("sk-ant-oat01-practice-"));
    assert!(tokens.refresh.starts_with("sk-ant-ort01-practice-"));
    assert_eq!(tokens.all["token_type"], "Bearer");
    assert_eq!(tokens.all["expires_in"], 8 * 3600);
    assert_eq!(tokens.all["refresh_token_expires_in"], 28 * 24 * 3600);
    assert_eq!(tokens.all["scope"], "user:profile user:inference");
    assert_eq!(tokens.all["account"]["email_address"], "ada@example.com");
    assert_eq!(tokens.all["organization"]["name"], "Acme Inc.");
    assert_eq!(tokens.all["workspace"]["name"], "Default");
    assert_eq!(practice.models(&tokens.access).await.status(), 200);
}

#[tokio::test]
async fn by_paste_and_form() {
    let practice = Practice::open().await;
    let paste = practice.url("/oauth/code/callback");
    let answer = practice.authorize(&[("redirect_uri", &paste)]).await;
    let query = redirected(&answer);

    let page = practice.get(&answer.headers()["location"].to_str().unwrap()[paste.len() - 20..]);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Paste this code into Keyfob"));
    assert!(page.contains(&format!("id=\"code\">{}#the-state<", query["code"])));

    let mut fields = practice.exchange_fields(&query["code"]);
    fields["redirect_uri"] = json!(paste);
    let request = practice.post("/v1/oauth/token").form(&fields);
    let tokens = Tokens::of(request.send().await.unwrap()).await;
    let fields = crate::fixture::refresh_fields(&tokens.refresh);
    let request = practice.post("/v1/oauth/token").form(&fields);
    Tokens::of(request.send().await.unwrap()).await;
}

#[tokio::test]
async fn through_the_consent_page() {
    let practice = Practice::with(Options::default()).await;
    let answer = practice.authorize(&[]).await;
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'"));
    let page = answer.text().await.unwrap();
    for words in [
        "practice-client",
        "ada@example.com",
        "user:inference",
        "nothing here is real",
    ] {
        assert!(page.contains(words), "{words}");
    }
    let agree = [("request", request_id(&page)), ("decision", "agree")];
    let answer = practice.post("/oauth/decision").form(&agree);
    let code = redirected(&answer.send().await.unwrap())["code"].clone();
    Tokens::of(practice.token(&practice.exchange_fields(&code)).await).await;

    // The page decides once.
    let again = practice.post("/oauth/decision").form(&agree);
    assert_eq!(again.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn declining_sends_the_client_away() {
    let practice = Practice::with(Options::default()).await;
    let page = practice.authorize(&[]).await.text().await.unwrap();
    let decline = [("request", request_id(&page)), ("decision", "decline")];
    let answer = practice.post("/oauth/decision").form(&decline);
    let query = redirected(&answer.send().await.unwrap());
    assert_eq!(query["error"], "access_denied");
    assert_eq!(query["state"], "the-state");
    assert_eq!(query["iss"], practice.url(""));
    assert_eq!(practice.counters().await["declines"], 1);
}

#[tokio::test]
async fn the_paste_page_shows_an_error_and_echoes_no_markup() {
    let practice = Practice::open().await;
    let page = practice.get("/oauth/code/callback?error=access_denied&error_description=%3Cb%3E");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("access_denied") && page.contains("&lt;b&gt;") && !page.contains("<b>"));
}

#[tokio::test]
async fn the_marker_is_in_every_secret() {
    let marked = Options {
        marker: Some("needle_7".into()),
        ..Options::default()
    };
    let practice = Practice::with(marked).await;
    practice
        .control("auto", json!({ "decision": "agree" }))
        .await;
    assert!(practice.code().await.contains("needle_7"));
    let tokens = practice.sign_in().await;
    assert!(tokens.access.contains("needle_7") && tokens.refresh.contains("needle_7"));
}

#[tokio::test]
async fn the_issuer_in_answers_can_be_another() {
    let other = Options {
        issuer: Some("https://evil.example".into()),
        ..Options::default()
    };
    let practice = Practice::with(other).await;
    practice
        .control("auto", json!({ "decision": "agree" }))
        .await;
    assert_eq!(
        redirected(&practice.authorize(&[]).await)["iss"],
        "https://evil.example"
    );
}
