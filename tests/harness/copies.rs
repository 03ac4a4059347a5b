//! `undb copy` as a process of its own: run to its end, killed midway, and what a place holds afterwards.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use undb::kv::postgres::{Address, Postgres};
use undb::kv::sled::{Options, Sled};
use undb::kv::{Engine, Keyspace};
use undb::store::copy::{Progress, content_scan, is_empty, progress_get};

use crate::process::{Client, PATIENCE, Process, program};

/// The most memory that a copy may take for a million records, in KiB and for each data directory of the two: sled knows of
/// all its pages where they are. A PostgreSQL takes no more for more records.
pub const MEMORY_KIB_MAX: u64 = 256 << 10;

/// From one place to another. A place is a data directory below `dir`, or an address.
#[derive(Clone, Copy)]
pub struct Copying<'a> {
    pub dir: &'a Path,
    pub from: &'a str,
    pub to: &'a str,
}

/// What became of one run.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
    pub memory_kib: u64,
    pub took: Duration,
}

/// What a copy that is done has told.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    pub rows: u64,
    pub hash: String,
}

/// Reads what a copy has told; both its hashes are the same.
#[track_caller]
pub fn told(out: &str) -> Told {
    let (_, hashes) = out.split_once(", source ").unwrap();
    let (source, target) = hashes.trim_end().split_once(", target ").unwrap();
    assert!(source == target && source.len() == 64, "{out}");
    assert_eq!(out.lines().count(), 1);
    Told { rows: out.split(' ').next().unwrap().parse().unwrap(), hash: source.to_owned() }
}

impl Copying<'_> {
    pub fn command(&self) -> Command {
        let mut command = program(self.dir);
        command.args(["copy", "--from", self.from, "--to", self.to]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it with some more arguments to its end, or kills it after `patience` if it is not done by then.
    pub fn run(&self, more: &[&str], patience: Option<Duration>) -> Ran {
        let began = Instant::now();
        let mut child = self.command().args(more).spawn().unwrap();
        let mut memory_kib = 0;
        while child.try_wait().unwrap().is_none() {
            memory_kib = memory_kib.max(memory_peak(&child).unwrap_or(0));
            let left = patience.map(|patience| patience.saturating_sub(began.elapsed()));
            if left == Some(Duration::ZERO) {
                child.kill().unwrap();
                break;
            }
            std::thread::sleep(left.unwrap_or(Duration::MAX).min(Duration::from_millis(5)));
        }
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let [out, err] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
        Ran { code: status.code(), out, err, memory_kib, took: began.elapsed() }
    }

    /// Runs it to its end, which has to be a good one.
    #[track_caller]
    pub fn done(&self) -> Ran {
        let ran = self.run(&[], None);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        ran
    }

    /// Starts it and kills it after a while: how many rows are there then, if that is no whole copy.
    fn killed(&self, patience: Duration) -> Option<u64> {
        let ran = self.run(&[], Some(patience));
        assert!(matches!(ran.code, None | Some(0)), "{}{}", ran.out, ran.err);
        assert!(ran.memory_kib < MEMORY_KIB_MAX, "{} KiB", ran.memory_kib);
        let rows = unfinished(self.dir, self.to);
        println!("killed after {patience:?} with {} MiB: {rows:?} rows are there", ran.memory_kib >> 10);
        rows
    }

    /// Kills it until it was killed so many times while it copied; anew in a place that was made `empty` if once it was too
    /// late for that. `whole` is how long a whole copy takes, and `all` how many rows that has. How many are there at the end.
    pub fn killed_midway(
        &self,
        times: usize,
        (whole, all): (Duration, u64),
        rng: &mut StdRng,
        empty: impl Fn(),
    ) -> u64 {
        let (mut killed, mut there) = (0, 0);
        for _ in 0..50 {
            match self.killed(whole.mul_f64(rng.random_range(0.05..0.9) / 2_f64)) {
                // Or it was too early, and had not come further.
                Some(rows) if rows < all => (killed, there) = (killed + usize::from(rows > there), rows),
                _ => {
                    empty();
                    (killed, there) = (0, 0);
                }
            }
            if killed == times {
                return there;
            }
        }
        panic!("it is never killed midway")
    }
}

/// The most memory that a process had, in KiB, while it lives.
fn memory_peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok())
}

/// Opens what is in a place, as a server would.
pub fn engine(dir: &Path, place: &str) -> Arc<dyn Engine> {
    match Address::parse(place) {
        Ok(address) => Arc::new(Postgres::open(address).unwrap()),
        Err(_) => Arc::new(Sled::open(dir.join(place).join("sled"), Options::default()).unwrap()),
    }
}

pub type Rows = Vec<(Keyspace, Vec<u8>, Vec<u8>)>;

/// All that a place holds of a database.
pub fn rows(dir: &Path, place: &str) -> Rows {
    let mut rows = Vec::new();
    let engine = engine(dir, place);
    content_scan(engine.read().unwrap().as_ref(), &mut |of, key, value| {
        rows.push((of, key.to_vec(), value.to_vec()));
        ControlFlow::Continue(())
    })
    .unwrap();
    rows
}

/// How many rows of a copy are there, if it is not finished yet or not even begun.
fn unfinished(dir: &Path, place: &str) -> Option<u64> {
    if Address::parse(place).is_err() && !dir.join(place).join("sled/db").is_file() {
        return Some(0);
    }
    let engine = engine(dir, place);
    let read = engine.read().unwrap();
    match progress_get(read.as_ref()).unwrap() {
        Some(Progress::Copying(copied)) => Some(copied.rows),
        _ => is_empty(read.as_ref()).unwrap().then_some(0),
    }
}

/// Where the contacts of the demo are.
pub const CONTACTS: &str = "/api/openapi/bases/CRM/tables/Contacts/records";

/// So many contacts as a bulk takes them, each with a unique value.
pub fn contacts(bulk: u32, count: u32) -> Value {
    let one = |n| json!({"values": {"name": format!("Person {n}"), "email": format!("p{n}@{bulk}.example"), "age": n % 90}});
    json!({"records": (0..count).map(one).collect::<Vec<_>>()})
}

/// Makes a million contacts in the directory `data` below `dir`; the token that sees them.
pub fn million(dir: &Path) -> String {
    let process = Process::start(dir, "fill", &["--demo"]);
    let secret = demo_token(&process);
    let client = Client::new(process.address);
    for bulk in 0..100 {
        let headers = [("x-undb-api-token", &*secret)];
        let made = client.send("POST", &format!("{CONTACTS}/bulk"), &headers, Some(&contacts(bulk, 10_000)));
        let (status, answer) = made.unwrap_or_else(|| panic!("{}", client.fault()));
        assert_eq!(status, 201, "{answer}");
    }
    process.terminate();
    secret
}

/// The token that a server with `--demo` prints.
pub fn demo_token(process: &Process) -> String {
    let began = Instant::now();
    loop {
        let out = std::fs::read_to_string(&process.out).unwrap();
        if let Some((token, _)) = out.split_once('\n') {
            return token.to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "no token: {out}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
