//! Floor 1: bytes. What every storage engine promises, and nothing of what is stored in it.
//!
//! An [`Engine`] holds ordered keys in a few [`Keyspace`]s. Reading goes through [`Engine::get`] (one moment, newest
//! acknowledged) or a snapshot from [`Engine::read`]; writing goes through [`transact`](trait@Engine#method.transact): a body runs
//! on its own overlay, may be run again, and what it kept becomes one atomic commit. A commit has answered only once it
//! is on the disk, which is why the answer comes sealed in a [`Receipt`].
//!
//! The laws (one test each in `tests/kv_conformance`, run on every engine):
//!
//! - A snapshot never changes, never conflicts, and holds every commit acknowledged before it was opened.
//! - A body sees its own writes, has no effect outside the transaction, and may be run again, on a thread of the engine's:
//!   it owns what it needs. A local engine runs it before [`Engine::write`] returns; an engine over a network queues it, so
//!   that `write` never waits there, and may run it first only to learn what it reads. What a body panics with there ends
//!   its own caller, with [`Error::Broken`], and nobody else.
//! - Commits are serializable, all or nothing across keyspaces; the order in which they become durable is the order in
//!   which they were staged, so that a crash leaves a prefix.
//! - Readers see what is on the disk, writers see what is staged. Neither stops the other.
//! - A failed flush is [`Error::Unknown`] for all who waited for it, and [`Error::ReadOnly`] for every later writer.
//! - A snapshot that would hold too much history is ended with [`Error::Expired`].
//! - Keys are at most [`KEY_BYTES_MAX`], a transaction at most [`TRANSACTION_BYTES_MAX`]. Scans go in key order both ways.

mod attempt;
mod durable;
pub mod memory;
pub mod postgres;
pub mod sled;
mod staged;
pub mod testing;

use std::cell::Cell;
use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use attempt::attempt;
pub use bytes::Bytes;
pub use durable::{Durable, Receipt};

pub use crate::limits::{KEY_BYTES_MAX, TRANSACTION_BYTES_MAX};

/// A named part of the key space; the first byte of every key an engine stores. The last one, 255, is the engine's own:
/// a transaction that writes there fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyspace(pub u8);

impl Keyspace {
    const RESERVED: Self = Self(u8::MAX);
}

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the smallest key to the largest.
    Up,
    /// From the largest key to the smallest.
    Down,
}

/// What becomes of what a body wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is committed.
    Keep,
    /// It is forgotten.
    Drop,
}

/// What every call answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Done or not done: the flush that covered this commit failed. Never run again.
    #[error("it is not known whether the commit reached the disk: {0}")]
    Unknown(String),
    /// Not done: an earlier flush failed, and the engine takes no more writes until it is opened anew.
    #[error("the engine is read-only since a flush failed")]
    ReadOnly,
    /// The snapshot would hold too much history; open a new one and start again.
    #[error("the snapshot has expired")]
    Expired,
    /// Not done: a key of this many bytes.
    #[error("a key of {0} bytes is too long, at most {KEY_BYTES_MAX} are possible")]
    KeyTooLong(usize),
    /// Not done: a transaction of this many bytes.
    #[error("a transaction of {0} bytes is too large, at most {TRANSACTION_BYTES_MAX} are possible")]
    TooLarge(usize),
    /// Another process holds the directory.
    #[error("another process is using the database")]
    Held,
    /// What is on the disk is not what this engine wrote.
    #[error("stored bytes do not fit: {0}")]
    Corrupt(String),
    /// Not done: the store can't be reached at the moment. The engine goes on trying by itself.
    #[error("the store is away: {0}")]
    Away(String),
    /// Only within [`attempt`]: what was asked for is on its way.
    #[error("the answer to this read is on its way")]
    Wanted,
    /// The store below failed in some other way. In a body or before a commit it means: not done.
    #[error("{0}")]
    Broken(String),
}

/// Figures for `/metrics`; all since the engine was opened, but for the gauges.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Commits acknowledged.
    pub commits: u64,
    /// Flushes to the disk, each of which covered one commit or more.
    pub flushes: u64,
    /// Bodies run again.
    pub reruns: u64,
    /// Groups that waited for their turn, which another process had.
    pub lock_waits: u64,
    /// Gauge: snapshots open now.
    pub snapshots: u64,
    /// Gauge: bytes of old values kept for them.
    pub history_bytes: u64,
    /// Gauge: bytes on the disk.
    pub disk_bytes: u64,
    /// Round trips to the store.
    pub round_trips: u64,
    /// Gauge: connections that are in use.
    pub connections_used: u64,
    /// Gauge: bytes that are free on that disk, if that can be known.
    pub disk_free_bytes: Option<u64>,
}

/// A snapshot and what was read in it first.
pub type Opened = (Box<dyn Read + Send + Sync>, Vec<Option<Bytes>>);

/// What runs in a transaction, once or more often.
pub type Body = Box<dyn FnMut(&mut dyn Write) -> Outcome + Send>;

/// A store of ordered bytes. See the module for its laws.
pub trait Engine: Send + Sync {
    /// Whether a call may wait for a network, so that it belongs on the blocking pool.
    fn waits_on_network(&self) -> bool;

    /// How many snapshots may be open at once, if that is bounded. Who asks for one more waits for it.
    fn snapshots_max(&self) -> Option<usize> {
        None
    }

    /// The values of several keys at one moment, the newest acknowledged. One round trip, however many.
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>>;

    /// A snapshot: everything acknowledged until now, and nothing later.
    fn read(&self) -> Result<Box<dyn Read + Send + Sync>>;

    /// A snapshot, and the values of several keys in it. An engine over a network does both in one round trip.
    fn read_with(&self, keys: &[(Keyspace, &[u8])]) -> Result<Opened> {
        let read = self.read()?;
        let values = read.get(keys)?;
        Ok((read, values))
    }

    /// Runs `body` in a transaction. `turn` says what it contends on (a table's prefix): a hint, never needed for
    /// correctness. What goes wrong is told by what is answered. Use [`transact`](trait@Engine#method.transact), which
    /// cannot be used wrongly.
    fn write(&self, turn: &[u8], body: Body) -> Durable;

    /// Whether writes are taken: `Err` says why not.
    fn writable(&self) -> Result<()>;

    /// Figures, cheap to ask for.
    fn stats(&self) -> Stats;
}

/// What a scan calls with each key and value.
pub type Each<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Reading at one moment.
pub trait Read {
    /// The values of several keys, in the order asked. One round trip, however many.
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>>;

    /// Calls `each` with every key of `range` and its value, in key order, until it breaks. A range that ends where or
    /// before it starts holds nothing.
    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()>;
}

/// Reading and writing inside a transaction; reads see what it wrote.
pub trait Write: Read {
    /// Sets the value. What is too long or too much is answered by the commit, which then keeps nothing.
    fn put(&mut self, of: Keyspace, key: &[u8], value: &[u8]);
    /// Removes the key, if it is there.
    fn delete(&mut self, of: Keyspace, key: &[u8]);
}

impl dyn Engine + '_ {
    /// Runs `body` in a transaction, once or more often, and seals what it answered until that is on the disk.
    ///
    /// An `Err` of the body drops what it wrote; it waits too, since it may rest on what another writer staged.
    pub fn transact<T: Send + 'static, E: From<Error> + Send + 'static>(
        &self,
        turn: &[u8],
        body: impl Fn(&mut dyn Write) -> std::result::Result<(Outcome, T), E> + Send + 'static,
    ) -> Receipt<std::result::Result<T, E>> {
        let answer = Arc::new(Mutex::new(None));
        let filled = Arc::clone(&answer);
        let body = move |txn: &mut dyn Write| {
            let (outcome, answered) = match body(txn) {
                Ok((outcome, value)) => (outcome, Ok(value)),
                Err(error) => (Outcome::Drop, Err(error)),
            };
            // That of the last run is the one that counts.
            *lock(&filled) = Some(answered);
            outcome
        };
        Receipt::new(answer, self.write(turn, Box::new(body)))
    }
}

thread_local! {
    static ANSWERS_MANY: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread answers many callers in turn, so that none may make it wait for a network. Where debug assertions
/// are on, as in tests, an engine that is to wait here panics instead.
pub fn never_wait_here() {
    ANSWERS_MANY.set(true);
}

/// For engines over a network, where they wait.
fn may_wait_here() -> bool {
    !ANSWERS_MANY.get()
}

/// Locks, whatever became of other holders: every holder leaves its state whole before it runs code that may panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
