//! Floor 9: the command line. Results go to standard output, everything else to standard error.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 3 another process holds the database.

mod copy;
mod space;
mod token;
mod types;
mod user;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::access::Operator;
use crate::config::{ServeArgs, Settings, SharedArgs, variables_unknown};
use crate::error::{Code, Error};
use crate::http::openapi;
use crate::service::Core;
use crate::{server, telemetry};

/// A self-hosted no-code database: spaces, bases, tables and records over a typed HTTP API
#[derive(Parser)]
#[command(name = "undb", version)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    serve: ServeArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server; what `undb` does without a command too
    Serve(ServeArgs),
    /// People who sign in
    #[command(subcommand)]
    User(user::Command),
    /// Spaces
    #[command(subcommand)]
    Space(space::Command),
    /// API tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Copy a whole database to another place, verified; stopped at any moment and run again, it goes on where it was
    Copy(copy::CopyArgs),
    /// Print the OpenAPI document
    Openapi {
        #[arg(long, value_enum, default_value_t = DocumentFormat::Yaml)]
        format: DocumentFormat,
    },
    /// Print types for a table's records, asked of a running server with the token in UNDB_TOKEN
    Types(types::TypesArgs),
}

#[derive(Clone, Copy, ValueEnum)]
enum DocumentFormat {
    Yaml,
    Json,
}

/// Why a command did not do what it was asked; each kind has its exit code.
#[derive(Clone, Debug)]
pub enum Failure {
    Failed(String),
    Usage(String),
    /// Another process holds the database.
    Held(String),
}

impl Failure {
    pub const fn exit_code(&self) -> u8 {
        match self {
            Failure::Failed(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Held(_) => 3,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(text) | Failure::Usage(text) | Failure::Held(text) => f.write_str(text),
        }
    }
}

impl From<Error> for Failure {
    /// With the cause, since who reads this is who would read the log.
    fn from(error: Error) -> Failure {
        let mut text = match error.code {
            Code::Internal => "The command failed.".to_owned(),
            // The faults themselves follow, each in its line.
            _ if error.faults.len() > 1 => format!("There are {} faults:", error.faults.len()),
            _ => error.detail.clone(),
        };
        for fault in error.faults.iter().filter(|fault| fault.detail != error.detail) {
            text.extend(["\n  ", &fault.pointer, ": ", &fault.detail]);
        }
        if let Some(cause) = error.cause() {
            text.extend([" (", cause.for_log(), ")"]);
        }
        Failure::Failed(text)
    }
}

/// Does what the arguments of the process say.
pub fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    if let Some(misplaced) = misplaced(&matches) {
        misplaced.exit();
    }
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    match command_run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("undb: {failure}"));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// A flag that is not for the command: it would be ignored, which nothing may be.
fn misplaced(matches: &ArgMatches) -> Option<clap::Error> {
    let (command, own) = matches.subcommand()?;
    let places =
        [("data_dir", "data-dir"), ("store", "store"), ("store_password_file", "store-password-file")];
    let given = |id: &str| own.value_source(id) == Some(ValueSource::CommandLine);
    if command == "copy"
        && let Some((_, flag)) = places.iter().find(|(id, _)| given(id))
    {
        let text = format!("`--{flag}` is not for `copy`, which is told both places: `--from` and `--to`");
        return Some(Cli::command().error(ErrorKind::ArgumentConflict, text));
    }
    let flags = ServeArgs::augment_args(clap::Command::new("serve"));
    let given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let flag = flags.get_arguments().find(|arg| given(arg.get_id().as_str()))?.get_long()?;
    let text = match command {
        "serve" => format!("write `--{flag}` after `serve`"),
        _ => format!("`--{flag}` is for the server, not for `{command}`"),
    };
    Some(Cli::command().error(ErrorKind::ArgumentConflict, text))
}

fn command_run(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        None => serve(cli.shared, cli.serve),
        Some(Command::Serve(args)) => serve(cli.shared, args),
        Some(Command::Openapi { format: DocumentFormat::Yaml }) => {
            answer(openapi::document_yaml().trim_end())
        }
        Some(Command::Openapi { format: DocumentFormat::Json }) => {
            answer(openapi::document_json().trim_end())
        }
        Some(Command::Types(args)) => types::run(&args),
        Some(Command::Copy(args)) => copy::run(&args, &Database::of(cli.shared)?),
        Some(Command::User(command)) => user::run(command, &Database::of(cli.shared)?),
        Some(Command::Space(command)) => space::run(command, &Database::of(cli.shared)?),
        Some(Command::Token(command)) => token::run(command, &Database::of(cli.shared)?),
    }
}

fn serve(shared: SharedArgs, args: ServeArgs) -> Result<(), Failure> {
    variables_check();
    let settings = Settings::resolve(shared, args)?;
    telemetry::init(settings.log_format, settings.log.clone());
    server::serve(&settings)
}

/// Tells of variables that look like settings and are none; others than us may have set them, so that is no reason to fail.
fn variables_check() {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    variables_unknown(names).iter().for_each(|told| say(&format!("undb: {told}")));
}

/// A database that a command opens by itself.
struct Database(Settings);

impl Database {
    fn of(mut shared: SharedArgs) -> Result<Database, Failure> {
        // A command says itself what it does.
        variables_check();
        shared.log = shared.log.or_else(|| Some("warn".into()));
        let settings = Settings::resolve(shared, ServeArgs::default())?;
        telemetry::init(settings.log_format, settings.log.clone());
        Ok(Database(settings))
    }

    /// Opens it, or with `make` a new one if there is none, and runs `work` as the operator.
    fn with<F>(&self, make: bool, work: impl FnOnce(Arc<Core>, Operator) -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        let core =
            if make { server::database_open(&self.0)? } else { server::database_open_existing(&self.0)? };
        actix_web::rt::System::new().block_on(work(core, Operator::assume()))
    }
}

/// Prints a result. Whoever listens no more, as `head` does, has heard enough.
pub(crate) fn answer(text: &str) -> Result<(), Failure> {
    match print(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(unprinted),
    }
}

/// Prints a secret, which has to be heard: it is never shown again.
pub(crate) fn answer_secret(text: &str) -> Result<(), Failure> {
    print(text).map_err(unprinted)
}

fn print(text: &str) -> io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unprinted(error: io::Error) -> Failure {
    Failure::Failed(format!("The result can't be printed: {error}."))
}

/// Tells something that is no result. That nobody listens is no reason to fail.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_server_is_what_runs_without_a_command() {
        let cli = Cli::try_parse_from(["undb", "--demo", "--listen", "127.0.0.1:0"]).ok().unwrap();
        assert!(cli.command.is_none() && cli.serve.demo == Some(true));
        let cli = Cli::try_parse_from(["undb", "--data-dir", "x", "serve", "--demo=false"]).ok().unwrap();
        assert!(matches!(cli.command, Some(Command::Serve(args)) if args.demo == Some(false)));
    }

    #[test]
    fn a_copy_is_told_both_places() {
        for line in [
            ["undb", "--data-dir=x", "copy", "--from=a", "--to=b"],
            ["undb", "copy", "--data-dir=x", "--from=a", "--to=b"],
            ["undb", "--store=postgres://x/y", "copy", "--from=a", "--to=b"],
            ["undb", "copy", "--store-password-file=x", "--from=a", "--to=b"],
        ] {
            let matches = Cli::command().try_get_matches_from(line).unwrap();
            assert!(misplaced(&matches).is_some(), "{line:?}");
        }
    }

    #[test]
    fn a_flag_of_the_server_before_a_command_is_refused() {
        for (line, refused) in [
            (["undb", "--demo", "space", "list"], true),
            (["undb", "--demo", "serve", "--listen=a:1"], true),
            (["undb", "--data-dir=x", "space", "list"], false),
            (["undb", "copy", "--from=a", "--to=b"], false),
        ] {
            let matches = Cli::command().try_get_matches_from(line).unwrap();
            assert_eq!(misplaced(&matches).is_some(), refused, "{line:?}");
        }
    }
}
