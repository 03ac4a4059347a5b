//! The laws of the key-value floor, run on every engine. A law is a function over an engine; `laws!` runs each of them
//! on every kind. What only one engine can show is in `sled.rs` and `testing.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::maybe_infinite_iter,
    clippy::large_stack_arrays,
    reason = "a law that does not hold should stop the test where it is broken"
)]

mod journal;
mod laws;
mod long;
mod model;
mod sled;
mod testing;

use std::ops::ControlFlow;
use std::sync::Arc;

use undb::kv::memory::Memory;
use undb::kv::sled::{Options, Sled};
use undb::kv::testing::Testing;
use undb::kv::{Bytes, Engine, Error, Keyspace, Outcome, Read, Result, Way, Write};

pub const SPACE: Keyspace = Keyspace(1);

/// Every engine, and each of them with its bodies run twice.
const KINDS: [&str; 4] = ["memory", "sled", "memory twice", "sled twice"];

/// An engine and the directory it needs.
pub struct Fresh {
    pub engine: Arc<dyn Engine>,
    _dir: Option<tempfile::TempDir>,
}

pub fn fresh(kind: &str) -> Fresh {
    let (engine, dir): (Arc<dyn Engine>, _) = if kind.starts_with("sled") {
        let dir = tempfile::tempdir().unwrap();
        (Arc::new(Sled::open(dir.path(), Options::default()).unwrap()), Some(dir))
    } else {
        (Arc::new(Memory::new()), None)
    };
    let engine = if kind.ends_with("twice") {
        let testing = Testing::new(engine);
        testing.run_twice(true);
        Arc::new(testing)
    } else {
        engine
    };
    Fresh { engine, _dir: dir }
}

/// Runs a law on every engine.
pub fn on_every_engine(law: fn(&dyn Engine)) {
    let mut ran = 0;
    for kind in KINDS {
        eprintln!("on {kind}");
        law(&*fresh(kind).engine);
        ran += 1;
    }
    assert_eq!(ran, 4, "a law that ran nowhere holds nowhere");
}

/// One test per law.
#[macro_export]
macro_rules! laws {
    ($($law:ident)*) => {
        #[test]
        fn there_are_laws() {
            assert!(![$(stringify!($law)),*].is_empty(), "the suite ran zero cases");
        }
        mod on_every_engine {
            $(#[test] fn $law() { $crate::on_every_engine(super::$law); })*
        }
    };
}

/// Commits what `body` writes.
pub fn commit(engine: &dyn Engine, body: impl Fn(&mut dyn Write)) {
    try_commit(engine, body).unwrap();
}

pub fn try_commit(engine: &dyn Engine, body: impl Fn(&mut dyn Write)) -> Result<()> {
    let receipt = engine.transact(b"", |txn| {
        body(txn);
        Ok::<_, Error>((Outcome::Keep, ()))
    })?;
    receipt.wait()?
}

pub fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) {
    commit(engine, |txn| txn.put(SPACE, key, value));
}

pub fn delete(engine: &dyn Engine, key: &[u8]) {
    commit(engine, |txn| txn.delete(SPACE, key));
}

pub fn get(engine: &dyn Engine, key: &[u8]) -> Option<Bytes> {
    engine.get(&[(SPACE, key)]).unwrap().remove(0)
}

pub fn get_in(read: &(impl Read + ?Sized), key: &[u8]) -> Option<Bytes> {
    read.get(&[(SPACE, key)]).unwrap().remove(0)
}

/// The rows of a whole keyspace, up; and it must be the same, reversed, down.
pub fn rows(read: &dyn Read, of: Keyspace) -> Vec<(Vec<u8>, Vec<u8>)> {
    let end = [0xFF; 64];
    let up = scan(read, of, &[], &end, Way::Up, usize::MAX).unwrap();
    let mut down = scan(read, of, &[], &end, Way::Down, usize::MAX).unwrap();
    down.reverse();
    assert!(up == down, "a scan down differs from one up");
    up
}

pub fn scan(
    read: &dyn Read,
    of: Keyspace,
    start: &[u8],
    end: &[u8],
    way: Way,
    limit: usize,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut rows = Vec::new();
    read.scan(of, start..end, way, &mut |key, value| {
        if rows.len() == limit {
            return ControlFlow::Break(());
        }
        rows.push((key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

pub fn number(value: Option<Bytes>) -> u64 {
    value.map_or(0, |value| u64::from_be_bytes((&*value).try_into().unwrap()))
}
