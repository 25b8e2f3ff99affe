use serde_json::{Value, json};

use crate::fixture::Practice;

#[tokio::test]
async fn other_hosts_are_refused() {
    let practice = Practice::open().await;
    for (host, status) in [
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost:1234", 200),
        ("[::1]", 200),
    ] {
        let request = practice.get("/control/counters").header("host", host);
        assert_eq!(request.send().await.unwrap().status(), status, "{host}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_endpoint_and_by_path() {
    let practice = Practice::open().await;
    practice.sign_in().await;
    practice
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .unwrap();
    assert_eq!(practice.get("/nowhere").send().await.unwrap().status(), 404);
    let counters = practice.counters().await;
    for name in [
        "authorize",
        "consents",
        "exchanges",
        "exchanges_ok",
        "metadata",
    ] {
        assert_eq!(counters[name], 1, "{name}");
    }
    for name in [
        "refreshes",
        "refreshes_ok",
        "models",
        "revocations",
        "in_flight_max",
    ] {
        assert_eq!(counters[name], 0, "{name}");
    }
    assert_eq!(counters["paths"]["/nowhere"], 1);
    assert_eq!(counters["paths"]["/v1/oauth/token"], 1);
}

#[tokio::test]
async fn refreshes_under_way_at_once_are_seen() {
    let practice = Practice::open().await;
    let held = json!({ "on": "refresh", "kind": "hold", "times": null });
    practice.control("faults", held).await;
    let all_are_there = async {
        practice.wait_for("in_flight", 3).await;
        practice.clear_faults().await;
    };
    tokio::join!(
        practice.refresh("a"),
        practice.refresh("b"),
        practice.refresh("c"),
        all_are_there
    );
    practice.wait_for("in_flight", 0).await;
    assert_eq!(practice.counters().await["in_flight_max"], 3);
}

#[tokio::test]
async fn reset_forgets_everything() {
    let practice = Practice::open().await;
    let tokens = practice.sign_in().await;
    practice.control("auto", json!({ "decision": null })).await;
    practice
        .control("access_ttl", json!({ "seconds": 1 }))
        .await;
    practice.fault("models", json!("drop")).await;
    practice.control("reset", json!(null)).await;
    assert_eq!(practice.models(&tokens.access).await.status(), 401);
    assert_eq!(practice.counters().await["authorize"], 0);
    assert_eq!(practice.sign_in().await.all["expires_in"], 8 * 3600);
}

#[tokio::test]
async fn the_metadata_names_every_endpoint() {
    let practice = Practice::open().await;
    let answer = practice
        .get("/.well-known/oauth-authorization-server")
        .send()
        .await
        .unwrap();
    let metadata: Value = answer.json().await.unwrap();
    assert_eq!(metadata["issuer"], practice.url(""));
    assert_eq!(
        metadata["authorization_endpoint"],
        practice.url("/oauth/authorize")
    );
    assert_eq!(metadata["token_endpoint"], practice.url("/v1/oauth/token"));
    assert_eq!(
        metadata["revocation_endpoint"],
        practice.url("/v1/oauth/revoke")
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["none"])
    );
    assert_eq!(
        metadata["authorization_response_iss_parameter_supported"],
        true
    );
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let practice = Practice::open().await;
    let mut seen = std::collections::HashSet::new();
    for path in ["/v1/models", "/oauth/authorize", "/nowhere", "/v1/models"] {
        let answer = practice.get(path).send().await.unwrap();
        let id = answer.headers()["request-id"].to_str().unwrap().to_owned();
        assert!(id.starts_with("req_") && seen.insert(id));
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
}
