//! The systemd user unit of `keyfob watch`.

use std::path::Path;

/// A unit that starts this program with the person's session, and again where it fails.
pub(crate) fn text(program: &Path, home: Option<&Path>) -> String {
    let environment = home.map_or_else(String::new, |home| {
        format!("Environment=\"KEYFOB_HOME={}\"\n", escaped(home))
    });
    format!(
        "[Unit]\n\
         Description=Keyfob keeps Claude credentials fresh\n\
         \n\
         [Service]\n\
         ExecStart=\"{}\" watch\n\
         {environment}\
         Restart=on-failure\n\
         RestartSec=30\n\
         # Longer than any renewal that is under way takes.\n\
         TimeoutStopSec=60\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        escaped(program)
    )
}

/// Inside quotes of a unit a backslash and a quote are escaped, and `%` and `$` mean something (systemd.syntax(7),
/// systemd.service(5)).
fn escaped(path: &Path) -> String {
    let text = path.display().to_string();
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
        .replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_means_something_to_systemd_is_escaped() {
        let unit = text(Path::new("/opt/100% \"mine\"/keyfob"), None);
        assert!(
            unit.contains("ExecStart=\"/opt/100%% \\\"mine\\\"/keyfob\" watch\n"),
            "{unit}"
        );
        assert!(!unit.contains("Environment"));
        let unit = text(Path::new("/bin/keyfob"), Some(Path::new("/home/ada/k")));
        assert!(
            unit.contains("Environment=\"KEYFOB_HOME=/home/ada/k\"\n"),
            "{unit}"
        );
    }
}
