//! What only the engine on the disk can show.

use std::sync::Arc;
use std::time::{Duration, Instant};

use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Error, Outcome, Result, Write};

use crate::{SPACE, commit, delete, get, get_in, put, rows, scan, try_commit};

fn open(dir: &tempfile::TempDir) -> Sled {
    Sled::open(dir.path(), Options::default()).unwrap()
}

fn opened() -> (tempfile::TempDir, Sled) {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(&dir);
    (dir, sled)
}

/// Puts without waiting, and gives what to wait for.
fn stage(engine: &dyn Engine, key: &[u8], value: &[u8]) -> impl FnOnce() -> Result<()> + Send + use<> {
    let (key, value) = (key.to_vec(), value.to_vec());
    let receipt = engine.transact(b"", move |txn| {
        txn.put(SPACE, &key, &value);
        Ok::<_, Error>((Outcome::Keep, ()))
    });
    move || receipt.wait()?
}

#[test]
fn what_was_acknowledged_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let long = vec![3; 300_000];
    for round in 0..5_u8 {
        let sled = open(&dir);
        assert_eq!(rows(&*sled.read().unwrap(), SPACE).len(), usize::from(round) * 2);
        put(&sled, &[round], &[round]);
        put(&sled, &[round, 1], &long);
        delete(&sled, b"not there");
    }
    let sled = open(&dir);
    assert!((0..5).all(|round| get(&sled, &[round, 1]).unwrap() == long));
}

/// The file that sled begins to read its log from.
fn snapshots(dir: &tempfile::TempDir) -> Vec<std::path::PathBuf> {
    let files = dir.path().read_dir().unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("snap.")).collect()
}

/// As a start on a full disk leaves them, and as a bad disk may.
#[test]
fn snapshots_that_can_t_be_read_keep_no_database_shut_unless_they_are_the_only_ones() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(&dir);
    // Overwritten and deleted often enough that sled moves pages and uses segments of its log again.
    for round in 0..40_u8 {
        let waits: Vec<_> = (0..60).map(|n| stage(&sled, &[n], &vec![round; 4000])).collect();
        waits.into_iter().for_each(|wait| wait().unwrap());
        stage(&sled, &[200, round], &vec![round; 40_000])().unwrap();
        if round >= 2 {
            delete(&sled, &[200, round - 2]);
        }
    }
    drop(sled);
    let expected = rows(&*open(&dir).read().unwrap(), SPACE);
    assert_eq!(expected.len(), 62);
    let plant = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    for round in 0..4 {
        let whole = snapshots(&dir);
        assert_eq!(whole.len(), 1);
        match round {
            0 => plant("snap.00000000FFFFFFFF.generating", b""),
            1 => plant("snap.00000000FFFFFFFF.generating", b"this is no snapshot, but longer than its end"),
            2 => {
                plant("snap.00000000FFFFFFFE", b"");
                plant("snap.00000000FFFFFFFF", b"this is no snapshot, but longer than its end");
            }
            // The only one: without it sled may take the database for empty, and overwrite it.
            _ => {
                let bytes = std::fs::read(&whole[0]).unwrap();
                std::fs::write(&whole[0], b"").unwrap();
                assert!(matches!(Sled::open(dir.path(), Options::default()), Err(Error::Corrupt(_))));
                std::fs::write(&whole[0], bytes).unwrap();
            }
        }
        let sled = open(&dir);
        assert_eq!(rows(&*sled.read().unwrap(), SPACE), expected, "round {round}");
        put(&sled, &[1], &[1; 4000]);
        put(&sled, &[1], &[39; 4000]);
        drop(sled);
        assert_eq!(rows(&*open(&dir).read().unwrap(), SPACE), expected, "round {round}, and again");
    }
}

#[test]
fn dropping_the_engine_commits_what_is_staged_and_frees_the_directory_at_once() {
    let (dir, sled) = opened();
    let waits: Vec<_> = (0..50).map(|n| stage(&sled, &[n], b"staged")).collect();
    drop(sled);
    let start = Instant::now();
    let sled = open(&dir);
    assert!(start.elapsed() < Duration::from_secs(1));
    waits.into_iter().for_each(|wait| wait().unwrap());
    assert_eq!(rows(&*sled.read().unwrap(), SPACE).len(), 50);
}

#[test]
fn a_second_opening_is_told_that_the_directory_is_held() {
    let (dir, sled) = opened();
    assert!(matches!(Sled::open(dir.path(), Options::default()), Err(Error::Held)));
    put(&sled, b"a", b"goes on");
    // A snapshot holds the directory too.
    let snapshot = sled.read().unwrap();
    drop(sled);
    assert_eq!(get_in(&*snapshot, b"a").unwrap(), "goes on");
    assert!(matches!(Sled::open(dir.path(), Options::default()), Err(Error::Held)));
    drop(snapshot);
    assert_eq!(get(&open(&dir), b"a").unwrap(), "goes on");
}

#[test]
fn one_flush_serves_everyone_who_waits() {
    let (_dir, sled) = opened();
    let sled = Arc::new(sled);
    let held = sled.hold_flushes();
    let waits: Vec<_> = (0..100).map(|n| stage(&*sled, &[n], b"")).collect();
    drop(held);
    waits.into_iter().for_each(|wait| wait().unwrap());
    let stats = sled.stats();
    assert_eq!(stats.commits, 100);
    assert!(stats.flushes <= 2, "{stats:?}");
}

#[test]
fn readers_see_the_disk_and_writers_what_is_staged() {
    let (_dir, sled) = opened();
    put(&sled, b"a", b"old");
    let held = sled.hold_flushes();
    let first = stage(&sled, b"a", b"new");
    // Long enough for the group to be applied to sled, where readers must not see it.
    std::thread::sleep(Duration::from_millis(50));
    let second = stage(&sled, b"b", b"new");
    assert_eq!((get(&sled, b"a").unwrap(), get(&sled, b"b")), ("old".into(), None));
    let snapshot = sled.read().unwrap();
    assert!(rows(&*snapshot, SPACE) == [(b"a".to_vec(), b"old".to_vec())]);
    let look = |txn: &mut dyn Write| {
        assert_eq!(get_in(txn, b"a").unwrap(), "new");
        assert_eq!(rows(&*txn, SPACE).len(), 2);
        Outcome::Drop
    };
    let seen = sled.write(b"", Box::new(look));
    drop(held);
    [first, second].into_iter().for_each(|wait| wait().unwrap());
    seen.wait().unwrap();
    assert_eq!(get(&sled, b"a").unwrap(), "new");
    assert_eq!(get_in(&*snapshot, b"a").unwrap(), "old");
}

#[test]
fn who_is_on_the_disk_does_not_wait_for_a_long_body() {
    let (_dir, sled) = opened();
    let sled = &sled;
    let held = sled.hold_flushes();
    let first = stage(sled, b"a", b"1");
    // Long enough for the group to be taken, so that the body runs beside its flush.
    std::thread::sleep(Duration::from_millis(50));
    let (inside, began) = std::sync::mpsc::channel::<()>();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let long = scope.spawn(move || {
            let body = move |txn: &mut dyn Write| {
                inside.send(()).unwrap();
                let answered = ended.recv_timeout(Duration::from_secs(10));
                assert_eq!(get_in(txn, b"a").unwrap(), "1");
                assert!(answered.is_ok(), "the commit was answered only after the body");
                Outcome::Drop
            };
            sled.write(b"", Box::new(body))
        });
        began.recv().unwrap();
        drop(held);
        first().unwrap();
        let _ = end.send(());
        long.join().unwrap().wait().unwrap();
    });
}

#[test]
fn a_refusal_waits_for_what_it_rests_on_and_for_nothing_else() {
    let (_dir, sled) = opened();
    let nothing = |sled: &Sled| sled.write(b"", Box::new(|_| Outcome::Drop));
    nothing(&sled).wait().unwrap();
    let held = sled.hold_flushes();
    let wait = stage(&sled, b"a", b"1");
    let refusal = nothing(&sled);
    let waiting = std::thread::spawn(move || refusal.wait());
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiting.is_finished(), "the refusal was answered before the commit it saw");
    drop(held);
    waiting.join().unwrap().unwrap();
    wait().unwrap();
    nothing(&sled).wait().unwrap();
}

#[test]
fn a_failed_flush_is_unknown_to_all_who_waited_and_ends_writing() {
    let (dir, sled) = opened();
    put(&sled, b"a", b"old");
    let before = sled.read().unwrap();
    let held = sled.hold_flushes();
    sled.fail_next_flush();
    let applied = stage(&sled, b"a", b"new");
    std::thread::sleep(Duration::from_millis(50));
    let behind = stage(&sled, b"b", b"new");
    let refusal = sled.write(b"", Box::new(|_| Outcome::Drop));
    drop(held);
    assert!(matches!(applied(), Err(Error::Unknown(_))));
    assert!(matches!(behind(), Err(Error::Unknown(_))));
    assert!(matches!(refusal.wait(), Err(Error::Unknown(_))));
    assert!(matches!(sled.writable(), Err(Error::ReadOnly)));
    assert!(matches!(try_commit(&sled, |txn| txn.put(SPACE, b"c", b"")), Err(Error::ReadOnly)));
    // Reads go on, at what is known to be on the disk.
    for snapshot in [before, sled.read().unwrap()] {
        assert!(rows(&*snapshot, SPACE) == [(b"a".to_vec(), b"old".to_vec())]);
    }
    assert_eq!((get(&sled, b"a").unwrap(), get(&sled, b"b")), ("old".into(), None));
    drop(sled);
    let sled = open(&dir);
    sled.writable().unwrap();
    assert_eq!(get(&sled, b"b"), None, "what was staged behind the failure was never applied");
}

#[test]
fn too_much_history_ends_the_oldest_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { history_bytes: 1 << 20, ..Options::default() };
    let sled = Sled::open(dir.path(), options).unwrap();
    let fill = |byte: u8| {
        commit(&sled, move |txn| (0..30).for_each(|n| txn.put(SPACE, &[n], &[byte; 10_000])));
    };
    (0..3).for_each(fill);
    let old = sled.read().unwrap();
    (3..6).for_each(|byte| {
        fill(byte);
        // Only what the snapshot needs is kept, so overwriting again costs nothing.
        assert_eq!(get_in(&*old, &[1]).unwrap()[0], 2);
    });
    assert!((300_000..400_000).contains(&sled.stats().history_bytes), "{:?}", sled.stats());
    let mut others = Vec::new();
    for byte in 6..12 {
        others.push((byte - 1, sled.read().unwrap()));
        fill(byte);
        assert!(sled.stats().history_bytes <= 1 << 20);
    }
    assert!(matches!(old.get(&[(SPACE, &[1])]), Err(Error::Expired)));
    assert!(matches!(scan(&*old, SPACE, &[], &[9], undb::kv::Way::Up, 9), Err(Error::Expired)));
    let (byte, newest) = others.last().unwrap();
    assert!(rows(&**newest, SPACE).iter().all(|row| row.1[0] == *byte));
    drop((old, others));
    assert_eq!((sled.stats().snapshots, sled.stats().history_bytes), (0, 0));
}

#[test]
fn sled_keeps_no_blobs() {
    let (dir, sled) = opened();
    // Values and keys as long as they get, in leaves as full as they get, written forwards, backwards and again.
    let key = |n: u32| [&n.to_be_bytes()[..], &[7; 900]].concat();
    let numbers: Vec<_> = (0..1500).chain((1500..3000).rev()).chain((0..3000).step_by(2)).collect();
    for numbers in numbers.chunks(500) {
        let numbers = numbers.to_vec();
        commit(&sled, move |txn| numbers.iter().for_each(|n| txn.put(SPACE, &key(*n), &[1; 4096])));
    }
    commit(&sled, move |txn| (3000..3100).for_each(|n| txn.put(SPACE, &key(n), &[1; 50_000])));
    let blobs = dir.path().join("blobs");
    assert_eq!(std::fs::read_dir(&blobs).unwrap().count(), 0);
    drop(sled);
    let sled = open(&dir);
    assert_eq!(std::fs::read_dir(&blobs).unwrap().count(), 0);
    let snapshot = sled.read().unwrap();
    assert_eq!(scan(&*snapshot, SPACE, &[], &[9], undb::kv::Way::Up, usize::MAX).unwrap().len(), 3100);
    assert!(sled.stats().disk_bytes > 17_000_000);
}

#[test]
fn a_body_that_panics_leaves_the_engine_whole() {
    let (_dir, sled) = opened();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let body = |txn: &mut dyn Write| -> Outcome {
            txn.put(SPACE, b"a", b"");
            panic!("on purpose")
        };
        drop(sled.write(b"", Box::new(body)));
    }));
    assert!(panicked.is_err());
    put(&sled, b"b", b"");
    assert_eq!((get(&sled, b"a"), get(&sled, b"b")), (None, Some("".into())));
}
