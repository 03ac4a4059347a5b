//! A flush that fails: whoever waited for it is told that nobody knows, later writers that nothing is taken, readers read
//! on, and a restart makes it good.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod harness;

use std::sync::Arc;
use std::time::Duration;

use harness::{Answer, Server, Setup, Shop};
use serde_json::{Value, json};
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;
use undb::kv::sled::{Options, Sled};
use undb::kv::testing::{Fate, Testing};

const WRITERS: usize = 8;

fn create(shop: &Shop, key: Option<&str>, values: &Value) -> Answer {
    let request = shop.server.post(&shop.path("/records")).token(&shop.token);
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    request.json(json!({"values": values})).send()
}

/// How a server is whose flush has failed.
fn stands_read_only(shop: &Shop, record: &str) {
    let refused = create(shop, None, &json!({"title": "later"}));
    assert_eq!((refused.status, refused.code().as_str()), (503, "read_only"));
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    for (method, path, body) in [
        ("PATCH", shop.path(&format!("/records/{record}")), json!({"values": {"pages": 7}})),
        ("POST", "/api/openapi/bases".into(), json!({"name": "later"})),
        ("POST", format!("/api/spaces/{}/tokens", shop.space), json!({"name": "later"})),
    ] {
        let answer = shop.server.request(method, &path).token(&shop.token).json(body).send();
        assert_eq!((answer.status, answer.code().as_str()), (503, "read_only"), "{method} {path}");
    }
    let get = |path: &str| shop.server.get(path).token(&shop.token).send();
    assert_eq!(get(&shop.path(&format!("/records/{record}"))).at("/data/values/title"), "before");
    assert_eq!(get(&shop.path("/records")).status, 200);
    assert_eq!(get("/healthz").status, 200);
    let ready = get("/readyz");
    assert_eq!((ready.status, ready.text("/status")), (503, "unavailable".into()));
    assert!(ready.text("/reasons/0").contains("takes no changes"), "{ready:?}");
    assert!(ready.header("retry-after").is_some(), "{ready:?}");
    assert!(String::from_utf8(get("/metrics").bytes).unwrap().contains("\nundb_writable 0\n"));
}

/// The records as listed, after checking that counts and the unique index agree with them.
fn consistent(shop: &Shop) -> Vec<Value> {
    let list = shop.server.get(&shop.path("/records?limit=1000")).token(&shop.token).send();
    let records = list.at("/records").as_array().unwrap().clone();
    assert_eq!(list.at("/total"), json!(records.len()), "the count is that of the records");
    for record in &records {
        let Some(isbn) = record["values"]["isbn"].as_str() else { continue };
        let again = create(shop, None, &json!({"title": "again", "isbn": isbn}));
        assert_eq!(again.code(), "value_taken", "the index knows {isbn}");
    }
    records
}

#[test]
fn sled_all_who_wait_are_told_and_a_restart_recovers() {
    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("data");
    let open = || Arc::new(Sled::open(&path, Options::default()).unwrap());
    let sled = open();
    let shop = Shop::with(Setup { engine: Some(sled.clone()), ..Setup::default() });
    let record = shop.record(json!({"title": "before", "isbn": "before"}));
    assert_eq!(shop.server.get("/readyz").send().status, 200);
    let answers = fail_under_writers(&shop, &sled);
    let unknown = answers.iter().filter(|(_, answer)| answer.code() == "commit_unknown").count();
    println!("{unknown} of {WRITERS} waiting writers were told `commit_unknown`, the others `read_only`");
    assert!(unknown >= 1);
    stands_read_only(&shop, &record);
    let Shop { server, cookie, space, token, base, table } = shop;
    server.stop();
    drop(sled);
    let server = Server::with(Setup { engine: Some(open()), ..Setup::default() });
    let shop = Shop { server, cookie, space, token, base, table };
    assert_eq!(shop.server.get("/readyz").send().status, 200);
    let records = consistent(&shop);
    assert_eq!(records[0]["id"], json!(record));
    for (key, answer) in answers {
        let held = records.iter().any(|record| record["values"]["isbn"] == json!(key));
        assert!(!(held && answer.code() == "read_only"), "`read_only` means: not done");
        // What nobody knew is known after the repeat: there is one of each.
        let again = create(&shop, Some(&key), &json!({"title": "waits", "isbn": key}));
        assert_eq!((again.status, again.header("idempotency-replayed").is_some()), (201, held), "{again:?}");
    }
    assert_eq!(consistent(&shop).len(), 1 + WRITERS);
}

/// Lets writers wait for a flush that then fails: their answers, all of them 503.
fn fail_under_writers(shop: &Shop, sled: &Sled) -> Vec<(String, Answer)> {
    let held = sled.hold_flushes();
    std::thread::scope(|scope| {
        let keys = (0..WRITERS).map(|n| format!("key-{n}"));
        let write = |key: String| {
            let answer = create(shop, Some(&key), &json!({"title": "waits", "isbn": key}));
            (key, answer)
        };
        let writers: Vec<_> = keys.map(|key| scope.spawn(move || write(key))).collect();
        // Give them time to come to the flush; the more do, the more is tested, and one is enough.
        std::thread::sleep(Duration::from_millis(300));
        sled.fail_next_flush();
        drop(held);
        writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
    })
    .into_iter()
    .inspect(|(_, answer): &(String, Answer)| assert_eq!(answer.status, 503, "{answer:?}"))
    .collect()
}

/// A session whose last use is to be noted: what it asks for waits neither for those who write, nor for the restart.
#[test]
fn a_session_reads_on_while_others_write_and_when_nobody_can() {
    let directory = tempfile::TempDir::new().unwrap();
    let sled = Arc::new(Sled::open(directory.path().join("data"), Options::default()).unwrap());
    let clock = Clock::manual(Time::parse("2026-11-24T12:00:00Z").unwrap());
    let shop = Shop::with(Setup { engine: Some(sled.clone()), clock, ..Setup::default() });
    let read = || {
        shop.server.core.clock.advance_millis(2 * 3_600_000);
        let request = shop.server.get("/api/openapi/bases").cookie(&shop.cookie);
        request.header("x-undb-space", &shop.space).send()
    };
    let held = sled.hold_flushes();
    assert_eq!(read().status, 200, "nothing is flushed yet");
    drop(held);
    sled.fail_next_flush();
    assert_eq!(create(&shop, None, &json!({"title": "t"})).status, 503);
    assert_eq!(read().status, 200, "nothing is written any more");
}

#[test]
fn either_fate_of_an_unknown_commit_is_lived_with() {
    for fate in [Fate::Done, Fate::Lost] {
        let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
        let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
        let record = shop.record(json!({"title": "before", "isbn": "before"}));
        engine.fail_next_commit(fate);
        let unknown = create(&shop, Some("k"), &json!({"title": "t", "isbn": "1"}));
        assert_eq!((unknown.status, unknown.code().as_str()), (503, "commit_unknown"));
        stands_read_only(&shop, &record);
        engine.heal();
        let again = create(&shop, Some("k"), &json!({"title": "t", "isbn": "1"}));
        let replayed = again.header("idempotency-replayed").is_some();
        assert_eq!((again.status, replayed), (201, fate == Fate::Done), "{again:?}");
        assert_eq!(consistent(&shop).len(), 2);
    }
}

/// A revocation of which nobody knows whether it was done: the token is forgotten, so that what is stored counts.
#[test]
fn after_an_unknown_revocation_the_store_decides() {
    for fate in [Fate::Done, Fate::Lost] {
        let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
        let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
        let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
        let status = || shop.server.get("/api/openapi/token").token(&token).send().status;
        assert_eq!(status(), 200);
        engine.fail_next_commit(fate);
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        assert_eq!(shop.server.delete(&path).token(&shop.token).send().code(), "commit_unknown");
        assert_eq!(status(), if fate == Fate::Done { 401 } else { 200 });
    }
}

/// Schema that was not committed is not served from memory.
#[test]
fn after_an_unknown_change_of_schema_the_store_decides() {
    for fate in [Fate::Done, Fate::Lost] {
        let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
        let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
        let names = || {
            let fields = shop.server.get(&shop.path("/fields")).token(&shop.token).send().at("/fields");
            fields
                .as_array()
                .unwrap()
                .iter()
                .map(|f| f["name"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        let before = names();
        engine.fail_next_commit(fate);
        let field = shop.server.post(&shop.path("/fields")).token(&shop.token);
        assert_eq!(field.json(json!({"name": "late", "type": "string"})).send().code(), "commit_unknown");
        assert_eq!(names().len(), before.len() + usize::from(fate == Fate::Done));
    }
}

/// Before the disk is full, nothing is written any more; once there is room, all goes on without a restart.
#[test]
fn while_the_disk_is_nearly_full_changes_are_refused_and_reading_goes_on() {
    let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
    let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
    let record = shop.record(json!({"title": "before"}));
    // As long as a look at the disk counts.
    let look = || std::thread::sleep(Duration::from_millis(1100));
    engine.disk_free(Some((64 << 20) - 1));
    look();
    let refused = create(&shop, Some("k"), &json!({"title": "later"}));
    assert_eq!((refused.status, refused.code().as_str()), (503, "disk_full"));
    assert!(refused.text("/detail").contains("only 63 MiB free"), "{refused:?}");
    assert!(refused.header("retry-after").is_some(), "{refused:?}");
    let at = shop.path(&format!("/records/{record}"));
    assert_eq!(shop.server.delete(&at).token(&shop.token).send().code(), "disk_full");
    assert_eq!(shop.server.get(&at).token(&shop.token).send().status, 200);
    let ready = shop.server.get("/readyz").send();
    assert_eq!(ready.status, 503);
    assert!(ready.text("/reasons/0").contains("only 63 MiB free"), "{ready:?}");
    engine.disk_free(Some(64 << 20));
    look();
    assert_eq!(create(&shop, Some("k"), &json!({"title": "later"})).status, 201);
    assert_eq!(shop.server.get("/readyz").send().status, 200);
}
