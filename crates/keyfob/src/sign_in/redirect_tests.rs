use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::patience;

#[path = "redirect_attacks.rs"]
mod attacks;

use attacks::{ask, attacks, get};

const STATE: &str = "our-state";

/// Long enough for every honest wait in here; a test that needs it has failed.
const FAR_TOO_LONG: Duration = Duration::from_secs(120);

/// A browser that was answered, and waits for its page.
struct Waiting {
    query: String,
    page: watch::Sender<Option<Page>>,
    shown: mpsc::Receiver<()>,
}

async fn listening() -> (Listener, u16, mpsc::Receiver<Arrival>) {
    let bound = Bound::bind(0).await.unwrap();
    let port = bound.port();
    let (sender, arrivals) = mpsc::channel(16);
    (bound.listen(sender), port, arrivals)
}

/// Judges what arrives, as a sign-in does, until one arrival carries our state and nothing else of that name.
async fn wait(mut arrivals: mpsc::Receiver<Arrival>) -> Waiting {
    loop {
        let arrival = arrivals.recv().await.unwrap();
        let states: Vec<_> = url::form_urlencoded::parse(arrival.query.as_bytes())
            .filter(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned())
            .collect();
        if states == [STATE] {
            return take(arrival);
        }
        let _ = arrival.verdict.send(Verdict::Foreign);
    }
}

fn take(arrival: Arrival) -> Waiting {
    let (page, watched) = watch::channel(None);
    let (receipt, shown) = mpsc::channel(1);
    let taken = Verdict::Taken {
        page: watched,
        shown: receipt,
    };
    let _ = arrival.verdict.send(taken);
    Waiting {
        query: arrival.query,
        page,
        shown,
    }
}

fn true_redirect(port: u16) -> String {
    get(port, &format!("/callback?code=true-code&state={STATE}"))
}

/// The true redirect on a connection of its own: what the browser shows in the end.
fn browser(port: u16) -> JoinHandle<String> {
    tokio::spawn(async move { ask(port, &true_redirect(port)).await })
}

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(FAR_TOO_LONG, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} takes far too long"),
    }
}

fn status(response: &str) -> u16 {
    response
        .get(9..12)
        .and_then(|s| s.parse().ok())
        .unwrap_or(0)
}

fn header<'a>(response: &'a str, name: &str) -> Option<&'a str> {
    let head = response.split("\r\n\r\n").next().unwrap();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, v)| v)
}

/// The true redirect arrives after `held` was opened: it is the answer, and its browser gets the page.
async fn comes_to_its_end(name: &str, port: u16, waiting: JoinHandle<Waiting>) {
    assert!(!waiting.is_finished(), "{name}: it ended the wait");
    let browser = browser(port);
    let waiting = soon(name, waiting).await.unwrap();
    assert!(waiting.query.contains("code=true-code"), "{name}");
    waiting.page.send(Some(Page::signed_in())).unwrap();
    let response = soon(name, browser).await.unwrap();
    assert_eq!(status(&response), 200, "{name}");
    assert!(response.contains("You are signed in"), "{name}");
}

#[tokio::test]
async fn no_attack_ends_the_wait_or_keeps_the_true_redirect_out() {
    for (name, attack) in attacks() {
        let (_listener, port, arrivals) = listening().await;
        let waiting = tokio::spawn(wait(arrivals));
        let _held = soon(name, attack(port)).await;
        comes_to_its_end(name, port, waiting).await;
    }
}

#[tokio::test]
async fn all_attacks_at_once_do_not_keep_the_true_redirect_out() {
    let (_listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let attackers: Vec<_> = attacks()
        .into_iter()
        .map(|(_, attack)| tokio::spawn(attack(port)))
        .collect();
    // The attackers get as far meanwhile as these do.
    for _ in 0..50 {
        soon("a stray", ask(port, &get(port, "/callback?state=x"))).await;
    }
    comes_to_its_end("all at once", port, waiting).await;
    for attacker in attackers {
        attacker.abort();
    }
}

#[tokio::test]
async fn the_newest_connection_is_served_however_many_older_ones_idle() {
    let (_listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let mut idle = Vec::new();
    for _ in 0..3 * MOST_CONNECTIONS {
        idle.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    }
    comes_to_its_end("a flood", port, waiting).await;
    // The oldest had to make room, long before its own time was over.
    let mut byte = [0];
    let closed = idle[0].read(&mut byte);
    let closed = patience::within(PATIENCE_FOR_HEADERS / 2, std::pin::pin!(closed)).await;
    assert!(matches!(closed, Some(Ok(0) | Err(_))));
}

#[tokio::test]
async fn the_page_waits_until_the_outcome_is_known() {
    for (page, title) in [
        (Page::signed_in(), "You are signed in"),
        (
            Page::failed(&Error::new(Code::Failed, "It failed.", "Try again.")),
            "You are not signed in",
        ),
    ] {
        let (_listener, port, mut arrivals) = listening().await;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = true_redirect(port);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut waiting = take(arrivals.recv().await.unwrap());

        let mut answer = String::new();
        let early = stream.read_to_string(&mut answer);
        let early = tokio::time::timeout(Duration::from_millis(50), early).await;
        assert!(early.is_err(), "a page came before the outcome");
        let receipt = waiting.shown.try_recv();
        assert_eq!(receipt, Err(mpsc::error::TryRecvError::Empty));

        waiting.page.send(Some(page)).unwrap();
        soon("reading", stream.read_to_string(&mut answer))
            .await
            .unwrap();
        assert!(answer.contains(title));
        // The receipt is given back when the page has left.
        assert_eq!(soon("the receipt", waiting.shown.recv()).await, None);
    }
}

#[tokio::test]
async fn a_browser_whose_outcome_is_never_told_is_sent_back_to_keyfob() {
    let (_listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let browser = browser(port);
    drop(soon("the answer", waiting).await.unwrap());
    let response = soon("the page", browser).await.unwrap();
    assert!(response.contains("Go back to Keyfob"));
    assert!(!response.contains("You are signed in"));
}

#[tokio::test]
async fn an_answer_is_a_stray_when_nobody_waits_any_more() {
    let (_listener, port, arrivals) = listening().await;
    drop(arrivals);
    assert_eq!(status(&ask(port, &true_redirect(port)).await), 400);
}

#[tokio::test]
async fn a_dropped_listener_closes_the_port_and_still_shows_the_page() {
    let (listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let browser = browser(port);
    let waiting = soon("the answer", waiting).await.unwrap();
    drop(listener);
    soon("closing", async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    waiting.page.send(Some(Page::signed_in())).unwrap();
    let response = soon("the page", browser).await.unwrap();
    assert!(response.contains("You are signed in"));
}

#[tokio::test]
async fn only_a_get_of_the_callback_with_our_host_is_handed_on() {
    let (_listener, port, mut arrivals) = listening().await;
    let here = format!("127.0.0.1:{port}");
    let absolute = format!("GET http://{here}/callback?state=x");
    for (line, host, expected) in [
        ("GET /", here.clone(), 404),
        ("GET /exit", here.clone(), 404),
        ("GET /favicon.ico", here.clone(), 404),
        ("GET /callback/", here.clone(), 404),
        ("GET /Callback?state=x", here.clone(), 404),
        ("GET /a/../callback?state=x", here.clone(), 404),
        ("GET /callback", here.clone(), 400),
        ("POST /callback?state=x", here.clone(), 400),
        ("HEAD /callback?state=x", here.clone(), 400),
        ("OPTIONS /callback?state=x", here.clone(), 400),
        ("get /callback?state=x", here.clone(), 400),
        (&absolute, here.clone(), 400),
        ("GET /callback?state=x", "evil.example".to_owned(), 400),
        ("GET /callback?state=x", format!("evil.example:{port}"), 400),
        ("GET /callback?state=x", "127.0.0.1".to_owned(), 400),
        ("GET /callback?state=x", "localhost:1".to_owned(), 400),
        ("GET /callback?state=x", format!("{here}.evil.example"), 400),
        ("GET /callback?state=x", format!("x@{here}"), 400),
        ("GET /callback?state=x", String::new(), 400),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let response = soon(line, ask(port, &request)).await;
        assert_eq!(status(&response), expected, "{line} {host}");
    }
    let without_host = soon(
        "HTTP/1.0",
        ask(port, "GET /callback?state=x HTTP/1.0\r\n\r\n"),
    );
    assert_eq!(status(&without_host.await), 400);
    assert!(arrivals.try_recv().is_err(), "one of them was handed on");
}

#[tokio::test]
async fn every_name_of_this_computer_is_ours() {
    for host in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
        let (_listener, port, mut arrivals) = listening().await;
        let request = format!("GET /callback?a=%41 HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        let browser = tokio::spawn(async move { ask(port, &request).await });
        let arrival = soon(host, arrivals.recv()).await.unwrap();
        assert_eq!(arrival.query, "a=%41", "{host}");
        arrival.verdict.send(Verdict::Foreign).unwrap();
        assert_eq!(status(&soon(host, browser).await.unwrap()), 400, "{host}");
    }
}

#[tokio::test]
async fn nothing_of_a_request_comes_back() {
    let (_listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let own = format!("127.0.0.1:{port}");
    let mut responses = Vec::new();
    for (target, host) in [
        ("/zebra<script>", own.as_str()),
        ("/zebra%3Cscript%3E", &own),
        ("/callback?zebra=<script>&state=<script>", &own),
        ("/callback?zebra=%3Cscript%3E&state=zebra", &own),
        ("/callback?state=x", "zebra<script>"),
    ] {
        let request = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nOrigin: zebra\r\nCookie: zebra=1\r\n\r\n"
        );
        responses.push(soon(target, ask(port, &request)).await);
    }
    let target = format!("/callback?code=zebra%3Cscript%3E&state={STATE}");
    let browser = tokio::spawn(async move { ask(port, &get(port, &target)).await });
    let waiting = soon("the answer", waiting).await.unwrap();
    waiting.page.send(Some(Page::signed_in())).unwrap();
    responses.push(soon("the page", browser).await.unwrap());
    for response in responses {
        assert!(status(&response) >= 200, "{response}");
        for word in ["zebra", "script", STATE] {
            assert!(!response.contains(word), "{word} in {response}");
        }
    }
}

#[tokio::test]
async fn every_response_forbids_script_storing_and_framing() {
    let (_listener, port, arrivals) = listening().await;
    let waiting = tokio::spawn(wait(arrivals));
    let missing = ask(port, &get(port, "/")).await;
    let stray = ask(port, &get(port, "/callback?state=x")).await;
    let browser = browser(port);
    let waiting = soon("the answer", waiting).await.unwrap();
    waiting.page.send(Some(Page::signed_in())).unwrap();
    let page = soon("the page", browser).await.unwrap();
    for (response, expected) in [(missing, 404), (stray, 400), (page, 200)] {
        assert_eq!(status(&response), expected);
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ] {
            assert_eq!(header(&response, name), Some(value), "{expected} {name}");
        }
        let policy = header(&response, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"));
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script-src"));
        assert_eq!(header(&response, "access-control-allow-origin"), None);
    }
}

/// Whether this computer has [::1] at all.
fn has_ipv6() -> bool {
    std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[tokio::test]
async fn both_loopback_addresses_answer_at_one_port() {
    let bound = Bound::bind(0).await.unwrap();
    let port = bound.port();
    let mut addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
    if has_ipv6() {
        addresses.push(SocketAddr::from((Ipv6Addr::LOCALHOST, port)));
    }
    let (sender, mut arrivals) = mpsc::channel(16);
    let _listener = bound.listen(sender);
    for address in addresses {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = true_redirect(port);
        stream.write_all(request.as_bytes()).await.unwrap();
        let waiting = take(soon("the answer", arrivals.recv()).await.unwrap());
        waiting.page.send(Some(Page::signed_in())).unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        assert!(page.contains("You are signed in"), "{address}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let mut takers = vec![std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()];
    if has_ipv6() {
        takers.push(std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap());
    }
    for taker in takers {
        let port = taker.local_addr().unwrap().port();
        let error = Bound::bind(port).await.unwrap_err();
        let sentence = format!("Port {port} is taken by another program.");
        assert_eq!(error.message, sentence);
    }
}

#[tokio::test]
async fn two_sign_ins_at_once_have_two_ports() {
    let (one, other) = (Bound::bind(0).await.unwrap(), Bound::bind(0).await.unwrap());
    assert_ne!(one.port(), other.port());
    assert!(Bound::bind(one.port()).await.is_err());
}
