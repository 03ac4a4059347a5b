//! Connections of snapshots, a bounded number of them, and whether the store is away.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use rand::RngExt;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Counters;
use super::home::Home;
use super::link::Link;
use crate::kv::{Error, Result, lock};

/// How long a snapshot may wait for a connection.
const POOL_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before the store is looked for again, in milliseconds.
const LOOK_MS: std::ops::Range<u64> = 40..160;

/// The connections.
pub(super) struct Pool {
    home: Arc<Home>,
    handle: Handle,
    counters: Arc<Counters>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Arc<Link>>>,
    /// Why nothing can be done at the moment. Whoever finds that out says so, and from then on one task looks for the store.
    away: Mutex<Option<String>>,
    own: Weak<Pool>,
}

/// A connection that goes back when it is dropped.
pub(super) struct Held {
    link: Option<Arc<Link>>,
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    pub(super) fn link(&self) -> Result<&Arc<Link>> {
        self.link.as_ref().ok_or_else(|| Error::Broken("the connection is gone".into()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(link) = self.link.take().filter(|link| link.is_good()) {
            lock(&self.pool.idle).push(link);
        }
    }
}

impl Pool {
    pub(super) fn new(home: Arc<Home>, handle: Handle, counters: Arc<Counters>) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(home.address.pool));
        Arc::new_cyclic(|own| Self {
            home,
            handle,
            counters,
            permits,
            idle: Mutex::default(),
            away: Mutex::default(),
            own: own.clone(),
        })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn home(&self) -> &Home {
        &self.home
    }

    /// Connections that are lent.
    pub(super) fn used(&self) -> u64 {
        self.home.address.pool.saturating_sub(self.permits.available_permits()) as u64
    }

    /// Lends a connection; waits for one for a bounded time.
    pub(super) async fn take(self: &Arc<Self>) -> Result<Held> {
        let waited = tokio::time::timeout(POOL_PATIENCE, Arc::clone(&self.permits).acquire_owned()).await;
        let busy = || Error::Away("all connections to the database are in use".into());
        let permit = waited.map_err(|_| busy())?.map_err(|_| busy())?;
        let idle = loop {
            match lock(&self.idle).pop() {
                Some(link) if link.is_good() => break Some(link),
                Some(_) => {}
                None => break None,
            }
        };
        let link = match idle {
            Some(link) => link,
            // That there is no more room for another one says nothing of those that are there.
            None => Arc::new(self.home.link().await?),
        };
        Ok(Held { link: Some(link), pool: Arc::clone(self), _permit: permit })
    }

    /// A connection without which nothing can be done. That it can't be made says that the store is away.
    pub(super) async fn connect(&self) -> Result<Link> {
        if let Some(reason) = self.away() {
            return Err(Error::Away(reason));
        }
        let link = self.home.link().await;
        if let Err(Error::Away(reason)) = &link {
            self.is_away(reason);
        }
        link
    }

    /// Why nothing can be done at the moment.
    pub(super) fn away(&self) -> Option<String> {
        lock(&self.away).clone()
    }

    /// Says that the store is away: until it is found again, all that is asked of it fails at once.
    pub(super) fn is_away(&self, reason: &str) {
        let mut away = lock(&self.away);
        if away.is_some() {
            return;
        }
        *away = Some(reason.to_owned());
        tracing::warn!("the database is away: {reason}");
        let pool = self.own.clone();
        self.handle.spawn(async move {
            loop {
                let pause = rand::rng().random_range(LOOK_MS);
                tokio::time::sleep(Duration::from_millis(pause)).await;
                let Some(pool) = pool.upgrade() else { return };
                match pool.home.link().await {
                    Ok(link) => return pool.is_back(link),
                    Err(error) => *lock(&pool.away) = Some(error.to_string()),
                }
            }
        });
    }

    fn is_back(&self, link: Link) {
        // Those of before lead to who was there then.
        *lock(&self.idle) = vec![Arc::new(link)];
        *lock(&self.away) = None;
        tracing::info!("the database is back");
    }

    /// Takes note that a snapshot was opened, or that one has ended.
    pub(super) fn snapshots(&self, opened: bool) {
        let snapshots = &self.counters.snapshots;
        if opened {
            snapshots.fetch_add(1, Ordering::Relaxed)
        } else {
            snapshots.fetch_sub(1, Ordering::Relaxed)
        };
    }
}
