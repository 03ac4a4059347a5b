//! A server that is killed while it sweeps goes on sweeping when it is started again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tempfile::TempDir;
use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Keyspace, Way};
use undb::store::schema::{DOOMED, MAP, OF_TABLE};

use crate::process::{Client, PATIENCE};
use crate::{Place, seed, start};

const BULKS: usize = 4;
const BULK: usize = 2500;

#[test]
fn a_deleted_base_is_swept_also_across_a_kill() {
    let mut rng = StdRng::seed_from_u64(seed());
    let directory = TempDir::new().unwrap();
    let process = start(directory.path(), 0);
    let place = Place::make(&process);
    let client = Client::new(process.address);
    for bulk in 0..BULKS {
        let rows: Vec<_> =
            (0..BULK).map(|n| json!({"values": {"title": "t", "isbn": format!("{bulk}-{n}")}})).collect();
        place.must(
            &client,
            "POST",
            &format!("{}/records/bulk", place.table),
            Some(&json!({"records": rows})),
            201,
        );
    }
    let began = Instant::now();
    place.must(&client, "DELETE", &place.base, None, 204);
    println!("deleting a base of {} records was answered in {:?}", BULKS * BULK, began.elapsed());
    place.must(&client, "GET", &place.base, None, 404);
    // Its name is free at once; what comes later under the name is not swept.
    let again = place.must(&client, "POST", &place.bases, Some(&json!({"name": "Shop"})), 201);
    std::thread::sleep(Duration::from_millis(rng.random_range(0..100)));
    process.kill();
    let left = keys(directory.path());
    println!("killed with {left:?} keys to sweep");
    let mut runs = 0;
    let waited = Instant::now();
    loop {
        runs += 1;
        let process = start(directory.path(), runs);
        let client = Client::new(process.address);
        let path = format!("{}/{}", place.bases, again["id"].as_str().unwrap());
        assert_eq!(place.must(&client, "GET", &path, None, 200)["name"], "Shop");
        std::thread::sleep(Duration::from_millis(200));
        process.terminate();
        if keys(directory.path()).is_empty() {
            break;
        }
        assert!(waited.elapsed() < PATIENCE, "it is not swept: {:?}", keys(directory.path()));
    }
}

/// How many keys of tables there are, and rows that say what is to be swept, by keyspace; only those that there are.
fn keys(directory: &Path) -> BTreeMap<&'static str, usize> {
    let engine = Sled::open(directory.join("data").join("sled"), Options::default()).unwrap();
    let read = engine.read().unwrap();
    let mut found = BTreeMap::new();
    for of in OF_TABLE.into_iter().chain([DOOMED]) {
        let name = MAP.iter().find(|entry| entry.of == of).map_or("?", |entry| entry.name);
        let count = count(read.as_ref(), of);
        if count > 0 {
            found.insert(name, count);
        }
    }
    found
}

fn count(read: &(dyn undb::kv::Read + Send + Sync), of: Keyspace) -> usize {
    let mut count = 0;
    read.scan(of, &[][..]..&[0xff; 64][..], Way::Up, &mut |_, _| {
        count += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    count
}
