//! `undb copy`: what it copies, what it refuses, and that it goes on after it was killed.
//!
//! `UNDB_SEED` repeats a run as far as processes let it; `UNDB_LONG=1` copies a million records and prints how fast.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Keyspace, Outcome};
use undb::service::{Core, CoreOptions};
use undb::store::copy::{Progress, content_scan, progress_get};
use undb::store::schema::RECORD;

use super::*;

const COPY: [&str; 5] = ["copy", "--from", "data", "--to", "other"];

fn engine(dir: &TempDir, name: &str) -> Arc<dyn Engine> {
    let path: PathBuf = dir.path().join(name).join("sled");
    Arc::new(Sled::open(path, Options::default()).unwrap())
}

/// A database with so many rows that are nobody's, beside those that it begins with.
fn fill(dir: &TempDir, rows: u32, seed: u64) {
    let engine = engine(dir, "data");
    Core::open(engine.clone(), CoreOptions::default()).unwrap();
    let mut rng = StdRng::seed_from_u64(seed);
    for begin in (0..rows).step_by(10_000) {
        let batch: Vec<_> = (begin..rows.min(begin + 10_000))
            .map(|n| {
                let mut value = vec![0; rng.random_range(0..200)];
                rng.fill(value.as_mut_slice());
                (n.to_be_bytes(), value)
            })
            .collect();
        let receipt = engine.transact(b"", move |txn| {
            batch.iter().for_each(|(key, value)| txn.put(RECORD, key, value));
            Ok::<_, undb::kv::Error>((Outcome::Keep, ()))
        });
        receipt.wait().unwrap().unwrap();
    }
}

type Rows = Vec<(Keyspace, Vec<u8>, Vec<u8>)>;

fn rows(dir: &TempDir, name: &str) -> Rows {
    let mut rows = Vec::new();
    content_scan(engine(dir, name).read().unwrap().as_ref(), &mut |of, key, value| {
        rows.push((of, key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// How many rows an unfinished copy holds, if there is one.
fn progress(dir: &TempDir) -> Option<u64> {
    if !dir.path().join("other/sled/db").is_file() {
        return None;
    }
    match progress_get(engine(dir, "other").read().unwrap().as_ref()).unwrap() {
        Some(Progress::Copying(copied)) => Some(copied.rows),
        _ => None,
    }
}

/// The rows that a copy tells of; both its hashes are the same.
#[track_caller]
fn told(out: &str) -> u64 {
    let (_, hashes) = out.split_once(", source ").unwrap();
    let (source, target) = hashes.trim_end().split_once(", target ").unwrap();
    assert!(source == target && source.len() == 64, "{out}");
    assert_eq!(out.lines().count(), 1);
    out.split(' ').next().unwrap().parse().unwrap()
}

/// A server on a data directory that has an owner.
fn served(dir: &TempDir, args: &[&str]) -> Served {
    let mut command = undb(dir.path(), args);
    command.env("UNDB_OWNER_EMAIL", "a@b.example").env("UNDB_OWNER_PASSWORD", "long enough");
    Served::of(command)
}

/// A client of a server, with whatever proves who it is.
struct Client {
    address: String,
    agent: ureq::Agent,
    header: (&'static str, String),
}

impl Client {
    fn new(served: &Served, header: (&'static str, &str)) -> Client {
        let address = served.told.split("listens on ").nth(1).unwrap().lines().next().unwrap().to_owned();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Client { address, agent, header: (header.0, header.1.to_owned()) }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let request = self.agent.get(format!("{}{path}", self.address)).header(self.header.0, &self.header.1);
        let mut answer = request.call().unwrap();
        let body = answer.body_mut().with_config().limit(256 << 20).read_to_vec().unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&body).unwrap_or_default())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value, String) {
        let request =
            self.agent.post(format!("{}{path}", self.address)).header(self.header.0, &self.header.1);
        let mut answer = request.send_json(body).unwrap();
        let cookie = answer.headers().get("set-cookie").map(|cookie| cookie.to_str().unwrap().to_owned());
        let body = answer.body_mut().with_config().limit(256 << 20).read_to_vec().unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        (answer.status().as_u16(), body, cookie.unwrap_or_default())
    }
}

const CONTACTS: &str = "/api/openapi/bases/CRM/tables/Contacts/records";

/// What a token and a session see of everything that there is.
fn seen(token: &Client, session: &Client, cursor: &str) -> HashMap<String, (u16, Value)> {
    let page = format!("{CONTACTS}?limit=2&cursor={cursor}");
    let of_token =
        ["/api/openapi/space", "/api/openapi/bases", "/api/openapi/bases/CRM/tables", CONTACTS, &page]
            .map(|path| (path.to_owned(), token.get(path)));
    let of_session = ["/api/auth/me", "/api/auth/sessions", "/api/spaces"];
    of_session.map(|path| (path.to_owned(), session.get(path))).into_iter().chain(of_token).collect()
}

#[test]
fn a_copy_answers_as_its_source_does() {
    let dir = temporary();
    let mut first = served(&dir, &["--demo"]);
    let secret = first.lines(1).remove(0);
    let token = Client::new(&first, ("x-undb-api-token", &secret));
    let login = json!({"email": "a@b.example", "password": "long enough"});
    let (status, _, cookie) = token.post("/api/auth/login", &login);
    assert_eq!(status, 200);
    let session = Client::new(&first, ("cookie", cookie.split(';').next().unwrap()));
    let made = json!({"values": {"name": "Mary", "email": "mary@example.com", "age": 30}});
    let (status, made, _) = token.post(CONTACTS, &made);
    assert_eq!(status, 201, "{made}");
    let cursor = token.get(&format!("{CONTACTS}?limit=2")).1["nextCursor"].as_str().unwrap().to_owned();
    let before = seen(&token, &session, &cursor);
    assert!(before.values().all(|(status, _)| *status == 200), "{before:?}");
    first.signal("TERM");
    assert_eq!(first.end().0, Some(0));

    let (out, err) = run(&dir, &COPY, 0);
    assert!(told(&out) > 300 && err.is_empty(), "{err}");
    assert_eq!(rows(&dir, "data"), rows(&dir, "other"));
    let second = served(&dir, &["serve", "--data-dir", "other"]);
    assert!(!second.told.contains("one-time code"), "the owner has moved along");
    let token = Client::new(&second, ("x-undb-api-token", &token.header.1));
    let session = Client::new(&second, ("cookie", &session.header.1));
    assert_eq!(seen(&token, &session, &cursor), before);
    let (status, again, _) =
        token.post(CONTACTS, &json!({"values": {"name": "Ann", "email": "mary@example.com"}}));
    assert_eq!(status, 409, "unique values are there: {again}");
    let (_, newest, _) =
        token.post(CONTACTS, &json!({"values": {"name": "Ann", "email": "ann@example.com"}}));
    assert!(newest["data"]["id"].as_str().unwrap() > made["data"]["id"].as_str().unwrap(), "{newest}");
}

#[test]
fn what_can_t_be_copied_is_refused_and_left_as_it_is() {
    let dir = temporary();
    let (_, err) = run(&dir, &COPY, 1);
    assert!(err.contains("There is no database in data."), "{err}");
    assert_eq!(dir.path().read_dir().unwrap().count(), 0, "nothing is made");
    run(&dir, &["space", "create", "S"], 0);
    for (args, code, expected) in [
        (&["copy", "--from", "data", "--to", "./data"][..], 2, "where it is"),
        (&["copy", "--from", "data"], 2, "--to"),
        (&["copy", "--from", "data", "--to", "ftp://x"], 2, "`ftp://`"),
        (&["copy", "--from", "data", "--to", ""], 2, "not empty"),
        (&["--demo", "copy", "--from", "data", "--to", "other"], 2, "--demo"),
        (&["copy", "--data-dir", "x", "--from", "data", "--to", "other"], 2, "--from"),
    ] {
        let (out, err) = run(&dir, args, code);
        assert!(out.is_empty() && err.contains(expected), "{args:?}: {err}");
    }
    assert_eq!(dir.path().read_dir().unwrap().count(), 1, "nothing is made");
    run(&dir, &["--data-dir", "other", "space", "create", "T"], 0);
    for restart in [&[][..], &["--restart"]] {
        let (_, err) = run(&dir, &[&COPY[..], restart].concat(), 1);
        assert!(err.contains("other holds something already"), "{err}");
    }
    assert!(run(&dir, &["--data-dir", "other", "space", "list"], 0).0.contains("\tT\n"));

    let served = Served::start(dir.path(), &[]);
    let (_, err) = run(&dir, &["copy", "--from", "data", "--to", "third"], 3);
    assert!(err.contains("The database in data is in use by another process"), "{err}");
    assert!(!dir.path().join("third").exists());
    let (_, err) = run(&dir, &["copy", "--from", "other", "--to", "data"], 3);
    assert!(err.contains("The database in data is in use by another process"), "{err}");
    drop(served);
    assert_eq!(
        told(&run(&dir, &["copy", "--from", "data", "--to", "third"], 0).0),
        rows(&dir, "data").len() as u64
    );
}

/// Starts a copy and kills it after a while: how many rows it holds then, if it was killed while it copied.
fn killed(dir: &TempDir, delay: Duration) -> Option<u64> {
    let before = progress(dir).unwrap_or(0);
    let mut command = undb(dir.path(), &COPY);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(delay);
    child.kill().unwrap();
    let done = child.wait_with_output().unwrap().status.success();
    let rows = progress(dir).filter(|rows| !done && *rows > before);
    println!("killed after {delay:?}: {rows:?} rows are there");
    rows
}

/// Kills a copy, each time it is run, while it copies; anew if once it was too early or too late for that. `took` is how
/// long a whole one takes. How many rows there are at the end.
fn killed_midway(dir: &TempDir, times: usize, took: Duration, all: u64, rng: &mut StdRng) -> u64 {
    for _ in 0..50 {
        let mut delay = || took.mul_f64(rng.random_range(0.05..0.9) / 2_f64);
        let rows: Option<Vec<u64>> =
            (0..times).map(|_| killed(dir, delay()).filter(|rows| *rows < all)).collect();
        if let Some(last) = rows.and_then(|rows| rows.last().copied()) {
            return last;
        }
        let _ = std::fs::remove_dir_all(dir.path().join("other"));
    }
    panic!("it is never killed midway")
}

#[test]
fn a_copy_that_is_killed_goes_on_unless_its_source_has_changed() {
    const ROWS: u32 = 150_000;
    let seed = std::env::var("UNDB_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("UNDB_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let dir = temporary();
    fill(&dir, ROWS, seed);
    let (all, began) = (u64::from(ROWS) + 2, Instant::now());
    let (out, err) = run(&dir, &["copy", "--from", "data", "--to", "whole"], 0);
    assert!(told(&out) == all && err.is_empty(), "{out}{err}");
    let took = began.elapsed();
    println!("{out}in {took:?}");

    let there = killed_midway(&dir, 2, took, all, &mut rng);
    for args in [
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", "other"][..],
        &["--data-dir", "other", "space", "list"],
        &["copy", "--from", "other", "--to", "third"],
    ] {
        let (_, err) = run(&dir, args, 1);
        assert!(err.contains("is an unfinished copy; run `undb copy` again"), "{err}");
    }
    let (out, err) = run(&dir, &COPY, 0);
    assert_eq!(
        (told(&out), err),
        (all, format!("Went on after {there} rows that had been copied before.\n"))
    );
    assert!(rows(&dir, "data") == rows(&dir, "other"));

    std::fs::remove_dir_all(dir.path().join("other")).unwrap();
    killed_midway(&dir, 1, took, all, &mut rng);
    run(&dir, &["space", "create", "S"], 0);
    let (_, err) = run(&dir, &COPY, 1);
    assert!(err.contains("has changed since") && err.contains("--restart"), "{err}");
    let (out, err) = run(&dir, &[&COPY[..], &["--restart"]].concat(), 0);
    assert!(told(&out) > all && err.is_empty(), "{err}");
    assert!(rows(&dir, "data") == rows(&dir, "other"));
}

/// The most memory that a process had, in KiB, while it lives.
fn memory_peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

/// A million records from sled to sled: prints how fast, and how much memory that takes.
#[test]
fn a_million_records() {
    if std::env::var("UNDB_LONG").as_deref() != Ok("1") {
        return println!("skipped: UNDB_LONG=1 runs it");
    }
    let dir = temporary();
    let mut server = served(&dir, &["--demo"]);
    let secret = server.lines(1).remove(0);
    let token = Client::new(&server, ("x-undb-api-token", &secret));
    for bulk in 0..100 {
        let records: Vec<_> = (0..10_000)
            .map(|n| json!({"values": {"name": format!("Person {n}"), "email": format!("p{n}@{bulk}.example"), "age": n % 90}}))
            .collect();
        let (status, answer, _) = token.post(&format!("{CONTACTS}/bulk"), &json!({"records": records}));
        assert_eq!(status, 201, "{answer}");
    }
    server.signal("TERM");
    assert_eq!(server.end().0, Some(0));
    let mut child = undb(dir.path(), &COPY).stdout(Stdio::piped()).spawn().unwrap();
    let (began, mut peak) = (Instant::now(), 0);
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(memory_peak(&child).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let out = child.wait_with_output().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    assert!(told(&out) > 2_000_000, "records and unique values");
    println!("{out}a million records in {:?}, {} MiB of memory at the most", began.elapsed(), peak >> 10);
    assert!(peak < 512 << 10, "{peak} KiB");
}
