//! The systemd user unit of `keyfob watch`.

use std::path::Path;

use keyfob::StorageChoice;

/// A unit that starts this program with the person's session, and again where it fails.
pub(crate) fn text(program: &Path, home: Option<&Path>, choice: Option<&StorageChoice>) -> String {
    let environment = home.map_or_else(String::new, |home| {
        format!("Environment=\"KEYFOB_HOME={}\"\n", escaped(home))
    });
    let credential = match choice {
        Some(StorageChoice::Credential) => {
            "# The key of the encrypted files; name the file that holds it.\n\
             LoadCredential=keyfob-identity:/etc/credstore/keyfob-identity\n"
        }
        _ => "",
    };
    format!(
        "[Unit]\n\
         Description=Keyfob keeps Claude credentials fresh\n\
         \n\
         [Service]\n\
         ExecStart=\"{}\" watch\n\
         {environment}{credential}\
         Restart=on-failure\n\
         RestartSec=30\n\
         # Longer than any renewal that is under way takes.\n\
         TimeoutStopSec=120\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        escaped(program)
    )
}

/// Inside quotes of a unit a backslash and a quote are escaped, and `%` begins a specifier (systemd.syntax(7),
/// systemd.unit(5)). `$` means nothing in the path of a program, and nothing in `Environment=`.
fn escaped(path: &Path) -> String {
    let text = path.display().to_string();
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_means_something_to_systemd_is_escaped() {
        let unit = text(Path::new("/opt/100% \"mine\"/keyfob"), None, None);
        assert!(
            unit.contains("ExecStart=\"/opt/100%% \\\"mine\\\"/keyfob\" watch\n"),
            "{unit}"
        );
        assert!(!unit.contains("Environment"));
        let unit = text(
            Path::new("/bin/keyfob"),
            Some(Path::new("/home/ada/k")),
            Some(&StorageChoice::Credential),
        );
        assert!(unit.contains("LoadCredential=keyfob-identity:"), "{unit}");
        assert!(
            unit.contains("Environment=\"KEYFOB_HOME=/home/ada/k\"\n"),
            "{unit}"
        );
    }
}
