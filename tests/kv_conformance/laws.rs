//! What the module documentation of `kv` promises.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use undb::kv::{Engine, Error, KEY_BYTES_MAX, Keyspace, Outcome, TRANSACTION_BYTES_MAX, Way, Write};

use crate::{SPACE, commit, delete, get, get_in, laws, number, put, rows, scan, try_commit};

laws! {
    a_snapshot_never_changes
    a_snapshot_stays_while_writers_race_its_scans
    a_snapshot_holds_every_commit_acknowledged_before
    a_get_of_several_keys_is_of_one_moment
    a_body_sees_its_own_writes
    a_body_sees_what_was_staged_before_it
    commits_are_serializable
    a_commit_spans_keyspaces
    a_refusal_leaves_nothing
    a_key_may_be_so_long_and_no_longer
    a_transaction_may_be_so_large_and_no_larger
    scans_go_both_ways_and_stop_when_told
    keyspaces_do_not_touch
    keys_full_of_the_last_byte_are_found
    the_last_keyspace_is_refused
    a_receipt_can_be_awaited
}

fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

fn a_snapshot_never_changes(engine: &dyn Engine) {
    commit(engine, move |txn| (0..1000).step_by(2).for_each(|n| txn.put(SPACE, &key(n), b"before")));
    let snapshot = engine.read().unwrap();
    let before = rows(&*snapshot, SPACE);
    assert_eq!(before.len(), 500);
    commit(engine, move |txn| (0..1000).for_each(|n| txn.put(SPACE, &key(n), b"after")));
    assert!(rows(&*snapshot, SPACE) == before, "overwritten and inserted keys");
    commit(engine, move |txn| (0..1000).for_each(|n| txn.delete(SPACE, &key(n))));
    assert!(rows(&*snapshot, SPACE) == before, "deleted keys");
    put(engine, &key(3), b"again");
    assert_eq!(snapshot.get(&[(SPACE, &key(3)), (SPACE, &key(4))]).unwrap(), [None, Some("before".into())]);
    assert!(rows(&*snapshot, SPACE) == before);
    assert_eq!(rows(&*engine.read().unwrap(), SPACE).len(), 1);
    assert_eq!(engine.stats().snapshots, 1);
    drop(snapshot);
    let stats = engine.stats();
    assert_eq!((stats.snapshots, stats.history_bytes), (0, 0), "nothing is kept for nobody");
}

/// Each commit writes its number to all even keys or to all odd ones, and deletes the others: a scan that saw two moments
/// sees it.
fn a_snapshot_stays_while_writers_race_its_scans(engine: &dyn Engine) {
    const KEYS: u32 = 600;
    const PATIENCE: Duration = Duration::from_secs(10);
    let write = |round: u32| {
        commit(engine, move |txn| {
            for n in 0..KEYS {
                if n % 2 == round % 2 {
                    txn.put(SPACE, &key(n), &key(round));
                } else {
                    txn.delete(SPACE, &key(n));
                }
            }
        });
    };
    write(0);
    let (until, done) = (Instant::now() + Duration::from_millis(600), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Bounded by time too, so that a failure of the reader ends the test.
            let goes_on = |_: &u32| !done.load(Ordering::SeqCst) && Instant::now() < until + PATIENCE;
            (1..).take_while(goes_on).for_each(write);
        });
        let mut scans = 0;
        // On a busy machine the time may be up before there was a race to speak of.
        while scans < 4 || Instant::now() < until {
            let snapshot = engine.read().unwrap();
            let seen = rows(&*snapshot, SPACE);
            let round = u32::from_be_bytes(seen[0].1[..].try_into().unwrap());
            assert_eq!(seen.len(), KEYS as usize / 2);
            let fits = |(k, v): &(Vec<u8>, Vec<u8>)| {
                v[..] == key(round) && u32::from_be_bytes(k[..].try_into().unwrap()) % 2 == round % 2
            };
            assert!(seen.iter().all(fits), "a scan saw two moments");
            assert!(rows(&*snapshot, SPACE) == seen);
            scans += 1;
        }
        done.store(true, Ordering::SeqCst);
    });
}

fn a_snapshot_holds_every_commit_acknowledged_before(engine: &dyn Engine) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    put(engine, &key(thread), &key(round));
                    assert_eq!(get_in(&*engine.read().unwrap(), &key(thread)).unwrap(), key(round)[..]);
                    assert_eq!(get(engine, &key(thread)).unwrap(), key(round)[..]);
                }
            });
        }
    });
}

fn a_get_of_several_keys_is_of_one_moment(engine: &dyn Engine) {
    let money = |amount: u64| amount.to_be_bytes();
    commit(engine, move |txn| {
        txn.put(SPACE, b"a", &money(1000));
        txn.put(SPACE, b"b", &money(0));
    });
    let until = Instant::now() + Duration::from_millis(700);
    std::thread::scope(|scope| {
        for thread in 0..2 {
            scope.spawn(move || {
                while Instant::now() < until {
                    commit(engine, move |txn| {
                        let got = txn.get(&[(SPACE, b"a"), (SPACE, b"b")]).unwrap();
                        let (a, b) = (number(got[0].clone()), number(got[1].clone()));
                        assert_eq!(a + b, 1000);
                        let a = if thread == 0 { a / 2 } else { a + b.div_ceil(3) };
                        txn.put(SPACE, b"a", &money(a));
                        txn.put(SPACE, b"b", &money(1000 - a));
                    });
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(move || {
                while Instant::now() < until {
                    let got = engine.get(&[(SPACE, b"a"), (SPACE, b"b")]).unwrap();
                    assert_eq!(number(got[0].clone()) + number(got[1].clone()), 1000);
                }
            });
        }
    });
}

fn a_body_sees_its_own_writes(engine: &dyn Engine) {
    put(engine, b"a", b"old");
    put(engine, b"c", b"old");
    commit(engine, move |txn| {
        txn.put(SPACE, b"b", b"new");
        txn.delete(SPACE, b"c");
        txn.put(SPACE, b"a", b"new");
        assert_eq!(get_in(txn, b"a").unwrap(), "new");
        assert_eq!(get_in(txn, b"c"), None);
        let seen = rows(&*txn, SPACE);
        assert!(seen == [(b"a".to_vec(), b"new".to_vec()), (b"b".to_vec(), b"new".to_vec())]);
        txn.put(SPACE, b"c", b"back");
        assert_eq!(get_in(txn, b"c").unwrap(), "back");
    });
    assert_eq!(get(engine, b"c").unwrap(), "back");
}

/// Nobody waits between the transactions, so that the second runs before the first is on the disk, at least sometimes.
fn a_body_sees_what_was_staged_before_it(engine: &dyn Engine) {
    let mut receipts = Vec::new();
    for round in 1..=100_u64 {
        receipts.push((
            round,
            engine.transact(b"", move |txn| {
                let seen = number(get_in(txn, b"n")) + 1;
                txn.put(SPACE, b"n", &seen.to_be_bytes());
                txn.put(SPACE, &seen.to_be_bytes(), b"");
                assert_eq!(rows(&*txn, SPACE).len() as u64, seen + 1);
                Ok::<_, Error>((Outcome::Keep, seen))
            }),
        ));
    }
    for (round, receipt) in receipts {
        assert_eq!(receipt.wait().unwrap().unwrap(), round);
    }
}

fn commits_are_serializable(engine: &dyn Engine) {
    const THREADS: u64 = 8;
    const ROUNDS: u64 = 40;
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    commit(engine, move |txn| {
                        let next = number(get_in(txn, b"count")) + 1;
                        txn.put(SPACE, b"count", &next.to_be_bytes());
                    });
                }
            });
        }
    });
    assert_eq!(number(get(engine, b"count")), THREADS * ROUNDS);
    assert_eq!(engine.stats().commits, THREADS * ROUNDS);
}

fn a_commit_spans_keyspaces(engine: &dyn Engine) {
    commit(engine, move |txn| (0..255).for_each(|space| txn.put(Keyspace(space), b"k", &[space])));
    let keys: Vec<_> = (0..255).map(|space| (Keyspace(space), &b"k"[..])).collect();
    let got = engine.get(&keys).unwrap();
    assert!(got.iter().zip(0..).all(|(value, space)| value.as_deref() == Some(&[space])));
}

fn a_refusal_leaves_nothing(engine: &dyn Engine) {
    put(engine, b"a", b"old");
    let refused = engine.transact(b"", move |txn| {
        txn.put(SPACE, b"a", b"new");
        txn.put(SPACE, b"b", b"new");
        Err::<(Outcome, ()), _>(Error::Broken("no".into()))
    });
    assert!(matches!(refused.wait().unwrap(), Err(Error::Broken(_))));
    let replayed = engine.transact(b"", move |txn| {
        txn.delete(SPACE, b"a");
        Ok::<_, Error>((Outcome::Drop, get_in(txn, b"a")))
    });
    assert_eq!(replayed.wait().unwrap().unwrap(), None);
    assert_eq!(get(engine, b"a").unwrap(), "old");
    assert_eq!(get(engine, b"b"), None);
    delete(engine, b"a");
    assert_eq!(get(engine, b"a"), None);
}

fn a_key_may_be_so_long_and_no_longer(engine: &dyn Engine) {
    let (most, more) = ([1; KEY_BYTES_MAX], [1; KEY_BYTES_MAX + 1]);
    put(engine, &most, b"fits");
    assert_eq!(get(engine, &most).unwrap(), "fits");
    let refused = try_commit(engine, move |txn| {
        txn.put(SPACE, b"a", b"new");
        txn.put(SPACE, &more, b"");
    });
    assert!(matches!(refused, Err(Error::KeyTooLong(bytes)) if bytes == more.len()));
    let refused = try_commit(engine, move |txn| txn.delete(SPACE, &more));
    assert!(matches!(refused, Err(Error::KeyTooLong(_))));
    assert_eq!(engine.get(&[(SPACE, b"a"), (SPACE, &more)]).unwrap(), [None, None]);
    put(engine, b"a", b"goes on");
}

fn a_transaction_may_be_so_large_and_no_larger(engine: &dyn Engine) {
    let expected = vec![7; TRANSACTION_BYTES_MAX / 4 - 1];
    let value = expected.clone();
    let write = move |txn: &mut dyn Write| b"abcd".iter().for_each(|key| txn.put(SPACE, &[*key], &value));
    let first = write.clone();
    let refused = try_commit(engine, move |txn| {
        first(txn);
        txn.put(SPACE, b"e", b"");
    });
    assert!(matches!(refused, Err(Error::TooLarge(bytes)) if bytes == TRANSACTION_BYTES_MAX + 1));
    assert!(rows(&*engine.read().unwrap(), SPACE).is_empty());
    // What is overwritten within the transaction counts once.
    commit(engine, move |txn| {
        write(txn);
        write(txn);
    });
    assert!(get(engine, b"d").unwrap() == expected);
}

fn scans_go_both_ways_and_stop_when_told(engine: &dyn Engine) {
    commit(engine, move |txn| (0..700).for_each(|n| txn.put(SPACE, &key(n), &key(n))));
    let snapshot = engine.read().unwrap();
    let numbers = |start: u32, end: u32, way, limit| {
        let seen = scan(&*snapshot, SPACE, &key(start), &key(end), way, limit).unwrap();
        assert!(seen.iter().all(|(key, value)| key == value));
        let numbers = seen.iter().map(|(key, _)| u32::from_be_bytes(key[..].try_into().unwrap()));
        numbers.collect::<Vec<_>>()
    };
    for (start, end) in [(0, 700), (0, 1), (15, 16), (16, 17), (299, 555), (600, 9999), (5, 5), (9, 3)] {
        let all: Vec<_> = (start..end.min(700)).collect();
        assert_eq!(numbers(start, end, Way::Up, usize::MAX), all);
        let reversed: Vec<_> = all.into_iter().rev().collect();
        assert_eq!(numbers(start, end, Way::Down, usize::MAX), reversed);
    }
    assert_eq!(numbers(10, 700, Way::Up, 3), [10, 11, 12]);
    assert_eq!(numbers(10, 700, Way::Down, 2), [699, 698]);
    let mut calls = 0;
    let mut once = |_: &[u8], _: &[u8]| {
        calls += 1;
        ControlFlow::Break(())
    };
    snapshot.scan(SPACE, &key(0)..&key(9), Way::Down, &mut once).unwrap();
    assert_eq!(calls, 1);
}

fn keyspaces_do_not_touch(engine: &dyn Engine) {
    for space in 0..3 {
        commit(engine, move |txn| {
            txn.put(Keyspace(space), b"", &[space]);
            txn.put(Keyspace(space), &[0xFF; 8], &[space]);
        });
    }
    let snapshot = engine.read().unwrap();
    for space in 0..3 {
        let all = [(vec![], vec![space]), (vec![0xFF; 8], vec![space])];
        assert!(rows(&*snapshot, Keyspace(space)) == all);
    }
    commit(engine, move |txn| txn.delete(Keyspace(1), b""));
    assert_eq!(get(engine, b""), None);
    assert_eq!(rows(&*engine.read().unwrap(), Keyspace(2)).len(), 2);
}

/// Sled looks for the leaf before another by a key that ends with 255 four times: many leaves of such keys must be found
/// nevertheless. Numbers that are inverted to sort downwards look like this.
fn keys_full_of_the_last_byte_are_found(engine: &dyn Engine) {
    let inverted = |table: u8, n: u64| [&[table][..], &(!n).to_be_bytes()].concat();
    commit(engine, move |txn| {
        for table in 0..3 {
            (0..500).for_each(|n| txn.put(SPACE, &inverted(table, n), b""));
        }
    });
    let snapshot = engine.read().unwrap();
    assert_eq!(rows(&*snapshot, SPACE).len(), 1500);
    for table in 0..3 {
        for way in [Way::Up, Way::Down] {
            let seen = scan(&*snapshot, SPACE, &[table], &[table + 1], way, usize::MAX).unwrap();
            assert_eq!(seen.len(), 500);
        }
    }
}

fn the_last_keyspace_is_refused(engine: &dyn Engine) {
    let refused = try_commit(engine, move |txn| {
        txn.put(SPACE, b"a", b"");
        txn.put(Keyspace(255), b"a", b"");
    });
    assert!(matches!(refused, Err(Error::Broken(_))));
    assert_eq!(get(engine, b"a"), None);
}

fn a_receipt_can_be_awaited(engine: &dyn Engine) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answered: Result<u8, Error> = runtime.block_on(async {
        engine
            .transact(b"", move |txn| {
                txn.put(SPACE, b"a", b"1");
                Ok::<_, Error>((Outcome::Keep, 7))
            })
            .await?
    });
    assert_eq!(answered.unwrap(), 7);
    assert_eq!(get(engine, b"a").unwrap(), "1");
}
