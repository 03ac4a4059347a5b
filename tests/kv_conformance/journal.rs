//! The journal of the engine on the disk: what a crash leaves in it and in sled beside it makes a beginning of what was
//! committed, and all of it that was acknowledged.

use std::path::Path;

use tempfile::TempDir;
use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Error, Outcome, Write};

use crate::{SPACE, commit, put, rows};

type Rows = Vec<(Vec<u8>, Vec<u8>)>;

fn open(dir: &Path) -> Sled {
    Sled::open(dir, Options::default()).unwrap()
}

/// The files as they are while the engine is open: what a process leaves that is killed. What sled holds back in memory
/// is not in them.
fn killed(dir: &TempDir) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in dir.path().read_dir().unwrap().map(|file| file.unwrap()) {
        if file.file_type().unwrap().is_file() {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    std::fs::create_dir(copy.path().join("blobs")).unwrap();
    copy
}

fn held(dir: &TempDir) -> Rows {
    rows(&*open(dir.path()).read().unwrap(), SPACE)
}

/// Transaction `n`: a number that each one writes, short values and long ones that come, change and go.
fn write(txn: &mut dyn Write, n: u32) {
    let bytes = |length: u32| vec![u8::try_from(n % 251).unwrap(); length as usize];
    txn.put(SPACE, b"number", &n.to_be_bytes());
    txn.put(SPACE, &[&b"row"[..], &n.to_be_bytes()].concat(), &bytes(300));
    txn.put(SPACE, &[b'l', u8::try_from(n % 7).unwrap()], &bytes(n * 7919 % 20_000));
    txn.delete(SPACE, &[&b"row"[..], &n.saturating_sub(20).to_be_bytes()].concat());
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_at_any_time() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    // Some rounds of the journal, as it is cleared when it is full.
    for n in 0..120 {
        commit(&sled, move |txn| write(txn, n));
        if n % 5 == 0 || n > 110 {
            let copy = killed(&dir);
            let expected = rows(&*sled.read().unwrap(), SPACE);
            assert!(held(&copy) == expected, "after {n}");
            // Opened, written to, and killed again.
            let again = open(copy.path());
            assert!(rows(&*again.read().unwrap(), SPACE) == expected, "after {n}, and again");
            commit(&again, move |txn| write(txn, n + 1));
            let expected = rows(&*again.read().unwrap(), SPACE);
            assert!(held(&killed(&copy)) == expected, "after {n} and one more");
        }
    }
}

/// States after each transaction, and a directory that was killed after the last of them, of which all are in the journal.
fn journaled(count: u32) -> (Vec<Rows>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    let mut states = vec![Rows::new()];
    for n in 0..count {
        commit(&sled, move |txn| write(txn, n));
        states.push(rows(&*sled.read().unwrap(), SPACE));
    }
    (states, killed(&dir))
}

#[test]
fn a_torn_journal_leaves_a_beginning_of_what_was_committed() {
    let (states, dir) = journaled(6);
    let whole = std::fs::read(dir.path().join("journal")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut seen = 0;
    for at in (0..used).step_by(used / 60).chain([used - 1]) {
        for cut in [true, false] {
            let mut bytes = whole.clone();
            if cut {
                bytes.truncate(at);
            } else {
                bytes[at] ^= 0x10;
            }
            let copy = killed(&dir);
            std::fs::write(copy.path().join("journal"), bytes).unwrap();
            let found = held(&copy);
            let number = states.iter().position(|state| *state == found);
            let number = number.unwrap_or_else(|| panic!("torn at {at}: half a transaction is there"));
            assert!(number >= seen && number < states.len() - usize::from(!cut), "torn at {at}: {number}");
            seen = number;
            // It goes on from there.
            let sled = open(copy.path());
            commit(&sled, |txn| txn.put(SPACE, b"later", b"1"));
            assert_eq!(held(&killed(&copy)).len(), found.len() + 1);
        }
    }
    assert_eq!(seen, states.len() - 2);
}

#[test]
fn a_journal_that_does_not_go_on_from_the_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    commit(&sled, move |txn| write(txn, 0));
    let before = killed(&dir);
    // More than the journal holds, so that it begins anew.
    (1..80).for_each(|n| commit(&sled, move |txn| write(txn, n)));
    let journal = std::fs::read(dir.path().join("journal")).unwrap();
    std::fs::write(before.path().join("journal"), journal).unwrap();
    assert!(matches!(Sled::open(before.path(), Options::default()), Err(Error::Corrupt(_))));
}

#[test]
fn a_large_transaction_takes_no_place_in_the_journal_and_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let sled = open(dir.path());
    let large = vec![7; 3_000_000];
    for n in 0..4_u8 {
        commit(&sled, move |txn| txn.put(SPACE, &[n], b"small"));
        put(&sled, b"large", &large[usize::from(n)..]);
        let dropped = sled.write(b"", Box::new(|_| Outcome::Drop));
        dropped.wait().unwrap();
        let copy = killed(&dir);
        assert!(held(&copy) == rows(&*sled.read().unwrap(), SPACE), "{n}");
    }
    let length = std::fs::metadata(dir.path().join("journal")).unwrap().len();
    assert_eq!(length, undb::limits::JOURNAL_BYTES as u64);
}
