//! A strict OpenID provider that we did not write: npm's `oidc-provider`.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::http;
use crate::lines::Lines;
use crate::node;
use crate::process::{Background, PATIENCE};

/// A running provider. It is killed when this is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    _program: Background,
    issuer: String,
    client_id: String,
}

impl OidcProvider {
    /// Starts one whose access tokens live this long, and waits until it is ready.
    pub fn start(access_ttl: Duration) -> Self {
        let mut command = Command::new(node::node());
        command.arg(node::script("oidc-provider.mjs"));
        command.arg(access_ttl.as_secs().to_string());
        // It warns that it is a quick start for development, which it is.
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut program = Background::start(&mut command);
        let output = program.child().stdout.take().expect("it is piped");
        let lines = Lines::of(output).until(PATIENCE, |line| line.starts_with('{'));
        let ready: Value =
            serde_json::from_str(&lines[lines.len() - 1]).expect("the ready line is JSON");
        let word = |name: &str| {
            ready[name]
                .as_str()
                .expect("the ready line has it")
                .to_owned()
        };
        Self {
            _program: program,
            issuer: word("issuer"),
            client_id: word("client_id"),
        }
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The only client it knows: native, public, loopback redirects.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Settings with nothing but its issuer, as a person would write them. The provider's id is `strict`.
    pub fn config_block(&self) -> String {
        format!(
            "[providers.strict]\nname = \"Strict\"\nissuer = \"{}\"\nclient_id = \"{}\"\n\
             scopes = [\"openid\", \"offline_access\"]\nredirect = \"loopback\"\n\
             token_request = \"form\"\npayer = \"none\"\n",
            self.issuer, self.client_id
        )
    }

    /// How many tokens it issued for which grant, and how many it revoked or refused.
    pub fn counters(&self) -> Value {
        http::get(&format!("{}/control/counters", self.issuer)).json()
    }
}
