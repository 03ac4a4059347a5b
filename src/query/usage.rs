//! How tokens were used, as far as that is not written yet, and what was.
//!
//! Of a day the whole figure is held and written, not what was added to it: a write that has failed, or of which nobody knows
//! whether it has, is simply made again, and a reader needs no look at whether one is on its way. Where several processes share
//! a store each writes what was added, to what the others have: after a commit of which nobody knows the end that may count twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use crate::access::Uses;
use crate::clock::Time;
use crate::error::Result;
use crate::id::{SpaceId, TokenId};
use crate::kv::Engine;
use crate::model::usage::{Day, Usage};
use crate::store;
use crate::store::usage::{DayUses, TokenDay, TokenUses};

/// By token: it outlives what is held of its rights, so that nothing is lost.
#[derive(Debug, Default)]
pub struct Used(RwLock<HashMap<TokenId, OfToken>>);

#[derive(Debug)]
struct OfToken {
    space: SpaceId,
    uses: Arc<Uses>,
    /// The last use that the store knows of.
    written: Option<Time>,
    days: BTreeMap<Day, OfDay>,
}

/// The figure of a day is the sum of both.
#[derive(Clone, Copy, Debug, Default)]
struct OfDay {
    /// What the store has; `None` before it was asked, which is before the first write.
    stored: Option<Usage>,
    more: Usage,
}

impl OfToken {
    /// Takes note of what was counted.
    fn note(&mut self) {
        for (day, usage) in self.uses.take() {
            let held = self.days.entry(day).or_default();
            held.more = held.more.plus(usage);
        }
    }

    fn last_unwritten(&self) -> Option<Time> {
        self.uses.last().filter(|last| Some(*last) > self.written)
    }

    /// What was added alone, for a store that others add to as well.
    fn added(&self) -> TokenUsesOf {
        let days = self.days.iter().filter(|(_, held)| !held.more.is_none());
        let days = days.map(|(day, held)| DayUses { day: *day, usage: held.more, new: false });
        (self.last_unwritten(), days.collect())
    }

    fn unwritten(&self) -> TokenUsesOf {
        let days = self.days.iter().filter(|(_, held)| !held.more.is_none());
        // What the store has of a day that was not asked for is asked for the next time.
        let days = days.filter_map(|(day, OfDay { stored, more })| {
            stored.map(|stored| DayUses { day: *day, usage: stored.plus(*more), new: stored.is_none() })
        });
        (self.last_unwritten(), days.collect())
    }
}

type TokenUsesOf = (Option<Time>, Vec<DayUses>);

impl Used {
    fn held(&self) -> RwLockWriteGuard<'_, HashMap<TokenId, OfToken>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the uses of a token are counted; `last` is what the store knows of the last one.
    pub fn of(&self, space: SpaceId, token: TokenId, last: Option<Time>) -> Arc<Uses> {
        let mut held = self.held();
        let of = held.entry(token).or_insert_with(|| OfToken {
            space,
            uses: Arc::new(Uses::new(last)),
            written: last,
            days: BTreeMap::new(),
        });
        of.uses.clone()
    }

    /// When a token was used last, as far as this process knows.
    pub fn last(&self, token: TokenId) -> Option<Time> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&token)?.uses.last()
    }

    /// Completes what the store had of a token's days, by a snapshot that is older than this call.
    pub fn complete(&self, token: TokenId, days: &mut BTreeMap<Day, Usage>) {
        let mut held = self.held();
        let Some(of) = held.get_mut(&token) else { return };
        of.note();
        for (day, OfDay { stored, more }) in &of.days {
            let whole = days.entry(*day).or_default();
            *whole = stored.unwrap_or(*whole).plus(*more);
        }
    }

    /// What is not written yet. Call [`Used::written`] once it is. On a store that other processes write to, a figure is what
    /// is to be added to the store's: see [`store::usage::usage_add`].
    pub fn unwritten(&self, engine: &dyn Engine, now: Time) -> Result<Vec<TokenUses>> {
        let asked = self.unread(Day::of(now));
        let shared = engine.waits_on_network();
        if !shared && !asked.is_empty() {
            // Nobody else writes these rows: what is read stays true.
            let stored = store::usage::usage_get(engine.read()?.as_ref(), &asked)?;
            let mut held = self.held();
            for ((_, token, day), usage) in asked.iter().zip(stored) {
                if let Some(of) = held.get_mut(token).and_then(|of| of.days.get_mut(day)) {
                    of.stored.get_or_insert(usage);
                }
            }
        }
        let held = self.held();
        let all = held.iter().map(|(token, of)| {
            let (last, days) = if shared { of.added() } else { of.unwritten() };
            TokenUses { space: of.space, token: *token, last, days }
        });
        Ok(all.filter(|uses| uses.last.is_some() || !uses.days.is_empty()).collect())
    }

    /// The days of which it is not known what the store has. What the store has all of, and nobody else holds, is forgotten:
    /// as of a day that is over, or a token that is gone.
    fn unread(&self, today: Day) -> Vec<TokenDay> {
        let mut held = self.held();
        let mut asked = Vec::new();
        held.retain(|token, of| {
            of.days.retain(|day, held| *day >= today || !held.more.is_none());
            of.note();
            let unread = of.days.iter().filter(|(_, of)| of.stored.is_none());
            asked.extend(unread.map(|(day, _)| (of.space, *token, *day)));
            let unwritten = of.days.values().any(|of| !of.more.is_none()) || of.last_unwritten().is_some();
            Arc::strong_count(&of.uses) > 1 || unwritten
        });
        asked
    }

    /// Takes note that these have been added in the store.
    pub fn added(&self, all: &[TokenUses]) {
        let mut held = self.held();
        for uses in all {
            let Some(of) = held.get_mut(&uses.token) else { continue };
            of.written = of.written.max(uses.last);
            for DayUses { day, usage, .. } in &uses.days {
                if let Some(held) = of.days.get_mut(day) {
                    held.more = held.more.minus(*usage);
                }
            }
        }
    }

    /// Takes note that these are in the store.
    pub fn written(&self, all: &[TokenUses]) {
        let mut held = self.held();
        for uses in all {
            let Some(of) = held.get_mut(&uses.token) else { continue };
            of.written = of.written.max(uses.last);
            for DayUses { day, usage, .. } in &uses.days {
                let Some(held) = of.days.get_mut(day) else { continue };
                let whole = held.stored.unwrap_or_default().plus(held.more);
                *held = OfDay { stored: Some(*usage), more: whole.minus(*usage) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;
    use crate::kv::Outcome;
    use crate::kv::memory::Memory;

    const NOON: Time = Time::from_millis(20_000 * 86_400_000 + 43_200_000);

    fn ids() -> (SpaceId, TokenId) {
        (SpaceId::from_bytes([2; 16]), TokenId::from_bytes([1; 16]))
    }

    fn write(engine: &Memory, used: &Used, all: &[TokenUses]) {
        let written = all.to_vec();
        let body = move |txn: &mut dyn crate::kv::Write| {
            txn.put(store::schema::SPACE, &[2; 16], &[]);
            store::usage::usage_put(txn, &written).unwrap();
            Outcome::Keep
        };
        engine.write(b"", Box::new(body)).wait().unwrap();
        used.written(all);
    }

    fn figure(used: &Used, engine: &Memory) -> u64 {
        let ((space, token), day) = (ids(), Day::of(NOON));
        let stored = store::usage::usage_get(engine.read().unwrap().as_ref(), &[(space, token, day)]);
        let mut days = BTreeMap::from([(day, stored.unwrap()[0])]);
        used.complete(token, &mut days);
        days[&day].requests
    }

    #[test]
    fn a_figure_is_whole_before_while_and_after_it_is_written() {
        let (engine, (space, token)) = (Memory::new(), ids());
        let used = Used::default();
        let uses = used.of(space, token, None);
        let count = |n| (0..n).for_each(|_| uses.answered(Day::of(NOON), false));
        count(3);
        assert_eq!(figure(&used, &engine), 3);
        let first = used.unwritten(&engine, NOON).unwrap();
        count(1);
        assert_eq!(figure(&used, &engine), 4);
        write(&engine, &used, &first);
        assert_eq!(figure(&used, &engine), 4);
        let second = used.unwritten(&engine, NOON).unwrap();
        assert!(first[0].days[0].new && !second[0].days[0].new);
        // One that failed, or of which nobody knows: it is made again, and nothing counts twice.
        write(&engine, &Used::default(), &second);
        assert_eq!(figure(&used, &engine), 4);
        write(&engine, &used, &used.unwritten(&engine, NOON).unwrap());
        assert_eq!(figure(&used, &engine), 4);
        assert!(used.unwritten(&engine, NOON).unwrap().is_empty());
        // Another process goes on where this one ended.
        let next = Used::default();
        next.of(space, token, None).answered(Day::of(NOON), false);
        assert_eq!(figure(&next, &engine), 5);
        write(&engine, &next, &next.unwritten(&engine, NOON).unwrap());
        assert_eq!((figure(&next, &engine), figure(&Used::default(), &engine)), (5, 5));
    }

    #[test]
    fn a_use_is_held_until_it_is_written_and_nobody_holds_the_token() {
        let (engine, (space, token)) = (Memory::new(), ids());
        let used = Used::default();
        let uses = used.of(space, token, None);
        uses.began(NOON);
        uses.answered(Day::of(NOON), true);
        let held = || used.0.read().unwrap().len();
        let unwritten = || used.unwritten(&engine, NOON).unwrap();
        write(&engine, &used, &unwritten());
        assert_eq!((unwritten().len(), held()), (0, 1), "the token is still held");
        uses.began(NOON.plus_millis(1));
        drop(uses);
        assert_eq!((unwritten().len(), held()), (1, 1), "it is not written yet");
        write(&engine, &used, &unwritten());
        assert_eq!((unwritten().len(), held()), (0, 0));
        let again = used.of(space, token, Some(NOON));
        again.answered(Day::of(NOON), false);
        assert_eq!(figure(&used, &engine), 2, "what was written counts on");
    }
}
