//! Processes that write the same thing at once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use undb::kv::postgres::Postgres;
use undb::kv::{Engine, Keyspace, Outcome, Write};

const SPACE: Keyspace = Keyspace(1);

/// Counts a key up, after a pause.
fn counted(txn: &mut dyn Write, pause: Duration) -> Outcome {
    let number = txn.get(&[(SPACE, b"one")]).ok().and_then(|mut got| got.remove(0));
    std::thread::sleep(pause);
    let number = number.and_then(|bytes| bytes.first().copied()).unwrap_or_default();
    txn.put(SPACE, b"one", &[number.wrapping_add(1)]);
    Outcome::Keep
}

#[test]
fn what_takes_long_comes_to_its_end_beside_short_writes() {
    let Some(schema) = crate::schema() else { return };
    let (long, short) =
        (Postgres::open(schema.address()).unwrap(), Postgres::open(schema.address()).unwrap());
    let (done, before) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                let write = short.write(&[], Box::new(|txn| counted(txn, Duration::ZERO)));
                write.wait().unwrap();
                before.fetch_add(1, Ordering::SeqCst);
            }
        });
        let began = Instant::now();
        while before.load(Ordering::SeqCst) < 20 {
            assert!(began.elapsed() < Duration::from_secs(10), "the short ones do not come along");
            std::thread::sleep(Duration::from_millis(1));
        }
        let write = long.write(&[], Box::new(|txn| counted(txn, Duration::from_millis(100))));
        let ended = write.wait();
        done.store(true, Ordering::SeqCst);
        ended.unwrap();
    });
    assert!((1..10).contains(&long.stats().reruns), "{} runs again", long.stats().reruns);
}
