//! Sessions that other programs hold: `keyfob link`, and `keyfob login --with`.

use std::path::PathBuf;
use std::process::ExitCode;

use keyfob::account::Owner;
use keyfob::{
    Code, Error, Keyfob, Linked, LinkedSignInRequest, OtherProgram, Result, SignInHandle, Status,
    Whereabouts,
};

use crate::args::{LinkCommand, With};
use crate::commands::{added, print_json};
use crate::ending;
use crate::io::Io;
use crate::login::lines_of_stdin;
use crate::words;

/// How it was asked for on the command line.
pub(crate) struct By {
    pub(crate) with: Option<With>,
    pub(crate) console: bool,
    pub(crate) config_dir: Option<PathBuf>,
    pub(crate) profile: Option<String>,
    pub(crate) device: bool,
}

/// `keyfob link`.
pub(crate) async fn run(keyfob: &Keyfob, what: LinkCommand, io: &mut Io) -> Result<()> {
    let (linked, json) = match what {
        LinkCommand::ClaudeCode {
            config_dir,
            label,
            json,
        } => (keyfob.link_claude_code(config_dir, label).await?, json),
        LinkCommand::AnthropicProfile {
            profile,
            config_dir,
            label,
            json,
        } => {
            let linked = keyfob.link_anthropic_profile(config_dir, profile, label);
            (linked.await?, json)
        }
    };
    let Linked { status, already } = linked;
    if already {
        io.say(&format!("It is linked already, as \"{}\".\n", status.label));
    }
    match json {
        true => print_json(&status, io),
        false => added(&status, false, io),
    }
}

/// The sign-in by another program that was asked for; none where it is not by one.
pub(crate) fn request(
    keyfob: &Keyfob,
    by: By,
    label: &Option<String>,
    account: &Option<String>,
    no_browser: bool,
) -> Result<Option<LinkedSignInRequest>> {
    let program = match (by.with, account) {
        (Some(With::ClaudeCode), _) => OtherProgram::ClaudeCode,
        (Some(With::Ant), _) => OtherProgram::Ant,
        (None, Some(account)) => match keyfob.status(Some(account))?.owner {
            Owner::ClaudeCode => OtherProgram::ClaudeCode,
            Owner::Ant => OtherProgram::Ant,
            _ => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let belongs = match program {
        OtherProgram::ClaudeCode => by.profile.is_none(),
        OtherProgram::Ant => by.config_dir.is_none() && !by.console,
    };
    if !belongs {
        return Err(Error::new(
            Code::Usage,
            "That option belongs to the other program.",
            "--console and --config-dir go with claude-code, --profile with ant.",
        ));
    }
    if by.device {
        return Err(Error::new(
            Code::Usage,
            format!("{} signs in by a browser alone.", program.name()),
            "Leave --device out; with --no-browser the address is only printed.",
        ));
    }
    Ok(Some(LinkedSignInRequest {
        program,
        account: account.clone(),
        label: label.clone(),
        whereabouts: match (by.config_dir, by.profile) {
            (Some(folder), _) => Whereabouts::Folder(folder),
            (None, Some(profile)) => Whereabouts::Profile(profile),
            (None, None) => Whereabouts::New,
        },
        // Whoever was billed for an account is billed again.
        console: by.console || is_billed_by_use(keyfob, account, program),
        opens_browser: !no_browser,
    }))
}

fn is_billed_by_use(keyfob: &Keyfob, account: &Option<String>, program: OtherProgram) -> bool {
    let status = account.as_deref().map(|name| keyfob.status(Some(name)));
    program == OtherProgram::ClaudeCode
        && matches!(status, Some(Ok(status)) if status.payer == keyfob::account::Payer::Api)
}

/// How a sign-in ended: with an account, or because the person or the system ended this program.
pub(crate) enum Ended {
    In(Box<Status>),
    Asked(ExitCode),
}

/// Starts the program, shows its address, and hands on what is pasted.
pub(crate) async fn sign_in(
    keyfob: &Keyfob,
    request: LinkedSignInRequest,
    io: &mut Io,
) -> Result<Ended> {
    let (name, opens_browser) = (request.program.name(), request.opens_browser);
    let is_ant = request.program == OtherProgram::Ant;
    let asked = ending::asked();
    tokio::pin!(asked);
    let sign_in = tokio::select! {
        biased;
        code = &mut asked => return Ok(Ended::Asked(code)),
        begun = keyfob.begin_linked_sign_in(request) => begun?,
    };
    let handle = sign_in.handle();
    if let Some(url) = handle.paste_url() {
        io.say(&match opens_browser {
            true => format!(
                "{name} has opened your browser. Agree there, and this goes on by itself. Where no browser opened, or it \
                 runs on another computer, open this address and paste the code it shows:\n\n  {url}\n\n"
            ),
            false => format!("Sign in at this address, and paste the code it shows:\n\n  {url}\n\n"),
        });
    }
    if is_ant {
        io.say("ant makes the profile that it signs in to the active one.\n");
    }
    io.say("Waiting for your browser, five minutes at most.\n");
    let mut lines = lines_of_stdin();
    let ended = sign_in.finish();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            biased;
            ended = &mut ended => return ended.map(|status| Ended::In(Box::new(status))),
            code = &mut asked => break given_up(&handle, ended, code).await,
            Some(line) = lines.recv() => {
                // The sign-in answers the paste, so both have to go on at the same time.
                let pasted = handle.paste(line);
                tokio::select! {
                    biased;
                    ended = &mut ended => return ended.map(|status| Ended::In(Box::new(status))),
                    code = &mut asked => break given_up(&handle, ended, code).await,
                    pasted = pasted => if let Err(error) = pasted {
                        io.say(&format!("{}\nStill waiting.\n", words::error(&error)));
                    },
                }
            }
        }
    }
}

/// Ends a sign-in, so that the other program is not left behind.
async fn given_up(
    handle: &SignInHandle,
    ended: impl Future<Output = Result<Status>>,
    code: ExitCode,
) -> Result<Ended> {
    handle.cancel().await;
    let _ = ended.await;
    Ok(Ended::Asked(code))
}

/// Says how it ended.
pub(crate) fn told(ended: Ended, json: bool, io: &mut Io) -> Result<ExitCode> {
    match ended {
        Ended::In(status) => added(&status, json, io).map(|()| ExitCode::SUCCESS),
        Ended::Asked(code) => Ok(code),
    }
}
