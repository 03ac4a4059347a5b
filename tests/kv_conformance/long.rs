//! Values of every length.

use undb::kv::{Engine, Error, Outcome};

use crate::{SPACE, commit, delete, get, get_in, laws, put, rows};

laws! {
    values_of_every_length_come_back
    a_scan_comes_to_long_values_among_short_ones
    a_long_value_gives_way_to_a_shorter_and_a_longer_one
    a_snapshot_holds_long_values
    long_values_stay_whole_under_racing_readers
}

const LENGTHS: [usize; 9] = [0, 1, 4095, 4096, 4097, 8192, 8193, 100 << 10, 1 << 20];

fn value(length: usize, seed: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at / 7 + at / 4096 + seed) % 251).unwrap()).collect()
}

fn values_of_every_length_come_back(engine: &dyn Engine) {
    for length in LENGTHS {
        put(engine, &length.to_be_bytes(), &value(length, 1));
    }
    for length in LENGTHS {
        assert!(get(engine, &length.to_be_bytes()).unwrap() == value(length, 1));
    }
    let mut scanned = rows(&*engine.read().unwrap(), SPACE);
    assert!(scanned.iter().zip(LENGTHS).all(|(row, length)| row.1 == value(length, 1)));
    let expected = scanned.clone();
    commit(engine, move |txn| {
        assert!(rows(&*txn, SPACE) == expected);
        assert!(get_in(txn, &(1_usize << 20).to_be_bytes()).unwrap() == value(1 << 20, 1));
    });
    scanned.clear();
    LENGTHS.iter().for_each(|length| delete(engine, &length.to_be_bytes()));
    assert!(rows(&*engine.read().unwrap(), SPACE) == scanned);
}

/// Who takes rows by so many at a time, and then by so many bytes, must not take the end of the one for the end of all.
fn a_scan_comes_to_long_values_among_short_ones(engine: &dyn Engine) {
    let lengths = (0..700_u32).map(|n| if (300..320).contains(&n) || n == 650 { 600 << 10 } else { 8 });
    let expected: Vec<_> =
        lengths.zip(0_u32..).map(|(long, n)| (n.to_be_bytes().to_vec(), vec![7; long])).collect();
    let all = expected.clone();
    commit(engine, move |txn| all.iter().for_each(|(key, value)| txn.put(SPACE, key, value)));
    assert!(rows(&*engine.read().unwrap(), SPACE) == expected);
    commit(engine, move |txn| assert!(rows(&*txn, SPACE) == expected));
}

fn a_long_value_gives_way_to_a_shorter_and_a_longer_one(engine: &dyn Engine) {
    for (seed, length) in [100_000, 5000, 10, 300_000, 4097, 300_000, 0, 8192].into_iter().enumerate() {
        put(engine, b"k", &value(length, seed));
        assert!(get(engine, b"k").unwrap() == value(length, seed));
        assert_eq!(rows(&*engine.read().unwrap(), SPACE).len(), 1);
    }
    delete(engine, b"k");
    assert_eq!(get(engine, b"k"), None);
}

fn a_snapshot_holds_long_values(engine: &dyn Engine) {
    put(engine, b"k", &value(50_000, 1));
    let snapshot = engine.read().unwrap();
    for length in [3, 70_000, 50_000] {
        put(engine, b"k", &value(length, 2));
        assert!(get_in(&*snapshot, b"k").unwrap() == value(50_000, 1));
    }
    delete(engine, b"k");
    assert!(rows(&*snapshot, SPACE) == [(b"k".to_vec(), value(50_000, 1))]);
}

/// The value says how long it is and what it is made of, so that pieces of two would show.
fn long_values_stay_whole_under_racing_readers(engine: &dyn Engine) {
    let write = |round: usize| {
        let length: usize = [20_000, 4_500, 30_000, 3_000][round % 4];
        engine.transact(b"", move |txn| {
            txn.put(SPACE, b"k", &[&length.to_be_bytes()[..], &value(length, length)].concat());
            Ok::<_, Error>((Outcome::Keep, ()))
        })
    };
    let check = |got: &[u8]| {
        let (head, body) = got.split_at(8);
        let length = usize::from_be_bytes(head.try_into().unwrap());
        assert!(body == value(length, length), "a torn value");
    };
    write(0).wait().unwrap().unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..200).for_each(|round| write(round).wait().unwrap().unwrap()));
        while !writer.is_finished() {
            check(&get(engine, b"k").unwrap());
            check(&rows(&*engine.read().unwrap(), SPACE)[0].1);
            let body = engine.transact(b"", move |txn| {
                check(&get_in(txn, b"k").unwrap());
                Ok::<_, Error>((Outcome::Drop, ()))
            });
            body.wait().unwrap().unwrap();
        }
    });
}
