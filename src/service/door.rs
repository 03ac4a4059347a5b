//! The one place that decides where work runs.
//!
//! A local engine runs bodies one at a time, so the turn to write is awaited here, first come first served: a create
//! behind a bulk blocks no worker. Small work runs where it is, since a hop to the blocking pool costs more than a point
//! read or a small commit; heavy work goes to the pool. An engine that waits on a network queues what is to be written by
//! itself, and runs it on a thread of its own; of what is read there, a few gets are awaited and the rest goes to the pool.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::Core;
use crate::error::{Code, Error, Result};
use crate::kv::{self, Outcome, Receipt, Write};
use crate::limits::DISK_FREE_BYTES_MIN;

/// How often a read starts again when its snapshot has expired.
const EXPIRED_RETRIES: usize = 3;
/// How long a look at the disk counts.
const ROOM_LOOK: Duration = Duration::from_secs(1);

/// How much work a call makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Microseconds.
    Light,
    /// Milliseconds and more: many records.
    Heavy,
}

/// Lets one writer in at a time, and none while the disk is nearly full.
#[derive(Debug)]
pub struct Door {
    turn: Arc<Semaphore>,
    /// When it was last asked how many bytes are free, and the answer.
    room: Mutex<Option<(Instant, Option<u64>)>>,
}

impl Default for Door {
    fn default() -> Door {
        Door { turn: Arc::new(Semaphore::new(1)), room: Mutex::default() }
    }
}

impl Door {
    /// Runs a body in a transaction, and answers once that is on the disk.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        core: &Arc<Core>,
        weight: Weight,
        turn: Vec<u8>,
        body: impl Fn(&mut dyn Write) -> Result<(Outcome, T)> + Send + 'static,
    ) -> Result<T> {
        self.room_check(core)?;
        tracing::trace!(target: "undb::walk", floor = "service", "door: waits for its turn to write");
        let engine = core.engine.clone();
        let receipt: Receipt<Result<T>> = if engine.waits_on_network() {
            // It only queues the body, which then runs on a thread of the engine's.
            let span = tracing::Span::current();
            engine.transact(&turn, move |txn| span.in_scope(|| body(txn)))
        } else {
            let permit = self.turn.clone().acquire_owned().await.map_err(Error::internal)?;
            if weight == Weight::Light {
                let receipt = engine.transact(&turn, body);
                drop(permit);
                receipt
            } else {
                blocking(move || {
                    let receipt = engine.transact(&turn, body);
                    drop(permit);
                    Ok(receipt)
                })
                .await?
            }
        };
        let answer = receipt.await?;
        tracing::trace!(target: "undb::walk", floor = "service", "door: all that it read or wrote is on the disk");
        answer
    }

    /// Refuses to write before the disk is full: a flush that fails ends all writing until the server is started again, and
    /// a refusal only until there is room. Deletions are refused too, since they make the log longer.
    fn room_check(&self, core: &Core) -> Result<()> {
        let free = {
            let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            match *room {
                Some((at, free)) if at.elapsed() < ROOM_LOOK => free,
                _ => room.insert((Instant::now(), core.engine.stats().disk_free_bytes)).1,
            }
        };
        let Some(reason) = short_of_room(free) else { return Ok(()) };
        core.engine.writable()?;
        Err(Error::new(Code::DiskFull, reason).retry_after(60))
    }

    /// Runs a read: the only way to the engine that blocks no worker. Again if its snapshot has expired meanwhile.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        core: &Arc<Core>,
        weight: Weight,
        body: impl Fn(&Core) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match (weight, core.engine.waits_on_network()) {
            (Weight::Light, false) => return read_again(core, &body),
            (Weight::Light, true) => {
                if let Some(answer) = kv::attempt(|| body(core)).await {
                    return answer;
                }
            }
            (Weight::Heavy, _) => {}
        }
        let core = core.clone();
        blocking(move || read_again(&core, &body)).await
    }
}

/// Why there is too little room on the disk to write, if so.
pub(super) fn short_of_room(free: Option<u64>) -> Option<String> {
    let free = free.filter(|free| *free < DISK_FREE_BYTES_MIN)?;
    let (free, least) = (free >> 20, DISK_FREE_BYTES_MIN >> 20);
    Some(format!(
        "The disk has only {free} MiB free; below {least} MiB no changes are taken, deletions neither."
    ))
}

/// Runs a read anew as long as its snapshot expires. What else is unavailable, as a database that is away, would be so again.
pub(super) fn read_again<T>(core: &Core, body: &impl Fn(&Core) -> Result<T>) -> Result<T> {
    let mut last = body(core);
    for _ in 0..EXPIRED_RETRIES {
        match last {
            Err(error) if error.expired => last = body(core),
            other => return other,
        }
    }
    last
}

/// Runs something on the blocking pool, inside of the caller's log span.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work)).await.map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::kv::memory::Memory;
    use crate::service::CoreOptions;

    #[tokio::test]
    async fn only_an_expired_snapshot_is_read_again() {
        let core = Core::open(Arc::new(Memory::new()), CoreOptions::default()).unwrap();
        for (error, runs) in [
            (kv::Error::Expired, 1 + EXPIRED_RETRIES),
            (kv::Error::Away("gone".into()), 1),
            (kv::Error::Held, 1),
        ] {
            for weight in [Weight::Light, Weight::Heavy] {
                let (counted, error) = (Arc::new(AtomicUsize::new(0)), error.clone());
                let count = counted.clone();
                let body = move |_: &Core| -> Result<()> {
                    count.fetch_add(1, Ordering::SeqCst);
                    Err(error.clone().into())
                };
                let refused = core.door.read(&core, weight, body).await.unwrap_err();
                assert_eq!(refused.code, Code::Unavailable);
                assert_eq!(counted.load(Ordering::SeqCst), runs, "{refused:?}");
            }
        }
    }
}
