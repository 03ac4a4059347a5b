//! Processes and PostgreSQL are killed at random moments under sixteen writers, one or both, again and again: nothing that was
//! acknowledged is lost, nothing is half done or done twice, and all is well again without a hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::machines::{MACHINES, Machines, RoundRobin};
use crate::process::exchange;
use crate::{is_long, number, postgres_alone, seed};

const WRITERS: usize = 16;
const BULK: usize = 10;
/// How long it may take until writes are acknowledged again.
const BACK: Duration = Duration::from_mins(1);
/// How long until another process runs the jobs, and some more for a machine that is busy.
const TAKEN_OVER: Duration = Duration::from_secs(20);

/// Stops and starts the PostgreSQL that tests run on: arguments of its own follow.
const CONTROL: &str = "UNDB_TEST_POSTGRES_CONTROL";

#[test]
fn nothing_acknowledged_is_lost_whoever_is_killed() {
    let Some(_held) = postgres_alone() else { return };
    let Ok(control) = std::env::var(CONTROL) else {
        println!("skipped: {CONTROL} does not say how PostgreSQL is stopped");
        return;
    };
    let kills = number("UNDB_KILLS").unwrap_or(if is_long() { 30 } else { 3 });
    let mut rng = StdRng::seed_from_u64(seed());
    let mut machines = Machines::start();
    let fields =
        json!([{"name": "code", "type": "string", "unique": true}, {"name": "shelf", "type": "string"}]);
    let records = format!("{}/records", machines.table("books", &fields));
    let addresses = Mutex::new(machines.addresses());
    let (ended, acknowledged) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (told, token) = (Mutex::new(Vec::new()), machines.token.clone());
    std::thread::scope(|scope| {
        for n in 0..WRITERS {
            let writer = Writer { number: n, addresses: &addresses, token: &token, records: &records };
            let (ended, acknowledged, told) = (&ended, &acknowledged, &told);
            scope.spawn(move || told.lock().unwrap().extend(writer.write(ended, acknowledged)));
        }
        for kill in 1..=kills {
            std::thread::sleep(Duration::from_millis(rng.random_range(200..1500)));
            let which = rng.random_range(0..MACHINES);
            let what = ["a server", "PostgreSQL", "both"][rng.random_range(0..3)];
            if what != "a server" {
                postgres_kill(&control);
            }
            if what != "PostgreSQL" {
                machines.processes.remove(which).kill();
            }
            std::thread::sleep(Duration::from_millis(rng.random_range(0..500)));
            if what != "a server" {
                postgres_start(&control);
            }
            if what != "PostgreSQL" {
                let again = machines.process(which, usize::try_from(kill).unwrap());
                machines.processes.insert(which, again);
                *addresses.lock().unwrap() = machines.addresses();
            }
            let (began, before) = (Instant::now(), acknowledged.load(Ordering::SeqCst));
            while acknowledged.load(Ordering::SeqCst) < before + WRITERS {
                assert!(began.elapsed() < BACK, "nothing is acknowledged after {what} was killed");
                std::thread::sleep(Duration::from_millis(5));
            }
            println!("kill {kill}: {what}; {before} acknowledged before, back after {:?}", began.elapsed());
        }
        ended.store(true, Ordering::SeqCst);
    });
    let told = told.into_inner().unwrap();
    check(&machines, &records, &told);
    lease_is_held_by_one(&machines);
}

/// One of those who write. Each call is repeated under its key, at whatever process, until it is acknowledged.
struct Writer<'a> {
    number: usize,
    addresses: &'a Mutex<Vec<SocketAddr>>,
    token: &'a str,
    records: &'a str,
}

impl Writer<'_> {
    /// What was acknowledged: the codes of single records, and the shelves of bulks.
    fn write(&self, ended: &AtomicBool, acknowledged: &AtomicUsize) -> Vec<Told> {
        let mut told = Vec::new();
        for n in 0.. {
            let name = format!("w{}-{n}", self.number);
            let bulk = n % 7 == 3;
            let (path, body) = if bulk {
                let rows: Vec<Value> = (0..BULK)
                    .map(|row| json!({"values": {"code": format!("{name}-{row}"), "shelf": name}}))
                    .collect();
                (format!("{}/bulk", self.records), json!({"records": rows}))
            } else {
                (self.records.to_owned(), json!({"values": {"code": name}}))
            };
            let answer = self.repeat(&name, &path, &body);
            acknowledged.fetch_add(1, Ordering::SeqCst);
            told.push(if bulk {
                Told::Bulk(name)
            } else {
                Told::One { code: name, id: answer["data"]["id"].as_str().unwrap().to_owned() }
            });
            if ended.load(Ordering::SeqCst) {
                break;
            }
        }
        told
    }

    fn repeat(&self, key: &str, path: &str, body: &Value) -> Value {
        let began = Instant::now();
        loop {
            let client = RoundRobin::new(&self.addresses.lock().unwrap().clone(), self.token, self.number);
            for _ in 0..20 {
                match client.send("POST", path, &[("idempotency-key", key)], Some(body)) {
                    Some((201, answer)) => return answer,
                    Some((503, _)) | None => std::thread::sleep(Duration::from_millis(20)),
                    Some(other) => panic!("{path} {key}: {other:?}"),
                }
            }
            assert!(began.elapsed() < BACK * 2, "{key} is never acknowledged");
        }
    }
}

/// What was acknowledged.
enum Told {
    One { code: String, id: String },
    Bulk(String),
}

/// Every call has had its one effect, and there is nothing else.
fn check(machines: &Machines, records: &str, told: &[Told]) {
    let client = machines.client(0);
    let (mut codes, mut shelves) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
    let (mut cursor, mut total) = (String::new(), 0);
    loop {
        let page = client.must("GET", &format!("{records}?limit=1000{cursor}"), None, 200);
        total = page["total"].as_u64().unwrap_or(total);
        for record in page["records"].as_array().unwrap() {
            let code = record["values"]["code"].as_str().unwrap().to_owned();
            let before = codes.insert(code.clone(), record["id"].as_str().unwrap().to_owned());
            assert_eq!(before, None, "{code} is there twice");
            if let Some(shelf) = record["values"]["shelf"].as_str() {
                *shelves.entry(shelf.to_owned()).or_default() += 1;
            }
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut expected = 0;
    for one in told {
        match one {
            Told::One { code, id } => {
                assert_eq!(codes.get(code), Some(id), "{code} was acknowledged as {id}");
            }
            Told::Bulk(shelf) => assert_eq!(shelves.get(shelf), Some(&BULK), "the bulk {shelf}"),
        }
        expected += if matches!(one, Told::Bulk(_)) { BULK } else { 1 };
    }
    assert_eq!(codes.len(), expected, "every writer waited for its last call");
    assert_eq!(usize::try_from(total).unwrap(), expected, "the count that is kept");
    println!("{} calls acknowledged, {expected} records, all there once", told.len());
}

/// One process, and no other, runs the jobs that one is enough for.
fn lease_is_held_by_one(machines: &Machines) {
    let holders = || {
        let held = |address: &SocketAddr| {
            let told = exchange(*address, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            told.lines().any(|line| line.trim() == "undb_jobs_runner 1")
        };
        machines.addresses().iter().filter(|address| held(address)).count()
    };
    let began = Instant::now();
    while holders() != 1 {
        assert!(began.elapsed() < TAKEN_OVER, "{} processes run the jobs", holders());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// SIGKILL for the one that all others are children of, as its own file names it; they end when they see that.
fn postgres_kill(control: &str) {
    let words: Vec<&str> = control.split_whitespace().collect();
    let data = words.iter().position(|word| *word == "-D").map(|at| words[at + 1]).unwrap();
    let lines = std::fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
    let pid = lines.lines().next().unwrap();
    assert!(Command::new("kill").args(["-s", "KILL", pid]).status().unwrap().success());
}

/// Starts it, again where what is left of the one that was killed still holds its files.
fn postgres_start(control: &str) {
    let began = Instant::now();
    loop {
        let mut words = control.split_whitespace();
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg("start").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status().unwrap().success() {
            return;
        }
        assert!(began.elapsed() < BACK, "PostgreSQL does not start again");
        std::thread::sleep(Duration::from_millis(200));
    }
}
