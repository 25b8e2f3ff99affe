//! The protocol of git's credential helpers (gitcredentials(7), "Custom helpers", and git-credential(1), "Input/output
//! format"): lines of `key=value`, ended by an empty one.

use jiff::Timestamp;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The name that goes with a token: nobody looks at it, but git asks a person for one that is missing.
const USERNAME: &str = "keyfob";

/// What git describes: a place, and what it has of the credential for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    protocol: String,
    host: String,
    username: Option<String>,
    /// Present where git hands back what was given.
    pub(crate) password: Option<Secret>,
}

/// What git says on standard input. What is not understood is passed over, as the protocol asks.
pub(crate) fn described(input: &str) -> Described {
    let mut all = Described::default();
    for line in input.lines().take_while(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key {
            "protocol" => all.protocol = value.to_owned(),
            "host" => all.host = value.to_owned(),
            "username" => all.username = Some(value.to_owned()),
            "password" => all.password = Some(Secret::new(value)),
            // It counts as if its parts stood there.
            "url" => {
                if let Ok(url) = Url::parse(value) {
                    all.protocol = url.scheme().to_owned();
                    all.host = host_of(&url).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    all
}

impl Described {
    /// Whether it is the place that a credential is for. Without encryption only this computer is trusted, which
    /// [`may_be_asked_for`] says of the address itself.
    pub(crate) fn is_for(&self, api: &Url) -> bool {
        may_be_asked_for(api)
            && self.protocol == api.scheme()
            && host_of(api).is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
    }

    /// What git is answered.
    pub(crate) fn answer(&self, secret: &Secret, ends: Option<Timestamp>) -> Zeroizing<String> {
        let username = self.username.as_deref().unwrap_or(USERNAME);
        let mut text = Zeroizing::new(String::with_capacity(secret.expose().len() + 256));
        text.push_str(&format!("username={username}\npassword="));
        text.push_str(secret.expose());
        text.push('\n');
        if let Some(ends) = ends {
            text.push_str(&format!("password_expiry_utc={}\n", ends.as_second()));
        }
        text
    }
}

/// Whether a credential for this address is ever given: by TLS, or to this computer itself.
pub(crate) fn may_be_asked_for(api: &Url) -> bool {
    match (api.scheme(), api.host()) {
        ("https", Some(_)) => true,
        ("http", Some(url::Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(url::Host::Ipv6(address))) => address.is_loopback(),
        ("http", Some(url::Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

/// The host as git writes it: with the port where that is not the usual one.
pub(crate) fn host_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_the_place_that_a_credential_is_for_gets_it() {
        let of = |input: &str, address: &str| described(input).is_for(&api(address));
        let here = "protocol=https\nhost=api.example.com\n\n";
        assert!(of(here, "https://api.example.com/"));
        assert!(of(
            "url=https://api.example.com/v1\n",
            "https://API.example.com"
        ));
        for (input, address) in [
            (here, "https://api.example.com:8443/"),
            (here, "https://example.com/"),
            (
                "protocol=http\nhost=api.example.com\n",
                "https://api.example.com/",
            ),
            (
                "protocol=http\nhost=api.example.com\n",
                "http://api.example.com/",
            ),
            (
                "protocol=https\nhost=api.example.com.evil.example\n",
                "https://api.example.com/",
            ),
            ("host=api.example.com\n", "https://api.example.com/"),
            ("", "https://api.example.com/"),
            (
                "protocol=https\n\nhost=api.example.com\n",
                "https://api.example.com/",
            ),
        ] {
            assert!(!of(input, address), "{input:?} {address}");
        }
        assert!(of(
            "protocol=http\nhost=127.0.0.1:4000\n",
            "http://127.0.0.1:4000/"
        ));
        assert!(of("protocol=http\nhost=[::1]:4000\n", "http://[::1]:4000/"));
    }

    #[test]
    fn the_answer_has_what_git_reads() {
        let secret = Secret::new("sk-ant-api03-abc");
        let ends = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(
            *described("").answer(&secret, Some(ends)),
            "username=keyfob\npassword=sk-ant-api03-abc\npassword_expiry_utc=1800000000\n"
        );
        assert_eq!(
            *described("username=ada\n").answer(&secret, None),
            "username=ada\npassword=sk-ant-api03-abc\n"
        );
    }

    #[test]
    fn whatever_stands_there_is_read() {
        for input in [
            "=",
            "a=b",
            "password",
            "password=\n",
            "url=::",
            "host=a=b\n",
            "\u{0}",
        ] {
            described(input);
        }
        let all = described("host=a=b\npassword=p=q\ncapability[]=authtype\n");
        assert_eq!(all.host, "a=b");
        assert_eq!(all.password.unwrap().expose(), "p=q");
    }
}
