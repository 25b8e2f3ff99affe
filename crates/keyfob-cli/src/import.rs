//! `keyfob import`: tokens as JSON on standard input, or what stands in a variable of the environment.

use clap::Args;
use keyfob::{ImportCheck, Keyfob, Result, Secret, TokensToImport};

use crate::commands::added;
use crate::io::Io;
use crate::{login, words};

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The provider that issued the tokens, as in config.toml; may be left out where only one is ready
    #[arg(long, value_name = "ID")]
    provider: Option<String>,
    /// What to call the account
    #[arg(long)]
    label: Option<String>,
    /// Take what stands in this variable, in place of standard input: ANTHROPIC_API_KEY, or CLAUDE_ACCESS_TOKEN where
    /// it belongs to a provider of yours
    #[arg(long, value_name = "VARIABLE")]
    from_environment: Option<String>,
    /// Print the account as JSON when it is done
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(keyfob: &Keyfob, wish: Import, io: &mut Io) -> Result<()> {
    let (status, warning) = match &wish.from_environment {
        Some(variable) => {
            let provider = wish.provider.as_deref();
            let taken = keyfob
                .import_environment(variable, provider, wish.label)
                .await?;
            io.say(&format!(
                "Imported. {variable} itself stays as it is; take it out where it is set, or tools go on using it.\n"
            ));
            taken
        }
        None => {
            let text = io.secret_text("Paste the JSON (nothing is shown): ", |text| {
                matches!(
                    keyfob.check_import(text),
                    ImportCheck::Problem {
                        unfinished: true,
                        ..
                    }
                )
            })?;
            // What is wrong with the text is said before anything else.
            if let ImportCheck::Problem { error, .. } = keyfob.check_import(&text) {
                return Err(error);
            }
            import(keyfob, text, wish.provider, wish.label, io).await?
        }
    };
    if let Some(warning) = &warning {
        io.say(&format!("keyfob: {}\n", words::error(warning)));
    }
    added(&status, wish.json, io)
}

async fn import(
    keyfob: &Keyfob,
    text: Secret,
    provider: Option<String>,
    label: Option<String>,
    io: &mut Io,
) -> Result<(keyfob::Status, Option<keyfob::Error>)> {
    let provider = match provider {
        Some(provider) => provider,
        None => login::only_provider(keyfob)?,
    };
    let new = TokensToImport {
        text,
        provider,
        label,
    };
    let imported = keyfob.import_tokens(new).await?;
    io.say("Imported. Remove the tokens where they came from: two programs that renew the same ones end each other's sign-in.\n");
    Ok(imported)
}
