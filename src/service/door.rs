//! The one place that decides where work runs.
//!
//! A local engine runs bodies one at a time, so the turn to write is awaited here, first come first served: a create
//! behind a bulk blocks no worker. Small work runs where it is, since a hop to the blocking pool costs more than a point
//! read or a small commit; heavy work, and all work of an engine that waits on a network, goes to the pool.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::Core;
use crate::error::{Code, Error, Result};
use crate::kv::{Outcome, Receipt, Write};

/// How often a read starts again when its snapshot has expired.
const EXPIRED_RETRIES: usize = 3;

/// How much work a call makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Microseconds.
    Light,
    /// Milliseconds and more: many records.
    Heavy,
}

/// Lets one writer in at a time.
#[derive(Debug)]
pub struct Door {
    turn: Arc<Semaphore>,
}

impl Default for Door {
    fn default() -> Door {
        Door { turn: Arc::new(Semaphore::new(1)) }
    }
}

impl Door {
    /// Runs a body in a transaction, and answers once that is on the disk.
    pub async fn write<T: Send + 'static>(
        &self,
        core: &Arc<Core>,
        weight: Weight,
        turn: Vec<u8>,
        body: impl Fn(&mut dyn Write) -> Result<(Outcome, T)> + Send + 'static,
    ) -> Result<T> {
        let engine = core.engine.clone();
        let receipt: Receipt<Result<T>> = if engine.waits_on_network() {
            blocking(move || Ok(engine.transact(&turn, body)?)).await?
        } else {
            let permit = self.turn.clone().acquire_owned().await.map_err(Error::internal)?;
            if weight == Weight::Light {
                let receipt = engine.transact(&turn, body);
                drop(permit);
                receipt?
            } else {
                blocking(move || {
                    let receipt = engine.transact(&turn, body);
                    drop(permit);
                    Ok(receipt?)
                })
                .await?
            }
        };
        receipt.await?
    }

    /// Runs a read, again if its snapshot has expired meanwhile.
    pub async fn read<T: Send + 'static>(
        &self,
        core: &Arc<Core>,
        weight: Weight,
        body: impl Fn(&Core) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if weight == Weight::Light && !core.engine.waits_on_network() {
            return read_again(core, &body);
        }
        let core = core.clone();
        blocking(move || read_again(&core, &body)).await
    }
}

/// A snapshot that has expired answers [`Code::Unavailable`]; the next one begins anew.
pub(super) fn read_again<T>(core: &Core, body: &impl Fn(&Core) -> Result<T>) -> Result<T> {
    let mut last = body(core);
    for _ in 0..EXPIRED_RETRIES {
        match last {
            Err(error) if error.code == Code::Unavailable => last = body(core),
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
