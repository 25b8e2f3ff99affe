//! A server, a client that follows no redirects, and the steps of a sign-in.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use mock_provider::{Decision, MockProvider, Options, start};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use url::Url;

/// How long anything that is waited for may take: computers that run tests stand still now and then.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The pair of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const LOOPBACK: &str = "http://127.0.0.1:50123/callback";

/// A running server and what a test does with it.
pub(crate) struct Practice {
    provider: MockProvider,
    http: Client,
    /// Seconds since 1970 on the server's clock.
    clock: Arc<AtomicU64>,
}

impl Practice {
    pub(crate) async fn open() -> Self {
        Self::with(Options {
            auto: Some(Decision::Agree),
            ..Options::default()
        })
        .await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let clock = Arc::new(AtomicU64::new(1_800_000_000));
        let hand = clock.clone();
        let provider = start(Options {
            clock: Arc::new(move || UNIX_EPOCH + Duration::from_secs(hand.load(Ordering::Relaxed))),
            ..options
        });
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy();
        Self {
            provider: provider.await.unwrap(),
            http: http.build().unwrap(),
            clock,
        }
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.provider.base_url())
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(self.url(path))
    }

    pub(crate) fn delete(&self, path: &str) -> RequestBuilder {
        self.http.delete(self.url(path))
    }

    /// A right authorization request, with these parameters changed; an empty value leaves one out.
    pub(crate) async fn authorize(&self, changes: &[(&str, &str)]) -> Response {
        let mut query = HashMap::from([
            ("response_type", "code"),
            ("client_id", "practice-client"),
            ("redirect_uri", LOOPBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "the-state"),
            ("scope", "user:profile user:inference"),
        ]);
        query.extend(changes.iter().copied());
        query.retain(|_, value| !value.is_empty());
        let url = Url::parse_with_params(&self.url("/oauth/authorize"), query).unwrap();
        self.http.get(url).send().await.unwrap()
    }

    pub(crate) async fn code(&self) -> String {
        redirected(&self.authorize(&[]).await)["code"].clone()
    }

    /// A right exchange of this code, as the fields to send.
    pub(crate) fn exchange_fields(&self, code: &str) -> Value {
        json!({
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": LOOPBACK,
            "client_id": "practice-client",
            "code_verifier": VERIFIER,
            "state": "the-state",
        })
    }

    pub(crate) async fn token(&self, fields: &Value) -> Response {
        let request = self.post("/v1/oauth/token").json(fields);
        request.send().await.unwrap()
    }

    pub(crate) async fn sign_in(&self) -> Tokens {
        let fields = self.exchange_fields(&self.code().await);
        Tokens::of(self.token(&fields).await).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Response {
        self.token(&refresh_fields(refresh_token)).await
    }

    /// Asks for the models with an access token, as a client should.
    pub(crate) async fn models(&self, access_token: &str) -> Response {
        let request = self.get("/v1/models?limit=1").bearer_auth(access_token);
        let request = request.header("anthropic-version", "2023-06-01");
        let request = request.header("anthropic-beta", "oauth-2025-04-20");
        request.send().await.unwrap()
    }

    pub(crate) async fn control(&self, path: &str, body: Value) {
        let request = self.post(&format!("/control/{path}")).json(&body);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 204, "{path} {body}");
    }

    /// Orders a fault for the next request.
    pub(crate) async fn fault(&self, on: &str, kind: Value) {
        self.control("faults", json!({ "on": on, "kind": kind }))
            .await;
    }

    /// Takes back every order, and lets go of the answers that are held.
    pub(crate) async fn clear_faults(&self) {
        let request = self.delete("/control/faults");
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    /// Waits until a counter has come to this.
    pub(crate) async fn wait_for(&self, counter: &str, count: u64) {
        let come = async {
            while self.counters().await[counter] != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let come = tokio::time::timeout(PATIENCE, come).await;
        assert!(come.is_ok(), "{counter} did not come to {count}");
    }

    pub(crate) async fn counters(&self) -> Value {
        let request = self.get("/control/counters");
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// The part of a token answer that tests go on with.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) all: Value,
}

impl Tokens {
    pub(crate) async fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let all: Value = response.json().await.unwrap();
        let text = |name: &str| all[name].as_str().unwrap().to_owned();
        Self {
            access: text("access_token"),
            refresh: text("refresh_token"),
            all,
        }
    }
}

pub(crate) fn refresh_fields(refresh_token: &str) -> Value {
    json!({
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": "practice-client",
    })
}

/// Where a redirect leads, without its query.
pub(crate) fn target(response: &Response) -> String {
    assert_eq!(response.status(), 303);
    let location = response.headers()["location"].to_str().unwrap();
    location.split('?').next().unwrap().to_owned()
}

/// The query of a redirect.
pub(crate) fn redirected(response: &Response) -> HashMap<String, String> {
    assert_eq!(response.status(), 303);
    let location = response.headers()["location"].to_str().unwrap();
    let pairs = Url::parse(location).unwrap();
    pairs.query_pairs().into_owned().collect()
}

/// The status and the string-form error of an answer.
pub(crate) async fn refusal(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["error"].as_str().unwrap().to_owned())
}

/// The status and the message of an API envelope.
pub(crate) async fn envelope(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let id = response.headers()["request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        (&body["type"], &body["request_id"]),
        (&json!("error"), &json!(id))
    );
    (
        status,
        body["error"]["message"].as_str().unwrap().to_owned(),
    )
}
