//! What is done to many accounts, and told one by one.

use std::process::ExitCode;

use keyfob::account::Owner;
use keyfob::{Code, Error, Keyfob, Renewal, Result, State, Status};
use tokio::sync::mpsc;

use crate::io::Io;
use crate::{ending, words};

/// `keyfob refresh --all`: each is told as it is done; the first failure is given at the end.
pub(crate) async fn refresh_all(keyfob: &Keyfob, io: &mut Io) -> Result<()> {
    // A store that is locked is asked for once, and not once an account; and not at all for what lies elsewhere.
    if keyfob.accounts()?.iter().any(|a| a.owner == Owner::Keyfob) {
        keyfob.check_storage().await?;
    }
    let mut tally = Tally::default();
    keyfob
        .refresh_all(|renewal| {
            io.say(&words::renewal(&renewal));
            tally.count(renewal);
        })
        .await?;
    if tally.all == 0 {
        io.say("No account has anything to renew.\n");
    }
    tally.ended()
}

/// `keyfob watch`: until somebody ends it.
pub(crate) async fn watch(keyfob: &Keyfob, io: &mut Io) -> Result<ExitCode> {
    // A list that cannot be read is said now, and not in the middle of the night.
    keyfob.accounts()?;
    io.say("Keeping tokens fresh. End it with Ctrl-C.\n");
    if keyfob.is_kept_fresh() {
        io.say("Another Keyfob does so already; this one takes over when that ends.\n");
    }
    let (teller, mut told) = mpsc::unbounded_channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let working = keyfob.keep_fresh(
        // It goes away with the work, which ends what is told.
        move |renewal| drop(teller.send(renewal)),
        async { drop(ended.await) },
    );
    let saying = async {
        let asked = ending::asked();
        tokio::pin!(asked);
        loop {
            tokio::select! {
                _ = &mut asked => break drop(end),
                Some(renewal) = told.recv() => say(&renewal, io),
            }
        }
        // What was under way is still told.
        while let Some(renewal) = told.recv().await {
            say(&renewal, io);
        }
    };
    tokio::join!(working, saying);
    Ok(ExitCode::SUCCESS)
}

/// `keyfob watch --once`: what is due, and the first failure at the end.
pub(crate) async fn watch_once(keyfob: &Keyfob, io: &mut Io) -> Result<()> {
    let mut tally = Tally::default();
    keyfob
        .keep_fresh_once(|renewal| {
            say(&renewal, io);
            tally.count(renewal);
        })
        .await?;
    // What cannot be renewed any more is not even tried, and whoever reads the exit code should hear of it.
    let accounts = keyfob.accounts()?;
    let is_over = |status: &&Status| matches!(status.state, State::SignInAgain { .. });
    let over: Vec<&str> = accounts
        .iter()
        .filter(is_over)
        .map(|s| s.label.as_str())
        .collect();
    if !over.is_empty() {
        return Err(Error::new(
            Code::SignInNeeded,
            format!("These have to be signed in to again: {}.", over.join(", ")),
            "Use `keyfob login --account NAME`.",
        ));
    }
    tally.ended()
}

/// How many there were, how many of them failed, and how the first one failed.
#[derive(Default)]
struct Tally {
    all: usize,
    failed: usize,
    first: Option<Code>,
}

impl Tally {
    fn count(&mut self, renewal: Renewal) {
        self.all += 1;
        if let (false, Some(problem)) = (renewal.renewed, renewal.problem) {
            self.failed += 1;
            self.first.get_or_insert(problem.code);
        }
    }

    /// Each was told already; this is what the exit code says.
    fn ended(self) -> Result<()> {
        match self.first {
            None => Ok(()),
            Some(code) => Err(Error::new(
                code,
                format!("{} of {} could not be renewed.", self.failed, self.all),
                "Why is said above.",
            )),
        }
    }
}

fn say(renewal: &Renewal, io: &mut Io) {
    if renewal.renewed || renewal.problem.is_some() {
        io.say(&words::renewal(renewal));
    }
}
