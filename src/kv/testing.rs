//! An engine around an engine that breaks on cue, runs bodies twice and counts round trips. For tests of every floor.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::staged::Staging;
use super::{
    Body, Bytes, Durable, Each, Engine, Error, Keyspace, Outcome, Read, Result, Stats, Way, Write, lock,
};

/// What really becomes of a commit that answers [`Error::Unknown`]: whoever gets that answer must live with both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on the disk.
    Done,
    /// It is gone.
    Lost,
}

/// Round trips, inside bodies and outside. A discarded first run of a body is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of `get`, each for one key or many.
    pub gets: u64,
    /// Calls of `scan`.
    pub scans: u64,
    /// Transactions that were kept.
    pub commits: u64,
}

#[derive(Default)]
struct Counters {
    gets: AtomicU64,
    scans: AtomicU64,
    commits: AtomicU64,
}

impl Counters {
    fn add(&self, more: &Counts) {
        self.gets.fetch_add(more.gets, Ordering::SeqCst);
        self.scans.fetch_add(more.scans, Ordering::SeqCst);
        self.commits.fetch_add(more.commits, Ordering::SeqCst);
    }

    fn counts(&self) -> Counts {
        Counts {
            gets: self.gets.load(Ordering::SeqCst),
            scans: self.scans.load(Ordering::SeqCst),
            commits: self.commits.load(Ordering::SeqCst),
        }
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) {
        self.gets.fetch_add(1, Ordering::SeqCst);
        let of: Vec<u8> = keys.iter().map(|(of, _)| of.0).collect();
        step("get", &of);
    }

    fn scan(&self, of: Keyspace) {
        self.scans.fetch_add(1, Ordering::SeqCst);
        step("scan", &[of.0]);
    }
}

/// Tells what is done to keys of which keyspaces, for those who record a request's way.
fn step(what: &str, of: &[u8]) {
    tracing::trace!(target: "undb::walk", floor = "kv", of = ?of, "{what}");
}

/// The wrapper. All switches are off at first.
pub struct Testing {
    inner: Arc<dyn Engine>,
    twice: AtomicBool,
    network: AtomicBool,
    reruns: Arc<AtomicU64>,
    fail_next: Arc<Mutex<Option<Fate>>>,
    read_only: Arc<AtomicBool>,
    refuse_snapshots: AtomicBool,
    /// Bytes that are said to be free on the disk.
    disk_free: Mutex<Option<u64>>,
    /// Snapshots opened in an earlier epoch have expired.
    epoch: Arc<AtomicU64>,
    counters: Arc<Counters>,
}

impl Testing {
    /// Wraps an engine.
    pub fn new(inner: Arc<dyn Engine>) -> Self {
        Self {
            inner,
            twice: AtomicBool::default(),
            network: AtomicBool::default(),
            reruns: Arc::default(),
            fail_next: Arc::default(),
            read_only: Arc::default(),
            refuse_snapshots: AtomicBool::default(),
            disk_free: Mutex::default(),
            epoch: Arc::default(),
            counters: Arc::default(),
        }
    }

    /// Whether every body is run twice, the first time for nothing.
    pub fn run_twice(&self, on: bool) {
        self.twice.store(on, Ordering::SeqCst);
    }

    /// Whether it says that calls wait for a network, as an engine does that several processes share.
    pub fn wait_on_network(&self, on: bool) {
        self.network.store(on, Ordering::SeqCst);
    }

    /// The next commit answers [`Error::Unknown`], and from then on no write is taken, as after a failed flush.
    pub fn fail_next_commit(&self, fate: Fate) {
        *lock(&self.fail_next) = Some(fate);
    }

    /// Takes writes again, as if the engine had been opened anew.
    pub fn heal(&self) {
        *lock(&self.fail_next) = None;
        self.read_only.store(false, Ordering::SeqCst);
    }

    /// Whether opening a snapshot answers [`Error::Expired`].
    pub fn refuse_snapshots(&self, on: bool) {
        self.refuse_snapshots.store(on, Ordering::SeqCst);
    }

    /// Says that so many bytes are free on the disk; `None` for what the engine inside says.
    pub fn disk_free(&self, bytes: Option<u64>) {
        *lock(&self.disk_free) = bytes;
    }

    /// All open snapshots answer [`Error::Expired`] from now on.
    pub fn expire_snapshots(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
    }

    /// Round trips since the last reset.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// Sets all counts to zero.
    pub fn reset_counts(&self) {
        for counter in [&self.counters.gets, &self.counters.scans, &self.counters.commits] {
            counter.store(0, Ordering::SeqCst);
        }
    }
}

/// What became of a transaction, by its last run.
#[derive(Default)]
struct Ran {
    counts: Counts,
    fate: Option<Fate>,
}

impl Engine for Testing {
    fn waits_on_network(&self) -> bool {
        self.network.load(Ordering::SeqCst) || self.inner.waits_on_network()
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        self.counters.get(keys);
        self.inner.get(keys)
    }

    fn read(&self) -> Result<Box<dyn Read + Send + Sync>> {
        if self.refuse_snapshots.load(Ordering::SeqCst) {
            return Err(Error::Expired);
        }
        Ok(Box::new(Expiring {
            opened: self.epoch.load(Ordering::SeqCst),
            epoch: Arc::clone(&self.epoch),
            counters: Arc::clone(&self.counters),
            inner: self.inner.read()?,
        }))
    }

    fn write(&self, turn: &[u8], mut body: Body) -> Durable {
        if let Err(error) = self.writable() {
            return Durable::failed(error);
        }
        let ran = Arc::new(Mutex::new(Ran::default()));
        let (of_run, reruns, fail_next) = (ran.clone(), self.reruns.clone(), self.fail_next.clone());
        let (twice, read_only) = (self.twice.load(Ordering::SeqCst), self.read_only.clone());
        let durable = self.inner.write(
            turn,
            Box::new(move |txn| {
                if twice {
                    reruns.fetch_add(1, Ordering::SeqCst);
                    body(&mut Staging::over(&*txn));
                }
                let counters = Counters::default();
                let outcome = body(&mut Counted { inner: txn, counters: &counters });
                let kept = outcome == Outcome::Keep;
                let mut ran = lock(&of_run);
                ran.counts = Counts { commits: kept.into(), ..counters.counts() };
                // An engine may run this again: what was taken the first time stays taken.
                ran.fate = ran.fate.or_else(|| lock(&fail_next).take_if(|_| kept));
                if ran.fate.is_some() {
                    read_only.store(true, Ordering::SeqCst);
                }
                if ran.fate == Some(Fate::Lost) { Outcome::Drop } else { outcome }
            }),
        );
        let counters = self.counters.clone();
        durable.then(move |result| {
            let ran = lock(&ran);
            counters.add(&ran.counts);
            result?;
            match ran.fate {
                Some(_) => Err(Error::Unknown("a test made this commit fail".into())),
                None => Ok(()),
            }
        })
    }

    fn writable(&self) -> Result<()> {
        if self.read_only.load(Ordering::SeqCst) { Err(Error::ReadOnly) } else { self.inner.writable() }
    }

    fn stats(&self) -> Stats {
        let inner = self.inner.stats();
        let disk_free_bytes = lock(&self.disk_free).or(inner.disk_free_bytes);
        Stats { reruns: inner.reruns + self.reruns.load(Ordering::SeqCst), disk_free_bytes, ..inner }
    }
}

/// A transaction whose reads are counted.
struct Counted<'a> {
    inner: &'a mut dyn Write,
    counters: &'a Counters,
}

impl Read for Counted<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        self.counters.get(keys);
        self.inner.get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        self.counters.scan(of);
        self.inner.scan(of, range, way, each)
    }
}

impl Write for Counted<'_> {
    fn put(&mut self, of: Keyspace, key: &[u8], value: &[u8]) {
        step("put", &[of.0]);
        self.inner.put(of, key, value);
    }

    fn delete(&mut self, of: Keyspace, key: &[u8]) {
        step("delete", &[of.0]);
        self.inner.delete(of, key);
    }
}

/// A snapshot that expires on cue.
struct Expiring {
    opened: u64,
    epoch: Arc<AtomicU64>,
    counters: Arc<Counters>,
    inner: Box<dyn Read + Send + Sync>,
}

impl Expiring {
    fn check(&self) -> Result<()> {
        if self.epoch.load(Ordering::SeqCst) == self.opened { Ok(()) } else { Err(Error::Expired) }
    }
}

impl Read for Expiring {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        self.counters.get(keys);
        self.check()?;
        self.inner.get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        self.counters.scan(of);
        self.check()?;
        // Asked before every row, so that a test may expire a scan midway.
        let mut expired = Ok(());
        self.inner.scan(of, range, way, &mut |key, value| {
            expired = self.check();
            if expired.is_err() { ControlFlow::Break(()) } else { each(key, value) }
        })?;
        expired
    }
}
