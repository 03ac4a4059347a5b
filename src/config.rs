//! Floor 9: the settings: where they come from, and what they may be.
//!
//! A setting has one name, spelled three ways: the flag `--data-dir`, the variable `UNDB_DATA_DIR`, and the key
//! `data_dir` in `undb.toml`. The flag beats the variable, the variable beats the file.

mod file;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::access::Password;
use crate::cli::Failure;
use crate::error::did_you_mean;
use crate::http;
use crate::kv::postgres::Address;
use crate::limits::{MEMORY_BUDGET_DEFAULT, QUERY_SECONDS_DEFAULT};
use crate::model::user::Email;
use crate::service::auth::Credentials;
use crate::telemetry::{LogFormat, filter_parse};

/// Settings of every command.
#[derive(Args, Clone, Debug, Default)]
pub struct SharedArgs {
    /// The settings file; `undb.toml` in the working directory if there is one
    #[arg(long, global = true, env = "UNDB_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the data is kept [default: ./data]
    #[arg(long, global = true, env = "UNDB_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// A PostgreSQL that the data is kept in instead of the data directory, as in `postgres://user@host/database`
    #[arg(long, global = true, env = "UNDB_STORE", value_name = "ADDRESS", hide_env_values = true)]
    pub store: Option<String>,
    /// A file with the password for that, so that it stands in no command line and no variable
    #[arg(long, global = true, env = "UNDB_STORE_PASSWORD_FILE", value_name = "FILE")]
    pub store_password_file: Option<PathBuf>,
    /// What is logged: a level, or levels by module as in `info,undb=debug` [default: info]
    #[arg(long, global = true, env = "UNDB_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// How it is logged [default: text]
    #[arg(long, global = true, env = "UNDB_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// Settings of the server.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// Where the server listens [default: 127.0.0.1:3721]
    #[arg(long, env = "UNDB_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Fill an empty data directory with a demo, and print a token for it
    #[arg(long, env = "UNDB_DEMO", value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new())]
    pub demo: Option<bool>,
    /// Memory for the database's cache, in MiB [default: 64]
    #[arg(long, env = "UNDB_CACHE_MIB", value_name = "MIB")]
    pub cache_mib: Option<u64>,
    /// Memory for columns of tables, which filters, sorts and aggregates run over, in MiB; past it they read the disk
    /// [default: 512]
    #[arg(long, env = "UNDB_MEMORY_BUDGET", value_name = "MIB")]
    pub memory_budget: Option<u64>,
    /// How long one list or aggregate may take, in seconds [default: 5]
    #[arg(long, env = "UNDB_QUERY_TIMEOUT", value_name = "SECONDS")]
    pub query_timeout: Option<f64>,
    /// Threads that answer requests [default: one for each core]
    #[arg(long, env = "UNDB_WORKERS", value_name = "COUNT")]
    pub workers: Option<usize>,
    /// Which requests are logged: with `errors` those with status 500 and above or over 1 s [default: errors]
    #[arg(long, env = "UNDB_LOG_REQUESTS", value_name = "WHICH")]
    pub log_requests: Option<LogRequests>,
    /// An origin whose pages may call the API, as in `https://app.example`; may be repeated
    #[arg(long, env = "UNDB_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    pub cors_origin: Option<Vec<String>>,
    /// A network whose `X-Forwarded-…` headers are believed, as in `10.0.0.0/8`; may be repeated
    #[arg(long, env = "UNDB_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Option<Vec<String>>,
}

/// Which requests are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogRequests {
    All,
    #[default]
    Errors,
    None,
}

impl From<LogRequests> for http::LogRequests {
    fn from(which: LogRequests) -> http::LogRequests {
        match which {
            LogRequests::All => http::LogRequests::All,
            LogRequests::Errors => http::LogRequests::Errors,
            LogRequests::None => http::LogRequests::None,
        }
    }
}

/// Sled and the HTTP layer tell much at the level `info` that is of use only to who works on them.
const LOG_DEFAULT: &str = "info,sled=warn,actix_server=warn,actix_http=warn";
const CACHE_MIB_MAX: u64 = 1 << 20;
const WORKERS_MAX: usize = 1024;
const QUERY_TIMEOUT_SECONDS_MAX: f64 = 3600.0;

/// The settings, all of them good.
#[derive(Debug)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// Where the data is kept, if not in the data directory.
    pub store: Option<Address>,
    pub listen: String,
    pub demo: bool,
    pub cache_bytes: u64,
    pub memory_budget_bytes: usize,
    pub query_timeout: Duration,
    pub workers: usize,
    pub log_format: LogFormat,
    pub log: EnvFilter,
    pub http: http::Settings,
}

impl Settings {
    /// Takes each setting from where it counts most, and checks it.
    pub fn resolve(shared: SharedArgs, serve: ServeArgs) -> Result<Settings, Failure> {
        let file = file::read(shared.config.as_deref())?;
        let log = shared.log.or(file.log).unwrap_or_else(|| LOG_DEFAULT.into());
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let origins = serve.cors_origin.or(file.cors_origin).unwrap_or_default();
        let proxies = serve.trusted_proxy.or(file.trusted_proxy).unwrap_or_default();
        Ok(Settings {
            data_dir: shared.data_dir.or(file.data_dir).unwrap_or_else(|| "data".into()),
            store: store_read(
                shared.store.or(file.store),
                shared.store_password_file.or(file.store_password_file),
            )?,
            listen: checked("listen", serve.listen.or(file.listen), "127.0.0.1:3721".into(), listen_check)?,
            demo: serve.demo.or(file.demo).unwrap_or(false),
            cache_bytes: checked("cache_mib", serve.cache_mib.or(file.cache_mib), 64, cache_check)?,
            memory_budget_bytes: checked(
                "memory_budget",
                serve.memory_budget.or(file.memory_budget),
                (MEMORY_BUDGET_DEFAULT >> 20) as u64,
                budget_check,
            )?,
            query_timeout: checked(
                "query_timeout",
                serve.query_timeout.or(file.query_timeout),
                Duration::from_secs(QUERY_SECONDS_DEFAULT).as_secs_f64(),
                timeout_check,
            )?,
            workers: checked(
                "workers",
                serve.workers.or(file.workers),
                cores.min(WORKERS_MAX),
                workers_check,
            )?,
            log_format: shared.log_format.or(file.log_format).unwrap_or_default(),
            log: filter_parse(&log).map_err(|fault| wrong("log", &fault))?,
            http: http::Settings {
                patience: http::Patience::default(),
                cors_origins: all("cors_origin", &origins, origin_parse)?,
                trusted_proxies: all("trusted_proxy", &proxies, proxy_parse)?,
                log_requests: serve.log_requests.or(file.log_requests).unwrap_or_default().into(),
                extra: Vec::new(),
            },
        })
    }
}

/// The address is never repeated: it may hold a password.
fn store_read(store: Option<String>, password_file: Option<PathBuf>) -> Result<Option<Address>, Failure> {
    let Some(store) = store else {
        return match password_file {
            Some(_) => Err(wrong("store_password_file", "there is no `store` that it is for")),
            None => Ok(None),
        };
    };
    let address = Address::parse(&store).map_err(|fault| wrong("store", &fault))?;
    let Some(path) = password_file else { return Ok(Some(address)) };
    let password = password_read(&path).map_err(|fault| wrong("store_password_file", &fault))?;
    Ok(Some(address.with_password(&password)))
}

/// A password that a file holds, with or without the end of its line.
pub fn password_read(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{} can't be read: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn wrong(setting: &str, fault: &str) -> Failure {
    Failure::Usage(format!("The setting `{setting}`: {fault}."))
}

fn checked<T, U>(
    setting: &str,
    given: Option<T>,
    default: T,
    check: fn(T) -> Result<U, String>,
) -> Result<U, Failure> {
    check(given.unwrap_or(default)).map_err(|fault| wrong(setting, &fault))
}

fn all<T>(setting: &str, given: &[String], parse: fn(&str) -> Result<T, String>) -> Result<Vec<T>, Failure> {
    given.iter().map(|one| parse(one.trim()).map_err(|fault| wrong(setting, &fault))).collect()
}

/// A host and a port; whether there is such a host turns out when it is listened on.
fn listen_check(text: String) -> Result<String, String> {
    let parts = text.rsplit_once(':');
    match parts {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text),
        _ => Err(format!("`{text}` is no address with a port, such as 127.0.0.1:3721 or [::1]:3721")),
    }
}

fn cache_check(mib: u64) -> Result<u64, String> {
    if (1..=CACHE_MIB_MAX).contains(&mib) {
        return Ok(mib << 20);
    }
    Err(format!("{mib} is not between 1 and {CACHE_MIB_MAX}"))
}

fn budget_check(mib: u64) -> Result<usize, String> {
    let bytes = usize::try_from(mib << 20).ok().filter(|_| (1..=CACHE_MIB_MAX).contains(&mib));
    bytes.ok_or_else(|| format!("{mib} is not between 1 and {CACHE_MIB_MAX}"))
}

fn timeout_check(seconds: f64) -> Result<Duration, String> {
    if (0.001..=QUERY_TIMEOUT_SECONDS_MAX).contains(&seconds) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(format!("{seconds} is not between 0.001 and {QUERY_TIMEOUT_SECONDS_MAX}"))
}

fn workers_check(count: usize) -> Result<usize, String> {
    if (1..=WORKERS_MAX).contains(&count) {
        return Ok(count);
    }
    Err(format!("{count} is not between 1 and {WORKERS_MAX}"))
}

/// An origin as a browser sends it.
fn origin_parse(text: &str) -> Result<String, String> {
    let origin = Url::parse(text).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
    match origin.map(|origin| origin.ascii_serialization()) {
        Some(origin) if text == origin || text.strip_suffix('/') == Some(&origin) => Ok(origin),
        Some(origin) => Err(format!("`{text}` is no origin; did you mean `{origin}`?")),
        None => Err(format!("`{text}` is no origin, such as https://app.example; each has to be named")),
    }
}

/// A network, or one address.
fn proxy_parse(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| format!("`{text}` is no network, such as 10.0.0.0/8, and no address"))
}

/// What to tell of variables that begin as settings do and are none, with the one that was probably meant.
pub fn variables_unknown(names: impl Iterator<Item = String>) -> Vec<String> {
    const OTHERS: [&str; 4] = ["UNDB_OWNER_EMAIL", "UNDB_OWNER_PASSWORD", "UNDB_PASSWORD", "UNDB_TOKEN"];
    let command = ServeArgs::augment_args(SharedArgs::augment_args(clap::Command::new("undb")));
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| Some(arg.get_env()?.to_string_lossy().into_owned()))
        .chain(OTHERS.map(str::to_owned))
        .collect();
    let mut unknown: Vec<_> =
        names.filter(|name| name.starts_with("UNDB_") && !known.contains(name)).collect();
    unknown.sort();
    let told = |name: &String| {
        let hint = did_you_mean(name, known.iter().map(String::as_str));
        format!("The variable `{name}` is no setting and was ignored.{hint}")
    };
    unknown.iter().map(told).collect()
}

/// The owner whom the environment names, for a first start without the setup step. No flags, since every user of the
/// machine can read a command line.
pub fn owner_read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>, Failure> {
    const EMAIL: &str = "UNDB_OWNER_EMAIL";
    const PASSWORD: &str = "UNDB_OWNER_PASSWORD";
    let (email, password) = match (variable(EMAIL), variable(PASSWORD)) {
        (None, None) => return Ok(None),
        (Some(email), Some(password)) => (email, password),
        (Some(_), None) => return Err(Failure::Usage(format!("{EMAIL} is set, and {PASSWORD} is not."))),
        (None, Some(_)) => return Err(Failure::Usage(format!("{PASSWORD} is set, and {EMAIL} is not."))),
    };
    let email = Email::parse(&email).map_err(|fault| Failure::Usage(format!("{EMAIL}: {fault}")))?;
    let password =
        Password::parse(&password).map_err(|fault| Failure::Usage(format!("{PASSWORD}: {fault}")))?;
    Ok(Some(Credentials { email, password }))
}

#[cfg(test)]
mod tests;
