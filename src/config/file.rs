//! `undb.toml`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Deserialize;

use super::{LogRequests, ServeArgs, SharedArgs};
use crate::cli::Failure;
use crate::error::did_you_mean;
use crate::telemetry::LogFormat;

const NAME: &str = "undb.toml";

/// What the file may hold: one key for each flag. A key that is not known has been refused before this is read.
#[derive(Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "a flag says what kind of thing it takes")]
pub struct File {
    pub data_dir: Option<PathBuf>,
    pub store: Option<String>,
    pub store_password_file: Option<PathBuf>,
    pub log: Option<String>,
    pub log_format: Option<LogFormat>,
    pub listen: Option<String>,
    pub demo: Option<bool>,
    pub cache_mib: Option<u64>,
    pub memory_budget: Option<u64>,
    pub query_timeout: Option<f64>,
    pub workers: Option<usize>,
    pub log_requests: Option<LogRequests>,
    pub cors_origin: Option<Vec<String>>,
    pub trusted_proxy: Option<Vec<String>>,
}

/// Reads the file that was named, or the one in the working directory if there is one.
pub fn read(named: Option<&Path>) -> Result<File, Failure> {
    let path = named.unwrap_or(Path::new(NAME));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text).map_err(|fault| Failure::Usage(format!("{}: {fault}", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(File::default()),
        Err(error) => Err(Failure::Usage(format!("{} can't be read: {error}.", path.display()))),
    }
}

/// The keys that there are: the names of the flags.
pub fn keys() -> Vec<String> {
    let command = ServeArgs::augment_args(SharedArgs::augment_args(clap::Command::new("undb")));
    let ids = command.get_arguments().map(|arg| arg.get_id().to_string());
    ids.filter(|id| id != "config").collect()
}

pub fn parse(text: &str) -> Result<File, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error| fault(text, &error))?;
    let keys = keys();
    let unknown = table.keys().filter(|key| !keys.contains(key)).map(|key| {
        let hint = did_you_mean(key, keys.iter().map(String::as_str));
        format!("There is no setting `{key}`.{hint}")
    });
    let unknown: Vec<_> = unknown.collect();
    if !unknown.is_empty() {
        return Err(unknown.join("\n  "));
    }
    // From the text again, since its faults then come with their line.
    toml::from_str(text).map_err(|error| fault(text, &error))
}

/// What is wrong, and in which line; the line itself may hold a password.
fn fault(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    format!("line {}: {}", before.matches('\n').count() + 1, error.message())
}
