//! Looks whether everything is in order that a sign-in and a token depend on: Keyfob itself, this computer, the
//! network, and the tools. Each finding has a cure, and what is said is safe to paste in public.

mod computer;
mod network;
mod obstacles;
mod own;
mod permissions;
mod programs;
mod public;
mod variables;

use serde::Serialize;

use super::Keyfob;
use crate::error::Error;
use crate::status::Meaning;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
pub struct Finding {
    /// What it belongs to.
    pub group: Group,
    /// What was looked at, in a word or two.
    pub topic: &'static str,
    /// Whether the person should do something.
    pub meaning: Meaning,
    /// What was found, as a sentence.
    pub words: String,
    /// What to do, where something is to be done.
    pub cure: Option<String>,
    /// The technical remainder, safe to share.
    pub detail: Option<String>,
}

/// What findings belong to, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(export))]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Keyfob itself.
    Keyfob,
    /// This computer.
    Computer,
    /// The servers, and the way to them.
    Network,
    /// Claude Code, `ant`, and what steers them.
    Tools,
}

impl Finding {
    fn fine(group: Group, topic: &'static str, words: impl Into<String>) -> Self {
        Self {
            group,
            topic,
            meaning: Meaning::Fine,
            words: words.into(),
            cure: None,
            detail: None,
        }
    }

    fn wrong(group: Group, topic: &'static str, meaning: Meaning, error: Error) -> Self {
        Self {
            group,
            topic,
            meaning,
            words: error.message,
            cure: Some(error.cure),
            detail: error.detail,
        }
    }

    /// One that is worth a look.
    fn soon(group: Group, topic: &'static str, words: impl Into<String>, cure: &str) -> Self {
        Self {
            meaning: Meaning::Soon,
            cure: Some(cure.to_owned()),
            ..Self::fine(group, topic, words)
        }
    }

    /// One that has to be put right.
    fn act(group: Group, topic: &'static str, words: impl Into<String>, cure: &str) -> Self {
        Self {
            meaning: Meaning::Act,
            ..Self::soon(group, topic, words, cure)
        }
    }

    fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }
}

impl Keyfob {
    /// Looks at everything, without opening any dialog; at the servers only where that is asked for.
    pub async fn doctor(&self, with_network: bool) -> Vec<Finding> {
        let network = async {
            match with_network {
                true => self.look_at_servers().await,
                false => Vec::new(),
            }
        };
        let (own, loopback, programs, servers) = tokio::join!(
            self.look_at_own(),
            computer::loopback(),
            self.look_at_programs(),
            network
        );
        let edge = &self.0.edge;
        let mut findings = own;
        findings.push(self.look_at_permissions());
        findings.push(computer::browser(edge));
        findings.push(loopback);
        findings.extend(variables::proxies(edge));
        findings.extend(variables::certificates(edge));
        findings.extend(servers);
        findings.extend(programs);
        findings.extend(self.look_at_theirs());
        findings.extend(variables::conflicts(edge));
        let public = public::Public::of(edge);
        findings.into_iter().map(|f| public.finding(f)).collect()
    }
}
