//! Variables of the environment that steer Keyfob or the tools. Their names are told, and hardly ever their values.

use std::path::{Path, PathBuf};

use url::Url;

use super::{Finding, Group};
use crate::edge::Edge;
use crate::http;
use crate::precedence::sources::{self, CLOUDS};

/// Those that name a proxy.
const PROXIES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

/// Those that name certificate authorities, and whether Keyfob reads them.
const AUTHORITIES: [(&str, bool); 4] = [
    (http::SSL_CERT_FILE, true),
    (http::NODE_EXTRA_CA_CERTS, true),
    ("REQUESTS_CA_BUNDLE", false),
    ("CURL_CA_BUNDLE", false),
];

/// The API that tools use where nothing else is said.
const API_HOST: &str = "api.anthropic.com";

/// Both spellings are in use, and the small one counts first.
fn of_both_spellings(edge: &Edge, name: &str) -> Option<String> {
    let value = edge.variable(&name.to_lowercase());
    let value = value.or_else(|| edge.variable(name))?;
    Some(value.to_string_lossy().into_owned())
}

/// Whether requests to the outside go through a proxy.
pub(super) fn has_proxy(edge: &Edge) -> bool {
    let mut names = PROXIES.iter();
    names.any(|name| *name != "HTTP_PROXY" && of_both_spellings(edge, name).is_some())
}

/// The proxy variables, without the names and passwords in them.
pub(super) fn proxies(edge: &Edge) -> Vec<Finding> {
    let topic = "Proxy";
    let mut findings: Vec<Finding> = PROXIES
        .iter()
        .filter_map(|name| Some((*name, of_both_spellings(edge, name)?)))
        .map(|(name, value)| match shown_proxy(&value) {
            Ok(shown) => {
                let words = format!("{name} is set: requests go through {shown}.");
                Finding::fine(Group::Network, topic, words)
            }
            Err(NotUsed::Socks) => Finding::soon(
                Group::Network,
                topic,
                format!("{name} names a SOCKS proxy, which Keyfob cannot use."),
                "Name an HTTP proxy in HTTPS_PROXY.",
            ),
            Err(NotUsed::NoAddress) => Finding::act(
                Group::Network,
                topic,
                format!("{name} is no address of a proxy."),
                "Set it to something like http://proxy.example:3128, or unset it.",
            ),
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::fine(Group::Network, topic, "No proxy is set."));
    } else if of_both_spellings(edge, "NO_PROXY").is_some() {
        let words = "NO_PROXY is set: what it names goes past the proxy.";
        findings.push(Finding::fine(Group::Network, topic, words));
    }
    findings
}

/// Why a proxy is not used.
enum NotUsed {
    Socks,
    NoAddress,
}

/// A proxy that wants a password belongs to somebody, so then its host is not shown either.
fn shown_proxy(value: &str) -> Result<String, NotUsed> {
    // As programs read it: without a scheme it is HTTP.
    let text = match value.contains("://") {
        true => value.to_owned(),
        false => format!("http://{value}"),
    };
    let url = Url::parse(&text).map_err(|_| NotUsed::NoAddress)?;
    let host = url.host_str().filter(|host| !host.is_empty());
    let (Some(host), scheme) = (host, url.scheme()) else {
        return Err(NotUsed::NoAddress);
    };
    match scheme {
        "http" | "https" => {}
        _ if scheme.starts_with("socks") => return Err(NotUsed::Socks),
        _ => return Err(NotUsed::NoAddress),
    }
    let host = match url.username().is_empty() && url.password().is_none() {
        true => host,
        false => "[name and host removed]",
    };
    Ok(match url.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// The variables for certificate authorities: whether the files are there and can be read, and whether Keyfob uses
/// them.
pub(super) fn certificates(edge: &Edge) -> Vec<Finding> {
    let (group, topic) = (Group::Network, "Certificates");
    let mut findings = Vec::new();
    for (name, is_ours) in AUTHORITIES {
        let Some(path) = edge.variable(name).map(PathBuf::from) else {
            continue;
        };
        findings.push(match (http::read_roots(&path), is_ours) {
            (Ok(certificates), true) => {
                let count = match certificates.len() {
                    1 => "one certificate authority".to_owned(),
                    many => format!("{many} certificate authorities"),
                };
                let words = format!("{name} names {count}, and Keyfob trusts that {}.", beside(name));
                Finding::fine(group, topic, words)
            }
            (Ok(_), false) => {
                let words = format!("{name} is set. Keyfob does not read it; NODE_EXTRA_CA_CERTS and SSL_CERT_FILE it does.");
                Finding::fine(group, topic, words)
            }
            (Err(why), true) => Finding::act(
                group,
                topic,
                format!("{name} names a file that {why}."),
                "Name a file with certificates in PEM form, or unset it.",
            ),
            (Err(why), false) => Finding::soon(
                group,
                topic,
                format!("{name} names a file that {why}. Keyfob does not read it, but other tools do."),
                "Name a file with certificates in PEM form, or unset it.",
            ),
        });
    }
    if let Some(folders) = edge.variable(http::SSL_CERT_DIR) {
        let missing = std::env::split_paths(&folders).any(|folder| !is_folder(&folder));
        findings.push(match missing {
            false => {
                let words = format!(
                    "SSL_CERT_DIR is set, and Keyfob trusts what lies there {}.",
                    beside(http::SSL_CERT_DIR)
                );
                Finding::fine(group, topic, words)
            }
            true => Finding::act(
                group,
                topic,
                "SSL_CERT_DIR names a folder that is not there.",
                "Name a folder with certificates in PEM form, or unset it.",
            ),
        });
    }
    findings
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// On Linux the two variables of OpenSSL replace the system's authorities, as they do for other programs there.
fn beside(name: &str) -> &'static str {
    match cfg!(target_os = "linux") && name.starts_with("SSL_") {
        true => "in place of the system's",
        false => "beside the system's",
    }
}

/// Variables that get in each other's way, or send tools elsewhere than a person may think.
pub(super) fn conflicts(edge: &Edge) -> Vec<Finding> {
    let (group, topic) = (Group::Tools, "Variables");
    let is_set = |name: &str| edge.variable(name).is_some();
    let mut findings = Vec::new();
    let (key, token) = (is_set("ANTHROPIC_API_KEY"), is_set("ANTHROPIC_AUTH_TOKEN"));
    if key && token {
        findings.push(Finding::soon(
            group,
            topic,
            "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set. Claude Code uses ANTHROPIC_AUTH_TOKEN; other programs may use the key, or refuse both.",
            "Unset the one that you do not want to be billed for.",
        ));
    }
    if is_set("CLAUDE_CODE_OAUTH_TOKEN") && (key || token) {
        let above = if token {
            "ANTHROPIC_AUTH_TOKEN"
        } else {
            "ANTHROPIC_API_KEY"
        };
        findings.push(Finding::soon(
            group,
            topic,
            format!("CLAUDE_CODE_OAUTH_TOKEN is set, but {above} goes before it, so Claude Code is not billed to your plan."),
            &format!("Unset {above} to use your plan."),
        ));
    }
    let is_on = |name: &str| {
        let value = edge.variable(name);
        value.is_some_and(|value| sources::is_on(&value.to_string_lossy()))
    };
    if let Some((cloud, _, whose)) = CLOUDS.into_iter().find(|(name, ..)| is_on(name)) {
        let words = format!(
            "{cloud} is on: Claude Code uses {whose}, and no credential that Keyfob gives it."
        );
        findings.push(match key || token {
            false => Finding::fine(group, topic, words),
            true => Finding::soon(
                group,
                topic,
                words,
                &format!("Unset {cloud} to use your key or token."),
            ),
        });
    }
    if is_set("CLAUDE_USE_OAUTH") {
        findings.push(Finding::soon(
            group,
            topic,
            "CLAUDE_USE_OAUTH is set. Claude Code does not know it; some programs of others switch to a Claude.ai sign-in by it, which Anthropic does not permit them.",
            "Unset it, unless you know which program wants it.",
        ));
    }
    if let Some(value) = edge.variable("ANTHROPIC_BASE_URL") {
        let value = value.to_string_lossy();
        let is_usual = Url::parse(value.trim())
            .is_ok_and(|url| url.scheme() == "https" && url.host_str() == Some(API_HOST));
        if !is_usual {
            findings.push(Finding::soon(
                group,
                topic,
                format!("ANTHROPIC_BASE_URL sends tools, and what they sign in with, to another server than {API_HOST}."),
                "Unset it, unless that server is your gateway.",
            ));
        }
    }
    if findings.is_empty() {
        let words = "No variables of this environment get in each other's way.";
        findings.push(Finding::fine(group, topic, words));
    }
    findings
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use jiff::Timestamp;

    use super::*;
    use crate::status::Meaning;

    fn edge(variables: &'static [(&str, &str)]) -> Edge {
        Edge::new(|| Timestamp::UNIX_EPOCH, || Ok([0; 32])).with_variables(|name| {
            let found = variables.iter().find(|(n, _)| *n == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    fn told(findings: &[Finding]) -> String {
        let of = |f: &Finding| format!("{:?} {} {:?}\n", f.meaning, f.words, f.cure);
        findings.iter().map(of).collect()
    }

    #[test]
    fn proxies_are_shown_without_what_belongs_to_somebody() {
        for (value, shown) in [
            (
                "http://proxy.example:3128",
                "through http://proxy.example:3128.",
            ),
            ("proxy.example:3128", "through http://proxy.example:3128."),
            (
                "http://ada:hunter2@corp.example:8080",
                "http://[name and host removed]:8080.",
            ),
            ("socks5://corp.example", "SOCKS"),
            ("http://", "no address"),
        ] {
            let leaked: &'static [(&str, &str)] = Box::leak(Box::new([("HTTPS_PROXY", value)]));
            let told = told(&proxies(&edge(leaked)));
            assert!(told.contains(shown), "{value}: {told}");
            assert!(!told.contains("hunter2") && !told.contains("ada"), "{told}");
        }
        assert!(told(&proxies(&edge(&[]))).contains("No proxy"));
        assert!(has_proxy(&edge(&[("https_proxy", "x")])));
        assert!(!has_proxy(&edge(&[("HTTP_PROXY", "x")])));
    }

    #[test]
    fn conflicts_are_named_and_values_never() {
        let all = conflicts(&edge(&[
            ("ANTHROPIC_API_KEY", "hunter2"),
            ("ANTHROPIC_AUTH_TOKEN", "hunter2"),
            ("CLAUDE_CODE_OAUTH_TOKEN", "hunter2"),
            ("CLAUDE_CODE_USE_VERTEX", "1"),
            ("CLAUDE_USE_OAUTH", "true"),
            ("ANTHROPIC_BASE_URL", "https://hunter2.example"),
        ]));
        assert_eq!(all.len(), 5);
        assert!(
            all.iter()
                .all(|f| f.meaning == Meaning::Soon && f.cure.is_some())
        );
        assert!(!told(&all).contains("hunter2"));
        let fine = conflicts(&edge(&[(
            "ANTHROPIC_BASE_URL",
            "https://api.anthropic.com/",
        )]));
        assert_eq!(fine[0].meaning, Meaning::Fine);
    }

    #[test]
    fn a_switch_to_a_cloud_is_told_where_it_is_on() {
        for (name, _, whose) in CLOUDS {
            let set_to = |value: &'static str| {
                Edge::new(|| Timestamp::UNIX_EPOCH, || Ok([0; 32]))
                    .with_variables(move |asked| (asked == name).then(|| value.into()))
            };
            let told_of = |value| told(&conflicts(&set_to(value)));
            let on = told_of("true");
            assert!(on.contains(name) && on.contains(whose), "{on}");
            assert!(!told_of("0").contains(name));
        }
    }

    #[test]
    fn a_file_of_certificates_that_is_missing_or_holds_none_is_told() {
        let told = told(&certificates(&edge(&[
            ("SSL_CERT_FILE", "/nowhere/at/all.pem"),
            ("REQUESTS_CA_BUNDLE", "/nowhere/at/all.pem"),
        ])));
        assert!(
            told.contains("Act SSL_CERT_FILE names a file that is not there"),
            "{told}"
        );
        assert!(told.contains("Soon REQUESTS_CA_BUNDLE"), "{told}");
    }
}
