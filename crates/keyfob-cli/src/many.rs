//! What is done to many accounts, and told one by one.

use std::process::ExitCode;

use keyfob::{Error, Keyfob, Renewal, Result};
use tokio::sync::mpsc;

use crate::io::Io;
use crate::{ending, words};

/// `keyfob refresh --all`: each is told as it is done; the first failure is given at the end.
pub(crate) async fn refresh_all(keyfob: &Keyfob, io: &mut Io) -> Result<()> {
    let mut failed: Option<Error> = None;
    let mut count = 0;
    keyfob
        .refresh_all(|renewal| {
            count += 1;
            io.say(&words::renewal(&renewal));
            if let (false, Some(problem)) = (renewal.renewed, renewal.problem) {
                failed.get_or_insert(problem);
            }
        })
        .await?;
    if count == 0 {
        io.say("No account has anything to renew.\n");
    }
    failed.map_or(Ok(()), Err)
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
    let mut failed: Option<Error> = None;
    keyfob
        .keep_fresh_once(|renewal| {
            say(&renewal, io);
            if let (false, Some(problem)) = (renewal.renewed, renewal.problem) {
                failed.get_or_insert(problem);
            }
        })
        .await?;
    failed.map_or(Ok(()), Err)
}

fn say(renewal: &Renewal, io: &mut Io) {
    if renewal.renewed || renewal.problem.is_some() {
        io.say(&words::renewal(renewal));
    }
}
