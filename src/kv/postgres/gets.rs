//! Gets that wait at the same time travel together: one statement on one of a few connections, and the keys of one get are
//! never in two statements, so that each is of one moment.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex, oneshot};

use super::count;
use super::link::{Fault, Link};
use super::pool::Pool;
use crate::kv::{Bytes, Error, Result};

/// Statements on their way at once.
const LANES: usize = 2;
/// Gets in one statement.
const MERGED_MAX: usize = 512;
/// How often a get is sent, if connections break.
const TRIES: usize = 3;

/// What one get waits for.
struct Job {
    keys: Vec<Bytes>,
    reply: oneshot::Sender<Result<Vec<Option<Bytes>>>>,
}

/// Where gets are handed in.
pub(super) struct Gets {
    jobs: UnboundedSender<Job>,
    pool: Arc<Pool>,
}

type Jobs = Arc<Mutex<UnboundedReceiver<Job>>>;

impl Gets {
    pub(super) fn start(pool: &Arc<Pool>) -> Self {
        let (jobs, waiting) = unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..LANES {
            let lane = Lane { link: None, pool: Arc::clone(pool) };
            pool.handle().spawn(lane.run(Arc::clone(&waiting)));
        }
        Self { jobs, pool: Arc::clone(pool) }
    }

    /// The newest values of several keys, at one moment.
    ///
    /// It is sent when this is called, not when the answer is awaited.
    pub(super) fn get(
        &self,
        keys: Vec<Bytes>,
    ) -> impl Future<Output = Result<Vec<Option<Bytes>>>> + Send + use<> {
        let gone = || Error::Away("the engine is closing".into());
        let (reply, answer) = oneshot::channel();
        let sent = match self.pool.away() {
            Some(reason) => Err(Error::Away(reason)),
            None => self.jobs.send(Job { keys, reply }).map_err(|_| gone()),
        };
        async move {
            sent?;
            answer.await.map_err(|_| gone())?
        }
    }
}

/// One connection of gets.
struct Lane {
    link: Option<Link>,
    pool: Arc<Pool>,
}

impl Lane {
    async fn run(mut self, waiting: Jobs) {
        let mut jobs = Vec::new();
        while waiting.lock().await.recv_many(&mut jobs, MERGED_MAX).await > 0 {
            let found = self.find(&jobs).await;
            for Job { keys, reply } in jobs.drain(..) {
                let values = found.as_ref().map_err(Clone::clone);
                let of =
                    |found: &HashMap<Bytes, Bytes>| keys.iter().map(|key| found.get(key).cloned()).collect();
                // Whoever no longer waits needs no answer.
                let _ = reply.send(values.map(of));
            }
        }
    }

    async fn find(&mut self, jobs: &[Job]) -> Result<HashMap<Bytes, Bytes>> {
        let mut keys: Vec<&[u8]> = jobs.iter().flat_map(|job| &job.keys).map(|key| &**key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut reason = String::new();
        for _ in 0..TRIES {
            let link = match self.link.take().filter(Link::is_good) {
                Some(link) => link,
                None => self.pool.connect().await?,
            };
            count(&self.pool.counters().round_trips, 1);
            let found = link.get(&keys).await;
            self.link = Some(link);
            match found {
                Ok(rows) => return Ok(rows.into_iter().collect()),
                Err(Fault::Broken(text)) => return Err(Error::Broken(text)),
                Err(other) => reason = other.text(),
            }
        }
        Err(Error::Away(reason))
    }
}
