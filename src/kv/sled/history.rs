//! Old values, kept so that readers stay at their moment while sled changes beneath them.
//!
//! Groups of commits are numbered; `visible` is the last one that is on the disk, and a moment is the number of the last
//! group it holds. Entry `(n, old)` of a key says: group `n` overwrote it, and `old` was there before. A reader at
//! moment `v` takes the earliest entry above `v`, and what sled holds if there is none.
//!
//! Invariant: a commit publishes its entries first and changes sled second; a reader reads sled first and the entries
//! second. So a reader that saw a change also sees the entry that undoes it, and no lock spans the two.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kv::{Bytes, Error, Result, Way, lock};

/// What an entry costs besides key and value, roughly. Inserted keys have no old value, but fill memory too.
const ENTRY_BYTES: usize = 64;

/// A moment to read at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// The last group it holds.
    pub(super) number: u64,
    hold: Hold,
}

/// What keeps the entries that a moment needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Nothing: good only as long as no later group becomes visible.
    Glance,
    /// The register of snapshots, until it expires.
    Snapshot,
    /// The one writer's mark, which does not expire: it is needed for as long as one body runs.
    Writer,
}

/// A key and what it held, `None` if it was not there.
pub(super) type Old = (Bytes, Option<Bytes>);

#[derive(Debug)]
pub(super) struct History {
    state: Mutex<State>,
    /// Changed only under the lock, read also without.
    visible: AtomicU64,
    /// The last group that has begun to change sled.
    published: AtomicU64,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Bytes, Vec<(u64, Option<Bytes>)>>,
    /// The keys of each group that may still have entries, in order.
    groups: VecDeque<(u64, Vec<Bytes>)>,
    /// Open snapshots by moment.
    snapshots: BTreeMap<u64, u64>,
    writer: Option<u64>,
    /// Snapshots of earlier moments have expired.
    floor: u64,
    bytes: usize,
}

impl History {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { state: Mutex::default(), visible: AtomicU64::new(0), published: AtomicU64::new(0), bytes_max }
    }

    /// Keeps what group `number` is about to overwrite. Nobody may have changed sled for it yet.
    pub(super) fn publish(&self, number: u64, olds: Vec<Old>) {
        let mut state = lock(&self.state);
        let keys = olds.iter().map(|(key, _)| key.clone()).collect();
        state.groups.push_back((number, keys));
        for (key, old) in olds {
            state.bytes += entry_bytes(&key, old.as_ref());
            state.entries.entry(key).or_default().push((number, old));
        }
        state.fit(number.saturating_sub(1), self.bytes_max);
        self.published.store(number, Ordering::SeqCst);
    }

    /// Group `number` is on the disk: from here on readers see it.
    pub(super) fn complete(&self, number: u64) {
        let mut state = lock(&self.state);
        self.visible.store(number, Ordering::SeqCst);
        if let Some((number, keys)) = state.groups.pop_back() {
            keys.iter().for_each(|key| state.trim(key, number));
            state.groups.push_back((number, keys));
        }
        state.prune(number);
        state.fit(number, self.bytes_max);
    }

    /// The newest moment, not held.
    pub(super) fn glance(&self) -> Moment {
        Moment { number: self.visible.load(Ordering::SeqCst), hold: Hold::Glance }
    }

    /// Opens a snapshot of the newest moment, which [`History::close`] ends.
    pub(super) fn open(&self) -> Moment {
        let mut state = lock(&self.state);
        let number = self.visible.load(Ordering::SeqCst);
        *state.snapshots.entry(number).or_default() += 1;
        Moment { number, hold: Hold::Snapshot }
    }

    /// Marks the newest moment for the one body that runs, until [`History::close`].
    pub(super) fn open_writer(&self) -> Moment {
        let mut state = lock(&self.state);
        let number = self.visible.load(Ordering::SeqCst);
        state.writer = Some(number);
        Moment { number, hold: Hold::Writer }
    }

    pub(super) fn close(&self, moment: Moment) {
        let mut state = lock(&self.state);
        match moment.hold {
            Hold::Glance => return,
            Hold::Writer => state.writer = None,
            Hold::Snapshot => match state.snapshots.get_mut(&moment.number) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(state.snapshots.remove(&moment.number)),
            },
        }
        state.prune(self.visible.load(Ordering::SeqCst));
    }

    /// Whether sled holds exactly this moment. Ask after reading sled.
    pub(super) fn is_current(&self, moment: Moment) -> bool {
        self.published.load(Ordering::SeqCst) <= moment.number
    }

    /// For each key what it held at `moment`, or `None` where that is what sled holds. Ask after reading sled.
    pub(super) fn undo(&self, moment: Moment, keys: &[Vec<u8>]) -> Result<Vec<Option<Option<Bytes>>>> {
        let state = lock(&self.state);
        self.check(&state, moment)?;
        Ok(keys
            .iter()
            .map(|key| state.entries.get(key.as_slice()).and_then(|list| at(list, moment.number)).cloned())
            .collect())
    }

    /// The first `limit` keys between two bounds, in scan order, that sled no longer holds as they were at `moment`, with
    /// what they held then. Ask after reading sled.
    pub(super) fn undo_range(
        &self,
        moment: Moment,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
        way: Way,
        limit: usize,
    ) -> Result<Vec<Old>> {
        let state = lock(&self.state);
        self.check(&state, moment)?;
        let olds = state
            .entries
            .range::<[u8], _>(bounds)
            .filter_map(|(key, list)| Some((key.clone(), at(list, moment.number)?.clone())));
        // Reversed before it is filtered: `rev` of a filter walks from the end, too.
        Ok(match way {
            Way::Up => olds.take(limit).collect(),
            Way::Down => olds.rev().take(limit).collect(),
        })
    }

    /// How many snapshots are open, and the bytes of history.
    pub(super) fn gauges(&self) -> (u64, u64) {
        let state = lock(&self.state);
        (state.snapshots.values().sum(), state.bytes as u64)
    }

    /// Whether all entries that `moment` needs are still there.
    fn check(&self, state: &State, moment: Moment) -> Result<()> {
        let good = match moment.hold {
            Hold::Glance => self.visible.load(Ordering::SeqCst) == moment.number,
            Hold::Snapshot => moment.number >= state.floor,
            Hold::Writer => true,
        };
        if good { Ok(()) } else { Err(Error::Expired) }
    }
}

impl State {
    /// Whether a reader between two moments, the second excluded, may come. New ones come at `visible`.
    fn is_read(&self, from: u64, to: u64, visible: u64) -> bool {
        let between = |number: &u64| (from..to).contains(number);
        between(&visible)
            || self.writer.as_ref().is_some_and(between)
            || self.snapshots.range(from..to).next().is_some()
    }

    /// Drops the entries of a key that no reader needs: entry `n` serves those from the entry before it up to `n`.
    fn trim(&mut self, key: &Bytes, visible: u64) {
        let Some(mut list) = self.entries.remove(key) else { return };
        let mut before = 0;
        list.retain(|(number, old)| {
            let needed = self.is_read(before, *number, visible);
            if needed {
                before = *number;
            } else {
                self.bytes = self.bytes.saturating_sub(entry_bytes(key, old.as_ref()));
            }
            needed
        });
        if !list.is_empty() {
            self.entries.insert(key.clone(), list);
        }
    }

    /// Drops the groups that are older than every reader.
    fn prune(&mut self, visible: u64) {
        let oldest = self.snapshots.keys().next().copied().into_iter().chain(self.writer);
        let oldest = oldest.fold(visible, u64::min);
        while let Some((_, keys)) = self.groups.pop_front_if(|(number, _)| *number <= oldest) {
            keys.iter().for_each(|key| self.trim(key, visible));
        }
    }

    /// Ends the oldest snapshots if there is too much history. Those of the newest moment stay: what they need, every new
    /// reader needs too, so that the history may be larger by the one group that is on its way to the disk.
    fn fit(&mut self, visible: u64, bytes_max: usize) {
        if self.bytes <= bytes_max || self.snapshots.range(..visible).next().is_none() {
            return;
        }
        // Closed snapshots in the middle leave entries behind; look for those once, before anyone has to go.
        let keys: Vec<_> = self.entries.keys().cloned().collect();
        keys.iter().for_each(|key| self.trim(key, visible));
        // A little below the bound, so that the next commit does not look again.
        while self.bytes > bytes_max - bytes_max / 8 {
            match self.snapshots.first_entry() {
                Some(oldest) if *oldest.key() < visible => self.floor = oldest.remove_entry().0 + 1,
                _ => return,
            }
            self.prune(visible);
        }
    }
}

fn at(list: &[(u64, Option<Bytes>)], moment: u64) -> Option<&Option<Bytes>> {
    list.get(list.partition_point(|(number, _)| *number <= moment)).map(|(_, old)| old)
}

fn entry_bytes(key: &Bytes, old: Option<&Bytes>) -> usize {
    key.len() + old.map_or(0, Bytes::len) + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits group `number`, which overwrites key `k`, whose value was the number of the group before.
    fn overwrite(history: &History, number: u64, bytes: usize) {
        let old = Bytes::from(vec![u8::try_from(number - 1).unwrap(); bytes]);
        history.publish(number, vec![(Bytes::from_static(b"k"), Some(old))]);
        history.complete(number);
    }

    fn seen(history: &History, moment: Moment) -> Option<u8> {
        let undone = history.undo(moment, &[b"k".to_vec()]).unwrap();
        undone[0].as_ref().map(|old| old.as_ref().unwrap()[0])
    }

    #[test]
    fn each_snapshot_reads_its_own_moment_and_nothing_is_kept_for_nobody() {
        let history = History::new(1 << 20);
        overwrite(&history, 1, 1);
        assert_eq!(history.gauges(), (0, 0));
        let first = history.open();
        (2..=4).for_each(|number| overwrite(&history, number, 1));
        let second = history.open();
        (5..=9).for_each(|number| overwrite(&history, number, 1));
        assert_eq!((seen(&history, first), seen(&history, second)), (Some(1), Some(4)));
        // Two entries: the overwrites in between were of use to nobody.
        assert_eq!(history.gauges(), (2, 2 * (2 + ENTRY_BYTES as u64)));
        history.close(first);
        assert_eq!(seen(&history, second), Some(4));
        assert_eq!(history.gauges().1, 2 + ENTRY_BYTES as u64);
        history.close(second);
        assert_eq!(history.gauges(), (0, 0));
        assert!(lock(&history.state).groups.is_empty());
    }

    #[test]
    fn a_glance_ends_with_its_moment_and_a_group_on_its_way_is_undone() {
        let history = History::new(1 << 20);
        let glance = history.glance();
        assert!(history.is_current(glance));
        history.publish(1, vec![(Bytes::from_static(b"k"), None)]);
        assert!(!history.is_current(glance));
        assert_eq!(history.undo(glance, &[b"k".to_vec(), b"l".to_vec()]).unwrap(), [Some(None), None]);
        history.complete(1);
        assert!(matches!(history.undo(glance, &[]), Err(Error::Expired)));
        assert!(history.is_current(history.glance()));
    }

    #[test]
    fn too_much_history_ends_the_oldest_snapshot_but_never_the_writer_or_the_newest_moment() {
        let history = History::new(4096);
        let old = history.open();
        overwrite(&history, 1, 3000);
        let newer = history.open();
        overwrite(&history, 2, 2000);
        assert!(matches!(history.undo(old, &[]), Err(Error::Expired)));
        assert_eq!(seen(&history, newer), Some(1));
        history.close(old);
        assert_eq!(history.gauges().0, 1);

        let (writer, newest) = (history.open_writer(), history.open());
        history.publish(3, vec![(Bytes::from_static(b"k"), Some(vec![2; 9999].into()))]);
        assert!(matches!(history.undo(newer, &[]), Err(Error::Expired)));
        assert_eq!(seen(&history, newest), Some(2));
        assert!(history.undo(history.glance(), &[]).is_ok());
        history.complete(3);
        assert!(matches!(history.undo(newest, &[]), Err(Error::Expired)));
        assert_eq!(seen(&history, writer), Some(2));
        history.close(writer);
        assert_eq!(history.gauges(), (0, 0));
    }
}
