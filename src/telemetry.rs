//! Floor 9: what the process tells about itself: lines on standard error, for people or for programs.
//!
//! Nothing here is ever given a secret: what must not be logged has no `Debug` and no `Display`.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Reads a filter as [`EnvFilter`] has it, but takes no bare word that is no level: it would be the name of a module,
/// and silence all others.
pub fn filter_parse(text: &str) -> Result<EnvFilter, String> {
    let is_level = |part: &str| LEVELS.contains(&part.to_ascii_lowercase().as_str());
    for part in text.split(',').map(str::trim).filter(|part| !part.contains(['=', '['])) {
        if !is_level(part) {
            return Err(format!("`{part}` is no level; there are {}", LEVELS.join(", ")));
        }
    }
    EnvFilter::try_new(text).map_err(|error| format!("`{text}` can't be read: {error}"))
}

/// Whether a line may be in the log, whatever is asked for: the client of PostgreSQL writes every key and value that goes to
/// the database into those below warnings.
fn tells(target: &str, level: Level) -> bool {
    !target.starts_with("tokio_postgres") || level <= Level::WARN
}

/// Starts the log. The first call in a process counts.
pub fn init(format: LogFormat, filter: EnvFilter) {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let telling = filter_fn(|line| tells(line.target(), *line.level()));
    let registry = tracing_subscriber::registry().with(filter).with(telling);
    let begun = match format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    if begun.is_ok() {
        std::panic::set_hook(Box::new(panic_log));
    }
}

/// A panic is a line of the log like any other, so that a program that reads the log sees it too.
fn panic_log(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    tracing::error!(at, "panic: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_a_database_is_in_no_log() {
        for (target, level, told) in [
            ("tokio_postgres::query", Level::DEBUG, false),
            ("tokio_postgres::connection", Level::INFO, false),
            ("tokio_postgres", Level::WARN, true),
            ("undb::http", Level::TRACE, true),
        ] {
            assert_eq!(tells(target, level), told, "{target} {level}");
        }
    }

    #[test]
    fn a_filter_is_levels_and_modules() {
        for right in ["info", "WARN", "undb=debug", "info,sled=warn", "off", "warn,[request]=info"] {
            assert!(filter_parse(right).is_ok(), "{right}");
        }
        for wrong in ["verbose", "undb", "", "undb=loud", "info,"] {
            assert!(filter_parse(wrong).is_err(), "{wrong}");
        }
    }
}
