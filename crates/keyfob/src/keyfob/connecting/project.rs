//! What a person has to know of a project's folder before settings of their own lie in it.

use std::path::Path;

use crate::hand_over::git_config;

/// As sentences: that git would take the settings into the project's history, that others may write beside them.
pub(super) fn about(project: &Path, settings: &Path, git: Option<&Path>) -> Vec<String> {
    let mut words = Vec::new();
    // git is not run where there is nothing for it: on a Mac without Apple's tools it would open a dialog.
    let is_in_work_tree = project.ancestors().any(|above| above.join(".git").exists());
    let git = git.filter(|_| is_in_work_tree);
    if git.and_then(|git| git_config::ignores(git, project, settings)) == Some(false) {
        words.push(format!(
            "{} is yours alone and not for the project's history, and git does not ignore it. Add the line `**/.claude/settings.local.json` to `.git/info/exclude` or to a .gitignore.",
            settings.display()
        ));
    }
    if others_may_write(project) {
        words.push(format!(
            "Others on this computer may write into {}, and so put settings there that Claude Code follows as you. A folder that only you can write is safer.",
            project.display()
        ));
    }
    words
}

#[cfg(unix)]
fn others_may_write(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o002 != 0)
}

#[cfg(not(unix))]
fn others_may_write(_: &Path) -> bool {
    false
}
