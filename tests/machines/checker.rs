//! Whether a history of calls on one record is linearizable: whether there is an order of the calls, each at one moment
//! between its beginning and its end, in which every answer is right (Herlihy and Wing 1990; the search is that of Wing and
//! Gong 1993, with the states seen remembered as Lowe 2017 does).

use std::collections::HashSet;

/// What a call did to the one value of a record, and what it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Read(i64),
    Write(i64),
    /// Written on condition that the value was the first one, and so it was.
    Swap(i64, i64),
    /// Refused since the value was another one than this.
    Refused(i64),
}

/// A call, from the moment that it was sent to the moment that it was answered.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub deed: Deed,
    pub began: u64,
    /// `None` if nobody knows whether it was done: then it may take effect at any time after its beginning, or never.
    pub ended: Option<u64>,
}

/// Whether the calls on a value that was `first` are linearizable.
pub fn is_linearizable(first: i64, calls: &[Call]) -> bool {
    assert!(calls.len() <= 128, "{} calls are more than are searched", calls.len());
    search(calls, 0, first, &mut HashSet::new())
}

fn search(calls: &[Call], done: u128, value: i64, seen: &mut HashSet<(u128, i64)>) -> bool {
    if !seen.insert((done, value)) {
        return false;
    }
    let open = || calls.iter().enumerate().filter(|(n, _)| done & (1 << n) == 0);
    // Whatever comes next must have begun before any open call ended.
    let Some(bound) = open().filter_map(|(_, call)| call.ended).min() else { return true };
    open().filter(|(_, call)| call.began <= bound).any(|(n, call)| {
        let next = match call.deed {
            Deed::Read(read) => (read == value).then_some(value),
            Deed::Write(written) => Some(written),
            Deed::Swap(old, new) => (old == value).then_some(new),
            Deed::Refused(expected) => (expected != value).then_some(value),
        };
        next.is_some_and(|next| search(calls, done | (1 << n), next, seen))
    })
}

#[test]
fn the_checker_knows_right_from_wrong() {
    let call = |deed, began, ended| Call { deed, began, ended: Some(ended) };
    let open = |deed, began| Call { deed, began, ended: None };
    let (read, write) = (Deed::Read, Deed::Write);
    let right: [&[Call]; 5] = [
        &[call(write(1), 0, 1), call(read(1), 2, 3)],
        // At the same time as the write: either value, but never back again.
        &[call(write(1), 0, 9), call(read(0), 1, 2), call(read(1), 3, 4), call(read(1), 5, 6)],
        &[call(write(1), 0, 5), call(write(2), 1, 6), call(read(1), 7, 8)],
        &[open(write(1), 0), call(read(0), 1, 2), call(read(1), 3, 4)],
        &[
            call(write(1), 0, 1),
            call(Deed::Swap(1, 2), 2, 3),
            call(Deed::Refused(1), 4, 5),
            call(read(2), 6, 7),
        ],
    ];
    for calls in right {
        assert!(is_linearizable(0, calls), "{calls:?}");
    }
    let wrong: [&[Call]; 6] = [
        // Lost.
        &[call(write(1), 0, 1), call(read(0), 2, 3)],
        // Back again.
        &[call(write(1), 0, 9), call(read(1), 1, 2), call(read(0), 3, 4)],
        // Two readers see two writes in different orders.
        &[call(write(1), 0, 9), call(write(2), 0, 9), call(read(1), 10, 11), call(read(2), 12, 13)],
        &[call(Deed::Swap(0, 1), 0, 5), call(Deed::Swap(0, 2), 1, 6)],
        &[open(write(1), 0), call(read(1), 1, 2), call(read(0), 3, 4)],
        &[call(Deed::Refused(0), 0, 1), call(read(0), 0, 9)],
    ];
    for calls in wrong {
        assert!(!is_linearizable(0, calls), "{calls:?}");
    }
}
