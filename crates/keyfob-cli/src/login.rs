//! `keyfob login`: a redirect and a code on standard input race in one attempt; or the person agrees on another device.

use std::io::BufRead as _;
use std::process::ExitCode;

use keyfob::account::Owner;
use keyfob::{Code, Error, Keyfob, Listening, Result, Secret, SignInHandle, SignInRequest, Status};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use crate::io::Io;
use crate::{commands, ending, words};

/// What was asked for.
pub(crate) struct Wish {
    pub(crate) provider: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) no_browser: bool,
    pub(crate) device: bool,
    pub(crate) callback_port: u16,
}

/// How it ended.
pub(crate) enum Ended {
    SignedIn(Box<Status>),
    /// By a signal, with the exit code for it.
    Stopped(ExitCode),
}

/// begin → show and open the address → wait for redirect or paste.
pub(crate) async fn run(keyfob: &Keyfob, wish: Wish, io: &mut Io) -> Result<Ended> {
    let provider = which_provider(keyfob, &wish)?;
    if wish.device {
        return elsewhere(keyfob, wish, provider, io).await;
    }
    let status = here(keyfob, wish, provider, io).await?;
    Ok(Ended::SignedIn(Box::new(status)))
}

/// begin → show the code → wait until the person has agreed on another device, or ends it here.
async fn elsewhere(keyfob: &Keyfob, wish: Wish, provider: String, io: &mut Io) -> Result<Ended> {
    let request = SignInRequest {
        provider,
        account: wish.account,
        label: wish.label,
        listening: Listening::Device,
    };
    let sign_in = keyfob.begin_sign_in(request).await?;
    let handle = sign_in.handle();
    // Heard from before anything is said, so that Ctrl-C never cuts it off in the middle.
    let mut stop = tokio::spawn(ending::asked());
    tokio::task::yield_now().await;
    if let Some(prompt) = handle.device() {
        let name = &sign_in.provider().name;
        io.say(&words::device(
            name,
            prompt,
            handle.ends_at(),
            commands::now(),
        ));
    }
    let ended = sign_in.finish();
    tokio::pin!(ended);
    tokio::select! {
        ended = &mut ended => Ok(Ended::SignedIn(Box::new(ended?))),
        code = &mut stop => {
            handle.cancel().await;
            // The server may have given tokens in this moment, and then they are stored first.
            match ended.await {
                Ok(status) => Ok(Ended::SignedIn(Box::new(status))),
                Err(error) => {
                    io.say(&format!("keyfob: {}\n", words::error(&error)));
                    Ok(Ended::Stopped(code.unwrap_or(ExitCode::FAILURE)))
                }
            }
        }
    }
}

async fn here(keyfob: &Keyfob, wish: Wish, provider: String, io: &mut Io) -> Result<Status> {
    let request = SignInRequest {
        provider,
        account: wish.account,
        label: wish.label,
        listening: Listening::Own(wish.callback_port),
    };
    let sign_in = keyfob.begin_sign_in(request).await?;
    let handle = sign_in.handle();
    invite(&handle, &sign_in.provider().name, wish.no_browser, io);

    let mut lines = lines_of_stdin();
    let ended = sign_in.finish();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            ended = &mut ended => return ended,
            Some(line) = lines.recv() => {
                // The flow answers the paste, so both have to go on at the same time.
                let pasted = handle.paste(line);
                tokio::select! {
                    ended = &mut ended => return ended,
                    pasted = pasted => if let Err(error) = pasted {
                        io.say(&format!("{}\nStill waiting.\n", words::error(&error)));
                    },
                }
            }
        }
    }
}

/// The one that was named, that of the account, or the only one that is ready.
fn which_provider(keyfob: &Keyfob, wish: &Wish) -> Result<String> {
    if let Some(provider) = &wish.provider {
        return Ok(provider.clone());
    }
    if let Some(account) = &wish.account {
        let status = keyfob.status(Some(account))?;
        return status.provider.ok_or_else(|| {
            let (what, cure) = match status.owner {
                Owner::Environment => (
                    "a variable of the environment",
                    "Change it where it is set, or sign in to a new account.",
                ),
                _ => ("an API key", "Replace it with `keyfob rotate-key`."),
            };
            let message = format!(
                "\"{}\" is {what}: there is nothing to sign in to.",
                status.label
            );
            Error::new(Code::Usage, message, cure)
        });
    }
    only_provider(keyfob)
}

/// The provider that is ready, where there is only one.
pub(crate) fn only_provider(keyfob: &Keyfob) -> Result<String> {
    let config = keyfob.config()?;
    let ready: Vec<_> = config.providers.iter().filter(|p| p.is_ready()).collect();
    match ready.as_slice() {
        [only] => Ok(only.id.to_string()),
        [] => Err(Error::new(
            Code::Usage,
            "There is no provider to sign in to: Keyfob comes without any client id.",
            format!(
                "With a Claude plan: `keyfob login --with claude-code`. With an API key: `keyfob add-key`. With a client id of yours: add it to {} as the README shows.",
                keyfob.home().config_file().display()
            ),
        )),
        several => {
            let ids: Vec<_> = several.iter().map(|p| p.id.as_str()).collect();
            Err(Error::new(
                Code::Usage,
                "There is more than one provider to sign in to.",
                format!("Name one with --provider: {}.", ids.join(", ")),
            ))
        }
    }
}

fn invite(handle: &SignInHandle, provider: &str, no_browser: bool, io: &mut Io) {
    let Some(url) = handle.url() else { return };
    io.say(&format!(
        "Sign in to {provider} at this address:\n\n  {url}\n\n"
    ));
    if let Some(paste_url) = handle.paste_url().filter(|p| *p != url) {
        io.say(&format!(
            "If the browser is on another computer, open this one there, and paste the code it shows:\n\n  {paste_url}\n\n"
        ));
    } else if handle.listens() {
        io.say(
            "If the browser is on another computer, paste the address that it ends at, even if the page does not load.\n",
        );
    }
    if !no_browser && let Err(error) = open::that_detached(url.as_str()) {
        io.say(&format!(
            "No browser could be opened ({error}). Open the address yourself.\n"
        ));
    }
    io.say("Waiting for your browser, five minutes at most.\n");
}

/// Lines as they come, on a thread of their own: reading cannot be broken off, and ends with the program.
pub(crate) fn lines_of_stdin() -> mpsc::Receiver<Secret> {
    let (sender, lines) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Zeroizing::new(String::new());
        while input.read_line(&mut line).is_ok_and(|read| read > 0) {
            let pasted = Secret::new(line.trim());
            line.clear();
            if !pasted.expose().is_empty() && sender.blocking_send(pasted).is_err() {
                return;
            }
        }
    });
    lines
}
