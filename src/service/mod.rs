//! Floor 7: use cases. One function each, in one transaction, without HTTP.
//!
//! A use case that writes runs inside [`once::commit_once`]: its body may be run again, owns what it needs, and is handed
//! the proof. What it relies on it reads inside the transaction, and it answers once all that is on the disk.

pub mod auth;
pub mod base;
pub mod caller;
pub mod copy;
pub mod demo;
pub mod describe;
pub mod door;
pub mod field;
mod field_records;
mod field_rules;
pub mod jobs;
pub mod lease;
pub mod login;
pub mod once;
pub mod password;
pub mod record;
pub mod record_aggregate;
pub mod record_bulk;
pub mod record_edit;
pub mod record_found;
pub mod record_list;
pub mod search;
pub mod session;
pub mod space;
pub mod table;
pub mod token;
mod token_meant;
mod upsert;
pub mod usage;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt;
use tokio::sync::Notify;

use crate::access::{Credentials, Inside};
use crate::clock::{Clock, Time};
use crate::error::{Error, Result};
use crate::id::Ids;
use crate::kv::{Engine, Outcome, Read};
use crate::limits::{ID_MARK_AHEAD_MS, MEMORY_BUDGET_DEFAULT, QUERY_SECONDS_DEFAULT};
use crate::model::instance::Instance;
use crate::query::catalog::Catalog;
use crate::query::columns::Held;
use crate::query::known::{Known, Lookup};
use crate::store;
use crate::store::upgrade::Found;

/// Everything that use cases share.
pub struct Core {
    pub engine: Arc<dyn Engine>,
    pub clock: Clock,
    pub ids: Ids,
    pub known: Known,
    /// Columns of tables, held for questions about many records.
    pub columns: Held,
    /// How long one question about many records may take.
    pub query_timeout: Duration,
    /// How many of them are worked on at once.
    pub(crate) searching: search::Lanes,
    pub door: door::Door,
    /// Whether this process runs the jobs that one is enough for.
    pub lease: lease::Lease,
    pub(crate) instance: Instance,
    /// Whether `--demo` filled it, which it may do while this is open.
    pub(crate) demo: AtomicBool,
    /// The one-time code of the first start, while there is no owner.
    pub(crate) setup_code: Mutex<Option<String>>,
    /// Wakes the sweeper.
    pub(crate) sweep: Notify,
    /// At most one session's last use is being written.
    pub(crate) touching: Arc<tokio::sync::Semaphore>,
    /// At most this many passwords are hashed at once: each takes 19 MiB.
    pub(crate) hashing: Arc<tokio::sync::Semaphore>,
}

/// How a core is opened.
#[derive(Debug)]
pub struct CoreOptions {
    pub clock: Clock,
    /// Makes ids repeatable, for tests.
    pub seed: Option<u64>,
    /// Bytes that the columns of all tables may take.
    pub memory_budget: usize,
    pub query_timeout: Duration,
}

impl Default for CoreOptions {
    fn default() -> CoreOptions {
        CoreOptions {
            clock: Clock::default(),
            seed: None,
            memory_budget: MEMORY_BUDGET_DEFAULT,
            query_timeout: Duration::from_secs(QUERY_SECONDS_DEFAULT),
        }
    }
}

impl Core {
    /// Opens a database, and makes a new one of an empty store.
    ///
    /// Errors: the database has a newer format or is an unfinished copy, and is left untouched; the engine fails.
    pub fn open(engine: Arc<dyn Engine>, options: CoreOptions) -> Result<Arc<Core>> {
        let now = options.clock.now();
        store::copy::openable(engine.read()?.as_ref())?;
        let fresh = Instance { created_at: now, key: rand::rng().random(), demo: false };
        let (shared, snapshots) = (engine.waits_on_network(), engine.snapshots_max());
        let receipt = engine.transact(b"", move |txn| {
            // Again, since on an engine that several processes share a copy may have begun meanwhile.
            if store::copy::openable(&*txn)? == Found::New {
                store::upgrade::format_put(txn);
                store::instance::instance_put(txn, &fresh)?;
            }
            // Above everything drawn before, and no further ahead of the clock than the mark was: were it written ahead of
            // itself, each start would take the ids three minutes further.
            let held = store::instance::id_mark_get(&*txn)?.unwrap_or(Time::from_millis(0));
            // Where other processes draw ids too, a mark as far ahead as theirs is no reason to go ahead of the clock: ids of
            // several processes sort by their clocks.
            let others = shared && held <= now.plus_millis(ID_MARK_AHEAD_MS);
            let floor = if others { now } else { held.plus_millis(1).max(now) };
            let mark = held.max(floor).max(now.plus_millis(ID_MARK_AHEAD_MS));
            store::instance::id_mark_put(txn, mark)?;
            let instance = store::instance::instance_get(&*txn)?;
            let instance = instance.ok_or_else(|| Error::internal("the database has no instance row"))?;
            Ok::<_, Error>((Outcome::Keep, (instance, floor, mark)))
        });
        let (instance, floor, mark) = receipt.wait()??;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Arc::new(Core {
            lease: lease::Lease::new(shared),
            engine,
            ids: Ids::new(floor, mark, options.seed),
            clock: options.clock,
            known: Known::default(),
            columns: Held::new(options.memory_budget),
            query_timeout: options.query_timeout,
            searching: search::Lanes::new(cores, snapshots),
            door: door::Door::default(),
            demo: AtomicBool::new(instance.demo),
            instance,
            setup_code: Mutex::default(),
            sweep: Notify::new(),
            touching: Arc::new(tokio::sync::Semaphore::new(1)),
            hashing: Arc::new(tokio::sync::Semaphore::new(2)),
        }))
    }

    /// What is known about callers now, for [`Caller`](crate::access::Caller) to ask inside of the door.
    pub(in crate::service) fn credentials(&self) -> impl Credentials + '_ {
        Lookup { known: &self.known, engine: self.engine.as_ref(), now: self.clock.now() }
    }

    /// Authenticates cursors.
    pub fn cursor_key(&self) -> &[u8; 32] {
        &self.instance.key
    }

    /// Whether a database was filled by `--demo`.
    pub fn is_demo(&self) -> bool {
        self.demo.load(Ordering::SeqCst)
    }

    /// The schema of a space as of now: for what goes through the door.
    pub(in crate::service) fn catalog(&self, place: &impl Inside) -> Result<Arc<Catalog>> {
        self.known.catalogs.now(self.engine.as_ref(), place.in_space())
    }

    /// The same for who has opened a snapshot already: over a network it takes no second one, since there are not many.
    pub(in crate::service) fn catalog_in(
        &self,
        read: &(impl Read + ?Sized),
        place: &impl Inside,
    ) -> Result<Arc<Catalog>> {
        self.known.catalogs.within(self.engine.as_ref(), read, place.in_space())
    }
}
