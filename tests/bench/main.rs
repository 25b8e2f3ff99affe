//! The figures of `docs/performance.md`: each beside something that nobody here wrote, measured in turn in one run.
//!
//! `cargo xtask bench` builds what is needed and runs this. It prints Markdown. With names of figures behind it
//! (`token`, `at_once`, `many`, `here`, `window`, `sizes`), only those are measured.

mod at_once;
mod here;
mod many;
mod measure;
mod token;
mod window;

use crate::measure::beside;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let figures: [(&str, fn()); 6] = [
        ("token", token::token_beside_others),
        ("at_once", at_once::sixty_four_at_once),
        ("many", many::ten_thousand_accounts),
        ("here", here::which_and_doctor),
        ("window", window::start_beside_an_empty_window),
        ("sizes", sizes),
    ];
    println!("| figure | Keyfob | beside | ratio |\n|---|---|---|---|");
    for (name, measure) in figures {
        if wanted.is_empty() || wanted.iter().any(|w| w == name) {
            measure();
        }
    }
}

fn sizes() {
    let size =
        |name: &str| std::fs::metadata(beside(name)).unwrap().len() as f64 / f64::from(1 << 20);
    for name in ["keyfob", "keyfob-desktop", "keyfob-mock-provider"] {
        println!("| size of `{name}` | {:.1} MiB | | |", size(name));
    }
}
