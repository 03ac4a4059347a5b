//! One group's transaction: what was fetched in it, and its end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;

use super::count;
use super::learn::Values;
use super::link::{Batch, Fault, Link, Rows};
use super::pool::Pool;
use super::reader::{each_of, range_of};
use super::setup::Mark;
use super::wait::wait_for;
use crate::kv::staged::{Changes, stored_key};
use crate::kv::{Bytes, Each, Error, Keyspace, Read, Result, Way};

const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// The transaction. It begins with its first statement.
pub(super) struct Txn<'a> {
    pool: &'a Pool,
    link: &'a Link,
    mark: &'a Mark,
    begun: Cell<bool>,
    /// Whether what ends it was sent.
    ended: Cell<bool>,
    turn: Turn,
    /// Whether another process had its turn then.
    pub(super) waited: Cell<bool>,
    pub(super) fetched: RefCell<Values>,
    /// What went wrong with a read inside a body, which that body can't be trusted to hand on.
    fault: RefCell<Option<Fault>>,
}

/// How a transaction keeps out of other processes' way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Not at all: who is in another one's way is run again.
    Free,
    /// It queues with those that do so too before it begins.
    Queued,
    /// It lets nobody else write at all: they were in its way again and again.
    Alone,
}

/// How a transaction ended that did not fail before its end.
pub(super) enum Ended {
    Done,
    /// The connection was lost: it is to be found out.
    Lost(String),
}

impl<'a> Txn<'a> {
    pub(super) fn new(pool: &'a Pool, link: &'a Link, mark: &'a Mark, turn: Turn) -> Self {
        Self {
            pool,
            link,
            mark,
            begun: Cell::new(false),
            ended: Cell::new(false),
            turn,
            waited: Cell::new(false),
            fetched: RefCell::default(),
            fault: RefCell::default(),
        }
    }

    fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        count(&self.pool.counters().round_trips, 1);
        wait_for(self.pool.handle(), future)
    }

    /// Fetches keys, and begins along with that; the mark row is always among the first, so that the snapshot is taken.
    pub(super) fn fetch(&self, wanted: &BTreeSet<Bytes>) -> std::result::Result<(), Fault> {
        let mut keys: Vec<&[u8]> = wanted.iter().map(|key| &**key).collect();
        let rows = if self.begun.replace(true) {
            self.wait(self.link.get(&keys))
        } else {
            keys.push(&self.mark.key);
            self.wait(async {
                // Locks come first: a snapshot taken before them would be older than what the one before has written.
                let (locked, begun, alone, rows) =
                    tokio::join!(self.lock(), self.link.run(BEGIN), self.alone(), self.link.get(&keys));
                locked.and(begun).and(alone).and(rows)
            })
        };
        let mut fetched = self.fetched.borrow_mut();
        fetched.extend(wanted.iter().map(|key| (key.clone(), None)));
        fetched.extend(rows?.into_iter().map(|(key, value)| (key, Some(value))));
        fetched.remove(&self.mark.key);
        Ok(())
    }

    async fn lock(&self) -> std::result::Result<(), Fault> {
        if self.turn != Turn::Free && self.link.lock().await? {
            self.waited.set(true);
            count(&self.pool.counters().lock_waits, 1);
        }
        Ok(())
    }

    async fn alone(&self) -> std::result::Result<(), Fault> {
        if self.turn == Turn::Alone { self.link.alone().await } else { Ok(()) }
    }

    /// Ends it by a statement, and gives back what it queued by.
    async fn end(
        &self,
        statement: impl Future<Output = std::result::Result<(), Fault>>,
    ) -> std::result::Result<(), Fault> {
        self.ended.set(true);
        if self.turn == Turn::Free {
            return statement.await;
        }
        let (ended, _) = tokio::join!(statement, self.link.unlock());
        ended
    }

    /// What went wrong inside a body.
    pub(super) fn take_fault(&self) -> Option<Fault> {
        self.fault.take()
    }

    /// Keeps a fault, and says something to the body that stops it.
    fn failed(&self, fault: Fault) -> Error {
        // The first one counts: after it the transaction refuses everything.
        self.fault.borrow_mut().get_or_insert(fault);
        Error::Away("the transaction is run again".into())
    }

    /// Writes everything and commits, in one round trip.
    pub(super) fn commit(&self, changes: &Changes, number: u64) -> std::result::Result<Ended, Fault> {
        if changes.is_empty() {
            // What was read has to be true; nothing is lost with the connection.
            return if self.begun.get() {
                self.wait(self.end(self.link.commit())).map(|()| Ended::Done)
            } else {
                Ok(Ended::Done)
            };
        }
        if !self.begun.get() {
            self.fetch(&BTreeSet::new())?;
        }
        let number = number.to_be_bytes();
        let mut keys: Vec<&[u8]> = Vec::new();
        let (mut values, mut deleted) = (keys.clone(), keys.clone());
        for (key, value) in changes.iter() {
            match value {
                Some(value) => {
                    keys.push(key);
                    values.push(value);
                }
                None => deleted.push(key),
            }
        }
        // The last key of all, since its keyspace is.
        keys.push(&self.mark.key);
        values.push(&number);
        let ended = self.wait(async {
            // Each statement has its own end, and COMMIT after a failed one is a ROLLBACK without an error.
            if deleted.is_empty() {
                let (put, done) = tokio::join!(self.link.put(&keys, &values), self.end(self.link.commit()));
                put.and(done)
            } else {
                let (put, gone, done) = tokio::join!(
                    self.link.put(&keys, &values),
                    self.link.delete(&deleted),
                    self.end(self.link.commit())
                );
                put.and(gone).and(done)
            }
        });
        match ended {
            Ok(()) => Ok(Ended::Done),
            Err(Fault::Lost(reason)) => Ok(Ended::Lost(reason)),
            Err(other) => Err(other),
        }
    }

    /// Ends it without effect, so that the connection can be used again.
    pub(super) fn drop_all(&self) {
        let open = self.begun.get() && !self.ended.get() && self.link.is_good();
        if open && self.wait(self.end(self.link.run("ROLLBACK"))).is_err() {
            self.link.give_up();
        }
    }

    fn scan_all(
        &self,
        of: Keyspace,
        range: &Range<&[u8]>,
        way: Way,
        each: &mut Each<'_>,
    ) -> std::result::Result<(), Fault> {
        let Some(mut rest) = range_of(of, range, way) else { return Ok(()) };
        if !self.begun.get() {
            self.fetch(&BTreeSet::new())?;
        }
        let mut batch = Batch::FIRST;
        loop {
            let rows: Rows = self.wait(self.link.scan(&rest, batch))?;
            if each_of(&rows, each).is_break() {
                return Ok(());
            }
            let (Some((last, _)), Some(next)) = (rows.last(), batch.next(&rows)) else { return Ok(()) };
            rest = rest.after(last);
            batch = next;
        }
    }
}

impl Read for Txn<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        let stored: Vec<Bytes> = keys.iter().map(|(of, key)| stored_key(*of, key).into()).collect();
        let missing: BTreeSet<Bytes> = {
            let fetched = self.fetched.borrow();
            stored.iter().filter(|key| !fetched.contains_key(*key)).cloned().collect()
        };
        if !missing.is_empty() {
            self.fetch(&missing).map_err(|fault| self.failed(fault))?;
        }
        let fetched = self.fetched.borrow();
        Ok(stored.iter().map(|key| fetched.get(key).cloned().flatten()).collect())
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        self.scan_all(of, &range, way, each).map_err(|fault| self.failed(fault))
    }
}
