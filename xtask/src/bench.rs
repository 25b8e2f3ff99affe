//! `cargo xtask bench`: the figures of `docs/performance.md`, measured as ratios in one run.
