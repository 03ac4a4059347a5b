//! What a token is used for, counted while requests go by: a few atomic operations each, and never a wait for another one.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::clock::Time;
use crate::model::usage::{Day, Usage};

/// Bits of a tally that count; those above them are the day, which in the year 9999 still fits.
const COUNT_BITS: u32 = 42;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

/// When a token was used last, and how often, as far as nobody has taken note of it.
#[derive(Debug, Default)]
pub struct Uses {
    /// Milliseconds since 1970; 0 is never.
    last: AtomicI64,
    requests: Tally,
    errors: Tally,
}

impl Uses {
    pub fn new(last: Option<Time>) -> Uses {
        Uses { last: AtomicI64::new(last.map_or(0, Time::millis)), ..Uses::default() }
    }

    /// Requests at the same time come here in any order: the last use never goes back.
    pub fn began(&self, at: Time) {
        self.last.fetch_max(at.millis(), Ordering::Relaxed);
    }

    pub fn last(&self) -> Option<Time> {
        Some(self.last.load(Ordering::Relaxed)).filter(|ms| *ms > 0).map(Time::from_millis)
    }

    /// Counts a request that is answered now.
    pub fn answered(&self, day: Day, failed: bool) {
        self.requests.add(day);
        if failed {
            self.errors.add(day);
        }
    }

    /// What was counted since this was last called, by day. It counts as noted from now on.
    pub fn take(&self) -> Vec<(Day, Usage)> {
        // Errors first: whoever is counted there is counted as a request already, so that there are never more of them.
        let errors = self.errors.take().into_iter();
        let errors = errors.map(|(day, errors)| (day, Usage { requests: 0, errors }));
        let errors: Vec<_> = errors.collect();
        let requests = self.requests.take().into_iter();
        requests.map(|(day, requests)| (day, Usage { requests, errors: 0 })).chain(errors).collect()
    }
}

/// A count of one day. Both are in one number, so that none is ever added to another day's.
#[derive(Debug, Default)]
struct Tally {
    now: AtomicU64,
    /// What was left when another day began, which is once a day and locked.
    over: Mutex<Vec<(Day, u64)>>,
}

impl Tally {
    fn add(&self, day: Day) {
        if day_of(self.now.load(Ordering::Relaxed)) == day {
            // If another day begins right here, this is counted there.
            self.now.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        if day_of(self.now.load(Ordering::Relaxed)) == day {
            self.now.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = self.now.swap(u64::from(day.number()) << COUNT_BITS | 1, Ordering::Relaxed);
        left(&mut over, before);
    }

    fn take(&self) -> Vec<(Day, u64)> {
        let mut over = self.over.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.fetch_and(!COUNT, Ordering::Relaxed);
        left(&mut over, now);
        std::mem::take(&mut over)
    }
}

fn day_of(tally: u64) -> Day {
    Day::from_number(u32::try_from(tally >> COUNT_BITS).unwrap_or(u32::MAX))
}

fn left(over: &mut Vec<(Day, u64)>, tally: u64) {
    let (day, count) = (day_of(tally), tally & COUNT);
    match over.iter_mut().find(|(of, _)| *of == day) {
        _ if count == 0 => {}
        Some((_, held)) => *held += count,
        None => over.push((day, count)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn sum(taken: Vec<(Day, Usage)>, all: &mut BTreeMap<Day, Usage>) {
        for (day, usage) in taken {
            let held = all.entry(day).or_default();
            *held = held.plus(usage);
        }
    }

    #[test]
    fn each_answer_is_counted_once_whoever_takes_meanwhile() {
        const EACH: u64 = 20_000;
        let uses = Uses::default();
        let mut all = BTreeMap::new();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let uses = &uses;
                    scope.spawn(move || {
                        for n in 0..EACH {
                            // Four days pass, and the clocks of the threads do not agree.
                            let day = Day::from_number(20_000 + u32::try_from((n + thread) / 5000).unwrap());
                            uses.answered(day, n % 4 == 0);
                        }
                    })
                })
                .collect();
            while threads.iter().any(|thread| !thread.is_finished()) {
                sum(uses.take(), &mut all);
            }
        });
        sum(uses.take(), &mut all);
        let whole = all.values().fold(Usage::default(), |whole, usage| whole.plus(*usage));
        assert_eq!(whole, Usage { requests: 4 * EACH, errors: EACH });
        assert!((4..=5).contains(&all.len()), "{all:?}");
        assert!(uses.take().is_empty());
    }

    #[test]
    fn days_are_kept_apart_though_the_clock_goes_back() {
        let uses = Uses::default();
        let (first, second) = (Day::of(Time::parse("9999-12-31T00:00:00Z").unwrap()), Day::from_number(0));
        for day in [first, second, first, second, second] {
            uses.answered(day, day == first);
        }
        let mut all = BTreeMap::new();
        sum(uses.take(), &mut all);
        assert_eq!(all[&first], Usage { requests: 2, errors: 2 });
        assert_eq!(all[&second], Usage { requests: 3, errors: 0 });
    }

    #[test]
    fn the_last_use_never_goes_back() {
        let uses = Uses::new(Some(Time::from_millis(5)));
        assert_eq!(Uses::default().last(), None);
        uses.began(Time::from_millis(9));
        uses.began(Time::from_millis(7));
        assert_eq!(uses.last(), Some(Time::from_millis(9)));
    }
}
