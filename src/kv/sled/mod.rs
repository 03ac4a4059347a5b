//! The engine on the local disk, on sled 0.34, which has neither snapshots nor a commit that survives a power cut, so
//! that both are made here.
//!
//! - `open.rs`: the directory and its lock.
//! - `keys.rs`, `pieces.rs`: keys and values in sled's one tree; `apply_batch` is atomic in one tree only.
//! - `history.rs`: old values, and with them snapshots; `reader.rs` reads through it.
//! - `committer.rs`: staging, group commit, and what happens when a flush fails.
//! - `journal.rs`: what the last groups wrote, so that sled need not be flushed for each.

mod committer;
mod history;
mod journal;
mod keys;
mod open;
mod pieces;
mod reader;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};
use std::thread::JoinHandle;

use self::committer::Shared;
use self::history::History;
use self::journal::Journal;
use self::open::Release;
use self::pieces::Tree;
use self::reader::{Snapshot, newest};
use super::{Body, Bytes, Durable, Engine, Error, Keyspace, Read, Result, Stats, lock};
use crate::limits::HISTORY_BYTES_MAX;

/// How to open the engine.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Memory for sled's pages.
    pub cache_bytes: u64,
    /// Memory for old values before the oldest snapshots expire.
    pub history_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, history_bytes: HISTORY_BYTES_MAX }
    }
}

/// The engine. Dropping it commits what is staged and lets go of the directory, unless a snapshot is still open: then the
/// last one does.
pub struct Sled {
    // In this order: the committer ends, sled closes, and then the directory must be free.
    _committer: Committer,
    shared: Arc<Shared>,
    _release: Release,
}

impl Sled {
    /// Opens the database in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::Held`] if the directory is in use, and stays so for two seconds.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self> {
        let (db, log, journal) = open::open(path.as_ref(), &options)?;
        let lock = log.try_clone().ok();
        let shared = Arc::new(Shared::new(Tree(db), log, History::new(options.history_bytes)));
        let release = Release { lock, shared: Arc::downgrade(&shared) };
        let committer = Committer::start(&shared, journal)?;
        Ok(Self { _committer: committer, shared, _release: release })
    }

    /// For tests: the next flush fails.
    #[doc(hidden)]
    pub fn fail_next_flush(&self) {
        self.shared.fail_next_flush.store(true, Ordering::SeqCst);
    }

    /// For tests: nothing is flushed until the guard is dropped. What was committed before that is applied to sled, but
    /// neither acknowledged nor visible.
    #[doc(hidden)]
    pub fn hold_flushes(&self) -> MutexGuard<'_, ()> {
        lock(&self.shared.gate)
    }
}

impl Engine for Sled {
    fn waits_on_network(&self) -> bool {
        false
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        newest(&self.shared, keys)
    }

    fn read(&self) -> Result<Box<dyn Read + Send + Sync>> {
        Ok(Box::new(Snapshot::open(&self.shared)))
    }

    fn write(&self, _turn: &[u8], body: Body) -> Durable {
        self.shared.write(body).unwrap_or_else(Durable::failed)
    }

    fn writable(&self) -> Result<()> {
        self.shared.writable()
    }

    fn stats(&self) -> Stats {
        let (snapshots, history_bytes) = self.shared.history.gauges();
        Stats {
            commits: self.shared.commits.load(Ordering::Relaxed),
            flushes: self.shared.flushes.load(Ordering::Relaxed),
            snapshots,
            history_bytes,
            disk_bytes: self.shared.log_bytes(),
            disk_free_bytes: self.shared.free_bytes(),
            ..Stats::default()
        }
    }
}

/// The thread that takes commits to the disk.
struct Committer {
    shared: Option<Arc<Shared>>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    fn start(shared: &Arc<Shared>, journal: Journal) -> Result<Self> {
        let own = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("committer".into())
            .spawn(move || own.commit_until_closed(journal))
            .map_err(|error| Error::Broken(format!("cannot start the committer: {error}")))?;
        Ok(Self { shared: Some(Arc::clone(shared)), thread: Some(thread) })
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.close();
        }
        // A panic of that thread has been answered to those who waited.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
