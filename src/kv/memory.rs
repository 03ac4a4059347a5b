//! An engine that keeps everything in memory and nothing on the disk: for tests, and for embedding.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::staged::{Changes, Staging, stored_key, walk};
use super::{Body, Bytes, Durable, Each, Engine, Keyspace, Read, Result, Stats, Way, lock};

type Rows = BTreeMap<Bytes, Bytes>;

/// The engine. A snapshot shares the map; a commit while one is open copies the map's structure, not its bytes.
#[derive(Default)]
pub struct Memory {
    rows: Mutex<Arc<Rows>>,
    /// Held while a body runs. Readers never take it.
    turn: Mutex<()>,
    commits: AtomicU64,
    snapshots: Arc<AtomicU64>,
}

impl Memory {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn snapshot(&self) -> Snapshot {
        self.snapshots.fetch_add(1, Ordering::Relaxed);
        Snapshot { rows: Arc::clone(&lock(&self.rows)), open: Arc::clone(&self.snapshots) }
    }

    fn commit(&self, changes: &Changes) {
        let mut rows = lock(&self.rows);
        let rows = Arc::make_mut(&mut rows);
        for (key, value) in changes.iter() {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
    }
}

impl Engine for Memory {
    fn waits_on_network(&self) -> bool {
        false
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        Ok(find(&lock(&self.rows), keys))
    }

    fn read(&self) -> Result<Box<dyn Read + Send + Sync>> {
        Ok(Box::new(self.snapshot()))
    }

    fn write(&self, _turn: &[u8], mut body: Body) -> Durable {
        let _turn = lock(&self.turn);
        let changes = {
            // Gone before the commit, which would otherwise copy the map for it.
            let snapshot = self.snapshot();
            let mut staging = Staging::over(&snapshot);
            let outcome = body(&mut staging);
            staging.finish(outcome)
        };
        match changes {
            Ok(Some(changes)) => self.commit(&changes),
            Ok(None) => {}
            Err(fault) => return Durable::failed(fault),
        }
        Durable::ready()
    }

    fn writable(&self) -> Result<()> {
        Ok(())
    }

    fn stats(&self) -> Stats {
        Stats {
            commits: self.commits.load(Ordering::Relaxed),
            snapshots: self.snapshots.load(Ordering::Relaxed),
            ..Stats::default()
        }
    }
}

struct Snapshot {
    rows: Arc<Rows>,
    open: Arc<AtomicU64>,
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Read for Snapshot {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        Ok(find(&self.rows, keys))
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        for (key, value) in walk(&self.rows, of, &range, way) {
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn find(rows: &Rows, keys: &[(Keyspace, &[u8])]) -> Vec<Option<Bytes>> {
    keys.iter().map(|(of, key)| rows.get(stored_key(*of, key).as_slice()).cloned()).collect()
}
