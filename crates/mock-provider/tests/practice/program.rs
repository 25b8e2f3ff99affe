use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use mock_provider::{Options, start};

use crate::fixture::PATIENCE;

fn program(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyfob-mock-provider"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Everything up to and including the line that says it is ready.
fn announcement(child: &mut Child) -> String {
    let mut text = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        text += &(line.unwrap() + "\n");
        if text.ends_with("# ready\n") {
            return text;
        }
    }
    panic!("not ready: {text}");
}

#[test]
fn it_prints_its_settings_and_ends_with_its_input() {
    let mut child = program(&[
        "--until-stdin-closes",
        "--client-id",
        "mine",
        "--access-ttl",
        "60",
    ]);
    let text = announcement(&mut child);
    assert!(text.starts_with("# Keyfob's practice server."));
    assert!(text.contains("client_id = \"mine\"\n"));
    assert!(text.contains("loopback_redirect_uri = \"http://127.0.0.1:{port}/callback\"\n"));
    let (_, rest) = text.split_once("\nissuer = \"http://").unwrap();
    let address = rest.split_once('"').unwrap().0;
    assert!(TcpStream::connect(address).is_ok());
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect(address).is_err());
}

#[cfg(unix)]
#[test]
fn it_stops_cleanly_when_asked_to() {
    for signal in ["-INT", "-TERM"] {
        let mut child = program(&[]);
        announcement(&mut child);
        let kill = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut child = program(&["--port", &port]);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut words = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut words)
        .unwrap();
    let expected = format!("keyfob-mock-provider: port {port} on 127.0.0.1 is in use");
    assert!(
        words.starts_with(&expected) && words.lines().count() == 1,
        "{words}"
    );
}

#[tokio::test]
async fn shutdown_and_drop_free_the_port() {
    let provider = start(Options::default()).await.unwrap();
    let address = provider.base_url().trim_start_matches("http://").to_owned();
    assert!(
        provider
            .config_block()
            .contains(&format!("issuer = \"http://{address}\""))
    );
    provider.shutdown().await;
    assert!(TcpStream::connect(&address).is_err());

    let provider = start(Options::default()).await.unwrap();
    let address = provider.base_url().trim_start_matches("http://").to_owned();
    drop(provider);
    let free = async {
        while TcpStream::connect(&address).is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, free).await.is_ok());
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let spaced = Options {
        marker: Some("two words".into()),
        ..Options::default()
    };
    let nameless = Options {
        client_id: String::new(),
        ..Options::default()
    };
    for options in [spaced, nameless] {
        let refused = start(options).await.err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    }
}
