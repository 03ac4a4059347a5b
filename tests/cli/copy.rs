//! `undb copy`: what it copies, what it refuses, and that it goes on after it was killed.
//!
//! `UNDB_SEED` repeats a run as far as processes let it; `UNDB_LONG=1` copies a million records and prints how fast.

use std::collections::HashMap;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use undb::kv::Outcome;
use undb::service::{Core, CoreOptions};
use undb::store::schema::RECORD;

use super::copies::{CONTACTS, Copying, MEMORY_KIB_MAX, engine, million, rows, told};
use super::process::{number, seed};
use super::*;

const COPY: [&str; 5] = ["copy", "--from", "data", "--to", "other"];

fn copying(dir: &TempDir) -> Copying<'_> {
    Copying { dir: dir.path(), from: "data", to: "other" }
}

/// A database with so many rows that are nobody's, beside those that it begins with.
fn fill(dir: &TempDir, rows: u32, seed: u64) {
    let engine = engine(dir.path(), "data");
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
    assert!(told(&out).rows > 300 && err.is_empty(), "{err}");
    assert_eq!(rows(dir.path(), "data"), rows(dir.path(), "other"));
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
        told(&run(&dir, &["copy", "--from", "data", "--to", "third"], 0).0).rows,
        rows(dir.path(), "data").len() as u64
    );
}

/// Asks one client for its password, as PostgreSQL does, and refuses it.
fn password_asked(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut message = |kind: usize| {
        let mut head = vec![0; kind + 4];
        stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes(head.split_off(kind).try_into().unwrap());
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body).unwrap();
        let answer: &[u8] = if kind == 0 {
            &[b'R', 0, 0, 0, 8, 0, 0, 0, 3]
        } else {
            b"E\0\0\0\x1cSFATAL\0C28P01\0Mrefused\0\0"
        };
        stream.write_all(answer).unwrap();
        body
    };
    message(0);
    String::from_utf8(message(1)).unwrap().trim_end_matches('\0').to_owned()
}

#[test]
fn passwords_of_addresses_come_from_files_and_are_never_shown() {
    let dir = temporary();
    run(&dir, &["space", "create", "S"], 0);
    std::fs::write(dir.path().join("file"), "of the file\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("postgres://me:s3cret@{}/db", listener.local_addr().unwrap());
    for (places, given) in [
        (["--from", &*address, "--to", "other"], "s3cret"),
        (["--from", "data", "--to", &*address], "s3cret"),
        (["--from", &*address, "--to", "other"], "of the file"),
        (["--from", "data", "--to", &*address], "of the file"),
    ] {
        let flag = if places[1] == "data" { "--to-password-file" } else { "--from-password-file" };
        let file = if given == "s3cret" { &[][..] } else { &[flag, "file"] };
        let args = [&["copy"], &places[..], file].concat();
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| password_asked(&listener));
            let (out, err) = run(&dir, &args, 1);
            assert!(err.contains("refused (28P01)"), "{err}");
            assert!(!format!("{out}{err}").contains(given), "{err}");
            assert_eq!(asked.join().unwrap(), given);
        });
    }
    let broken = "postgres://me:s3cret@host:x/db";
    for (args, expected) in [
        (["--from", broken, "--to", "other"], "`--from`: the address can't be read"),
        (["--from", "data", "--to", broken], "`--to`: the address can't be read"),
        (["--from=data", "--from-password-file=file", "--to", &*address], "is a directory"),
        (["--from=data", "--to-password-file=none", "--to", &*address], "none can't be read"),
        (["--store", &*address, "--from=data", "--to=other"], "`--store` is not for `copy`"),
    ] {
        let (out, err) = run(&dir, &[&["copy"], &args[..]].concat(), 2);
        assert!(out.is_empty() && err.contains(expected) && !err.contains("s3cret"), "{args:?}: {err}");
    }
    assert!(!dir.path().join("other").exists(), "nothing is made");
}

#[test]
fn a_copy_that_is_killed_goes_on_unless_its_source_has_changed() {
    const ROWS: u32 = 150_000;
    let seed = seed();
    let mut rng = StdRng::seed_from_u64(seed);
    let dir = temporary();
    fill(&dir, ROWS, seed);
    let (all, began) = (u64::from(ROWS) + 2, Instant::now());
    let (out, err) = run(&dir, &["copy", "--from", "data", "--to", "whole"], 0);
    assert!(told(&out).rows == all && err.is_empty(), "{out}{err}");
    let took = began.elapsed();
    println!("{out}in {took:?}");

    let empty = || drop(std::fs::remove_dir_all(dir.path().join("other")));
    let there = copying(&dir).killed_midway(2, (took, all), &mut rng, empty);
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
        (told(&out).rows, err),
        (all, format!("Went on after {there} rows that had been copied before.\n"))
    );
    assert!(rows(dir.path(), "data") == rows(dir.path(), "other"));

    empty();
    copying(&dir).killed_midway(1, (took, all), &mut rng, empty);
    run(&dir, &["space", "create", "S"], 0);
    let (_, err) = run(&dir, &COPY, 1);
    assert!(err.contains("has changed since") && err.contains("--restart"), "{err}");
    let (out, err) = run(&dir, &[&COPY[..], &["--restart"]].concat(), 0);
    assert!(told(&out).rows > all && err.is_empty(), "{err}");
    assert!(rows(dir.path(), "data") == rows(dir.path(), "other"));
}

/// A million records from sled to sled: prints how fast, and how much memory that takes.
#[test]
fn a_million_records() {
    if number("UNDB_LONG") != Some(1) {
        return println!("skipped: UNDB_LONG=1 runs it");
    }
    let dir = temporary();
    million(dir.path());
    let ran = copying(&dir).done();
    assert!(told(&ran.out).rows > 2_000_000, "records and unique values");
    println!(
        "{}a million records in {:?}, {} MiB of memory at the most",
        ran.out,
        ran.took,
        ran.memory_kib >> 10
    );
    assert!(ran.memory_kib < 2 * MEMORY_KIB_MAX, "{} KiB", ran.memory_kib);
}
