//! Sixteen clients read and change a few records, each request at another process. The calls on each record make a history,
//! and every history must be linearizable: so a read sees all that was acknowledged before it was sent, wherever.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::checker::{Call, Deed, is_linearizable};
use crate::machines::{Machines, RoundRobin};
use crate::{is_long, postgres, seed};

const CLIENTS: usize = 16;
/// Records that the clients meet on, each of which makes one history a round.
const RECORDS: usize = 8;
/// Calls of one client in a round; a history has some sixteen times that, by the number of records.
const CALLS: usize = 24;

#[test]
fn every_records_history_is_linearizable() {
    let Some(_held) = postgres() else { return };
    let rounds = if is_long() { 14 } else { 2 };
    let mut rng = StdRng::seed_from_u64(seed());
    let machines = Machines::start();
    let table = machines
        .table("books", &json!([{"name": "title", "type": "string"}, {"name": "pages", "type": "number"}]));
    let (mut checked, mut calls) = (0, 0);
    for round in 0..rounds {
        let ids = records_make(&machines, &table);
        let histories: Vec<Mutex<Vec<Call>>> = ids.iter().map(|_| Mutex::default()).collect();
        let began = Instant::now();
        std::thread::scope(|scope| {
            for n in 0..CLIENTS {
                let (client, seed) = (machines.client(n), rng.random());
                let actor =
                    Actor { client, table: &table, ids: &ids, histories: &histories, began, number: n };
                scope.spawn(move || actor.act(StdRng::seed_from_u64(seed)));
            }
        });
        for (id, history) in ids.iter().zip(histories) {
            let history = history.into_inner().unwrap();
            assert!(history.len() > 20, "too few calls to tell anything: {}", history.len());
            assert!(
                is_linearizable(0, &history),
                "round {round}: the history of {id} is not linearizable: {history:#?}"
            );
            checked += 1;
            calls += history.len();
        }
    }
    println!("{checked} histories of {calls} calls in all are linearizable");
}

fn records_make(machines: &Machines, table: &str) -> Vec<String> {
    let rows: Vec<Value> =
        (0..RECORDS).map(|n| json!({"values": {"title": format!("r{n}"), "pages": 0}})).collect();
    let made = machines.client(1).must(
        "POST",
        &format!("{table}/records/bulk"),
        Some(&json!({"records": rows})),
        201,
    );
    made["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// One client.
struct Actor<'a> {
    client: RoundRobin,
    table: &'a str,
    ids: &'a [String],
    histories: &'a [Mutex<Vec<Call>>],
    began: Instant,
    number: usize,
}

impl Actor<'_> {
    fn act(&self, mut rng: StdRng) {
        for n in 0..CALLS {
            // Values are told apart, so that a read tells which write it saw.
            let value = i64::try_from((self.number + 1) * 1000 + n).unwrap();
            let which = rng.random_range(0..RECORDS);
            match rng.random_range(0..10) {
                0..4 => self.read(which),
                4 => self.read_all(),
                5..8 => self.write(which, value),
                _ => self.swap(which, value),
            }
            if rng.random_bool(0.2) {
                std::thread::sleep(Duration::from_millis(rng.random_range(0..5)));
            }
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }

    fn note(&self, which: usize, deed: Deed, began: u64, ended: Option<u64>) {
        self.histories[which].lock().unwrap().push(Call { deed, began, ended });
    }

    fn path(&self, which: usize) -> String {
        format!("{}/records/{}", self.table, self.ids[which])
    }

    /// Reads a record, and answers its value and its entity tag.
    fn look(&self, which: usize) -> (i64, String) {
        let began = self.now();
        let (answer, tag) = self.client.tagged(&self.path(which));
        let value = answer["data"]["values"]["pages"].as_i64().unwrap();
        self.note(which, Deed::Read(value), began, Some(self.now()));
        (value, tag)
    }

    fn read(&self, which: usize) {
        self.look(which);
    }

    /// A page reads all records at one moment.
    fn read_all(&self) {
        let began = self.now();
        let answer = self.client.must("GET", &format!("{}/records?limit=1000", self.table), None, 200);
        let ended = self.now();
        for record in answer["records"].as_array().unwrap() {
            if let Some(which) = self.ids.iter().position(|id| *id == record["id"]) {
                self.note(which, Deed::Read(record["values"]["pages"].as_i64().unwrap()), began, Some(ended));
            }
        }
    }

    fn write(&self, which: usize, value: i64) {
        let began = self.now();
        let sent =
            self.client.send("PATCH", &self.path(which), &[], Some(&json!({"values": {"pages": value}})));
        self.told(which, Deed::Write(value), began, sent);
    }

    /// Reads, and writes if nobody else did meanwhile.
    fn swap(&self, which: usize, value: i64) {
        let (old, tag) = self.look(which);
        let began = self.now();
        let body = json!({"values": {"pages": value}});
        let sent = self.client.send("PATCH", &self.path(which), &[("if-match", &tag)], Some(&body));
        if sent.as_ref().is_some_and(|(status, _)| *status == 412) {
            return self.note(which, Deed::Refused(old), began, Some(self.now()));
        }
        self.told(which, Deed::Swap(old, value), began, sent);
    }

    fn told(&self, which: usize, deed: Deed, began: u64, sent: Option<(u16, Value)>) {
        match sent {
            Some((200, _)) => self.note(which, deed, began, Some(self.now())),
            // Done or not done.
            Some((503, answer)) if answer["code"] == "commit_unknown" => self.note(which, deed, began, None),
            other => panic!("a change of {}: {other:?}", self.ids[which]),
        }
    }
}
