//! Which system this is, as far as it matters to what is installed how.

use std::fs;

/// A family of systems.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Debian and what comes from it: the id of the very system.
    Debian(String),
    Fedora,
    Arch,
    OtherLinux,
    MacOs,
    Windows,
}

impl System {
    pub(crate) fn of_this_machine() -> Self {
        if cfg!(target_os = "macos") {
            return Self::MacOs;
        }
        if cfg!(windows) {
            return Self::Windows;
        }
        // os-release(5): the second is read where the first is not there.
        let release = fs::read_to_string("/etc/os-release")
            .or_else(|_| fs::read_to_string("/usr/lib/os-release"));
        Self::of_release(&release.unwrap_or_default())
    }

    fn of_release(release: &str) -> Self {
        let value = |name: &str| {
            let lines = release.lines().filter_map(|line| line.split_once('='));
            let found = lines.into_iter().find(|(key, _)| *key == name);
            found
                .map(|(_, value)| value.trim_matches(['"', '\'']).to_owned())
                .unwrap_or_default()
        };
        let id = value("ID");
        let like = value("ID_LIKE");
        let is = |family: &str| id == family || like.split(' ').any(|one| one == family);
        if is("debian") || is("ubuntu") {
            Self::Debian(id)
        } else if is("fedora") || is("rhel") {
            Self::Fedora
        } else if is("arch") {
            Self::Arch
        } else {
            Self::OtherLinux
        }
    }
}

#[cfg(test)]
mod tests {
    use super::System;

    #[test]
    fn relatives_are_known_by_what_they_are_like() {
        let of = System::of_release;
        assert_eq!(
            of("PRETTY_NAME=\"Debian\"\nID=debian\n"),
            System::Debian("debian".into())
        );
        assert_eq!(
            of("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"),
            System::Debian("linuxmint".into())
        );
        assert_eq!(
            of("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n"),
            System::Fedora
        );
        assert_eq!(of("ID=manjaro\nID_LIKE=arch\n"), System::Arch);
        assert_eq!(of("ID=nixos\n"), System::OtherLinux);
        assert_eq!(of(""), System::OtherLinux);
    }
}
