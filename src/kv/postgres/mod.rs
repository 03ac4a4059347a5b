//! The engine over the PostgreSQL protocol: one table `undb_kv(k, v)` in a database that others already operate. Several
//! processes may use it at once.
//!
//! - `address.rs`: what `--store` says, and TLS. `home.rs`: connecting, the first host that takes writes wins.
//! - `link.rs`: one connection with its statements, and what its errors mean. `pool.rs`: connections of snapshots, and
//!   whether the store is away.
//! - `setup.rs`: the table, its format number, and the row by which a lost commit is found out.
//! - `gets.rs`: gets that wait at the same time travel together. `reader.rs`: snapshots.
//! - `writer.rs`: the group writer; `learn.rs`: what bodies read; `txn.rs`: one group's transaction; `fence.rs`: what became
//!   of a commit whose connection was lost.
//!
//! Every group is one SERIALIZABLE transaction: BEGIN and one get of all that its bodies read, then the bodies on what was
//! fetched, then their writes and COMMIT together: two round trips, however many bodies. The snapshot is always taken in
//! the first of them: who overwrites the group's mark row afterwards has fenced it.

mod address;
mod fence;
mod gets;
mod home;
mod learn;
mod link;
mod pool;
mod reader;
mod setup;
mod txn;
mod wait;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

pub use self::address::Address;
use self::gets::Gets;
use self::home::Home;
use self::pool::Pool;
use self::reader::Snapshot;
use self::wait::wait_for;
use self::writer::Writer;
use super::attempt;
use super::durable::Group;
use super::staged::stored_key;
use super::{Body, Bytes, Durable, Engine, Error, Keyspace, Opened, Read, Result, Stats};

/// How long the start may take: somebody's work on the table, or a standby that does not answer, may be in its way.
const SETUP_PATIENCE: Duration = Duration::from_secs(30);

/// The engine. Dropping it finishes the groups that are queued.
pub struct Postgres {
    // In this order: the writer ends, and then what it ran on.
    writer: Writer,
    gets: Gets,
    pool: Arc<Pool>,
    runtime: Option<Runtime>,
}

/// What is counted.
#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    groups: AtomicU64,
    reruns: AtomicU64,
    lock_waits: AtomicU64,
    round_trips: AtomicU64,
    snapshots: AtomicU64,
}

fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Postgres {
    /// Connects, and makes the table if it is not there.
    pub fn open(address: Address) -> Result<Self> {
        let broken = |error: std::io::Error| Error::Broken(format!("cannot start a runtime: {error}"));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(broken)?;
        let handle = runtime.handle().clone();
        let counters = Arc::new(Counters::default());
        let home = Arc::new(Home::new(address, Arc::clone(&counters))?);
        let slow =
            || Error::Away("the database did not answer in time while its table was looked for".into());
        let opened =
            wait_for(&handle, async { tokio::time::timeout(SETUP_PATIENCE, setup::make(&home)).await });
        let mark = opened.map_err(|_| slow())??;
        let pool = Pool::new(home, handle.clone(), Arc::clone(&counters));
        let gets = Gets::start(&pool);
        let writer = Writer::start(&pool, mark).map_err(broken)?;
        Ok(Self { writer, gets, pool, runtime: Some(runtime) })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.writer.close();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Engine for Postgres {
    fn waits_on_network(&self) -> bool {
        true
    }

    fn snapshots_max(&self) -> Option<usize> {
        Some(self.pool.home().address.pool)
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Bytes> = keys.iter().map(|(of, key)| stored_key(*of, key).into()).collect();
        let send = || self.gets.get(keys.clone());
        if let Some(answer) = attempt::get(&keys, || Box::pin(send())) {
            return answer;
        }
        wait_for(self.pool.handle(), send())
    }

    fn read(&self) -> Result<Box<dyn Read + Send + Sync>> {
        if attempt::must_not_wait() {
            return Err(Error::Wanted);
        }
        Ok(Box::new(Snapshot::open(&self.pool, &[])?.0))
    }

    fn read_with(&self, keys: &[(Keyspace, &[u8])]) -> Result<Opened> {
        if attempt::must_not_wait() {
            return Err(Error::Wanted);
        }
        let (snapshot, values) = Snapshot::open(&self.pool, keys)?;
        Ok((Box::new(snapshot), values))
    }

    fn write(&self, _turn: &[u8], body: Body) -> Durable {
        if let Some(reason) = self.pool.away() {
            return Durable::failed(Error::Away(reason));
        }
        let group = Arc::new(Group::default());
        let durable = Durable::with(&group);
        self.writer.submit(body, group);
        durable
    }

    fn writable(&self) -> Result<()> {
        self.pool.away().map_or(Ok(()), |reason| Err(Error::Away(reason)))
    }

    fn stats(&self) -> Stats {
        let counters = self.pool.counters();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            commits: read(&counters.commits),
            flushes: read(&counters.groups),
            reruns: read(&counters.reruns),
            lock_waits: read(&counters.lock_waits),
            snapshots: read(&counters.snapshots),
            round_trips: read(&counters.round_trips),
            connections_used: self.pool.used(),
            ..Stats::default()
        }
    }
}
