//! Asks the Secret Service of a session, by programs that are not ours: `secret-tool` and `gdbus`.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::environment::Environment;
use crate::process::output_of;

const SERVICE: &str = "org.freedesktop.secrets";
const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const LOGIN: &str = "/org/freedesktop/secrets/collection/login";

/// Waits until the service is there; false when it does not come in time.
pub fn answers_within(environment: &Environment, limit: Duration) -> bool {
    let mut command = environment.command("gdbus");
    command.args([
        "wait",
        "--session",
        "--timeout",
        &limit.as_secs().to_string(),
        SERVICE,
    ]);
    quiet(&mut command)
}

/// Whether the service is on the bus at this moment. D-Bus is asked, so that nothing is started by asking.
pub fn is_there(environment: &Environment) -> bool {
    let mut command = environment.command("gdbus");
    command.args(["call", "--session", "--dest", "org.freedesktop.DBus"]);
    command.args(["--object-path", "/org/freedesktop/DBus"]);
    command.args(["--method", "org.freedesktop.DBus.NameHasOwner", SERVICE]);
    output_of(&mut command).contains("true")
}

/// Whether the login collection is locked.
pub fn is_locked(environment: &Environment) -> bool {
    property(
        environment,
        LOGIN,
        "org.freedesktop.Secret.Collection",
        "Locked",
    )
    .contains("true")
}

/// Locks the login collection.
pub fn lock(environment: &Environment) {
    let collections = format!("[objectpath '{LOGIN}']");
    call(
        environment,
        "org.freedesktop.Secret.Service.Lock",
        &[&collections],
    );
}

/// Stores a secret as any other program would.
pub fn store(environment: &Environment, service: &str, username: &str, secret: &str) {
    use std::io::Write as _;
    let mut command = environment.command("secret-tool");
    command.args([
        "store",
        "--label",
        "by the tests",
        "service",
        service,
        "username",
        username,
    ]);
    let mut child = command
        .stdin(Stdio::piped())
        .spawn()
        .expect("secret-tool is installed");
    let mut input = child.stdin.take().expect("it is piped");
    input
        .write_all(secret.as_bytes())
        .expect("secret-tool reads its input");
    drop(input);
    assert!(
        child.wait().expect("a child of ours").success(),
        "secret-tool did not store"
    );
}

/// A secret by its attributes.
pub fn lookup(environment: &Environment, service: &str, username: &str) -> Option<String> {
    let mut command = environment.command("secret-tool");
    command.args(["lookup", "service", service, "username", username]);
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("secret-tool is installed");
    let found = output.status.success() && !output.stdout.is_empty();
    found.then(|| String::from_utf8(output.stdout).expect("our secrets are text"))
}

/// Every item in the store that has a service and a username: what it is called, and what is in it.
pub fn all(environment: &Environment) -> Vec<Item> {
    let found = call(
        environment,
        "org.freedesktop.Secret.Service.SearchItems",
        &["@a{ss} {}"],
    );
    let mut items = Vec::new();
    for path in found
        .split('\'')
        .filter(|part| part.starts_with(SERVICE_PATH))
    {
        let attributes = property(
            environment,
            path,
            "org.freedesktop.Secret.Item",
            "Attributes",
        );
        let (Some(service), Some(username)) = (
            attribute(&attributes, "service"),
            attribute(&attributes, "username"),
        ) else {
            continue;
        };
        let secret = lookup(environment, &service, &username);
        items.push(Item {
            service,
            username,
            secret,
        });
    }
    items
}

/// One item of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The attribute `service`.
    pub service: String,
    /// The attribute `username`.
    pub username: String,
    /// What is in it; `None` where the collection is locked.
    pub secret: Option<String>,
}

/// The value of an attribute in the text form of GVariant: `{'service': 'Keyfob', 'username': 'abc'}`.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let (_, rest) = attributes.split_once(&format!("'{name}': '"))?;
    rest.split_once('\'').map(|(value, _)| value.to_owned())
}

fn property(environment: &Environment, path: &str, interface: &str, name: &str) -> String {
    let mut command = environment.command("gdbus");
    command.args([
        "call",
        "--session",
        "--dest",
        SERVICE,
        "--object-path",
        path,
    ]);
    command.args([
        "--method",
        "org.freedesktop.DBus.Properties.Get",
        interface,
        name,
    ]);
    output_of(&mut command)
}

fn call(environment: &Environment, method: &str, arguments: &[&str]) -> String {
    let mut command = environment.command("gdbus");
    command.args([
        "call",
        "--session",
        "--dest",
        SERVICE,
        "--object-path",
        SERVICE_PATH,
    ]);
    command.args(["--method", method]).args(arguments);
    output_of(&mut command)
}

fn quiet(command: &mut Command) -> bool {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
