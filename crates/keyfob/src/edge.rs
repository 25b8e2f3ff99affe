//! The clock, the source of randomness and the variables of the environment, handed in from the outermost layer so that all below is repeatable.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

/// Reads one variable of the environment.
type Variables = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Time, randomness and environment as the core sees them.
#[derive(Clone)]
pub struct Edge {
    clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    random: Arc<dyn Fn() -> std::io::Result<[u8; 32]> + Send + Sync>,
    variables: Variables,
}

impl Edge {
    /// The computer's own clock, random number generator and environment.
    pub fn system() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the clock is read"
        )]
        let clock = || Timestamp::now();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place where the core's environment is read"
        )]
        let variable = |name: &str| std::env::var_os(name);
        let random = || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
            Ok(bytes)
        };
        Self::new(clock, random).with_variables(variable)
    }

    /// Another clock, another source of randomness, and an empty environment: for tests.
    pub fn new(
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        random: impl Fn() -> std::io::Result<[u8; 32]> + Send + Sync + 'static,
    ) -> Self {
        Self {
            clock: Arc::new(clock),
            random: Arc::new(random),
            variables: Arc::new(|_| None),
        }
    }

    /// The same in another environment.
    #[must_use]
    pub fn with_variables(
        mut self,
        variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static,
    ) -> Self {
        self.variables = Arc::new(variable);
        self
    }

    /// A variable that is set to something; programs take an empty one as not set.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }

    /// The person's own folder: a variable first, so that it can be another one for a test.
    pub(crate) fn home_folder(&self) -> Option<PathBuf> {
        let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        self.variable(name).map(PathBuf::from)
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
