//! Where tools find the command `keyfob` that they are told to call.

use std::path::PathBuf;

use super::Keyfob;

impl Keyfob {
    /// The place in `PATH` that leads to this command, where there is one; else the command's own. What installs programs
    /// often puts each version into a folder of its own, which the next one removes, and a link in such a place, which
    /// stays.
    pub fn lasting_place(&self, command: PathBuf) -> PathBuf {
        let path = self.0.edge.variable("PATH").unwrap_or_default();
        let Ok(real) = command.canonicalize() else {
            return command;
        };
        let name = format!("keyfob{}", std::env::consts::EXE_SUFFIX);
        let folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
        let mut places = folders.map(|folder| folder.join(&name));
        let lasting = places.find(|place| place.canonicalize().is_ok_and(|leads| leads == real));
        lasting.unwrap_or(command)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use crate::keyfob::which::tests::Computer;

    #[test]
    fn a_link_on_path_is_what_stays_and_another_program_there_is_not_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["version-1", "others", "bin"] {
            fs::create_dir(at(name)).unwrap();
        }
        let own = at("version-1/keyfob");
        fs::write(&own, "").unwrap();
        fs::write(at("others/keyfob"), "").unwrap();
        let place = |folders: &[&str]| {
            let path = std::env::join_paths(folders.iter().map(|name| at(name))).unwrap();
            let computer = Computer::new().set("PATH", path.to_str().unwrap());
            computer.keyfob().lasting_place(own.clone())
        };
        assert_eq!(place(&["others", "bin"]), own);
        symlink(&own, at("bin/keyfob")).unwrap();
        assert_eq!(place(&["others", "bin"]), at("bin/keyfob"));
        assert_eq!(place(&[]), own);
    }
}
