//! Why a server could not be reached, told apart so that each has its cure.

use std::error::Error as _;

use crate::secret::presentable;

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Its name leads to no address.
    Name,
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    Silence,
    /// Its certificate comes from an authority that is not trusted here.
    Authority,
    /// Its certificate is out of date, or this computer's clock is.
    Dates,
    /// Its certificate is another server's, or broken.
    Certificate,
    /// The proxy on the way does not let it through.
    Proxy,
    /// Something else.
    Other,
}

impl Obstacle {
    /// What a failed request says, and the innermost cause of it. The outer words name the address.
    pub(super) fn of(error: &reqwest::Error) -> (Self, String) {
        let mut causes = Vec::new();
        let mut cause = error.source();
        while let Some(inner) = cause {
            causes.push(inner.to_string());
            cause = inner.source();
        }
        let detail = presentable(causes.last().map_or("", String::as_str), &[]);
        let obstacle = match error.is_timeout() {
            true => Self::Silence,
            false => Self::in_words(&causes.join("\n").to_lowercase()),
        };
        (obstacle, detail)
    }

    fn in_words(words: &str) -> Self {
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        if says(&["tunnel", "proxy"]) {
            Self::Proxy
        } else if says(&["unknownissuer", "self-signed", "self signed", "not trusted"]) {
            Self::Authority
        } else if says(&[
            "certificate: expired",
            "notvalidyet",
            "certificate has expired",
        ]) {
            Self::Dates
        } else if says(&["certificate", "handshake", "tls"]) {
            Self::Certificate
        } else if says(&["dns error", "failed to lookup", "no address associated"]) {
            Self::Name
        } else if says(&["connection refused", "actively refused"]) {
            Self::Refused
        } else if says(&["timed out"]) {
            Self::Silence
        } else {
            Self::Other
        }
    }

    /// What is so, after the server's name.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Name => "could not be found: its name leads to no address",
            Self::Refused => "could not be reached: nothing answers at its address",
            Self::Silence => "did not answer in time",
            Self::Authority => {
                "could not be trusted: its certificate comes from an authority that this computer does not know"
            }
            Self::Dates => "could not be trusted: its certificate is not valid at this time",
            Self::Certificate => "could not be trusted: its certificate does not fit",
            Self::Proxy => "could not be reached through the proxy",
            Self::Other => "could not be reached",
        }
    }

    /// What to do. A proxy that is set is the first thing to suspect.
    pub(super) fn cure(self, has_proxy: bool) -> &'static str {
        match self {
            Self::Name if has_proxy => {
                "Check the network, and the name of the proxy in HTTPS_PROXY."
            }
            Self::Name => "Check the network and DNS, and the provider's address in Settings.",
            Self::Refused | Self::Silence | Self::Other if has_proxy => {
                "Check the network and the proxy in HTTPS_PROXY; NO_PROXY names what goes past it."
            }
            Self::Refused | Self::Silence | Self::Other => {
                "Check the network, and the provider's address in Settings. Where only a proxy leads outside, set HTTPS_PROXY."
            }
            Self::Authority => {
                "Where your company checks traffic, put its certificate authority among the system's, or name its file in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS."
            }
            Self::Dates => {
                "Set this computer's clock; if it is right, tell whoever runs the server."
            }
            Self::Certificate => {
                "Check the provider's address in Settings; if it is right, do not sign in, and tell whoever runs the server."
            }
            Self::Proxy => {
                "Check the proxy in HTTPS_PROXY, and the name and password that it wants; NO_PROXY names what goes past it."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_libraries_are_told_apart() {
        for (words, obstacle) in [
            (
                "dns error\nfailed to lookup address information",
                Obstacle::Name,
            ),
            (
                "tcp connect error\nconnection refused (os error 111)",
                Obstacle::Refused,
            ),
            (
                "invalid peer certificate: unknownissuer",
                Obstacle::Authority,
            ),
            ("invalid peer certificate: expired", Obstacle::Dates),
            (
                "invalid peer certificate: notvalidforname",
                Obstacle::Certificate,
            ),
            (
                "tunnel error: proxy authorization required",
                Obstacle::Proxy,
            ),
            ("connection reset by peer", Obstacle::Other),
        ] {
            assert_eq!(Obstacle::in_words(words), obstacle, "{words}");
        }
    }
}
