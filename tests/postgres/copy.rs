//! `undb copy` between a data directory and PostgreSQL, both ways: what it copies, what it refuses, and that it goes on after
//! it was killed.
//!
//! `UNDB_SEED` repeats a run as far as processes let it; `UNDB_LONG=1` copies a million records there and back, and prints
//! how fast.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tempfile::TempDir;
use undb::kv::{Error, Outcome};
use undb::store::copy::{Digest, Progress, progress_put};

use crate::copies::{CONTACTS, Copying, MEMORY_KIB_MAX, Ran, Told, engine, million, rows, told};
use crate::harness::pg_schema::Schema;
use crate::harness::{Answer, Server, Setup, Shop};
use crate::process::{Client, Process, number, program, seed};
use crate::proxy::Proxy;

/// Records of the quick tests: enough for a copy of several steps.
const RECORDS: usize = 5000;

/// What clients of a database hold, which has to be good for each copy of it.
struct Keys {
    token: String,
    revoked: String,
    cookie: String,
    table: String,
    cursor: String,
    /// What all of it showed of the database itself.
    before: Vec<(u16, Value)>,
}

fn server(dir: &Path, place: &str) -> Server {
    Server::with(Setup { engine: Some(engine(dir, place)), ..Setup::default() })
}

/// A database in the data directory `here` with something of everything.
fn fill(dir: &Path) -> Keys {
    let shop = Shop::with(Setup { engine: Some(engine(dir, "here")), ..Setup::default() });
    let post = |path: &str, body: Value| shop.server.post(path).token(&shop.token).json(body);
    let book = |n| json!({"values": {"title": format!("Book {n}"), "isbn": format!("i{n}"), "pages": n, "genre": "novel"}});
    let bulk = json!({"records": (0..RECORDS).map(book).collect::<Vec<_>>()});
    let made = post(&shop.path("/records/bulk"), bulk).send();
    assert_eq!(made.status, 201, "{made:?}");
    for n in [3, 70] {
        let record = shop.path(&format!("/records/{}", made.text(&format!("/ids/{n}"))));
        assert_eq!(shop.server.delete(&record).token(&shop.token).send().status, 204);
    }
    let (id, revoked) =
        shop.server.token(&shop.cookie, &shop.space, json!({"name": "old", "scopes": ["records:read"]}));
    let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
    assert_eq!(shop.server.delete(&path).cookie(&shop.cookie).send().status, 204);
    shop.server.person("other@example.com");
    let page = shop.server.get(&shop.path("/records?limit=2")).token(&shop.token).send();
    let (cursor, table) = (page.text("/nextCursor"), shop.path(""));
    let Shop { server, token, cookie, .. } = shop;
    let mut keys = Keys { token, revoked, cookie, table, cursor, before: Vec::new() };
    keys.before = keys.seen(&server);
    assert!(keys.before.iter().all(|(status, _)| (200..300).contains(status)), "{:?}", keys.before);
    keys
}

impl Keys {
    /// What a request that was made before is answered, and what a token and a session see of everything that there is.
    fn seen(&self, server: &Server) -> Vec<(u16, Value)> {
        let Keys { token, cookie, table, cursor, .. } = self;
        let once = self.post(server, &json!({"title": "Once", "isbn": "once"}), Some("a-key-of-one-request"));
        let of_token = [
            "/api/openapi/space".into(),
            "/api/openapi/bases".into(),
            table.clone(),
            format!("{table}/records?limit=100"),
            format!("{table}/records?limit=100&cursor={cursor}"),
            format!("{table}/records?filter=pages%20%3E%204000&sort=-pages&limit=100"),
        ];
        let of_token = of_token.iter().map(|path| server.get(path).token(token).send());
        let of_session = ["/api/auth/me", "/api/auth/sessions", "/api/spaces"];
        let of_session = of_session.iter().map(|path| server.get(path).cookie(cookie).send());
        let answers = [once].into_iter().chain(of_token).chain(of_session);
        answers.map(|answer| (answer.status, answer.json())).collect()
    }

    fn post(&self, server: &Server, values: &Value, key: Option<&str>) -> Answer {
        let path = format!("{}/records", self.table);
        let request = server.post(&path).token(&self.token).json(json!({"values": values}));
        key.into_iter().fold(request, |request, key| request.header("idempotency-key", key)).send()
    }

    /// A server on a copy answers as the database did, keeps its rules, and goes on from there.
    fn work_on(&self, server: &Server) {
        let other = self.seen(server).into_iter().zip(&self.before).find(|(now, before)| now != *before);
        assert!(other.is_none(), "{other:?}");
        let revoked = server.get(&format!("{}/records", self.table)).token(&self.revoked).send();
        assert_eq!(revoked.status, 401, "{revoked:?}");
        let taken = self.post(server, &json!({"title": "Again", "isbn": "i4711"}), None);
        assert_eq!(taken.status, 409, "unique values are there: {taken:?}");
        let free = self.post(server, &json!({"title": "Again", "isbn": "i3"}), None);
        assert_eq!(free.status, 201, "and those of deleted records are not: {free:?}");
        assert_eq!(free.at("/data/values/number"), RECORDS + 2);
    }
}

/// Empties a place for another copy.
fn empty(schema: &Schema, Copying { dir, to, .. }: Copying<'_>) {
    if to.contains("://") {
        schema.run("DROP TABLE IF EXISTS undb_kv");
    } else {
        let _ = std::fs::remove_dir_all(dir.join(to));
    }
}

/// Copies all at once, and then once more, killed twice on the way: both tell the same.
fn copied_twice(schema: &Schema, copying: Copying<'_>, rng: &mut StdRng) -> Told {
    let print = |how: &str, Ran { out, took, memory_kib, .. }: &Ran| {
        println!("{how} in {took:?} with {} MiB: {}", memory_kib >> 10, out.trim_end());
        assert!(*memory_kib < MEMORY_KIB_MAX, "{memory_kib} KiB");
    };
    let whole = copying.done();
    print("at once", &whole);
    let all = told(&whole.out);
    assert!(whole.err.is_empty(), "{}", whole.err);
    empty(schema, copying);
    let there = copying.killed_midway(2, (whole.took, all.rows), rng, || empty(schema, copying));
    let rest = copying.done();
    print("the rest", &rest);
    assert_eq!(rest.err, format!("Went on after {there} rows that had been copied before.\n"));
    assert_eq!(told(&rest.out), all);
    all
}

#[test]
fn a_database_goes_to_postgresql_and_back_though_it_is_killed() {
    let Some(schema) = crate::schema() else { return };
    let (dir, mut rng) = (TempDir::new().unwrap(), StdRng::seed_from_u64(seed()));
    let (dir, keys, store) = (dir.path(), fill(dir.path()), schema.text());
    let to_store = copied_twice(&schema, Copying { dir, from: "here", to: &store }, &mut rng);
    let back = copied_twice(&schema, Copying { dir, from: &store, to: "back" }, &mut rng);
    assert!(to_store.rows > 2 * RECORDS as u64, "{to_store:?}");
    assert_eq!(to_store, back);
    let before = rows(dir, "here");
    assert!(before == rows(dir, &store) && before == rows(dir, "back"));
    keys.work_on(&server(dir, &store));
    keys.work_on(&server(dir, "back"));
}

#[test]
fn what_is_in_a_store_already_is_left_as_it_is() {
    let Some(schema) = crate::schema() else { return };
    let (dir, mut rng) = (TempDir::new().unwrap(), StdRng::seed_from_u64(seed()));
    let (dir, store) = (dir.path(), schema.text());
    fill(dir);
    let space = program(dir).args(["--data-dir", "other", "space", "create", "S"]).status();
    assert!(space.unwrap().success());
    let (copying, other) =
        (Copying { dir, from: "here", to: &store }, Copying { dir, from: "other", to: &store });
    let refused = |copying: Copying<'_>, more: &[&str], code: i32, why: &str| {
        let ran = copying.run(more, None);
        assert_eq!((ran.code, &*ran.out), (Some(code), ""), "{}", ran.err);
        assert!(ran.err.contains(why) && !ran.err.contains("options="), "{}", ran.err);
    };
    refused(Copying { from: &store, ..copying }, &[], 2, "where it is");
    refused(Copying { from: &store, to: "third", ..copying }, &[], 1, "There is no database in postgres://");
    let whole = copying.done();
    for more in [&[][..], &["--restart"]] {
        refused(copying, more, 1, "holds something already");
        refused(other, more, 1, "holds something already");
        refused(Copying { from: &store, to: "other", ..copying }, more, 1, "other holds something already");
    }
    assert!(rows(dir, "here") == rows(dir, &store));

    empty(&schema, copying);
    let all = told(&whole.out).rows;
    copying.killed_midway(1, (whole.took, all), &mut rng, || empty(&schema, copying));
    let there = rows(dir, &store);
    refused(other, &[], 1, "an unfinished copy of another database");
    refused(
        Copying { from: &store, to: "third", ..copying },
        &[],
        1,
        "is an unfinished copy; run `undb copy` again",
    );
    let list = program(dir).args(["space", "list", "--store", &store]).output().unwrap();
    assert!(String::from_utf8_lossy(&list.stderr).contains("is an unfinished copy"), "{list:?}");
    assert!(there == rows(dir, &store));
    let ran = other.run(&["--restart"], None);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(rows(dir, "other") == rows(dir, &store));
}

/// What a killed copy asked for last may be done only when the next one has begun already.
#[test]
fn the_last_step_of_a_killed_copy_may_come_late() {
    let Some(schema) = crate::schema() else { return };
    let (dir, mut rng) = (TempDir::new().unwrap(), StdRng::seed_from_u64(seed()));
    let (dir, store) = (dir.path(), schema.text());
    fill(dir);
    let copying = Copying { dir, from: "here", to: &store };
    let whole = copying.done();
    empty(&schema, copying);
    let all = told(&whole.out).rows;
    let there = copying.killed_midway(1, (whole.took, all), &mut rng, || empty(&schema, copying));
    // Its rows are put aside, and only that it has begun stays. Rows of the engine's own are in the last keyspace.
    let own = "get_byte(k, 0) = 255";
    schema.run(&format!(
        "CREATE TABLE late AS SELECT * FROM undb_kv WHERE NOT {own}; DELETE FROM undb_kv WHERE NOT {own}"
    ));
    let begun = engine(dir, "here").read().map(|read| undb::store::copy::source_name(read.as_ref()).unwrap());
    let begun = Progress::Copying(Digest::default().copied(begun.unwrap()));
    let receipt = engine(dir, &store).transact(b"", move |txn| {
        progress_put(txn, &begun).unwrap();
        Ok::<_, Error>((Outcome::Keep, ()))
    });
    receipt.wait().unwrap().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            schema.run(
                "BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO undb_kv SELECT * FROM late \
                 ON CONFLICT (k) DO UPDATE SET v = excluded.v; SELECT pg_sleep(2); COMMIT",
            );
        });
        std::thread::sleep(Duration::from_millis(800));
        let ran = copying.done();
        assert_eq!(ran.err, format!("Went on after {there} rows that had been copied before.\n"));
        assert_eq!(told(&ran.out), told(&whole.out));
    });
    assert!(rows(dir, "here") == rows(dir, &store));
}

/// The snapshot that is copied ends with its connection, and that is told in a way that helps.
#[test]
fn a_copy_whose_connection_is_lost_goes_on_when_it_is_run_again() {
    let Some(schema) = crate::schema() else { return };
    let dir = TempDir::new().unwrap();
    let (dir, store) = (dir.path(), schema.text());
    fill(dir);
    let whole = Copying { dir, from: "here", to: &store }.done();
    let (proxy, through) = Proxy::of(&schema);
    let copying = Copying { dir, from: &through, to: "back" };
    let lost = (1..100_u32).find_map(|part| {
        empty(&schema, copying);
        let ran = std::thread::scope(|scope| {
            let copy = scope.spawn(|| copying.run(&[], None));
            std::thread::sleep(whole.took * part / 100);
            proxy.cut(|| true);
            copy.join().unwrap()
        });
        // Before that it was only about to be opened.
        ran.err.contains("was lost").then_some(ran)
    });
    let Ran { code, err, .. } = lost.unwrap();
    assert!(code == Some(1) && err.contains("run the same command again, which goes on with it."), "{err}");
    assert_eq!(told(&copying.done().out), told(&whole.out));
}

/// They may stop each other, and then the next one goes on; but they never both write.
#[test]
fn two_copies_into_one_store_do_not_mix() {
    let (Some(first), Some(second)) = (crate::schema(), crate::schema()) else { return };
    let dir = TempDir::new().unwrap();
    let (dir, from, to) = (dir.path(), first.text(), second.text());
    fill(dir);
    Copying { dir, from: "here", to: &from }.done();
    let copying = Copying { dir, from: &from, to: &to };
    let two = std::thread::scope(|scope| {
        let one = scope.spawn(|| copying.run(&[], None));
        [copying.run(&[], None), one.join().unwrap()]
    });
    let done = two.iter().filter(|ran| ran.code == Some(0)).count();
    for Ran { code, err, .. } in &two {
        match code {
            Some(0) => {}
            Some(3) => assert!(err.contains("Another process is writing into postgres://"), "{err}"),
            _ => assert!(done == 1 && err.contains("holds something already"), "{code:?} {err}"),
        }
    }
    println!("{done} of two copies at once is done");
    if done == 0 {
        copying.done();
    }
    assert!(done < 2 && rows(dir, &from) == rows(dir, &to));
}

#[test]
fn a_store_that_is_written_to_meanwhile_is_copied_as_of_one_moment() {
    let Some(schema) = crate::schema() else { return };
    let dir = TempDir::new().unwrap();
    let (dir, store) = (dir.path(), schema.text());
    let keys = fill(dir);
    Copying { dir, from: "here", to: &store }.done();
    let (live, done) = (server(dir, &store), AtomicBool::new(false));
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = 0;
            while !done.load(Ordering::SeqCst) {
                assert_eq!(keys.post(&live, &json!({"title": "Late"}), None).status, 201);
                written += 1;
            }
            written
        });
        told(&Copying { dir, from: &store, to: "back" }.done().out);
        done.store(true, Ordering::SeqCst);
        writer.join().unwrap()
    });
    let copy = server(dir, "back");
    let path = format!("{}/records?filter=title%20%3D%20%22Late%22&limit=1000", keys.table);
    let late = copy.get(&path).token(&keys.token).send();
    let numbers: Vec<u64> = late
        .at("/records")
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["values"]["number"].as_u64().unwrap())
        .collect();
    println!("{} of {written} records are in the copy", numbers.len());
    let first = RECORDS as u64 + 2;
    assert!(
        numbers.iter().copied().eq(first..first + numbers.len() as u64) && numbers.len() <= written,
        "{numbers:?}"
    );
}

/// A million records from sled to PostgreSQL and back, at once and killed twice on each way.
#[test]
fn a_million_records_there_and_back() {
    if number("UNDB_LONG") != Some(1) {
        return println!("skipped: UNDB_LONG=1 runs it");
    }
    let Some(schema) = crate::schema() else { return };
    let (dir, mut rng) = (TempDir::new().unwrap(), StdRng::seed_from_u64(seed()));
    let (dir, token, store) = (dir.path(), million(dir.path()), schema.text());
    let to_store = copied_twice(&schema, Copying { dir, from: "data", to: &store }, &mut rng);
    assert!(to_store.rows > 2_000_000, "records and unique values");
    let back = copied_twice(&schema, Copying { dir, from: &store, to: "there/data" }, &mut rng);
    assert_eq!(to_store, back);
    let count = json!({"aggregates": [{"function": "count"}]});
    for (run, directory, more) in
        [("store", dir.to_owned(), &["--store", &store][..]), ("back", dir.join("there"), &[])]
    {
        let process = Process::start(&directory, run, more);
        let (path, headers) = (format!("{CONTACTS}/aggregate"), [("x-undb-api-token", &*token)]);
        let counted = Client::new(process.address).send("POST", &path, &headers, Some(&count));
        let counted = counted.filter(|(status, _)| *status == 200).unwrap().1;
        assert!(counted["groups"][0]["values"]["count"].as_u64() >= Some(1_000_000), "{run}: {counted}");
    }
}
