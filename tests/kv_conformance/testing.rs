//! The engine that breaks on cue, since other floors' tests rest on it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use undb::kv::memory::Memory;
use undb::kv::testing::{Counts, Fate, Testing};
use undb::kv::{Engine, Error, Outcome, Way};

use crate::{SPACE, commit, get, get_in, put, scan, try_commit};

fn testing() -> Testing {
    Testing::new(Arc::new(Memory::new()))
}

#[test]
fn bodies_run_twice_and_the_first_run_leaks_nothing() {
    let testing = testing();
    testing.run_twice(true);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    commit(&testing, move |txn| {
        assert_eq!(get_in(txn, b"first"), None, "the first run leaked");
        let run = counted.fetch_add(1, Ordering::SeqCst);
        txn.put(SPACE, if run == 0 { b"first" } else { b"second" }, b"");
    });
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert_eq!((get(&testing, b"first"), get(&testing, b"second")), (None, Some("".into())));
    assert_eq!(testing.stats().reruns, 1);
}

#[test]
fn the_next_commit_fails_on_cue_and_either_fate_is_possible() {
    for fate in [Fate::Done, Fate::Lost] {
        let testing = testing();
        testing.fail_next_commit(fate);
        testing.write(b"", Box::new(|_| Outcome::Drop)).wait().unwrap();
        let failed = try_commit(&testing, |txn| txn.put(SPACE, b"a", b""));
        assert!(matches!(failed, Err(Error::Unknown(_))));
        assert_eq!(get(&testing, b"a").is_some(), fate == Fate::Done);
        assert!(matches!(testing.writable(), Err(Error::ReadOnly)));
        assert!(matches!(try_commit(&testing, |_| {}), Err(Error::ReadOnly)));
        testing.heal();
        put(&testing, b"b", b"");
    }
}

#[test]
fn snapshots_expire_and_are_refused_on_cue() {
    let testing = testing();
    (0..9).for_each(|n| put(&testing, &[n], b""));
    let snapshot = testing.read().unwrap();
    let mut seen = 0;
    let midway = snapshot.scan(SPACE, &[]..&[9], Way::Up, &mut |_, _| {
        seen += 1;
        testing.expire_snapshots();
        ControlFlow::Continue(())
    });
    assert!(matches!(midway, Err(Error::Expired)));
    assert_eq!(seen, 1);
    assert!(matches!(snapshot.get(&[]), Err(Error::Expired)));
    assert!(testing.read().unwrap().get(&[]).is_ok());
    testing.refuse_snapshots(true);
    assert!(matches!(testing.read(), Err(Error::Expired)));
    testing.refuse_snapshots(false);
    assert!(testing.read().is_ok());
}

#[test]
fn round_trips_are_counted() {
    let testing = testing();
    testing.run_twice(true);
    commit(&testing, |txn| {
        txn.get(&[(SPACE, b"a"), (SPACE, b"b")]).unwrap();
        txn.put(SPACE, b"a", b"");
    });
    testing.get(&[(SPACE, b"a")]).unwrap();
    let snapshot = testing.read().unwrap();
    snapshot.get(&[(SPACE, b"a")]).unwrap();
    scan(&*snapshot, SPACE, b"", b"b", Way::Up, 9).unwrap();
    testing.write(b"", Box::new(|_| Outcome::Drop)).wait().unwrap();
    assert_eq!(testing.counts(), Counts { gets: 3, scans: 1, commits: 1 });
    testing.reset_counts();
    assert_eq!(testing.counts(), Counts::default());
}
