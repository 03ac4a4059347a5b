//! Snapshots: a REPEATABLE READ transaction on a connection of the pool.

use std::collections::HashMap;
use std::future::poll_fn;
use std::ops::{ControlFlow, Range};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::task::JoinHandle;

use super::count;
use super::link::{Batch, Fault, Link, Rest, Rows};
use super::pool::{Held, Pool};
use super::wait::wait_for;
use crate::kv::staged::{plain_key, stored_key};
use crate::kv::{Bytes, Each, Error, Keyspace, Read, Result, Way};

/// How often opening is tried, if connections turn out to be broken.
const TRIES: usize = 3;

/// What is to be scanned, by stored keys.
pub(super) fn range_of(of: Keyspace, range: &Range<&[u8]>, way: Way) -> Option<Rest> {
    let fits = range.start < range.end;
    fits.then(|| Rest { start: stored_key(of, range.start), end: stored_key(of, range.end), way })
}

/// Gives `each` the rows of a batch.
pub(super) fn each_of(rows: &Rows, each: &mut Each<'_>) -> ControlFlow<()> {
    rows.iter().try_for_each(|(key, value)| each(plain_key(key), value))
}

/// The snapshot.
pub(super) struct Snapshot {
    /// Shared with a batch that is fetched ahead.
    held: Option<Arc<Held>>,
    pool: Arc<Pool>,
}

impl Snapshot {
    /// Opens one and gets the first keys, in one round trip.
    pub(super) fn open(pool: &Arc<Pool>, keys: &[(Keyspace, &[u8])]) -> Result<(Self, Vec<Option<Bytes>>)> {
        let asked = Asked::of(keys);
        let (held, rows) = wait_for(pool.handle(), async {
            let mut reason = String::new();
            for _ in 0..TRIES {
                if let Some(reason) = pool.away() {
                    return Err(Error::Away(reason));
                }
                let held = pool.take().await?;
                count(&pool.counters().round_trips, 1);
                let link = held.link()?;
                let fault = match begin(link, &asked.keys()).await {
                    Ok(rows) => return Ok((held, rows)),
                    Err(fault) => fault,
                };
                // The connection goes back to others.
                if link.is_good() && link.run("ROLLBACK").await.is_err() {
                    link.give_up();
                }
                match fault {
                    Fault::Broken(text) => return Err(Error::Broken(text)),
                    other => reason = other.text(),
                }
            }
            Err(Error::Away(reason))
        })?;
        pool.snapshots(true);
        Ok((Self { held: Some(Arc::new(held)), pool: Arc::clone(pool) }, asked.values(rows)))
    }

    fn held(&self) -> Result<&Arc<Held>> {
        self.held.as_ref().ok_or(Error::Expired)
    }

    fn ahead(&self, rest: Rest, batch: Batch) -> Result<JoinHandle<std::result::Result<Rows, Fault>>> {
        let held = Arc::clone(self.held()?);
        count(&self.pool.counters().round_trips, 1);
        Ok(self.pool.handle().spawn(async move {
            let link = held.link().map_err(|error| Fault::Lost(error.to_string()))?;
            link.scan(&rest, batch).await
        }))
    }
}

/// The snapshot is taken by the first statement after BEGIN; both travel together.
async fn begin(link: &Link, keys: &[&[u8]]) -> std::result::Result<Rows, Fault> {
    let (begun, taken) =
        tokio::join!(link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), link.get(keys));
    begun.and(taken)
}

/// The stored keys of a get.
struct Asked(Vec<Vec<u8>>);

impl Asked {
    fn of(keys: &[(Keyspace, &[u8])]) -> Self {
        Self(keys.iter().map(|(of, key)| stored_key(*of, key)).collect())
    }

    fn keys(&self) -> Vec<&[u8]> {
        self.0.iter().map(Vec::as_slice).collect()
    }

    /// What was found, in the order asked.
    fn values(&self, rows: Rows) -> Vec<Option<Bytes>> {
        let found: HashMap<Bytes, Bytes> = rows.into_iter().collect();
        self.0.iter().map(|key| found.get(key.as_slice()).cloned()).collect()
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.pool.snapshots(false);
        let Some(held) = self.held.take() else { return };
        self.pool.handle().spawn(async move {
            let Some(link) = held.link().ok().filter(|link| link.is_good()).cloned() else { return };
            let mut ending = pin!(link.run("COMMIT"));
            // Once that is sent the connection may go back: what is sent on it next is done after it.
            let sent = poll_fn(|context| Poll::Ready(ending.as_mut().poll(context))).await;
            drop(held);
            let ended = match sent {
                Poll::Ready(ended) => ended,
                Poll::Pending => ending.await,
            };
            if ended.is_err() {
                link.give_up();
            }
        });
    }
}

/// A snapshot whose connection is gone has ended; whoever read it starts again with another one.
fn ended(fault: Fault) -> Error {
    match fault {
        Fault::Lost(_) | Fault::Again(_) | Fault::Locked(_) => Error::Expired,
        Fault::Broken(text) => Error::Broken(text),
    }
}

impl Read for Snapshot {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Asked::of(keys);
        let link = self.held()?.link()?;
        count(&self.pool.counters().round_trips, 1);
        let rows = wait_for(self.pool.handle(), link.get(&asked.keys())).map_err(ended)?;
        Ok(asked.values(rows))
    }

    /// From the second batch on the next one is fetched while this one is worked on.
    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        let Some(mut rest) = range_of(of, &range, way) else { return Ok(()) };
        let mut batch = Batch::FIRST;
        let mut coming = self.ahead(rest.clone(), batch)?;
        loop {
            let rows = wait_for(self.pool.handle(), coming).map_err(|_| Error::Expired)?.map_err(ended)?;
            let (Some((last, _)), Some(next)) = (rows.last(), batch.next(&rows)) else {
                let _ = each_of(&rows, each);
                return Ok(());
            };
            rest = rest.after(last);
            let is_first = batch.bytes.is_none();
            batch = next;
            let ahead = if is_first { None } else { Some(self.ahead(rest.clone(), batch)?) };
            if each_of(&rows, each).is_break() {
                return Ok(());
            }
            coming = match ahead {
                Some(coming) => coming,
                None => self.ahead(rest.clone(), batch)?,
            };
        }
    }
}
