//! `undb copy`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Database, Failure, answer, say};
use crate::access::Operator;
use crate::config::password_read;
use crate::error::Code;
use crate::server::{Place, engine_open, engine_open_existing};
use crate::service::copy::{Report, Stage, Stopped, copy};

/// For the cache of each of the two: every key is read once and in order, so that a larger one only takes memory, several
/// times what it is said to hold.
const CACHE_BYTES_MAX: u64 = 8 << 20;

// Places are read by `run`, since what clap says of a value that is wrong repeats it, and an address may hold a password.
#[derive(Args)]
pub struct CopyArgs {
    /// The database that is copied: a data directory, or an address `postgres://…`
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// A file with the password for the address that `--from` is, so that it stands in no command line
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// Where it is copied to: a data directory or an address `postgres://…`, empty or not there yet, or with an unfinished copy of
    /// the same database
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// A file with the password for the address that `--to` is
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
    /// Empty an unfinished copy first, and begin anew
    #[arg(long)]
    restart: bool,
}

pub fn run(args: &CopyArgs, database: &Database) -> Result<(), Failure> {
    let from = &place("from", &args.from, args.from_password_file.as_deref())?;
    let to = &place("to", &args.to, args.to_password_file.as_deref())?;
    if from.is_same(to) {
        return Err(Failure::Usage(format!("A database can't be copied to where it is: {from}.")));
    }
    let cache_bytes = database.0.cache_bytes.min(CACHE_BYTES_MAX);
    let source = engine_open_existing(from, cache_bytes)?;
    let target = engine_open(to, cache_bytes)?;
    let (began, bar) = (Instant::now(), progress_bar());
    let watch = |stage, rows| {
        bar.set_message(doing(stage));
        bar.set_position(rows);
    };
    let done = copy(Operator::assume(), source.as_ref(), target.as_ref(), args.restart, &watch);
    bar.finish_and_clear();
    match done {
        Ok(report) => told(&report, began.elapsed().as_secs_f64()),
        Err(stopped) => Err(failure(stopped, from, to)),
    }
}

/// Reads what the flag `--name` says, and its password.
fn place(name: &str, text: &str, password_file: Option<&Path>) -> Result<Place, Failure> {
    let place = Place::parse(text).map_err(|fault| Failure::Usage(format!("`--{name}`: {fault}.")))?;
    let Some(path) = password_file else { return Ok(place) };
    let wrong = |fault: &str| Failure::Usage(format!("`--{name}-password-file`: {fault}."));
    match place {
        Place::Store(address) => {
            let password = password_read(path).map_err(|fault| wrong(&fault))?;
            Ok(Place::Store(Box::new(address.with_password(&password))))
        }
        Place::Directory(_) => Err(wrong(&format!("`--{name}` is a directory, which has no password"))),
    }
}

/// Shows on a terminal how far the copy is; how much there is nobody knows before it was read.
fn progress_bar() -> ProgressBar {
    // It draws on standard error, and nothing if that is no terminal.
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} rows, {per_sec}, {elapsed}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

const fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Emptying => "Removing an unfinished copy:",
        Stage::Comparing => "Reading what was copied already:",
        Stage::Copying => "Copying:",
        Stage::Verifying => "Reading the copy back:",
    }
}

#[expect(clippy::cast_precision_loss, reason = "a speed for people")]
fn told(report: &Report, seconds: f64) -> Result<(), Failure> {
    if report.resumed > 0 {
        say(&format!("Went on after {} rows that had been copied before.", report.resumed));
    }
    let speed = report.rows as f64 / seconds.max(0.001);
    answer(&format!(
        "{} rows, {} bytes, {seconds:.1} s, {speed:.0} rows/s, source {}, target {}",
        report.rows,
        report.bytes,
        hex(report.source),
        hex(report.target)
    ))
}

fn hex(hash: [u8; 32]) -> String {
    blake3::Hash::from_bytes(hash).to_hex().to_string()
}

fn failure(stopped: Stopped, from: &Place, to: &Place) -> Failure {
    match stopped {
        Stopped::SourceEmpty => Failure::Failed(format!("There is no database in {from}.")),
        Stopped::TargetNotEmpty => Failure::Failed(format!(
            "{to} holds something already, and no unfinished copy. It was left as it is; name another place with `--to`."
        )),
        Stopped::OtherSource => Failure::Failed(format!(
            "{to} holds an unfinished copy of another database than the one in {from}. Use `--restart` to empty it and begin anew."
        )),
        Stopped::SourceChanged => Failure::Failed(format!(
            "The database in {from} has changed since the unfinished copy in {to} was begun. Use `--restart` to empty that and begin anew."
        )),
        Stopped::Meddled => {
            Failure::Held(format!("Another process is writing into {to}, most likely another `undb copy`."))
        }
        Stopped::Differs(report) => Failure::Failed(format!(
            "The copy in {to} does not read back as what was read from {from}: source {}, target {}. It stays an unfinished copy; see to the disk, then use `--restart`.",
            hex(report.source),
            hex(report.target)
        )),
        Stopped::Failed(error) if error.retry_after.is_some() => {
            let why = error.cause().map(|cause| format!(" ({})", cause.for_log())).unwrap_or_default();
            let lost = format!("The connection to {from} or {to} was lost{why}.");
            let why = if error.code == Code::Unavailable { lost } else { Failure::from(error).to_string() };
            Failure::Failed(format!(
                "{why} What was copied stays; run the same command again, which goes on with it."
            ))
        }
        Stopped::Failed(error) => error.into(),
    }
}
