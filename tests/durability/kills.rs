//! Sixteen writers, and a server that is killed under them, again and again, on the same directory.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ledger::{Known, Ledger};
use crate::process::{Client, PATIENCE, Process};
use crate::{Place, number, seed, start};

const WRITERS: usize = 16;
/// Records of one bulk.
pub const BULK: usize = 100;

#[test]
fn nothing_acknowledged_is_lost_by_kill_9() {
    let kills = number("UNDB_KILLS").unwrap_or(if number("UNDB_LONG") == Some(1) { 30 } else { 4 });
    let mut rng = StdRng::seed_from_u64(seed());
    let directory = TempDir::new().unwrap();
    let mut process = start(directory.path(), 0);
    let place = Place::make(&process);
    let mut ledger = Ledger::default();
    let mut highest = String::new();
    for round in 1..=kills {
        let told = Mutex::new(Ledger::default());
        // From within the first commits to well into the run.
        let delay = Duration::from_millis(rng.random_range(0..400));
        let seeds: Vec<u64> = (0..WRITERS).map(|_| rng.random()).collect();
        run(process, &place, round, delay, &seeds, &told);
        let told = told.into_inner().unwrap();
        let (acknowledged, open) = (told.acknowledged, told.unanswered.len() + told.bulks.len());
        ledger.add(told);
        process = start(directory.path(), usize::try_from(round).unwrap());
        let client = Client::new(process.address);
        ledger.check(&place, &client);
        highest = ids_grow(&place, &client, &ledger, &highest);
        println!(
            "kill {round} after {delay:?}: {acknowledged} writes acknowledged, {open} creates open, {} records",
            ledger.live.len()
        );
        assert!(acknowledged > 0);
    }
}

/// Lets the writers write until the server is killed.
fn run(process: Process, place: &Place, round: u64, delay: Duration, seeds: &[u64], told: &Mutex<Ledger>) {
    let begun = AtomicUsize::new(0);
    let address = process.address;
    std::thread::scope(|scope| {
        for (n, seed) in seeds.iter().enumerate() {
            let (begun, name) = (&begun, format!("{round}-{n}"));
            scope.spawn(move || {
                let mut writer = Writer::new(place, Client::new(address), name, *seed);
                while writer.step() {
                    begun.fetch_add(1, Ordering::SeqCst);
                }
                told.lock().unwrap().add(writer.ledger);
            });
        }
        let waited = Instant::now();
        while begun.load(Ordering::SeqCst) < WRITERS {
            assert!(waited.elapsed() < PATIENCE, "the writers do not begin");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(delay);
        process.kill();
    });
}

/// A new id is above all that were given out before, also by the process that was killed.
fn ids_grow(place: &Place, client: &Client, ledger: &Ledger, highest: &str) -> String {
    let body = json!({"values": {"title": "newest", "pages": 0}});
    let made = place.must(client, "POST", &format!("{}/records", place.table), Some(&body), 201);
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    let before = ledger.live.keys().chain(ledger.gone.iter().map(|(id, _)| id)).max().unwrap();
    assert!(id > *before && id.as_str() > highest, "{id} is not above {before} and {highest}");
    id
}

/// One of those who write at the same time.
struct Writer<'a> {
    place: &'a Place,
    client: Client,
    name: String,
    rng: StdRng,
    steps: usize,
    ledger: Ledger,
}

impl Writer<'_> {
    fn new(place: &Place, client: Client, name: String, seed: u64) -> Writer<'_> {
        Writer { place, client, name, rng: StdRng::seed_from_u64(seed), steps: 0, ledger: Ledger::default() }
    }

    /// One write; `false` if it was not answered, since the server is dead.
    fn step(&mut self) -> bool {
        self.steps += 1;
        let own = self.ledger.live.keys().nth(self.rng.random_range(0..20)).cloned();
        let done = match (self.rng.random_range(0..10), own) {
            (3..=4, _) => self.create_keyed(),
            (5, _) => self.create_bulk(),
            (6..=7, Some(id)) => self.patch(&id),
            (8, Some(id)) => self.delete(&id),
            _ => self.create(),
        };
        self.ledger.acknowledged += usize::from(done);
        done
    }

    fn isbn(&self, n: usize) -> String {
        format!("{}-{}-{n}", self.name, self.steps)
    }

    fn send(&self, method: &str, tail: &str, body: Option<&Value>, status: u16) -> Option<Value> {
        let path = format!("{}/records{tail}", self.place.table);
        let (got, answer) = self.place.send(&self.client, method, &path, body)?;
        assert_eq!(got, status, "{method} {tail}: {answer}");
        Some(answer)
    }

    fn known(&mut self, id: &Value, isbn: String, pages: i64) {
        let known = Known { isbn, pages: vec![pages], maybe_gone: false };
        self.ledger.live.insert(id.as_str().unwrap().to_owned(), known);
    }

    fn create(&mut self) -> bool {
        let isbn = self.isbn(0);
        let body = json!({"values": {"title": "single", "isbn": isbn, "pages": 1}});
        let Some(answer) = self.send("POST", "", Some(&body), 201) else { return false };
        self.known(&answer["data"]["id"], isbn, 1);
        true
    }

    fn create_keyed(&mut self) -> bool {
        let key = format!("key-{}-{}", self.name, self.steps);
        let headers = [("x-undb-api-token", self.place.token.as_str()), ("idempotency-key", key.as_str())];
        let path = format!("{}/records", self.place.table);
        let body = json!({"values": {"title": key, "pages": 0}});
        let sent = self.client.send("POST", &path, &headers, Some(&body));
        self.ledger.keyed.push(key.clone());
        match sent {
            Some((status, answer)) => assert_eq!(status, 201, "{answer}"),
            None => {
                self.ledger.unanswered.push(key);
                return false;
            }
        }
        true
    }

    fn create_bulk(&mut self) -> bool {
        let shelf = format!("bulk-{}-{}", self.name, self.steps);
        let isbns: Vec<_> = (0..BULK).map(|n| self.isbn(n)).collect();
        let rows: Vec<_> = isbns
            .iter()
            .map(|isbn| json!({"values": {"title": "one of many", "isbn": isbn, "pages": 2, "shelf": shelf}}))
            .collect();
        let Some(answer) = self.send("POST", "/bulk", Some(&json!({"records": rows})), 201) else {
            self.ledger.bulks.push(shelf);
            return false;
        };
        for (id, isbn) in answer["ids"].as_array().unwrap().iter().zip(isbns) {
            self.known(id, isbn, 2);
        }
        true
    }

    fn patch(&mut self, id: &str) -> bool {
        let pages = self.rng.random_range(10..1_000_000);
        let answer = self.send("PATCH", &format!("/{id}"), Some(&json!({"values": {"pages": pages}})), 200);
        let known = self.ledger.live.get_mut(id).unwrap();
        match answer {
            Some(_) => known.pages = vec![pages],
            None => known.pages.push(pages),
        }
        answer.is_some()
    }

    fn delete(&mut self, id: &str) -> bool {
        if self.send("DELETE", &format!("/{id}"), None, 204).is_none() {
            self.ledger.live.get_mut(id).unwrap().maybe_gone = true;
            return false;
        }
        let known = self.ledger.live.remove(id).unwrap();
        self.ledger.gone.push((id.to_owned(), known.isbn));
        true
    }
}
