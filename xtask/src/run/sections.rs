//! Replaces sections of a TOML file and leaves the rest as a person wrote it.

/// The text with the sections of `new` in place of those of the same name. Line by line, which is enough for
/// settings: a line that begins with `[` begins a section.
pub(crate) fn replace(text: &str, new: &str) -> String {
    let replaced: Vec<&str> = new.lines().filter(|line| line.starts_with('[')).collect();
    // A comment above the first section belongs to `new` too, or each time would add one more.
    let heading = new.lines().next().filter(|line| line.starts_with('#'));
    let mut kept = String::new();
    let mut keep = true;
    for line in text.lines() {
        if line.starts_with('[') {
            keep = !replaced.contains(&line.trim_end());
        }
        if keep && Some(line) != heading {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let kept = kept.trim();
    if kept.is_empty() {
        new.to_owned()
    } else {
        format!("{kept}\n\n{new}")
    }
}

#[cfg(test)]
mod tests {
    use super::replace;

    const NEW: &str = "# Practice.\n[providers.mock]\nport = 2\n\n[api]\nport = 2\n";

    #[test]
    fn an_empty_file_becomes_the_new_sections() {
        assert_eq!(replace("", NEW), NEW);
    }

    #[test]
    fn what_is_not_replaced_stays_and_nothing_piles_up() {
        let mine = "# mine\n[sign_in]\nlistener = \"own\"\n";
        let once = replace(&format!("{mine}\n[api]\nport = 1\n"), NEW);
        assert_eq!(once, format!("{mine}\n{NEW}"));
        assert_eq!(replace(&once, NEW), once);
    }

    #[test]
    fn a_section_after_the_replaced_ones_stays() {
        let text = format!("{NEW}\n[providers.own]\nport = 3\n");
        let replaced = replace(&text, &NEW.replace('2', "4"));
        assert!(replaced.contains("[providers.own]\nport = 3"));
        assert!(!replaced.contains("port = 2"));
    }
}
