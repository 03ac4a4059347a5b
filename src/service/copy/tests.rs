use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::kv::memory::Memory;
use crate::kv::testing::{Fate, Testing};
use crate::service::{Core, CoreOptions};
use crate::store::schema::LEASE;

/// A database of its own with these rows besides.
fn source(rows: &[Row]) -> Arc<dyn Engine> {
    let engine = memory();
    Core::open(engine.clone(), CoreOptions::default()).unwrap();
    put(engine.as_ref(), rows);
    engine
}

fn put(engine: &dyn Engine, rows: &[Row]) {
    let rows = rows.to_vec();
    let receipt = engine.transact(b"", move |txn| {
        rows.iter().for_each(|(of, key, value)| txn.put(*of, key, value));
        Ok::<_, Stopped>((Outcome::Keep, ()))
    });
    receipt.wait().unwrap().unwrap();
}

fn numbered(count: u32) -> Vec<Row> {
    (0..count).map(|n| (Keyspace(0x21), n.to_be_bytes().to_vec(), vec![7; (n % 90) as usize])).collect()
}

fn run(from: &dyn Engine, to: &dyn Engine, restart: bool) -> Result<Report> {
    copy(Operator::assume(), from, to, restart, &|_, _| {})
}

/// Everything that an engine holds, the marks of copies too.
fn all(engine: &dyn Engine) -> Vec<Row> {
    let mut rows = Vec::new();
    content_scan(engine.read().unwrap().as_ref(), &mut |of, key, value| {
        rows.push((of, key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// Copies until `stop` rows of a stage are told, and ends there as a process does that is killed. What is left opens as no
/// database.
fn stopped(from: &dyn Engine, to: &Arc<dyn Engine>, restart: bool, at: Stage, stop: u64) {
    let watch = |stage, rows| assert!(stage != at || rows < stop, "killed");
    let ended =
        catch_unwind(AssertUnwindSafe(|| copy(Operator::assume(), from, to.as_ref(), restart, &watch)));
    assert!(ended.is_err(), "it was stopped");
    let opened = Core::open(to.clone(), CoreOptions::default());
    assert!(opened.err().unwrap().detail.contains("unfinished copy"));
}

fn memory() -> Arc<dyn Engine> {
    Arc::new(Memory::new())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_copied_is_the_same(
        rows in proptest::collection::btree_map((2_u8..255, proptest::collection::vec(any::<u8>(), 0..40)), proptest::collection::vec(any::<u8>(), 0..300), 0..3000),
    ) {
        let rows: Vec<Row> = rows.into_iter().map(|((of, key), value)| (Keyspace(of), key, value)).filter(|row| row.0 != LEASE).collect();
        let (from, to) = (source(&rows), Memory::new());
        let report = run(from.as_ref(), &to, false).unwrap();
        prop_assert_eq!(report.source, report.target);
        prop_assert_eq!(report.rows, rows.len() as u64 + 2);
        prop_assert_eq!(all(from.as_ref()), all(&to));
    }
}

#[test]
fn a_copy_that_was_stopped_goes_on_whatever_it_was_at() {
    let (from, to) = (source(&numbered(10_500)), memory());
    stopped(from.as_ref(), &to, false, Stage::Copying, 3000);
    stopped(from.as_ref(), &to, false, Stage::Comparing, 2000);
    stopped(from.as_ref(), &to, false, Stage::Copying, 9000);
    stopped(from.as_ref(), &to, false, Stage::Verifying, 5000);
    let report = run(from.as_ref(), to.as_ref(), false).unwrap();
    assert_eq!((report.resumed, report.rows), (10_502, 10_502));
    assert_eq!(all(from.as_ref()), all(to.as_ref()));
    assert!(Core::open(to.clone(), CoreOptions::default()).is_ok());
    assert!(matches!(run(from.as_ref(), to.as_ref(), false), Err(Stopped::TargetNotEmpty)));
    assert!(
        matches!(run(from.as_ref(), to.as_ref(), true), Err(Stopped::TargetNotEmpty)),
        "it is a database"
    );
}

#[test]
fn a_source_that_has_changed_is_found_out_and_begun_anew_on_demand() {
    let (from, to) = (source(&numbered(5000)), memory());
    stopped(from.as_ref(), &to, false, Stage::Copying, 3000);
    let other = source(&numbered(5000));
    assert!(matches!(run(other.as_ref(), to.as_ref(), false), Err(Stopped::OtherSource)));
    // What was not read yet may change.
    put(from.as_ref(), &[(Keyspace(0x23), vec![1], vec![1])]);
    stopped(from.as_ref(), &to, false, Stage::Copying, 4000);
    put(from.as_ref(), &[(Keyspace(0x21), 17_u32.to_be_bytes().to_vec(), vec![1])]);
    assert!(matches!(run(from.as_ref(), to.as_ref(), false), Err(Stopped::SourceChanged)));
    // Whoever began anew has said so once.
    stopped(from.as_ref(), &to, true, Stage::Emptying, 2000);
    stopped(from.as_ref(), &to, false, Stage::Copying, 1000);
    assert_eq!(run(from.as_ref(), to.as_ref(), false).unwrap().rows, 5003);
    assert_eq!(all(from.as_ref()), all(to.as_ref()));
}

#[test]
fn a_source_with_fewer_rows_than_were_copied_has_changed() {
    let (from, to) = (source(&numbered(3000)), memory());
    stopped(from.as_ref(), &to, false, Stage::Verifying, 1000);
    let receipt = from.transact(b"", |txn| {
        txn.delete(Keyspace(0x21), &2999_u32.to_be_bytes());
        Ok::<_, Stopped>((Outcome::Keep, ()))
    });
    receipt.wait().unwrap().unwrap();
    assert!(matches!(run(from.as_ref(), to.as_ref(), false), Err(Stopped::SourceChanged)));
}

#[test]
fn what_can_t_be_copied_is_refused_and_left_as_it_is() {
    let (from, full) = (source(&[]), source(&[]));
    let before = all(full.as_ref());
    assert!(matches!(run(from.as_ref(), full.as_ref(), true), Err(Stopped::TargetNotEmpty)));
    assert_eq!(all(full.as_ref()), before);
    let to = memory();
    assert!(matches!(run(memory().as_ref(), to.as_ref(), false), Err(Stopped::SourceEmpty)));
    assert!(is_empty(to.read().unwrap().as_ref()).unwrap());
    // Something of a keyspace that nobody knows is something.
    put(to.as_ref(), &[(Keyspace(0xfe), vec![], vec![])]);
    assert!(matches!(run(from.as_ref(), to.as_ref(), false), Err(Stopped::TargetNotEmpty)));
    let to = memory();
    stopped(source(&numbered(3000)).as_ref(), &to, false, Stage::Copying, 1000);
    assert!(matches!(run(to.as_ref(), memory().as_ref(), false), Err(Stopped::Failed(_))), "half a source");
}

#[test]
fn two_copies_into_one_target_do_not_mix() {
    let (from, to) = (source(&numbered(9000)), memory());
    let begun = Cell::new(false);
    let watch = |stage, rows| {
        if stage == Stage::Copying && rows >= 4000 && !begun.replace(true) {
            assert!(run(from.as_ref(), to.as_ref(), false).is_ok(), "the second one goes on with it");
        }
    };
    let first = copy(Operator::assume(), from.as_ref(), to.as_ref(), false, &watch);
    assert!(matches!(first, Err(Stopped::Meddled)));
    assert_eq!(all(from.as_ref()), all(to.as_ref()));
}

#[test]
fn a_target_that_reads_back_otherwise_is_no_database() {
    let (from, to) = (source(&numbered(3000)), memory());
    let watch = |stage, rows| {
        if stage == Stage::Copying && rows == 3002 {
            put(to.as_ref(), &[(Keyspace(0x21), vec![9], vec![9])]);
        }
    };
    let done = copy(Operator::assume(), from.as_ref(), to.as_ref(), false, &watch);
    assert!(matches!(done, Err(Stopped::Differs(report)) if report.source != report.target));
    assert!(Core::open(to.clone(), CoreOptions::default()).is_err());
    run(from.as_ref(), to.as_ref(), true).unwrap();
}

#[test]
fn a_commit_that_fails_or_is_not_known_is_gone_on_with() {
    for fate in [Fate::Done, Fate::Lost] {
        let (from, to) = (source(&numbered(9000)), Arc::new(Testing::new(memory())));
        to.run_twice(true);
        let watch = |stage, rows| {
            if stage == Stage::Copying && rows == 5000 {
                to.fail_next_commit(fate);
            }
        };
        let failed = copy(Operator::assume(), from.as_ref(), to.as_ref(), false, &watch);
        let codes = [Code::CommitUnknown, Code::ReadOnly];
        assert!(matches!(failed, Err(Stopped::Failed(error)) if codes.contains(&error.code)));
        to.heal();
        assert!(run(from.as_ref(), to.as_ref(), false).unwrap().resumed >= 5000);
        assert_eq!(all(from.as_ref()), all(to.as_ref()));
    }
}

#[test]
fn a_full_disk_is_waited_for_by_hand() {
    let (from, to) = (source(&numbered(3000)), Arc::new(Testing::new(memory())));
    to.disk_free(Some(1 << 20));
    let failed = run(from.as_ref(), to.as_ref(), false);
    assert!(matches!(failed, Err(Stopped::Failed(error)) if error.code == Code::DiskFull));
    to.disk_free(None);
    assert!(run(from.as_ref(), to.as_ref(), false).is_ok());
}
