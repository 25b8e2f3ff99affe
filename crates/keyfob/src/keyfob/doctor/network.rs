//! Whether the servers can be reached: those of the providers that are set up, and the API that checks keys. Nothing
//! secret is sent.

use std::time::{Duration, Instant};

use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::DATE;
use tokio::task::JoinSet;
use url::Url;

use super::obstacles::Obstacle;
use super::{Finding, Group};
use crate::error::Code;
use crate::http::is_loopback;
use crate::keyfob::Keyfob;
use crate::sign_in::metadata;
use crate::sign_in::provider::Provider;
use crate::status::Meaning;

/// How long a server may take.
const A_WHILE: Duration = Duration::from_secs(8);

/// From here on the clock is worth a look, and from there on tokens seem to end at the wrong time.
const SKEW: (SignedDuration, SignedDuration) =
    (SignedDuration::from_secs(60), SignedDuration::from_mins(5));

/// A server that is asked.
struct Server {
    name: String,
    address: Url,
    /// Whether an account depends on it.
    is_used: bool,
    /// The provider that publishes its addresses, which are then read too.
    published: Option<Provider>,
}

/// What came of it.
struct Heard {
    findings: Vec<Finding>,
    /// By how much this computer's clock is ahead of the server's.
    ahead: Option<SignedDuration>,
    is_here: bool,
}

impl Keyfob {
    /// All at the same time.
    pub(super) async fn look_at_servers(&self) -> Vec<Finding> {
        let mut asked = JoinSet::new();
        for (place, server) in self.servers().into_iter().enumerate() {
            let keyfob = self.clone();
            asked.spawn(async move { (place, keyfob.look_at_server(&server).await) });
        }
        let mut heard = asked.join_all().await;
        heard.sort_by_key(|(place, _)| *place);
        let heard: Vec<Heard> = heard.into_iter().map(|(_, heard)| heard).collect();
        let clock = clock(&heard);
        let findings = heard.into_iter().flat_map(|heard| heard.findings);
        findings.chain(clock).collect()
    }

    /// A practice server is left out: it runs only while somebody practises.
    fn servers(&self) -> Vec<Server> {
        let Ok(config) = self.config() else {
            return Vec::new();
        };
        let accounts = self.accounts().unwrap_or_default();
        let ready = config
            .providers
            .iter()
            .filter(|p| p.is_ready() && !p.practice);
        let mut servers: Vec<Server> = ready
            .filter_map(|provider| {
                let named = provider.token_url.as_ref().or(provider.issuer.as_ref())?;
                let id = Some(provider.id.as_str());
                Some(Server {
                    name: provider.name.clone(),
                    address: named.clone(),
                    is_used: accounts.iter().any(|a| a.provider.as_deref() == id),
                    published: provider.issuer.is_some().then(|| provider.clone()),
                })
            })
            .collect();
        if !config.api.practice {
            servers.push(Server {
                name: "The API".to_owned(),
                address: config.api.base_url,
                is_used: accounts.iter().any(|a| a.last_four.is_some()),
                published: None,
            });
        }
        servers
    }

    async fn look_at_server(&self, server: &Server) -> Heard {
        let is_here = is_loopback(&server.address);
        let has_proxy = !is_here && super::variables::has_proxy(&self.0.edge);
        let begun = Instant::now();
        let sent = match self.0.http.get(&server.address) {
            Ok(request) => tokio::time::timeout(A_WHILE, request.send()).await,
            Err(error) => {
                let finding = Finding::wrong(Group::Network, "Server", Meaning::Act, error);
                return Heard {
                    findings: vec![finding],
                    ahead: None,
                    is_here,
                };
            }
        };
        let took = begun.elapsed();
        let answer = match sent {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Obstacle::of(&error)),
            Err(_) => Err((Obstacle::Silence, String::new())),
        };
        match answer {
            Ok(answer) => {
                let date = answer.headers().get(DATE).and_then(|d| d.to_str().ok());
                let ahead = date.and_then(|date| ahead(date, self.0.edge.now(), took));
                let how = match server.address.scheme() {
                    "https" => "over TLS",
                    _ => "on this computer",
                };
                let words = format!(
                    "{} answered in {} ms, {how}.",
                    server.name,
                    took.as_millis()
                );
                let mut findings = vec![Finding::fine(Group::Network, "Server", words)];
                if let Some(provider) = &server.published {
                    findings.extend(self.look_at_metadata(provider).await);
                }
                Heard {
                    findings,
                    ahead,
                    is_here,
                }
            }
            Err((obstacle, detail)) => {
                let words = format!("{} {}.", server.name, obstacle.words());
                let cure = obstacle.cure(has_proxy);
                let finding = match server.is_used {
                    true => Finding::act(Group::Network, "Server", words, cure),
                    false => Finding::soon(Group::Network, "Server", words, cure),
                };
                Heard {
                    findings: vec![Finding {
                        detail: (!detail.is_empty()).then_some(detail),
                        ..finding
                    }],
                    ahead: None,
                    is_here,
                }
            }
        }
    }

    /// A server that answers may still publish nothing, or something else.
    async fn look_at_metadata(&self, provider: &Provider) -> Option<Finding> {
        let found = metadata::found(&self.0.http, provider);
        let error = match tokio::time::timeout(A_WHILE, found).await {
            Ok(Ok(_)) | Err(_) => return None,
            Ok(Err(error)) => error,
        };
        let meaning = match error.code {
            Code::Network => Meaning::Act,
            _ => Meaning::Soon,
        };
        Some(Finding::wrong(Group::Network, "Server", meaning, error))
    }
}

/// By how much this computer's clock was ahead when the answer was on its way.
fn ahead(date: &str, now: Timestamp, took: Duration) -> Option<SignedDuration> {
    let theirs = rfc2822::DateTimeParser::new()
        .relaxed_weekday(true)
        .parse_timestamp(date)
        .ok()?;
    let half = SignedDuration::try_from(took / 2).ok()?;
    Some(now.duration_since(theirs).saturating_sub(half))
}

/// What the servers say of this computer's clock. One server may be wrong itself, so the one that agrees best counts;
/// servers on this computer share its clock, and count only where there is no other.
fn clock(heard: &[Heard]) -> Option<Finding> {
    let nearest = |here: bool| {
        let those = heard.iter().filter(move |heard| heard.is_here == here);
        those
            .filter_map(|heard| heard.ahead)
            .min_by_key(|ahead| ahead.abs())
    };
    let ahead = nearest(false).or_else(|| nearest(true))?;
    let topic = "Clock";
    let (seconds, direction) = match ahead.as_secs() {
        seconds @ 0.. => (seconds, "ahead of"),
        seconds => (-seconds, "behind"),
    };
    let how_far = match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3600),
    };
    let words = format!("This computer's clock is {how_far} {direction} the servers'.");
    let cure = "Let the system set the clock (on Linux `timedatectl set-ntp true`); tokens seem to end at the wrong time else.";
    Some(match ahead.abs() {
        by if by > SKEW.1 => Finding::act(Group::Network, topic, words, cure),
        by if by > SKEW.0 => Finding::soon(Group::Network, topic, words, cure),
        _ => Finding::fine(
            Group::Network,
            topic,
            "This computer's clock agrees with the servers'.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(seconds: i64, is_here: bool) -> Heard {
        Heard {
            findings: Vec::new(),
            ahead: Some(SignedDuration::from_secs(seconds)),
            is_here,
        }
    }

    fn meaning(all: &[Heard]) -> Option<Meaning> {
        clock(all).map(|finding| finding.meaning)
    }

    #[test]
    fn the_clock_is_judged_by_the_server_that_agrees_best() {
        assert_eq!(meaning(&[]), None);
        assert_eq!(meaning(&[heard(59, false)]), Some(Meaning::Fine));
        assert_eq!(meaning(&[heard(-61, false)]), Some(Meaning::Soon));
        assert_eq!(meaning(&[heard(301, false)]), Some(Meaning::Act));
        assert_eq!(
            meaning(&[heard(9_000, false), heard(3, false)]),
            Some(Meaning::Fine)
        );
        assert_eq!(
            meaning(&[heard(9_000, false), heard(0, true)]),
            Some(Meaning::Act)
        );
    }

    #[test]
    fn the_date_of_an_answer_is_read_as_http_writes_it() {
        let now: Timestamp = "2026-11-21T17:00:10Z".parse().unwrap();
        let took = Duration::from_secs(2);
        let read = ahead("Sat, 21 Nov 2026 17:00:00 GMT", now, took);
        assert_eq!(read, Some(SignedDuration::from_secs(9)));
        for odd in ["", "now", "Sat, 99 Nov 2026 17:00:00 GMT"] {
            assert_eq!(ahead(odd, now, took), None, "{odd}");
        }
    }
}
