//! What is deleted with a hundred thousand records is gone in one small commit, its name is free, and its keys follow.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use undb::access::Operator;
use undb::kv::sled::{Options, Sled};
use undb::limits::SWEEP_KEYS_MAX;
use undb::store::schema::{CHANGE, DOOMED, HEAD, OF_SPACE, RECORD, UNIQUE};

use crate::ask::{Ask, refused};
use crate::engine::{Watched, rows};
use crate::harness::{Setup, Shop};

const RECORDS: usize = 100_000;
const CALL: usize = 10_000;

/// What is deleted, and makes it anew under the same name.
struct Deletion {
    path: fn(&Shop) -> String,
    again: fn(&Shop) -> u16,
}

fn deleted(deletion: &Deletion) {
    let directory = TempDir::new().unwrap();
    let sled = Sled::open(directory.path().join("data"), Options::default()).unwrap();
    let engine = Watched::over(Arc::new(sled));
    let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
    fill(&shop);
    let count = |of| rows(engine.as_ref(), of, &[]).len();
    assert_eq!((count(RECORD), count(UNIQUE), count(HEAD)), (RECORDS, RECORDS, 1));
    too_many_to_convert(&shop);
    engine.take_touched();
    let path = (deletion.path)(&shop);
    let answer = shop.server.delete(&path).cookie(&shop.cookie).header("x-undb-space", &shop.space).send();
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(
        shop.server.get(&shop.path("/records")).token(&shop.token).send().status / 100,
        4,
        "it is gone"
    );
    assert!((200..300).contains(&(deletion.again)(&shop)), "its name is free at once");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let core = shop.server.core.clone();
    runtime.block_on(async move { undb::service::jobs::sweep(&core, Operator::assume()).await }).unwrap();
    for of in [RECORD, UNIQUE, CHANGE, HEAD, DOOMED] {
        let left = rows(engine.as_ref(), of, &[]);
        // What was made anew has a head of its own, perhaps.
        assert!(left.len() <= usize::from(of == HEAD), "{of:?}: {}", left.len());
    }
    let touched = engine.take_touched();
    assert!(touched[0] < 50, "the deletion itself is a small commit: {touched:?}");
    let most = touched.iter().max().unwrap();
    assert!(*most <= 2 * SWEEP_KEYS_MAX + 50, "no step of the sweeper holds others up for long: {most}");
}

fn fill(shop: &Shop) {
    for call in 0..RECORDS / CALL {
        let record = |n: usize| json!({"values": {"title": "t", "isbn": (call * CALL + n).to_string()}});
        let records: Vec<Value> = (0..CALL).map(record).collect();
        shop.made(&shop.path("/records/bulk"), json!({"records": records}));
    }
}

/// A hundred thousand records can be converted, and one more can't.
fn too_many_to_convert(shop: &Shop) {
    let more = shop.record(json!({"title": "t"}));
    let answer = shop.ask("PATCH", &shop.path("/fields/title"), json!({"type": "longText", "unique": true}));
    refused(&answer, "too many records", 422, "too_many_records", &[]);
    assert!(answer.text("/detail").contains("100001"), "the count is named: {answer:?}");
    assert_eq!(shop.got(&shop.path("/fields/title")).at("/type"), "string");
    assert_eq!(shop.ask("DELETE", &shop.path(&format!("/records/{more}")), Value::Null).status, 204);
}

fn made(shop: &Shop, path: &str, body: Value) -> u16 {
    let request = shop.server.post(path).cookie(&shop.cookie).header("x-undb-space", &shop.space);
    request.json(body).send().status
}

#[test]
fn a_table_is_deleted_at_once() {
    deleted(&Deletion {
        path: |shop| shop.path(""),
        again: |shop| {
            let tables = format!("/api/openapi/bases/{}/tables", shop.base);
            made(shop, &tables, json!({"name": "books", "fields": [{"name": "a", "type": "string"}]}))
        },
    });
}

#[test]
fn a_base_is_deleted_at_once() {
    deleted(&Deletion {
        path: |shop| format!("/api/openapi/bases/{}", shop.base),
        again: |shop| made(shop, "/api/openapi/bases", json!({"name": "Shop"})),
    });
}

#[test]
fn a_space_is_deleted_at_once() {
    deleted(&Deletion {
        path: |shop| format!("/api/spaces/{}?confirm=Main", shop.space),
        again: |shop| {
            // Spaces may share a name, so that it is clear now says that the other one is gone.
            let again = made(shop, "/api/spaces", json!({"name": "Main"}));
            assert_eq!(shop.server.get("/api/spaces/Main").cookie(&shop.cookie).send().status, 200);
            again
        },
    });
}

#[test]
fn nothing_of_a_deleted_space_is_left() {
    let shop = Shop::open();
    shop.record(json!({"title": "Dune", "isbn": "1"}));
    let engine = shop.server.core.engine.clone();
    assert!(OF_SPACE.iter().any(|of| !rows(engine.as_ref(), *of, &[]).is_empty()));
    let path = format!("/api/spaces/{}?confirm=Main", shop.space);
    assert_eq!(shop.server.delete(&path).cookie(&shop.cookie).send().status, 204);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let core = shop.server.core.clone();
    runtime.block_on(async move { undb::service::jobs::sweep(&core, Operator::assume()).await }).unwrap();
    for of in OF_SPACE.into_iter().chain([undb::store::schema::SPACE, undb::store::schema::TOKEN_HASH]) {
        assert_eq!(rows(engine.as_ref(), of, &[]), [], "{of:?}");
    }
}
