//! Where the session of a new account is to lie, so that a sign-in writes over none that is there.

use super::Keyfob;
use super::linked_sign_in::{LinkedSignInRequest, Whereabouts};
use super::linking::links_to;
use super::other_programs::OtherProgram;
use crate::account::{Link, SeenSession};
use crate::error::{Code, Error, Result};
use crate::linked::anthropic_profile::is_name;

impl Keyfob {
    /// Where the session of a new account is to lie.
    pub(super) fn new_link(&self, request: &LinkedSignInRequest) -> Result<Link> {
        let stem = slug(request.label.as_deref().unwrap_or_default());
        match (request.program, &request.whereabouts) {
            (OtherProgram::ClaudeCode, Whereabouts::Folder(folder)) => {
                let folder = std::path::absolute(folder).map_err(|error| {
                    let message = "That can be no folder.";
                    Error::new(Code::Usage, message, "Name it with its full path.")
                        .detail(error.to_string())
                })?;
                Ok(Link::ClaudeCode {
                    config_dir: Some(folder),
                })
            }
            (OtherProgram::ClaudeCode, Whereabouts::New) => {
                let folder = self.0.home.data_folder().join("claude-code");
                let stem = if stem.is_empty() {
                    "account".to_owned()
                } else {
                    stem
                };
                let free = numbered(&stem).find_map(|name| {
                    let link = Link::ClaudeCode {
                        config_dir: Some(folder.join(name)),
                    };
                    self.is_free(&link).then_some(link)
                });
                free.ok_or_else(none_free)
            }
            (OtherProgram::Ant, Whereabouts::Profile(name)) if is_name(name) => {
                Ok(self.profile_link(name.clone()))
            }
            (OtherProgram::Ant, Whereabouts::New) => {
                let stem = if stem.is_empty() {
                    "keyfob".to_owned()
                } else {
                    stem
                };
                let free = numbered(&stem).find_map(|name| {
                    let link = self.profile_link(name);
                    self.is_free(&link).then_some(link)
                });
                free.ok_or_else(none_free)
            }
            (OtherProgram::Ant, Whereabouts::Profile(_)) => Err(Error::new(
                Code::Usage,
                "That can be no name of a profile.",
                "Names consist of letters, digits, `_`, `.` and `-`.",
            )),
            _ => Err(Error::new(
                Code::Usage,
                "Claude Code has folders, and ant has profiles.",
                "Name the one that belongs to the program.",
            )),
        }
    }

    fn profile_link(&self, profile: String) -> Link {
        Link::AnthropicProfile {
            config_dir: self.anthropic_config_dir(),
            profile,
        }
    }

    /// Whether a sign-in there would write over no session, and over none of the list. What an attempt that was given
    /// up has left behind is used again.
    fn is_free(&self, link: &Link) -> bool {
        let accounts = self.0.accounts.read().unwrap_or_default();
        let is_listed = accounts.accounts.iter().any(|a| links_to(a, link));
        let looked = self.look(link);
        let nothing = looked.is_ok_and(|l| matches!(l.seen.what, SeenSession::Missing { .. }));
        let is_new = match link {
            Link::ClaudeCode { config_dir } => config_dir.as_ref().is_some_and(|dir| !dir.exists()),
            _ => false,
        };
        !is_listed && (nothing || is_new)
    }
}

/// A name for a folder or a profile out of what a person calls an account.
pub(super) fn slug(label: &str) -> String {
    let letters = label.chars().map(|c| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    });
    let text: String = letters.take(40).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// `work`, `work-2`, `work-3` and so on.
pub(super) fn numbered(stem: &str) -> impl Iterator<Item = String> + '_ {
    let more = (2..1000).map(move |number| format!("{stem}-{number}"));
    std::iter::once(stem.to_owned()).chain(more)
}

fn none_free() -> Error {
    Error::new(
        Code::Failed,
        "No free name for it was found.",
        "Call the account something else.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_folders_are_plain() {
        for (label, expected) in [
            ("Work", "work"),
            ("ada@example.com", "ada-example-com"),
            ("  Ämter & Co. / .. ", "mter-co"),
            ("..", ""),
            ("", ""),
        ] {
            assert_eq!(slug(label), expected, "{label}");
        }
        let names: Vec<String> = numbered("work").take(3).collect();
        assert_eq!(names, ["work", "work-2", "work-3"]);
    }
}
