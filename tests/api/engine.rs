//! An engine that is watched: it panics on cue when a keyspace is read, and says how many keys each commit touched. And
//! what the server makes of such a panic.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tempfile::TempDir;
use undb::kv::memory::Memory;
use undb::kv::sled::{Options, Sled};
use undb::kv::{Body, Bytes, Durable, Each, Engine, Keyspace, Outcome, Read, Result, Stats, Way, Write};
use undb::store::schema::{CATALOG_NUMBER, HEAD, RECORD, TOKEN_HASH};

use crate::ask::{Ask, refused};
use crate::harness::{Setup, Shop};

/// The engine.
pub struct Watched {
    inner: Arc<dyn Engine>,
    /// Reading this keyspace panics; 0 is none.
    breaks: Arc<AtomicU8>,
    touched: Arc<Mutex<Vec<usize>>>,
}

impl Watched {
    pub fn over(inner: Arc<dyn Engine>) -> Arc<Watched> {
        Arc::new(Watched { inner, breaks: Arc::default(), touched: Arc::default() })
    }

    pub fn break_at(&self, of: Option<Keyspace>) {
        self.breaks.store(of.map_or(0, |of| of.0), Ordering::SeqCst);
    }

    /// Takes what the commits since the last call touched: keys that each wrote and rows that it scanned.
    pub fn take_touched(&self) -> Vec<usize> {
        std::mem::take(&mut *self.touched.lock().unwrap())
    }
}

fn look(breaks: &AtomicU8, of: Keyspace) {
    assert!(breaks.load(Ordering::SeqCst) != of.0, "a test broke the keyspace {}", of.0);
}

impl Engine for Watched {
    fn waits_on_network(&self) -> bool {
        self.inner.waits_on_network()
    }

    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        keys.iter().for_each(|(of, _)| look(&self.breaks, *of));
        self.inner.get(keys)
    }

    fn read(&self) -> Result<Box<dyn Read + Send + Sync>> {
        Ok(Box::new(Snapshot { inner: self.inner.read()?, breaks: self.breaks.clone() }))
    }

    fn write(&self, turn: &[u8], mut body: Body) -> Durable {
        // Of the last run, if that was kept.
        let last = Arc::new(Mutex::new(None));
        let (of_run, breaks, all) = (last.clone(), self.breaks.clone(), self.touched.clone());
        let durable = self.inner.write(
            turn,
            Box::new(move |txn| {
                let mut inside = Inside { inner: txn, breaks: &breaks, touched: Mutex::new(0) };
                let outcome = body(&mut inside);
                let touched = inside.touched.into_inner().unwrap();
                *of_run.lock().unwrap() = (outcome == Outcome::Keep).then_some(touched);
                outcome
            }),
        );
        durable.then(move |result| {
            all.lock().unwrap().extend(last.lock().unwrap().take());
            result
        })
    }

    fn writable(&self) -> Result<()> {
        self.inner.writable()
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

struct Snapshot {
    inner: Box<dyn Read + Send + Sync>,
    breaks: Arc<AtomicU8>,
}

impl Read for Snapshot {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        keys.iter().for_each(|(of, _)| look(&self.breaks, *of));
        self.inner.get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        look(&self.breaks, of);
        self.inner.scan(of, range, way, each)
    }
}

struct Inside<'a> {
    inner: &'a mut dyn Write,
    breaks: &'a AtomicU8,
    touched: Mutex<usize>,
}

impl Read for Inside<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        keys.iter().for_each(|(of, _)| look(self.breaks, *of));
        self.inner.get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        look(self.breaks, of);
        self.inner.scan(of, range, way, &mut |key, value| {
            *self.touched.lock().unwrap() += 1;
            each(key, value)
        })
    }
}

impl Write for Inside<'_> {
    fn put(&mut self, of: Keyspace, key: &[u8], value: &[u8]) {
        *self.touched.lock().unwrap() += 1;
        self.inner.put(of, key, value);
    }

    fn delete(&mut self, of: Keyspace, key: &[u8]) {
        *self.touched.lock().unwrap() += 1;
        self.inner.delete(of, key);
    }
}

/// Every key of a keyspace that begins with `prefix`, and its value.
pub fn rows(engine: &dyn Engine, of: Keyspace, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let end = [prefix, &[0xff; 64]].concat();
    let read = engine.read().unwrap();
    read.scan(of, prefix..end.as_slice(), Way::Up, &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    found
}

#[test]
fn a_panic_is_a_failed_request_and_the_server_lives() {
    let directory = TempDir::new().unwrap();
    let sled = Sled::open(directory.path().join("data"), Options::default()).unwrap();
    for inner in [Arc::new(Memory::new()) as Arc<dyn Engine>, Arc::new(sled)] {
        let engine = Watched::over(inner);
        let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
        let id = shop.record(json!({"title": "Dune"}));
        let (_, fresh) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "not looked up yet"}));
        let record = shop.path(&format!("/records/{id}"));
        let many = json!({"records": [{"values": {"title": "a"}}]});
        for (why, of, method, path, body, token) in [
            ("a read", RECORD, "GET", record.clone(), Value::Null, &shop.token),
            ("a page", RECORD, "GET", shop.path("/records"), Value::Null, &shop.token),
            (
                "inside a transaction",
                RECORD,
                "PATCH",
                record.clone(),
                json!({"values": {"pages": 1}}),
                &shop.token,
            ),
            ("inside one on the pool", HEAD, "POST", shop.path("/records/bulk"), many, &shop.token),
            (
                "inside one that changes the schema",
                CATALOG_NUMBER,
                "POST",
                "/api/openapi/bases".into(),
                json!({"name": "x"}),
                &shop.token,
            ),
            ("the look-up of a token", TOKEN_HASH, "GET", record.clone(), Value::Null, &fresh),
        ] {
            engine.break_at(Some(of));
            let request = crate::ask::with_body(shop.server.request(method, &path).token(token), body);
            let answer = request.header("x-request-id", "kept").send();
            engine.break_at(None);
            refused(&answer, why, 500, "internal", &[]);
            assert_eq!(answer.header("x-request-id"), Some("kept"), "{why}");
            let text = String::from_utf8_lossy(&answer.bytes).into_owned();
            assert!(!text.contains("keyspace"), "{why}: the cause is for the log: {text}");
            assert_eq!(shop.got(&record).at("/data/version"), 1, "{why}: nothing is done");
        }
        assert_eq!(shop.server.get(&record).token(&fresh).send().status, 200);
        assert_eq!(shop.ask("PATCH", &record, json!({"values": {"pages": 2}})).status, 200);
        shop.made("/api/openapi/bases", json!({"name": "x"}));
        assert_eq!(shop.got("/readyz").status, 200);
    }
}
