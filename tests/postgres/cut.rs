//! Connections are cut at random while several writers and readers work: nothing that was acknowledged is lost, nothing is
//! done twice, nobody reads a wrong answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use undb::kv::postgres::{Address, Postgres};
use undb::kv::{Bytes, Engine, Error, Keyspace, Outcome, Write};

use crate::proxy::Proxy;

const SPACE: Keyspace = Keyspace(1);
const WRITERS: u8 = 6;

fn number(value: Option<Bytes>) -> u64 {
    value.map_or(0, |value| u64::from_be_bytes((&*value).try_into().unwrap()))
}

/// Adds one to the writer's own number and to one that all share.
fn add(writer: u8) -> impl Fn(&mut dyn Write) -> Result<(Outcome, u64), Error> + Send + 'static {
    move |txn| {
        let own = [writer];
        let found = txn.get(&[(SPACE, &own), (SPACE, b"all")])?;
        let (mine, all) = (number(found[0].clone()) + 1, number(found[1].clone()) + 1);
        txn.put(SPACE, &own, &mine.to_be_bytes());
        txn.put(SPACE, b"all", &all.to_be_bytes());
        Ok((Outcome::Keep, mine))
    }
}

/// One writer, which knows of each of its writes whether it is done, but for those of which nobody knows.
fn write(engine: &dyn Engine, writer: u8, until: Instant, refused: &AtomicU64) -> (u64, u64) {
    let (mut done, mut unknown, mut unknowns) = (0, 0, 0);
    while Instant::now() < until || unknown > 0 {
        match engine.transact(b"", add(writer)).wait() {
            Ok(answer) => {
                let mine = answer.unwrap();
                assert!(
                    (done + 1..=done + 1 + unknown).contains(&mine),
                    "writer {writer}: {mine} after {done} acknowledged and {unknown} unknown"
                );
                (done, unknown) = (mine, 0);
                if let Ok(mut got) = engine.get(&[(SPACE, &[writer])]) {
                    assert_eq!(number(got.remove(0)), mine, "writer {writer} reads what it wrote");
                }
            }
            Err(Error::Unknown(_)) => (unknown, unknowns) = (unknown + 1, unknowns + 1),
            Err(Error::Away(_)) => {
                refused.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(other) => panic!("{other}"),
        }
    }
    (done, unknowns)
}

/// Every get is of one moment: what all have written is the sum of what each has.
fn read(engine: &dyn Engine) {
    let keys: Vec<[u8; 1]> = (0..WRITERS).map(|writer| [writer]).collect();
    let mut pairs: Vec<_> = keys.iter().map(|key| (SPACE, &key[..])).collect();
    pairs.push((SPACE, b"all"));
    let snapshot = engine.read().and_then(|read| read.get(&pairs));
    for got in [engine.get(&pairs), snapshot].into_iter().flatten() {
        let numbers: Vec<u64> = got.into_iter().map(number).collect();
        let (all, each) = numbers.split_last().unwrap();
        assert_eq!(each.iter().sum::<u64>(), *all, "two moments in one get");
    }
}

#[test]
fn no_acknowledged_write_is_lost_and_none_is_done_twice_when_connections_are_cut() {
    let Some(schema) = crate::schema() else { return };
    let seconds = if std::env::var("UNDB_LONG").is_ok() { 60 } else { 8 };
    let seed: u64 = rand::rng().random();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let (proxy, through) = Proxy::of(&schema);
    let engine: Arc<dyn Engine> = Arc::new(Postgres::open(Address::parse(&through).unwrap()).unwrap());
    let until = Instant::now() + Duration::from_secs(seconds);
    let (finished, refused) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut cuts, mut sum, mut unknowns) = (0, 0, 0);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (engine, refused) = (&engine, &refused);
                scope.spawn(move || write(&**engine, writer, until, refused))
            })
            .collect();
        let reader = scope.spawn(|| {
            while !finished.load(Ordering::SeqCst) {
                read(&*engine);
            }
        });
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(random.random_range(10..200)));
            proxy.cut(|| random.random_ratio(1, 3));
            cuts += 1;
        }
        for writer in writers {
            let (done, unknown) = writer.join().unwrap();
            sum += done;
            unknowns += unknown;
        }
        finished.store(true, Ordering::SeqCst);
        reader.join().unwrap();
    });
    // The server may still look for the database.
    let began = Instant::now();
    let all = loop {
        match engine.get(&[(SPACE, b"all")]) {
            Ok(mut got) => break number(got.remove(0)),
            Err(error) => assert!(began.elapsed() < Duration::from_secs(10), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(all, sum);
    let (refused, reruns) = (refused.into_inner(), engine.stats().reruns);
    eprintln!("{cuts} cuts: {sum} writes, {refused} refused, {unknowns} unknown, {reruns} bodies run again");
    assert!(sum > 100 && reruns > 0, "nothing was cut");
}
