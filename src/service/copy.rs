//! Copies of a whole database into another one, whatever engines the two are on.
//!
//! Rows go over in the order of their keys, in small transactions, each of which also writes how far the copy has come. One
//! that was stopped at any moment goes on there: the rows that the target says it holds are read from the source again, and
//! only if their number and hash are the same is the rest added to them. At the end all of the target is read back, and
//! only what hashes as the source did becomes a database.

use std::ops::ControlFlow;

use super::door::short_of_room;
use crate::access::Operator;
use crate::error::{Code, Error};
use crate::kv::{self, Engine, Keyspace, Outcome, Read, Receipt};
use crate::limits::{COPY_BYTES_MAX, COPY_ROWS_MAX};
use crate::store::copy::{
    Copied, Digest, Progress, content_scan, copy_finish, empty_step, is_empty, openable, progress_get,
    progress_put, source_name,
};
use crate::store::upgrade::Found;

/// What a copy is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Removes what an earlier copy left.
    Emptying,
    /// Reads from the source what the target holds already.
    Comparing,
    Copying,
    /// Reads all of the target back.
    Verifying,
}

/// Is told now and then how many rows of a stage are done.
pub type Watch<'a> = &'a dyn Fn(Stage, u64);

/// A copy that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Rows that were there already from a copy that was stopped.
    pub resumed: u64,
    pub rows: u64,
    /// Of keys and values.
    pub bytes: u64,
    /// The hash of the source as it was read, and of the target as it was read back.
    pub source: [u8; 32],
    pub target: [u8; 32],
}

/// Why there is no whole copy.
#[derive(Clone, Debug)]
pub enum Stopped {
    SourceEmpty,
    /// The target holds something, and no unfinished copy.
    TargetNotEmpty,
    /// The target holds an unfinished copy of another database.
    OtherSource,
    /// The source is no longer what the target's unfinished copy began with.
    SourceChanged,
    /// Somebody else writes into the target.
    Meddled,
    /// All was written, and the target does not read back as what was read from the source.
    Differs(Report),
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Stopped {
        Stopped::Failed(error)
    }
}

impl From<kv::Error> for Stopped {
    fn from(error: kv::Error) -> Stopped {
        Stopped::Failed(error.into())
    }
}

type Result<T> = std::result::Result<T, Stopped>;

/// Copies all that `from` holds into `to`, or goes on with that. `restart` begins anew where `to` holds an unfinished copy.
///
/// What changes in `from` meanwhile is not copied: it is read at one moment.
pub fn copy(
    _operator: Operator,
    from: &dyn Engine,
    to: &dyn Engine,
    restart: bool,
    watch: Watch<'_>,
) -> Result<Report> {
    let read = from.read()?;
    if openable(read.as_ref())? == Found::New {
        return Err(Stopped::SourceEmpty);
    }
    let source = source_name(read.as_ref())?;
    let held = begin(to, source, restart, watch)?;
    let resumed = held.rows;
    let mut copier = Copier::new(to, held, watch);
    let mut added = Ok(());
    content_scan(read.as_ref(), &mut |of, key, value| {
        added = copier.add(of, key, value);
        if added.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    added?;
    drop(read);
    finish(to, copier.end()?, resumed, watch)
}

/// Makes the target ready: what it holds of this copy already.
fn begin(to: &dyn Engine, source: [u8; 32], restart: bool, watch: Watch<'_>) -> Result<Copied> {
    if restart {
        let receipt = to.transact(b"", |txn| {
            if progress_get(&*txn)?.is_some() {
                progress_put(txn, &Progress::Emptying)?;
            }
            Ok::<_, Stopped>((Outcome::Keep, ()))
        });
        receipt.wait()??;
    }
    if progress_get(to.read()?.as_ref())? == Some(Progress::Emptying) {
        empty(to, watch)?;
    }
    let receipt = to.transact(b"", move |txn| match progress_get(&*txn)? {
        Some(Progress::Copying(held)) if held.source == source => {
            // Written though it is the same: on a network the last step of a copy that was killed may still be on its way to
            // the disk. Either it comes first and is seen, or this keeps it from being done.
            progress_put(txn, &Progress::Copying(held.clone()))?;
            Ok((Outcome::Keep, held))
        }
        Some(Progress::Copying(_)) => Err(Stopped::OtherSource),
        Some(Progress::Emptying) => Err(Stopped::Meddled),
        None if is_empty(&*txn)? => {
            let nothing = Digest::default().copied(source);
            progress_put(txn, &Progress::Copying(nothing.clone()))?;
            Ok((Outcome::Keep, nothing))
        }
        None => Err(Stopped::TargetNotEmpty),
    });
    receipt.wait()?
}

fn empty(to: &dyn Engine, watch: Watch<'_>) -> Result<()> {
    let mut removed = 0;
    loop {
        watch(Stage::Emptying, removed);
        let receipt = to.transact(b"", |txn| {
            // Whoever finds it empty already has nothing to do; what is not marked is nobody's to empty.
            let marked = progress_get(&*txn)? == Some(Progress::Emptying);
            let more = marked && empty_step(txn, COPY_ROWS_MAX)?;
            Ok::<_, Stopped>((Outcome::Keep, more))
        });
        if !receipt.wait()?? {
            return Ok(());
        }
        removed += COPY_ROWS_MAX as u64;
    }
}

/// Refuses to write where the target is not as this copy left it: two copies into one target would mix.
fn expect(read: &(impl Read + ?Sized), held: &Copied) -> Result<()> {
    match progress_get(read)? {
        Some(Progress::Copying(found)) if found == *held => Ok(()),
        _ => Err(Stopped::Meddled),
    }
}

/// A row that is to be written.
type Row = (Keyspace, Vec<u8>, Vec<u8>);

/// Takes rows over, one step after the other.
struct Copier<'a> {
    to: &'a dyn Engine,
    watch: Watch<'a>,
    /// What the target held at first, until as many rows have been read again.
    goal: Option<Copied>,
    /// What the target holds once all that was begun is done.
    held: Copied,
    /// Of every row that was read.
    digest: Digest,
    rows: Vec<Row>,
    bytes: usize,
    /// The step that is on its way to the disk, while the next one gathers.
    pending: Option<Receipt<Result<()>>>,
}

impl<'a> Copier<'a> {
    fn new(to: &'a dyn Engine, held: Copied, watch: Watch<'a>) -> Copier<'a> {
        let goal = Some(held.clone()).filter(|held| held.rows > 0);
        Copier { to, watch, goal, held, digest: Digest::default(), rows: Vec::new(), bytes: 0, pending: None }
    }

    fn add(&mut self, of: Keyspace, key: &[u8], value: &[u8]) -> Result<()> {
        self.digest.add(of, key, value);
        if let Some(goal) = &self.goal {
            if self.digest.rows.is_multiple_of(COPY_ROWS_MAX as u64) {
                (self.watch)(Stage::Comparing, self.digest.rows);
            }
            if self.digest.rows == goal.rows {
                if self.digest.copied(goal.source) != *goal {
                    return Err(Stopped::SourceChanged);
                }
                self.goal = None;
            }
            return Ok(());
        }
        self.rows.push((of, key.to_vec(), value.to_vec()));
        self.bytes += key.len() + value.len();
        if self.rows.len() >= COPY_ROWS_MAX || self.bytes >= COPY_BYTES_MAX {
            self.step()?;
        }
        Ok(())
    }

    /// Begins to write what was gathered, and waits for what was written before.
    fn step(&mut self) -> Result<()> {
        if let Some(reason) = short_of_room(self.to.stats().disk_free_bytes) {
            return Err(Error::new(Code::DiskFull, reason).retry_after(60).into());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let held = self.digest.copied(self.held.source);
        let (before, after) = (std::mem::replace(&mut self.held, held.clone()), held);
        let receipt = self.to.transact(b"", move |txn| {
            expect(&*txn, &before)?;
            rows.iter().for_each(|(of, key, value)| txn.put(*of, key, value));
            progress_put(txn, &Progress::Copying(after.clone()))?;
            Ok::<_, Stopped>((Outcome::Keep, ()))
        });
        let earlier = self.pending.replace(receipt);
        (self.watch)(Stage::Copying, self.digest.rows);
        earlier.map_or(Ok(()), |earlier| earlier.wait()?)
    }

    /// Writes the rest: what the target holds.
    fn end(mut self) -> Result<Copied> {
        // The source has fewer rows than were copied of it.
        if self.goal.is_some() {
            return Err(Stopped::SourceChanged);
        }
        if !self.rows.is_empty() {
            self.step()?;
        }
        if let Some(last) = self.pending.take() {
            last.wait()??;
        }
        Ok(self.held)
    }
}

/// Reads the target back, and makes it a database if it is what the source was.
fn finish(to: &dyn Engine, held: Copied, resumed: u64, watch: Watch<'_>) -> Result<Report> {
    let mut digest = Digest::default();
    content_scan(to.read()?.as_ref(), &mut |of, key, value| {
        digest.add(of, key, value);
        if digest.rows.is_multiple_of(COPY_ROWS_MAX as u64) {
            watch(Stage::Verifying, digest.rows);
        }
        ControlFlow::Continue(())
    })?;
    let target = digest.copied(held.source);
    let report =
        Report { resumed, rows: held.rows, bytes: held.bytes, source: held.hash, target: target.hash };
    if target != held {
        return Err(Stopped::Differs(report));
    }
    let receipt = to.transact(b"", move |txn| {
        expect(&*txn, &held)?;
        copy_finish(txn);
        Ok::<_, Stopped>((Outcome::Keep, ()))
    });
    receipt.wait()??;
    Ok(report)
}

#[cfg(test)]
mod tests;
