//! Random transactions, compared with a map.

use std::collections::BTreeMap;

use proptest::prelude::*;
use undb::kv::{Engine, Error, Keyspace, Outcome, Way};

use crate::{fresh, kinds, scan};

type Model = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Vec<u8>, Vec<u8>),
    Delete(u8, Vec<u8>),
    /// From the first key up to the second, this many rows.
    Scan(u8, Vec<u8>, Vec<u8>, bool, usize),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0), Just(1), Just(254), Just(255)];
    prop::collection::vec(byte, 0..6)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![8 => 0..20_usize, 1 => 4090..4100_usize, 1 => 8190..12_300_usize];
    (length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length])
}

fn step() -> impl Strategy<Value = Step> {
    let of = 1..3_u8;
    prop_oneof![
        4 => (of.clone(), key(), value()).prop_map(|(of, key, value)| Step::Put(of, key, value)),
        2 => (of.clone(), key()).prop_map(|(of, key)| Step::Delete(of, key)),
        1 => (of, key(), key(), any::<bool>(), 0..40_usize)
            .prop_map(|(of, a, b, up, limit)| Step::Scan(of, a, b, up, limit)),
    ]
}

/// A transaction: its steps, and whether it is kept.
fn transaction() -> impl Strategy<Value = (Vec<Step>, bool)> {
    (prop::collection::vec(step(), 1..24), prop::bool::weighted(0.8))
}

fn expected(
    model: &Model,
    of: u8,
    from: &[u8],
    to: &[u8],
    way: Way,
    limit: usize,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let within =
        |((space, key), _): &(&(u8, Vec<u8>), &Vec<u8>)| *space == of && **key >= *from && **key < *to;
    let rows = model.iter().filter(within).map(|((_, key), value)| (key.clone(), value.clone()));
    match way {
        Way::Up => rows.take(limit).collect(),
        Way::Down => rows.rev().take(limit).collect(),
    }
}

fn run(engine: &dyn Engine, model: &Model, steps: &[Step], keep: bool) -> Model {
    let (before, steps) = (model.clone(), steps.to_vec());
    let receipt = engine.transact(b"", move |txn| {
        let mut model = before.clone();
        for step in &steps {
            match step {
                Step::Put(of, key, value) => {
                    txn.put(Keyspace(*of), key, value);
                    model.insert((*of, key.clone()), value.clone());
                }
                Step::Delete(of, key) => {
                    txn.delete(Keyspace(*of), key);
                    model.remove(&(*of, key.clone()));
                }
                Step::Scan(of, from, to, up, limit) => {
                    let way = if *up { Way::Up } else { Way::Down };
                    let seen = scan(&*txn, Keyspace(*of), from, to, way, *limit)?;
                    assert!(seen == expected(&model, *of, from, to, way, *limit), "{step:?}");
                }
            }
        }
        Ok::<_, Error>((if keep { Outcome::Keep } else { Outcome::Drop }, model))
    });
    let after = receipt.wait().unwrap().unwrap();
    if keep { after } else { model.clone() }
}

fn check(engine: &dyn Engine, model: &Model, steps: &[Step]) {
    let snapshot = engine.read().unwrap();
    for step in steps {
        match step {
            Step::Put(of, key, _) | Step::Delete(of, key) => {
                let got = engine.get(&[(Keyspace(*of), key)]).unwrap().remove(0);
                assert_eq!(got.as_deref(), model.get(&(*of, key.clone())).map(Vec::as_slice));
            }
            Step::Scan(of, from, to, up, limit) => {
                let way = if *up { Way::Up } else { Way::Down };
                let seen = scan(&*snapshot, Keyspace(*of), from, to, way, *limit).unwrap();
                assert!(seen == expected(model, *of, from, to, way, *limit), "{step:?}");
            }
        }
    }
}

/// A snapshot that was opened earlier, and what it must still hold.
fn check_all(read: &dyn undb::kv::Read, model: &Model) {
    for of in 1..3 {
        for way in [Way::Up, Way::Down] {
            let seen = scan(read, Keyspace(of), &[], &[255; 9], way, usize::MAX).unwrap();
            assert!(seen == expected(model, of, &[], &[255; 9], way, usize::MAX));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_engine_is_a_map(transactions in prop::collection::vec(transaction(), 1..24)) {
        for kind in kinds() {
            let fresh = fresh(kind);
            let (engine, mut model) = (&*fresh.engine, Model::new());
            let mut snapshots = Vec::new();
            for (steps, keep) in &transactions {
                snapshots.push((engine.read().unwrap(), model.clone()));
                model = run(engine, &model, steps, *keep);
                check(engine, &model, steps);
            }
            snapshots.push((engine.read().unwrap(), model));
            snapshots.iter().for_each(|(snapshot, model)| check_all(&**snapshot, model));
        }
    }
}
