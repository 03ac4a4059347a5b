//! How far an `Idempotency-Key` reaches: a day, one caller, one request; across a restart, and not across a revocation.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::access::Operator;
use undb::kv::memory::Memory;
use undb::limits::IDEMPOTENCY_SECONDS;
use undb::store::schema::KEPT;

use crate::ask::{Ask, refused, with_body};
use crate::engine::rows;
use crate::harness::{Answer, Server, Setup, Shop};
use crate::token::timed;

fn keyed(server: &Server, token: &str, path: &str, key: &str, body: Value) -> Answer {
    with_body(server.post(path).token(token).header("idempotency-key", key), body).send()
}

fn count(shop: &Shop) -> Value {
    shop.got(&shop.path("")).at("/recordCount")
}

#[track_caller]
fn replays(again: &Answer, first: &Answer) {
    assert_eq!(
        (again.status, again.header("idempotency-replayed")),
        (first.status, Some("true")),
        "{again:?}"
    );
    assert_eq!((&again.bytes, again.header("location")), (&first.bytes, first.header("location")));
}

#[test]
fn a_key_is_good_for_a_day() {
    let shop = timed();
    let records = shop.path("/records");
    let send =
        |title: &str| keyed(&shop.server, &shop.token, &records, "k", json!({"values": {"title": title}}));
    let first = send("Dune");
    assert_eq!(first.status, 201);
    let clock = &shop.server.core.clock;
    clock.advance_millis(IDEMPOTENCY_SECONDS * 1000 - 1);
    replays(&send("Dune"), &first);
    refused(&send("Emma"), "still another request", 422, "idempotency_key_reused", &[]);
    clock.advance_millis(1);
    let second = send("Emma");
    assert_eq!(
        (second.status, second.header("idempotency-replayed")),
        (201, None),
        "its day is over: {second:?}"
    );
    replays(&send("Emma"), &second);
    clock.advance_millis(IDEMPOTENCY_SECONDS * 1000 - 1);
    replays(&send("Emma"), &second);
    assert_eq!(count(&shop), 2);
}

#[test]
fn an_answer_outlives_the_sweep_of_the_one_before_it() {
    let shop = timed();
    let tables = format!("/api/openapi/bases/{}/tables", shop.base);
    let keyed_calls = [
        (shop.path("/records"), json!({"values": {"title": "Dune"}})),
        (tables, json!({"name": "again", "fields": [{"name": "a", "type": "string"}]})),
    ];
    let send = |(path, body): &(String, Value)| keyed(&shop.server, &shop.token, path, path, body.clone());
    assert!(keyed_calls.iter().all(|call| send(call).status == 201));
    // Their day is over, and before the sweeper comes the keys are used again.
    shop.server.core.clock.advance_millis(IDEMPOTENCY_SECONDS * 1000);
    let gone = shop.server.delete(&format!("{}/again", keyed_calls[1].0)).token(&shop.token).send();
    assert_eq!(gone.status, 204, "{gone:?}");
    let second = keyed_calls.each_ref().map(send);
    assert!(
        second.iter().all(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_none())
    );
    shop.server.core.clock.advance_millis(1000);
    sweep(&shop);
    for (call, answer) in keyed_calls.iter().zip(&second) {
        replays(&send(call), answer);
    }
    // And the sweeper takes them when their own day is over.
    shop.server.core.clock.advance_millis(IDEMPOTENCY_SECONDS * 1000);
    sweep(&shop);
    assert_eq!(rows(shop.server.core.engine.as_ref(), KEPT, &[]).len(), 0);
}

fn sweep(shop: &Shop) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let core = shop.server.core.clone();
    runtime.block_on(async move { undb::service::jobs::sweep(&core, Operator::assume()).await }).unwrap();
}

#[test]
fn another_path_with_a_body_that_fits_is_another_request() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let (dune, emma) = (shop.record(json!({"title": "Dune"})), shop.record(json!({"title": "Emma"})));
    let copy = |id: &str, key: &str, body: Value| {
        keyed(&shop.server, &shop.token, &format!("{records}/{id}/duplicate"), key, body)
    };
    let first = copy(&dune, "k", Value::Null);
    assert_eq!(first.status, 201);
    replays(&copy(&dune, "k", Value::Null), &first);
    refused(&copy(&emma, "k", Value::Null), "another record", 422, "idempotency_key_reused", &[]);
    let other = shop.table("other", json!([{"name": "title", "type": "string"}]));
    let values = json!({"values": {"title": "x"}});
    let elsewhere = keyed(&shop.server, &shop.token, &format!("{other}/records"), "k", values.clone());
    refused(&elsewhere, "another table", 422, "idempotency_key_reused", &[]);
    let bulk = json!({"records": [values]});
    let bulk = keyed(&shop.server, &shop.token, &shop.path("/records/bulk"), "k", bulk);
    refused(&bulk, "a bulk", 422, "idempotency_key_reused", &[]);
    assert_eq!((count(&shop), shop.got(&other).at("/recordCount")), (json!(3), json!(0)));
}

#[test]
fn of_two_requests_under_one_key_at_the_same_time_one_is_done() {
    let shop = Shop::open();
    let bulk = shop.path("/records/bulk");
    for round in 0..5 {
        let key = format!("round-{round}");
        let send = |title: &str| {
            let items = vec![json!({"values": {"title": title}}); 3];
            keyed(&shop.server, &shop.token, &bulk, &key, json!({"records": items}))
        };
        let answers: Vec<(&str, Answer)> = std::thread::scope(|scope| {
            let titles = ["a", "b", "a", "b", "a", "b"];
            let running = titles.map(|title| (title, scope.spawn(move || send(title))));
            running.into_iter().map(|(title, thread)| (title, thread.join().unwrap())).collect()
        });
        let fresh = answers
            .iter()
            .find(|(_, answer)| answer.status == 201 && answer.header("idempotency-replayed").is_none());
        let (winner, first) = fresh.unwrap();
        for (title, answer) in answers.iter().filter(|(_, answer)| !std::ptr::eq(answer, first)) {
            if title == winner {
                replays(answer, first);
            } else {
                refused(answer, "another body", 422, "idempotency_key_reused", &[]);
            }
        }
    }
    assert_eq!(count(&shop), 15);
}

#[test]
fn a_key_is_its_callers_own_and_ends_with_their_credentials() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let body = json!({"values": {"title": "Dune"}});
    let first = keyed(&shop.server, &shop.token, &records, "k", body.clone());
    let (other, secret) =
        shop.server.token(&shop.cookie, &shop.space, json!({"name": "other", "scopes": ["records:write"]}));
    let theirs = keyed(&shop.server, &secret, &records, "k", body.clone());
    let person = || {
        let request = shop.server.post(&records).cookie(&shop.cookie).header("x-undb-space", &shop.space);
        request.header("idempotency-key", "k").json(body.clone()).send()
    };
    let persons = person();
    for answer in [&first, &theirs, &persons] {
        assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, None), "{answer:?}");
    }
    replays(&keyed(&shop.server, &secret, &records, "k", body.clone()), &theirs);
    replays(&person(), &persons);
    assert_eq!(count(&shop), 3);
    let path = format!("/api/spaces/{}/tokens/{other}", shop.space);
    let narrowed =
        shop.server.patch(&path).cookie(&shop.cookie).json(json!({"scopes": ["records:read"]})).send();
    assert_eq!(narrowed.status, 200);
    let again = keyed(&shop.server, &secret, &records, "k", body.clone());
    refused(&again, "a scope that is gone", 403, "scope_missing", &[]);
    assert_eq!(shop.server.delete(&path).cookie(&shop.cookie).send().status, 204);
    refused(&keyed(&shop.server, &secret, &records, "k", body), "revoked", 401, "unauthorized", &[]);
}

#[test]
fn a_key_that_is_sent_twice_is_none() {
    let shop = Shop::open();
    let records = shop.path("/records");
    for (one, two) in [("a", "b"), ("a", "a")] {
        let request = shop.server.post(&records).token(&shop.token);
        let request = request.header("idempotency-key", one).header("idempotency-key", two);
        let answer = request.json(json!({"values": {"title": "Dune"}})).send();
        refused(&answer, "which one is meant?", 400, "invalid_header", &["Idempotency-Key invalid_header"]);
    }
    assert_eq!(count(&shop), 0);
}

#[test]
fn keys_and_cursors_are_good_across_a_restart() {
    let engine = Arc::new(Memory::new());
    let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
    let (records, bulk) = (shop.path("/records"), shop.path("/records/bulk"));
    let items = vec![json!({"values": {"title": "Dune"}}); 3];
    let body = json!({"records": items});
    let first = keyed(&shop.server, &shop.token, &bulk, "k", body.clone());
    let page = shop.got(&format!("{records}?limit=2"));
    let Shop { server, token, .. } = shop;
    server.stop();
    let server = Server::with(Setup { engine: Some(engine), ..Setup::default() });
    replays(&keyed(&server, &token, &bulk, "k", body), &first);
    let rest = server.get(&format!("{records}?cursor={}", page.text("/nextCursor"))).token(&token).send();
    assert_eq!((rest.at("/records/0/id"), rest.at("/total")), (first.at("/ids/2"), json!(3)), "{rest:?}");
    assert_eq!(rest.at("/nextCursor"), Value::Null);
}
