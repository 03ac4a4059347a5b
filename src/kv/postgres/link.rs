//! One connection with its statements, and what its errors mean.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, SimpleQueryMessage, Statement};

use super::address::Address;
use crate::kv::{Bytes, Error, Result, Way};

/// How long a statement may take that writes or scans, on this side: nothing on the other side cancels a COMMIT that waits
/// for a standby.
const PATIENCE: Duration = Duration::from_secs(30);
/// The same for what needs no time. Shorter than any failover takes: what a primary that was replaced meanwhile would have
/// answered is not waited for.
const PATIENCE_SHORT: Duration = Duration::from_secs(10);

/// What a plan could do wrong with a table that has grown since: the index is always the way. Who waits for a lock that
/// long waits for a process that is gone, or for an operator's work on the table. And whoever lets commits be acknowledged
/// before they are on the disk has not thought of this table.
const SETTINGS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET plan_cache_mode = force_generic_plan; \
    SET jit = off; SET lock_timeout = '3s'; SET idle_in_transaction_session_timeout = '300s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

const GET: &str = "SELECT k, v FROM undb_kv WHERE k = ANY($1)";
const UP: &str = "SELECT k, v FROM undb_kv WHERE k >= $1 AND k < $2 ORDER BY k LIMIT $3";
const DOWN: &str = "SELECT k, v FROM undb_kv WHERE k >= $1 AND k < $2 ORDER BY k DESC LIMIT $3";
/// The same for batches of many rows: none after so many bytes of values, since nobody knows how large the rows are that
/// come next. It takes the database a little longer, which the first few rows of a scan are spared.
const UP_BOUNDED: &str = "SELECT k, v FROM (\
    SELECT k, v, sum(octet_length(v)) OVER (ORDER BY k ROWS UNBOUNDED PRECEDING) - octet_length(v) AS earlier FROM (\
    SELECT k, v FROM undb_kv WHERE k >= $1 AND k < $2 ORDER BY k LIMIT $3) AS rows) AS summed \
    WHERE earlier < $4 ORDER BY k";
const DOWN_BOUNDED: &str = "SELECT k, v FROM (\
    SELECT k, v, sum(octet_length(v)) OVER (ORDER BY k DESC ROWS UNBOUNDED PRECEDING) - octet_length(v) AS earlier FROM (\
    SELECT k, v FROM undb_kv WHERE k >= $1 AND k < $2 ORDER BY k DESC LIMIT $3) AS rows) AS summed \
    WHERE earlier < $4 ORDER BY k DESC";
/// Of a connection that writes, others wait for what it holds; its machine may be gone without a word.
const WRITER_SETTINGS: &str = "SET idle_in_transaction_session_timeout = '20s'";
const PUT: &str = "INSERT INTO undb_kv (k, v) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
    ON CONFLICT (k) DO UPDATE SET v = excluded.v";
const DELETE: &str = "DELETE FROM undb_kv WHERE k = ANY($1)";
const HOLD: &str = "SELECT v FROM undb_kv WHERE k = $1 FOR UPDATE";

/// Why a statement did not do what it was asked.
#[derive(Debug)]
pub(super) enum Fault {
    /// Not done, since another transaction was in the way.
    Again(String),
    /// Not done, since a lock was not to be had in time.
    Locked(String),
    /// The connection is of no more use; what it was asked last may be done or not.
    Lost(String),
    /// Not done, and trying again is of no use.
    Broken(String),
}

impl Fault {
    pub(super) fn text(self) -> String {
        match self {
            Self::Again(text) | Self::Locked(text) | Self::Lost(text) | Self::Broken(text) => text,
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = said(&error);
        let Some(code) = error.code() else { return Self::Lost(text) };
        match *code {
            SqlState::LOCK_NOT_AVAILABLE => Self::Locked(text),
            // What comes after a statement that failed is refused until the end of the transaction.
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::IN_FAILED_SQL_TRANSACTION => Self::Again(text),
            // CockroachDB says so of a commit that it can't tell of; a server that has become a standby takes no writes.
            SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN | SqlState::READ_ONLY_SQL_TRANSACTION => {
                Self::Lost(text)
            }
            // Ended by the operator, shutting down, starting up, too many connections, no room.
            _ if ["57", "08", "53"].iter().any(|class| code.code().starts_with(class)) => Self::Lost(text),
            // No such transaction any more, as after an idle time too long.
            _ if code.code().starts_with("25") => Self::Lost(text),
            _ => Self::Broken(text),
        }
    }
}

/// Whether it says that another server may be the right one by now, and not only that this connection is of no more use.
fn is_of_the_server(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| {
        let ends = [
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
        ];
        ends.contains(code) || code.code().starts_with("08")
    })
}

/// What the database said, in one line.
pub(super) fn said(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => format!("{} ({})", said.message(), said.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// A connection, and the task that it lives in.
pub(super) struct Raw {
    pub(super) client: Client,
    pub(super) task: AbortHandle,
}

/// Ends the task of a connection that is given up: it would wait for answers that may never come.
struct Given(Option<AbortHandle>);

impl Drop for Given {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

/// Which connections are believed: those that were begun since one was lost last. Another server may have taken over then,
/// and the one that the others lead to does not know.
#[derive(Clone, Default)]
pub(super) struct Trust {
    newest: Arc<AtomicU64>,
    own: u64,
}

impl Trust {
    /// For a connection that is begun now.
    pub(super) fn renewed(&self) -> Self {
        Self { newest: Arc::clone(&self.newest), own: self.newest.load(Ordering::SeqCst) }
    }

    fn stands(&self) -> bool {
        self.newest.load(Ordering::SeqCst) == self.own
    }

    /// Ends it for all that were begun before now.
    fn end(&self) {
        let _ = self.newest.compare_exchange(self.own, self.own + 1, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// A connection with its statements.
pub(super) struct Link {
    client: Client,
    task: AbortHandle,
    trust: Trust,
    get: Statement,
    up: [Statement; 2],
    down: [Statement; 2],
    put: Statement,
    delete: Statement,
    hold: Statement,
    /// What takes and gives back the lock that processes queue by, if they do.
    lock: Option<[String; 2]>,
    settings: bool,
    broken: AtomicBool,
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.broken.load(Ordering::Relaxed) {
            // It would wait for answers that may never come.
            self.task.abort();
        }
    }
}

/// Keys and values, in the order of the keys or not.
pub(super) type Rows = Vec<(Bytes, Bytes)>;

/// The end of a range that a scan has not come to yet.
#[derive(Clone)]
pub(super) struct Rest {
    pub(super) start: Vec<u8>,
    pub(super) end: Vec<u8>,
    pub(super) way: Way,
}

/// How much of a range is asked for at once.
#[derive(Clone, Copy)]
pub(super) struct Batch {
    pub(super) rows: usize,
    /// Bytes of values after which no further row is taken.
    pub(super) bytes: Option<usize>,
}

impl Batch {
    /// A scan's first one: many scans stop early.
    pub(super) const FIRST: Self = Self { rows: 64, bytes: None };
    const ROWS_MAX: usize = 1024;
    const BYTES: usize = 2 << 20;

    /// What to ask for after `rows` have come; `None` if they were the last ones.
    pub(super) fn next(self, rows: &Rows) -> Option<Self> {
        let bytes: usize = rows.iter().map(|(_, value)| value.len()).sum();
        let is_full = rows.len() == self.rows || self.bytes.is_some_and(|most| bytes >= most);
        is_full.then(|| Self { rows: (self.rows * 4).min(Self::ROWS_MAX), bytes: Some(Self::BYTES) })
    }
}

impl Rest {
    /// What is left after `last`.
    pub(super) fn after(mut self, last: &[u8]) -> Self {
        match self.way {
            Way::Up => {
                self.start = last.to_vec();
                self.start.push(0);
            }
            Way::Down => self.end = last.to_vec(),
        }
        self
    }
}

impl Link {
    pub(super) async fn prepare(raw: Raw, address: &Address, trust: Trust) -> Result<Self> {
        let Raw { client, task } = raw;
        let mut given = Given(Some(task.clone()));
        let away = |error: tokio_postgres::Error| Error::Away(said(&error));
        if address.settings {
            client.batch_execute(SETTINGS).await.map_err(away)?;
        }
        let prepared = tokio::try_join!(
            client.prepare(GET),
            client.prepare(UP),
            client.prepare(UP_BOUNDED),
            client.prepare(DOWN),
            client.prepare(DOWN_BOUNDED),
            client.prepare(PUT),
            client.prepare(DELETE),
            client.prepare(HOLD),
        );
        let (get, up, up_bounded, down, down_bounded, put, delete, hold) = prepared.map_err(away)?;
        let (up, down) = ([up, up_bounded], [down, down_bounded]);
        let lock = if address.locks { Some(lock_of(&client).await.map_err(away)?) } else { None };
        given.0 = None;
        let settings = address.settings;
        let broken = AtomicBool::new(false);
        Ok(Self { client, task, trust, get, up, down, put, delete, hold, lock, settings, broken })
    }

    /// Whether it may be used for what begins now.
    pub(super) fn is_good(&self) -> bool {
        if self.client.is_closed() {
            self.distrust_all();
        }
        !self.broken.load(Ordering::Relaxed) && self.trust.stands()
    }

    /// What of it is left is not to be used again.
    pub(super) fn give_up(&self) {
        self.broken.store(true, Ordering::Relaxed);
    }

    /// Nor are those that were begun before this was found out.
    fn distrust_all(&self) {
        self.give_up();
        self.trust.end();
    }

    /// Bounds a statement in time; after a fault that ends the connection it is given up.
    async fn bounded<T>(
        &self,
        patience: Duration,
        statement: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> std::result::Result<T, Fault> {
        let Ok(done) = tokio::time::timeout(patience, statement).await else {
            self.distrust_all();
            return Err(Fault::Lost("the database did not answer in time".into()));
        };
        done.map_err(|error| {
            let others_too = is_of_the_server(&error);
            let fault = Fault::from(error);
            match fault {
                Fault::Lost(_) if others_too => self.distrust_all(),
                Fault::Lost(_) => self.give_up(),
                _ => {}
            }
            fault
        })
    }

    pub(super) async fn run(&self, sql: &str) -> std::result::Result<(), Fault> {
        self.bounded(PATIENCE_SHORT, self.client.batch_execute(sql)).await
    }

    pub(super) async fn commit(&self) -> std::result::Result<(), Fault> {
        self.bounded(PATIENCE, self.client.batch_execute("COMMIT")).await
    }

    /// Makes it the one that writes.
    pub(super) async fn writes(&self) -> std::result::Result<(), Fault> {
        if self.settings { self.run(WRITER_SETTINGS).await } else { Ok(()) }
    }

    /// Lets nobody else write until the transaction ends. It comes before the snapshot.
    pub(super) async fn alone(&self) -> std::result::Result<(), Fault> {
        if self.lock.is_some() {
            self.run("LOCK TABLE undb_kv IN SHARE ROW EXCLUSIVE MODE").await
        } else {
            Ok(())
        }
    }

    /// Takes the lock that processes queue by, for this connection; it outlives transactions. Answers whether another one
    /// had it.
    pub(super) async fn lock(&self) -> std::result::Result<bool, Fault> {
        let Some([take, _]) = &self.lock else { return Ok(false) };
        let said = self.bounded(PATIENCE_SHORT, self.client.simple_query(take)).await?;
        Ok(said.iter().any(|said| matches!(said, SimpleQueryMessage::Row(row) if row.get(0) == Some("f"))))
    }

    pub(super) async fn unlock(&self) -> std::result::Result<(), Fault> {
        match &self.lock {
            Some([_, give_back]) => self.run(give_back).await,
            None => Ok(()),
        }
    }

    async fn rows(
        &self,
        patience: Duration,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> std::result::Result<Rows, Fault> {
        let rows = self.bounded(patience, self.client.query(statement, params)).await?;
        Ok(rows.iter().map(|row| (bytes(row, 0), bytes(row, 1))).collect())
    }

    /// Those of the keys that are there.
    pub(super) async fn get(&self, keys: &[&[u8]]) -> std::result::Result<Rows, Fault> {
        self.rows(PATIENCE_SHORT, &self.get, &[&keys]).await
    }

    /// The first rows of a range.
    pub(super) async fn scan(&self, rest: &Rest, batch: Batch) -> std::result::Result<Rows, Fault> {
        let [few, bounded] = match rest.way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        };
        let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let rows = number(batch.rows);
        match batch.bytes {
            None => self.rows(PATIENCE, few, &[&rest.start, &rest.end, &rows]).await,
            Some(bytes) => {
                self.rows(PATIENCE, bounded, &[&rest.start, &rest.end, &rows, &number(bytes)]).await
            }
        }
    }

    pub(super) async fn put(&self, keys: &[&[u8]], values: &[&[u8]]) -> std::result::Result<(), Fault> {
        self.bounded(PATIENCE, self.client.execute(&self.put, &[&keys, &values])).await.map(drop)
    }

    pub(super) async fn delete(&self, keys: &[&[u8]]) -> std::result::Result<(), Fault> {
        self.bounded(PATIENCE, self.client.execute(&self.delete, &[&keys])).await.map(drop)
    }

    /// The value of a key that nobody else may change until the transaction ends; waits for who has.
    pub(super) async fn hold(&self, key: &[u8]) -> std::result::Result<Option<Bytes>, Fault> {
        let row = self.bounded(PATIENCE, self.client.query_opt(&self.hold, &[&key])).await?;
        Ok(row.map(|row| bytes(&row, 0)))
    }
}

/// One lock for each table of a database: its number in the catalog, below a word of our own.
async fn lock_of(client: &Client) -> std::result::Result<[String; 2], tokio_postgres::Error> {
    let row = client.query_one("SELECT 'undb_kv'::regclass::oid::int8", &[]).await?;
    let key = (0x0075_6e64 << 32) | row.try_get::<_, i64>(0)?;
    let take = format!(
        "SELECT CASE WHEN pg_try_advisory_lock({key}) THEN true ELSE pg_advisory_lock({key}) IS NULL END"
    );
    Ok([take, format!("SELECT pg_advisory_unlock({key})")])
}

fn bytes(row: &Row, column: usize) -> Bytes {
    // The columns are what the statements say.
    row.try_get::<_, &[u8]>(column).map(Bytes::copy_from_slice).unwrap_or_default()
}
