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
#[path = "../harness/pg_schema.rs"]
mod schema;
mod sled;
mod testing;

use std::ops::ControlFlow;
use std::sync::Arc;

use undb::kv::memory::Memory;
use undb::kv::postgres::Postgres;
use undb::kv::sled::{Options, Sled};
use undb::kv::testing::Testing;
use undb::kv::{Bytes, Engine, Error, Keyspace, Outcome, Read, Result, Way, Write};

use crate::schema::Schema;

pub const SPACE: Keyspace = Keyspace(1);

/// Every engine, and each of them with its bodies run twice.
const KINDS: [&str; 6] = ["memory", "sled", "memory twice", "sled twice", "postgres", "postgres twice"];

/// Those that can be had: PostgreSQL if the environment names one.
pub fn kinds() -> Vec<&'static str> {
    let there = schema::address().is_some();
    if !there {
        eprintln!("skipped: postgres, since {} names none", schema::VARIABLE);
    }
    KINDS.into_iter().filter(|kind| there || !kind.starts_with("postgres")).collect()
}

/// An engine and what it needs.
pub struct Fresh {
    pub engine: Arc<dyn Engine>,
    _dir: Option<tempfile::TempDir>,
    _schema: Option<Schema>,
}

pub fn fresh(kind: &str) -> Fresh {
    let (mut dir, mut schema) = (None, None);
    let engine: Arc<dyn Engine> = if kind.starts_with("sled") {
        let dir = dir.insert(tempfile::tempdir().unwrap());
        Arc::new(Sled::open(dir.path(), Options::default()).unwrap())
    } else if kind.starts_with("postgres") {
        let schema = schema.insert(Schema::make());
        Arc::new(Postgres::open(schema.address()).unwrap())
    } else {
        Arc::new(Memory::new())
    };
    let engine = if kind.ends_with("twice") {
        let testing = Testing::new(engine);
        testing.run_twice(true);
        Arc::new(testing)
    } else {
        engine
    };
    Fresh { engine, _dir: dir, _schema: schema }
}

/// Runs a law on every engine.
pub fn on_every_engine(law: fn(&dyn Engine)) {
    let mut ran = 0;
    for kind in kinds() {
        eprintln!("on {kind}");
        law(&*fresh(kind).engine);
        ran += 1;
    }
    assert!(ran >= 4, "a law that ran nowhere holds nowhere");
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
pub fn commit(engine: &dyn Engine, body: impl Fn(&mut dyn Write) + Send + 'static) {
    try_commit(engine, body).unwrap();
}

pub fn try_commit(engine: &dyn Engine, body: impl Fn(&mut dyn Write) + Send + 'static) -> Result<()> {
    let receipt = engine.transact(b"", move |txn| {
        body(txn);
        Ok::<_, Error>((Outcome::Keep, ()))
    });
    receipt.wait()?
}

pub fn put(engine: &dyn Engine, key: &[u8], value: &[u8]) {
    let (key, value) = (key.to_vec(), value.to_vec());
    commit(engine, move |txn| txn.put(SPACE, &key, &value));
}

pub fn delete(engine: &dyn Engine, key: &[u8]) {
    let key = key.to_vec();
    commit(engine, move |txn| txn.delete(SPACE, &key));
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
