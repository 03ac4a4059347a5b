//! Where databases are, and how they are opened.

use std::fmt;
use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::Failure;
use crate::config::Settings;
use crate::kv::postgres::{Address, Postgres};
use crate::kv::sled::{Options, Sled};
use crate::kv::{self, Engine};
use crate::service::{Core, CoreOptions};

/// Where a database is.
#[derive(Clone)]
pub enum Place {
    /// A data directory.
    Directory(PathBuf),
    /// A store over a network.
    Store(Box<Address>),
}

impl Place {
    /// Reads what a user calls a place.
    pub fn parse(text: &str) -> Result<Place, String> {
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => {
                Address::parse(text).map(|address| Place::Store(Box::new(address)))
            }
            Some((scheme, _)) => Err(format!("undb knows no stores that are reached by `{scheme}://`")),
            None if text.is_empty() => Err("a place is not empty".into()),
            None => Ok(Place::Directory(text.into())),
        }
    }

    /// Whether both are the same, as far as that shows from outside.
    pub fn is_same(&self, other: &Place) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        match (self, other) {
            (Place::Directory(own), Place::Directory(other)) => {
                own == other || real(own).is_some_and(|own| Some(own) == real(other))
            }
            (Place::Store(own), Place::Store(other)) => own.is_same(other),
            _ => false,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Directory(path) => path.display().fmt(f),
            Place::Store(address) => f.write_str(&address.shown()),
        }
    }
}

/// Where in the data directory the database is. A directory of its own: sled's files have names that say little, and the
/// data directory will hold other things too.
fn database_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("sled")
}

/// Opens the database in a data directory, and makes both if they are not there.
pub fn database_open(settings: &Settings) -> Result<Arc<Core>, Failure> {
    core_open(settings, engine_open(&place(settings), settings.cache_bytes)?)
}

/// Opens a database that has to be there.
pub fn database_open_existing(settings: &Settings) -> Result<Arc<Core>, Failure> {
    core_open(settings, engine_open_existing(&place(settings), settings.cache_bytes)?)
}

/// Where the settings say that it is.
pub fn place(settings: &Settings) -> Place {
    match &settings.store {
        Some(address) => Place::Store(Box::new(address.clone())),
        None => Place::Directory(settings.data_dir.clone()),
    }
}

/// Opens what holds a database, and makes it if it is not there.
pub fn engine_open(place: &Place, cache_bytes: u64) -> Result<Arc<dyn Engine>, Failure> {
    let data_dir = match place {
        Place::Directory(data_dir) => data_dir,
        Place::Store(address) => {
            let engine =
                Postgres::open((**address).clone()).map_err(|error| engine_failure(place, &error))?;
            return Ok(Arc::new(engine));
        }
    };
    let dir = database_dir(data_dir);
    dir_make(&dir)
        .map_err(|error| Failure::Failed(format!("The data directory {place} can't be written: {error}.")))?;
    let options = Options { cache_bytes, ..Options::default() };
    let engine = Sled::open(&dir, options).map_err(|error| engine_failure(place, &error))?;
    Ok(Arc::new(engine))
}

/// Opens what has to be there; whether it holds a database shows when that is looked at.
pub fn engine_open_existing(place: &Place, cache_bytes: u64) -> Result<Arc<dyn Engine>, Failure> {
    if let Place::Directory(data_dir) = place
        && !database_dir(data_dir).join("db").is_file()
    {
        return Err(Failure::Failed(format!("There is no database in {place}.")));
    }
    engine_open(place, cache_bytes)
}

/// Makes it for its owner alone; what is there already stays as it is.
fn dir_make(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

fn core_open(settings: &Settings, engine: Arc<dyn Engine>) -> Result<Arc<Core>, Failure> {
    let options = CoreOptions {
        memory_budget: settings.memory_budget_bytes,
        query_timeout: settings.query_timeout,
        ..CoreOptions::default()
    };
    Ok(Core::open(engine, options)?)
}

fn engine_failure(place: &Place, error: &kv::Error) -> Failure {
    match error {
        kv::Error::Held => Failure::Held(format!(
            "The database in {place} is in use by another process, most likely a running server. Stop that first, or use its HTTP API."
        )),
        other => Failure::Failed(format!("The database at {place} can't be opened: {other}.")),
    }
}
