//! Chance that can be had again: a seed, printed, and the instants at which something is killed.

use std::time::{Duration, SystemTime};

/// Numbers that look random and are the same for the same seed (splitmix64).
#[derive(Debug)]
pub struct Chance(u64);

impl Chance {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub fn part(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An instant of a life of about `span`: half of them anywhere in it, half of them as often early as late in
    /// orders of magnitude.
    pub fn instant(&mut self, span: Duration) -> Duration {
        let early = 0.000_5_f64;
        let span = span.as_secs_f64().max(4.0 * early);
        let drawn = match self.number().is_multiple_of(2) {
            true => self.part() * span,
            false => early * (span / early).powf(self.part()),
        };
        Duration::from_secs_f64(drawn)
    }
}

/// The seed from outside, or a new one.
pub fn seed() -> u64 {
    let given = std::env::var("KEYFOB_KILL_SEED").ok();
    let given = given.map(|text| text.parse().expect("the seed is a number"));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    given.unwrap_or_else(|| u64::from(now.expect("it is after 1970").subsec_nanos()))
}
