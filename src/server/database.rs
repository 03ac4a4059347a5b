//! The data directory, or the store that is used in its place.

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

/// Where in the data directory the database is. A directory of its own: sled's files have names that say little, and the
/// data directory will hold other things too.
fn database_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("sled")
}

/// Opens the database in a data directory, and makes both if they are not there.
pub fn database_open(settings: &Settings) -> Result<Arc<Core>, Failure> {
    if let Some(store) = &settings.store {
        return open_store(settings, store);
    }
    let data_dir = &settings.data_dir;
    let dir = database_dir(data_dir);
    dir_make(&dir).map_err(|error| {
        Failure::Failed(format!("The data directory {} can't be written: {error}.", data_dir.display()))
    })?;
    open(settings, &dir)
}

/// Opens a database that has to be there.
pub fn database_open_existing(settings: &Settings) -> Result<Arc<Core>, Failure> {
    if let Some(store) = &settings.store {
        return open_store(settings, store);
    }
    let data_dir = &settings.data_dir;
    let dir = database_dir(data_dir);
    if !dir.join("db").is_file() {
        return Err(Failure::Failed(format!("There is no database in {}.", data_dir.display())));
    }
    open(settings, &dir)
}

/// Makes it for its owner alone; what is there already stays as it is.
fn dir_make(dir: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(dir)
}

fn open(settings: &Settings, dir: &Path) -> Result<Arc<Core>, Failure> {
    let options = Options { cache_bytes: settings.cache_bytes, ..Options::default() };
    let engine = Sled::open(dir, options).map_err(|error| engine_failure(&settings.data_dir, &error))?;
    core_open(settings, Arc::new(engine))
}

fn open_store(settings: &Settings, store: &Address) -> Result<Arc<Core>, Failure> {
    let engine = Postgres::open(store.clone()).map_err(|error| {
        Failure::Failed(format!("The database at {} can't be opened: {error}.", store.shown()))
    })?;
    core_open(settings, Arc::new(engine))
}

fn core_open(settings: &Settings, engine: Arc<dyn Engine>) -> Result<Arc<Core>, Failure> {
    let options = CoreOptions {
        memory_budget: settings.memory_budget_bytes,
        query_timeout: settings.query_timeout,
        ..CoreOptions::default()
    };
    Ok(Core::open(engine, options)?)
}

fn engine_failure(data_dir: &Path, error: &kv::Error) -> Failure {
    let data_dir = data_dir.display();
    match error {
        kv::Error::Held => Failure::Held(format!(
            "The database in {data_dir} is in use by another process, most likely a running server. Stop that first, or use its HTTP API."
        )),
        other => Failure::Failed(format!("The database in {data_dir} can't be opened: {other}.")),
    }
}
