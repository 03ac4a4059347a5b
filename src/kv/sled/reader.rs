//! Reading sled at one moment: what sled holds now, and over it what the history undoes.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use super::committer::Shared;
use super::history::{History, Moment};
use super::pieces::{Bounds, Raw, Tree};
use crate::kv::staged::{plain_key, stored_key};
use crate::kv::{Bytes, Each, Error, Keyspace, Read, Result, Way};

/// Rows that a scan takes from sled at a time: few at first, since many scans stop early, then more.
const CHUNK_ROWS_MIN: usize = 32;
const CHUNK_ROWS_MAX: usize = 256;
/// Bytes of values after which a chunk takes no more rows.
const CHUNK_BYTES: usize = 1 << 20;
/// How often [`newest`] looks without holding its moment.
const GLANCES: usize = 3;

/// The store at a moment that its owner holds.
pub(super) struct View<'a> {
    pub(super) tree: &'a Tree,
    pub(super) history: &'a History,
    pub(super) moment: Moment,
}

/// Some rows of a scan, and the key after which it goes on, if it does.
struct Chunk {
    rows: Vec<(Bytes, Bytes)>,
    last: Option<Bytes>,
}

impl View<'_> {
    fn chunk(&self, bounds: &Bounds, way: Way, limit: usize) -> Result<Chunk> {
        let (mut raws, more) = self.tree.chunk(bounds, way, limit, CHUNK_BYTES)?;
        let mut last = raws.last().filter(|_| more).map(|(key, _)| key.clone());
        if !self.history.is_current(self.moment) {
            let span = up_to(bounds, last.as_deref(), way);
            let olds = self.history.undo_range(self.moment, span, way, limit)?;
            if olds.len() == limit {
                // There may be more of them, so the chunk ends with the last one.
                last = olds.last().map(|(key, _)| key.clone());
            }
            raws = undone(raws, olds, last.as_deref(), way);
        }
        let mut rows = Vec::with_capacity(raws.len());
        for (key, raw) in raws {
            if let Some(value) = raw.settled(&key)? {
                rows.push((key, value));
            }
        }
        Ok(Chunk { rows, last })
    }
}

/// `bounds`, cut at the key where a chunk ended.
fn up_to<'a>(bounds: &'a Bounds, last: Option<&'a [u8]>, way: Way) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    let (start, end) = (bounds.0.as_ref().map(Vec::as_slice), bounds.1.as_ref().map(Vec::as_slice));
    match (last, way) {
        (None, _) => (start, end),
        (Some(last), Way::Up) => (start, Bound::Included(last)),
        (Some(last), Way::Down) => (Bound::Included(last), end),
    }
}

/// Lays old values over what sled holds, as far as `last`.
fn undone(
    raws: Vec<(Bytes, Raw)>,
    olds: Vec<(Bytes, Option<Bytes>)>,
    last: Option<&[u8]>,
    way: Way,
) -> Vec<(Bytes, Raw)> {
    let is_within = |key: &Bytes| match (last, way) {
        (None, _) => true,
        (Some(last), Way::Up) => &**key <= last,
        (Some(last), Way::Down) => &**key >= last,
    };
    let mut rows: BTreeMap<_, _> = raws.into_iter().filter(|(key, _)| is_within(key)).collect();
    rows.extend(olds.into_iter().map(|(key, old)| (key, Raw::Whole(old))));
    match way {
        Way::Up => rows.into_iter().collect(),
        Way::Down => rows.into_iter().rev().collect(),
    }
}

impl Read for View<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        let keys: Vec<_> = keys.iter().map(|(of, key)| stored_key(*of, key)).collect();
        let raws = keys.iter().map(|key| self.tree.get(key)).collect::<Result<Vec<_>>>()?;
        if self.history.is_current(self.moment) {
            return raws.into_iter().zip(&keys).map(|(raw, key)| raw.settled(key)).collect();
        }
        let olds = self.history.undo(self.moment, &keys)?;
        let rows = raws.into_iter().zip(&keys).zip(olds);
        rows.map(|((raw, key), old)| old.map_or_else(|| raw.settled(key), Ok)).collect()
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        if range.start >= range.end {
            return Ok(());
        }
        let (start, end) = (stored_key(of, range.start), stored_key(of, range.end));
        let mut bounds = (Bound::Included(start), Bound::Excluded(end));
        let mut limit = CHUNK_ROWS_MIN;
        loop {
            let Chunk { rows, last } = self.chunk(&bounds, way, limit)?;
            for (key, value) in rows {
                if each(plain_key(&key), &value).is_break() {
                    return Ok(());
                }
            }
            let Some(last) = last else { return Ok(()) };
            match way {
                Way::Up => bounds.0 = Bound::Excluded(last.into()),
                Way::Down => bounds.1 = Bound::Excluded(last.into()),
            }
            limit = CHUNK_ROWS_MAX.min(limit * 2);
        }
    }
}

/// The newest acknowledged values of several keys, at one moment.
pub(super) fn newest(shared: &Arc<Shared>, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
    for _ in 0..GLANCES {
        let moment = shared.history.glance();
        match (View { tree: &shared.tree, history: &shared.history, moment }).get(keys) {
            // A later group became visible meanwhile; what this moment needs may be gone.
            Err(Error::Expired) => {}
            done => return done,
        }
    }
    Snapshot::open(shared).get(keys)
}

/// A moment that is held until this is dropped, or until it expires.
pub(super) struct Snapshot {
    shared: Arc<Shared>,
    moment: Moment,
}

impl Snapshot {
    pub(super) fn open(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), moment: shared.history.open() }
    }

    fn view(&self) -> View<'_> {
        View { tree: &self.shared.tree, history: &self.shared.history, moment: self.moment }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.shared.history.close(self.moment);
    }
}

impl Read for Snapshot {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        self.view().get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        self.view().scan(of, range, way, each)
    }
}
