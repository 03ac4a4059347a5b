//! From a body to the disk. Bodies run one at a time and stage what they keep; one thread takes what is staged, as one
//! group, to the disk, and meanwhile the next group gathers. So one flush serves everyone who waits.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::history::{History, Moment, Old};
use super::journal::Journal;
use super::pieces::{Tree, encode};
use super::reader::View;
use crate::kv::durable::Group;
use crate::kv::staged::{Changes, Overlay, Staging};
use crate::kv::{Body, Durable, Error, Result, TRANSACTION_BYTES_MAX, lock};

/// Bytes that may be staged behind a flush before the next body waits for it.
const STAGED_BYTES_MAX: usize = TRANSACTION_BYTES_MAX;

/// What the engine, its committer and its snapshots share.
pub(super) struct Shared {
    pub(super) tree: Tree,
    pub(super) history: History,
    pub(super) commits: AtomicU64,
    pub(super) flushes: AtomicU64,
    /// For tests: makes the next flush fail.
    pub(super) fail_next_flush: AtomicBool,
    /// For tests: whoever holds this holds up the flushes.
    pub(super) gate: Mutex<()>,
    /// Sled's log. Its own flush does not survive a power cut, a sync of this file does.
    log: File,
    area: Mutex<Area>,
    /// There is something to commit, or the engine is closing.
    work: Condvar,
    /// The staged group was taken.
    room: Condvar,
    poisoned: AtomicBool,
}

/// The staging area.
#[derive(Default)]
struct Area {
    staged: Staged,
    /// The group on its way to the disk.
    applying: Option<Applying>,
    /// The committer sleeps and is to be woken.
    idle: bool,
    closing: bool,
}

#[derive(Default)]
struct Staged {
    changes: Changes,
    group: Arc<Group>,
    commits: u64,
}

#[derive(Clone)]
struct Applying {
    changes: Arc<Changes>,
    group: Arc<Group>,
    commits: u64,
}

impl Area {
    /// Covers everything that a body which ran just now may have read.
    fn newest(&self) -> Durable {
        if !self.staged.changes.is_empty() {
            return Durable::with(&self.staged.group);
        }
        self.applying.as_ref().map_or_else(Durable::ready, |applying| Durable::with(&applying.group))
    }
}

impl Shared {
    pub(super) fn new(tree: Tree, log: File, history: History) -> Self {
        Self {
            tree,
            history,
            commits: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            fail_next_flush: AtomicBool::new(false),
            gate: Mutex::default(),
            log,
            area: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            poisoned: AtomicBool::new(false),
        }
    }

    /// Bytes that are free on the disk, for one who is not root.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        #[cfg(unix)]
        {
            let room = rustix::fs::fstatvfs(&self.log).ok()?;
            room.f_bavail.checked_mul(room.f_frsize)
        }
        #[cfg(not(unix))]
        {
            None
        }
    }

    pub(super) fn log_bytes(&self) -> u64 {
        self.log.metadata().map_or(0, |metadata| metadata.len())
    }

    pub(super) fn writable(&self) -> Result<()> {
        if self.poisoned.load(Ordering::SeqCst) { Err(Error::ReadOnly) } else { Ok(()) }
    }

    /// Runs a body and stages what it keeps.
    pub(super) fn write(&self, mut body: Body) -> Result<Durable> {
        let mut area = self.enter()?;
        let changes = self.run(&area, &mut body)?;
        if let Some(changes) = changes {
            area.staged.changes.absorb(changes);
            area.staged.commits += 1;
        }
        let durable = area.newest();
        let wake = !area.staged.changes.is_empty() && std::mem::take(&mut area.idle);
        drop(area);
        if wake {
            self.work.notify_one();
        }
        Ok(durable)
    }

    /// Waits for the turn to run a body.
    fn enter(&self) -> Result<MutexGuard<'_, Area>> {
        let mut area = lock(&self.area);
        loop {
            self.writable()?;
            if area.staged.changes.bytes() < STAGED_BYTES_MAX {
                return Ok(area);
            }
            area = self.room.wait(area).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lays the body over what is staged, that over what is on its way to the disk, and that over the visible moment.
    fn run(&self, area: &Area, body: &mut Body) -> Result<Option<Changes>> {
        let marked = Marked { history: &self.history, moment: self.history.open_writer() };
        let visible = View { tree: &self.tree, history: &self.history, moment: marked.moment };
        let nothing = Changes::default();
        let applying = area.applying.as_ref().map_or(&nothing, |applying| &applying.changes);
        let applying = Overlay { changes: applying, under: &visible };
        let staged = Overlay { changes: &area.staged.changes, under: &applying };
        let mut staging = Staging::over(&staged);
        let outcome = body(&mut staging);
        staging.finish(outcome)
    }

    /// The committer's life: takes group after group to the disk, until the engine is closed or a group fails.
    pub(super) fn commit_until_closed(&self, mut journal: Journal) {
        let mut number = 0;
        while let Some(applying) = self.take() {
            number += 1;
            // Sled panics where it finds itself inconsistent; whoever waits must hear of that, too.
            let stored =
                catch_unwind(AssertUnwindSafe(|| self.store(number, &applying.changes, &mut journal)))
                    .unwrap_or_else(|_| Err(Error::Broken("sled panicked".into())));
            if let Err(error) = stored {
                return self.poison(&applying, &error);
            }
            self.history.complete(number);
            self.commits.fetch_add(applying.commits, Ordering::Relaxed);
            // Those who wait are told before the area is asked for: a body that runs holds it, perhaps for seconds, and they
            // do not rest on it. A body that still finds this group as the one on its way reads the same through it, since
            // its moment is visible, and what it waits for is ready at once. The moment must be visible before anyone is
            // told, so that who was answered reads what was written.
            applying.group.finish(Ok(()));
            lock(&self.area).applying = None;
        }
    }

    /// Asks the committer to end once everything staged is on the disk.
    pub(super) fn close(&self) {
        lock(&self.area).closing = true;
        self.work.notify_one();
    }

    fn take(&self) -> Option<Applying> {
        let mut area = lock(&self.area);
        while area.staged.changes.is_empty() {
            if area.closing {
                return None;
            }
            area.idle = true;
            area = self.work.wait(area).unwrap_or_else(PoisonError::into_inner);
        }
        area.idle = false;
        let Staged { changes, group, commits } = std::mem::take(&mut area.staged);
        let applying = Applying { changes: Arc::new(changes), group, commits };
        area.applying = Some(applying.clone());
        drop(area);
        self.room.notify_all();
        Some(applying)
    }

    fn store(&self, number: u64, changes: &Changes, journal: &mut Journal) -> Result<()> {
        let olds = self.prepare(changes, journal)?;
        self.history.publish(number, olds);
        let journaled = journal.append()?;
        if journaled {
            journal.apply(&self.tree.0)?;
        } else {
            journal.apply_whole(&self.tree.0)?;
        }
        drop(lock(&self.gate));
        if self.fail_next_flush.swap(false, Ordering::SeqCst) {
            return Err(Error::Broken("a test made this flush fail".into()));
        }
        if !journaled {
            self.tree.0.flush()?;
            self.log.sync_data().map_err(|error| Error::Broken(format!("cannot sync the log: {error}")))?;
            journal.restart()?;
        }
        self.flushes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Makes a group and reads what it overwrites; sled's batch lock, which stops all readers, is not yet held.
    fn prepare(&self, changes: &Changes, journal: &mut Journal) -> Result<Vec<Old>> {
        let mut olds = Vec::new();
        journal.begin();
        for (key, new) in changes.iter() {
            // Only this thread changes sled, so nothing is torn here.
            let old = self.tree.get(key)?.settled(key)?;
            if old != *new {
                encode(journal, key, old.as_ref(), new.as_ref())?;
                olds.push((key.clone(), old));
            }
        }
        Ok(olds)
    }

    /// Ends writing: what became of this group nobody knows, and what was staged behind it may rest on it. The visible
    /// moment stays where it is, and the history keeps the failed group out of every reader's sight.
    fn poison(&self, applying: &Applying, error: &Error) {
        let staged = {
            let mut area = lock(&self.area);
            self.poisoned.store(true, Ordering::SeqCst);
            std::mem::take(&mut area.staged)
        };
        self.room.notify_all();
        for group in [&applying.group, &staged.group] {
            group.finish(Err(Error::Unknown(error.to_string())));
        }
    }
}

/// The mark of the body that runs, taken away even if it panics.
struct Marked<'a> {
    history: &'a History,
    moment: Moment,
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        self.history.close(self.moment);
    }
}
