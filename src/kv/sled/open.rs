//! Opening and leaving the database's directory.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, Instant};

use ::sled::{Config, Db};

use super::Options;
use super::committer::Shared;
use super::journal::Journal;
use crate::kv::{Error, Result};

/// How long to wait for a directory to be let go: a process that was just killed may still hold it.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// Opens sled in `path`, with its log and the journal. When this has answered, sled holds what the journal held, and the
/// names of the files are on the disk.
pub(super) fn open(path: &Path, options: &Options) -> Result<(Db, File, Journal)> {
    let path = std::path::absolute(path).map_err(|error| broken("find", path, &error))?;
    let existing = path.ancestors().find(|dir| dir.exists()).map(Path::to_path_buf);
    let config = Config::new().path(&path).cache_capacity(options.cache_bytes).flush_every_ms(None);
    let db = open_patiently(&path, &config)?;
    let log = file_open(&path.join("db"), false)?;
    let journal = Journal::open(file_open(&path.join("journal"), true)?, &db, &log)?;
    sync_names(&path, existing)?;
    Ok((db, log, journal))
}

fn file_open(path: &Path, create: bool) -> Result<File> {
    let opened = File::options().read(true).write(true).create(create).truncate(false).open(path);
    opened.map_err(|error| broken("open", path, &error))
}

fn open_patiently(path: &Path, config: &Config) -> Result<Db> {
    let start = Instant::now();
    loop {
        snapshots_tidy(path)?;
        match config.open() {
            Err(error) if !is_held(&error) => return Err(error.into()),
            Err(_) if start.elapsed() >= PATIENCE => return Err(Error::Held),
            Err(_) => std::thread::sleep(PAUSE),
            Ok(db) => return Ok(db),
        }
    }
}

/// Removes the snapshots of sled's page table that can't be read: those still being written (`.generating`) when a start
/// ended, as it does on a full disk, and finished ones that are newer than one that is whole.
///
/// Sled takes the last file by name, an unfinished one too, and where it can't read that one refuses the database. With an
/// older one it reads more of the log. Without any it may not find the end of its log, since it has given segments free that
/// it knew from the snapshot to be superseded; then it takes the database for empty and overwrites it. So if there are
/// finished ones, and none is whole, nothing is touched.
fn snapshots_tidy(path: &Path) -> Result<()> {
    // Held by another process, these files may be good soon, and opening will say that it is held.
    match File::open(path.join("db")) {
        Ok(log) if log.try_lock().is_err() => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        _ => {}
    }
    let files = path.read_dir().map_err(|error| broken("read", path, &error))?.flatten();
    let named =
        |file: &PathBuf| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"snap."));
    let (mut bad, mut finished): (Vec<_>, Vec<_>) = files
        .map(|file| file.path())
        .filter(named)
        .partition(|file| file.extension().is_some_and(|extension| extension == "generating"));
    finished.sort();
    let newest = finished.last().cloned();
    while let Some(last) = finished.last().map(|last| snapshot_is_whole(last)).transpose()? {
        if last {
            break;
        }
        bad.extend(finished.pop());
    }
    if let (Some(newest), true) = (newest, finished.is_empty()) {
        return Err(Error::Corrupt(format!("{} can't be read; restore it from a backup", newest.display())));
    }
    bad.iter().try_for_each(|file| snapshot_remove(file))
}

fn snapshot_remove(file: &Path) -> Result<()> {
    tracing::warn!(file = %file.display(), "an incomplete snapshot is removed; more of the log is read instead");
    std::fs::remove_file(file).map_err(|error| broken("remove", file, &error))
}

/// Whether a snapshot ends in its length, eight bytes, and the checksum of what stands before both, four.
fn snapshot_is_whole(file: &Path) -> Result<bool> {
    let bytes = std::fs::read(file).map_err(|error| broken("read", file, &error))?;
    let Some((rest, sum)) = bytes.split_last_chunk::<4>() else { return Ok(false) };
    let Some((content, _)) = rest.split_last_chunk::<8>() else { return Ok(false) };
    Ok(!content.is_empty() && crc32fast::hash(content) == u32::from_le_bytes(*sum))
}

/// Sled tells a held lock from other failures by its words only.
fn is_held(error: &::sled::Error) -> bool {
    matches!(error, ::sled::Error::Io(io) if io.to_string().starts_with("could not acquire lock"))
}

/// Syncs the files and every directory that may be new. Sled syncs none of them.
fn sync_names(path: &Path, existing: Option<PathBuf>) -> Result<()> {
    for file in ["conf", "db", "journal"].map(|name| path.join(name)) {
        sync(&file)?;
    }
    if cfg!(unix) {
        // An earlier process may have made `path` and died before it synced the parent.
        let parent = path.parent().map(Path::to_path_buf);
        let last = existing.filter(|existing| existing != path).or(parent);
        for dir in path.ancestors() {
            sync(dir)?;
            if last.as_deref().is_none_or(|last| last == dir) {
                break;
            }
        }
    }
    Ok(())
}

fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| broken("sync", path, &error))
}

fn broken(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::Broken(format!("cannot {what} {}: {error}", path.display()))
}

/// Dropped last, waits until sled's background threads have let go of the directory. Does not wait while snapshots are
/// open, which hold it too.
pub(super) struct Release {
    pub(super) lock: Option<File>,
    pub(super) shared: Weak<Shared>,
}

impl Drop for Release {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        let start = Instant::now();
        while self.shared.strong_count() == 0 && lock.try_lock().is_err() && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
