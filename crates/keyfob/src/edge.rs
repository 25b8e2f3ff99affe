//! The clock and the source of randomness, handed in from the outermost layer so that all below is repeatable.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Time and randomness as the core sees them.
#[derive(Clone)]
pub struct Edge {
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    random: Arc<dyn Fn() -> std::io::Result<[u8; 32]> + Send + Sync>,
}

impl Edge {
    /// The computer's own clock and random number generator.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the clock is read"
        )]
        let clock = || Timestamp::now();
        Self::new(clock, || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
            Ok(bytes)
        })
    }

    /// Another clock, another source of randomness: for tests.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> std::io::Result<[u8; 32]> + Send + Sync + 'static,
    ) -> Self {
        Self {
            clock: Arc::new(clock),
            random: Arc::new(random),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// 32 random bytes; an error where the system has none, because weaker ones are worse than none.
    pub(crate) fn random(&self) -> crate::Result<[u8; 32]> {
        (self.random)().map_err(|error| {
            crate::Error::new(
                crate::Code::Failed,
                "This computer gave no random numbers, and a sign-in without them would not be safe.",
                "Try again; if it stays, restart the computer.",
            )
            .detail(error.to_string())
        })
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edge")
    }
}
