//! `Idempotency-Key`: the same request twice has one effect and one answer, and the key stands for nothing else.

use serde_json::{Value, json};

use crate::ask::{Ask, refused, with_body};
use crate::harness::{Answer, Shop};

fn keyed(shop: &Shop, token: &str, method: &str, path: &str, key: &str, body: Value) -> Answer {
    with_body(shop.server.request(method, path).token(token).header("idempotency-key", key), body).send()
}

fn count(shop: &Shop) -> Value {
    shop.got(&shop.path("")).at("/recordCount")
}

/// Whether an answer is the first one again.
fn replays(again: &Answer, first: &Answer) -> bool {
    again.header("idempotency-replayed") == Some("true")
        && first.header("idempotency-replayed").is_none()
        && again.status == first.status
        && again.bytes == first.bytes
        && ["location", "etag", "content-type"].iter().all(|name| again.header(name) == first.header(name))
}

#[test]
fn every_call_that_makes_something_can_be_repeated() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let base = format!("/api/openapi/bases/{}", shop.base);
    let field = json!({"name": "fresh", "type": "string"});
    let paths = [
        (shop.path("/records"), json!({"values": {"title": "Emma", "isbn": "1"}})),
        (shop.path("/records/bulk"), json!({"records": [{"values": {"title": "a", "isbn": "2"}}]})),
        (shop.path(&format!("/records/{id}/duplicate")), Value::Null),
        (shop.path("/fields"), field.clone()),
        (format!("{base}/tables"), json!({"name": "fresh", "fields": [field]})),
        ("/api/openapi/bases".to_owned(), json!({"name": "fresh"})),
    ];
    for (n, (path, body)) in paths.iter().enumerate() {
        let key = format!("key-{n}");
        let first = keyed(&shop, &shop.token, "POST", path, &key, body.clone());
        assert_eq!(first.status, 201, "{path}: {first:?}");
        let again = keyed(&shop, &shop.token, "POST", path, &key, body.clone());
        assert!(replays(&again, &first), "{path}: {again:?}");
        if let Some(location) = first.header("location") {
            assert_eq!(shop.got(location).status, 200, "{path}");
        }
    }
    assert_eq!(count(&shop), 4, "one effect each");
    let session = |key: &str| {
        let request = shop.server.post("/api/spaces").cookie(&shop.cookie).header("idempotency-key", key);
        request.json(json!({"name": "Second"})).send()
    };
    let first = session("space-1");
    assert!(replays(&session("space-1"), &first));
    assert!(!replays(&session("space-2"), &first));
}

#[test]
fn a_key_stands_for_one_request() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let body = json!({"values": {"title": "Dune"}});
    let first = keyed(&shop, &shop.token, "POST", &records, "k", body.clone());
    assert_eq!(first.status, 201);
    let named = format!("/api/openapi/bases/Shop/tables/{}/records", shop.table);
    for (why, path, body) in [
        ("another body", &records, json!({"values": {"title": "Emma"}})),
        ("another path", &shop.path("/records/bulk"), body.clone()),
        ("another spelling of the path", &named, body.clone()),
        ("another query", &format!("{records}?keys=name"), body.clone()),
    ] {
        let answer = keyed(&shop, &shop.token, "POST", path, "k", body);
        // A body that can't be read here is not looked for.
        if why == "another path" {
            assert_eq!(answer.status, 422, "{why}");
            continue;
        }
        refused(&answer, why, 422, "idempotency_key_reused", &[]);
    }
    assert_eq!(count(&shop), 1);
    let (_, other) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "other"}));
    let theirs = keyed(&shop, &other, "POST", &records, "k", body.clone());
    assert_eq!(
        (theirs.status, theirs.header("idempotency-replayed")),
        (201, None),
        "a key is its caller's own"
    );
    assert_ne!(theirs.text("/data/id"), first.text("/data/id"));
    let cased = keyed(&shop, &shop.token, "POST", &records, "K", body);
    assert_eq!(
        (cased.status, cased.header("idempotency-replayed")),
        (201, None),
        "keys are told apart by case"
    );
}

#[test]
fn a_persons_key_means_the_space_that_they_named() {
    let shop = Shop::open();
    let second = shop.server.space(&shop.cookie, "Second");
    let make = |space: &str| {
        let request =
            shop.server.post("/api/openapi/bases").cookie(&shop.cookie).header("x-undb-space", space);
        request.header("idempotency-key", "k").json(json!({"name": "made"})).send()
    };
    assert_eq!(make(&shop.space).status, 201);
    refused(&make(&second), "another space is another request", 422, "idempotency_key_reused", &[]);
}

#[test]
fn only_an_answer_that_had_an_effect_is_kept() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let send = |body: Value| keyed(&shop, &shop.token, "POST", &records, "k", body);
    assert_eq!(send(json!({"values": {}})).status, 422);
    let taken = shop.record(json!({"title": "Dune", "isbn": "1"}));
    let body = json!({"values": {"title": "Emma", "isbn": "1"}});
    assert_eq!(send(body.clone()).status, 409);
    assert_eq!(shop.ask("DELETE", &shop.path(&format!("/records/{taken}")), Value::Null).status, 204);
    let first = send(body.clone());
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None), "{first:?}");
    let made = shop.path(&format!("/records/{}", first.text("/data/id")));
    assert_eq!(shop.ask("DELETE", &made, Value::Null).status, 204);
    assert!(replays(&send(body), &first), "whatever became of the record");
    assert_eq!(count(&shop), 0);
}

#[test]
fn calls_at_the_same_time_have_one_effect() {
    let shop = Shop::open();
    let records = shop.path("/records");
    for round in 0..5 {
        let key = format!("round-{round}");
        let send = || keyed(&shop, &shop.token, "POST", &records, &key, json!({"values": {"title": "Dune"}}));
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let (replayed, fresh): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.header("idempotency-replayed").is_some());
        assert_eq!((fresh.len(), replayed.len()), (1, 7));
        assert!(replayed.iter().all(|again| replays(again, fresh[0])));
    }
    assert_eq!(count(&shop), 5);
}

#[test]
fn a_key_is_refused_where_none_is_taken() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let tokens = format!("/api/spaces/{}/tokens", shop.space);
    for (why, method, path, body) in [
        ("it reads", "GET", shop.path("/records"), Value::Null),
        ("a PATCH", "PATCH", shop.path(&format!("/records/{id}")), json!({"values": {"pages": 1}})),
        ("a DELETE", "DELETE", shop.path(&format!("/records/{id}")), Value::Null),
        (
            "a PUT",
            "PUT",
            shop.path("/records"),
            json!({"on": "isbn", "records": [{"values": {"isbn": "1"}}]}),
        ),
        (
            "a dry run",
            "POST",
            shop.path("/records/bulk?dryRun=true"),
            json!({"records": [{"values": {"title": "x"}}]}),
        ),
        (
            "a dry run of a field",
            "POST",
            shop.path("/fields?dryRun=true"),
            json!({"name": "f", "type": "date"}),
        ),
        ("it answers a secret", "POST", tokens, json!({"name": "t"})),
        (
            "it answers a cookie",
            "POST",
            "/api/auth/login".into(),
            json!({"email": crate::harness::EMAIL, "password": crate::harness::PASSWORD}),
        ),
    ] {
        let answer = keyed(&shop, &shop.token, method, &path, "k", body);
        let fault = "Idempotency-Key idempotency_key_not_taken";
        refused(&answer, why, 400, "idempotency_key_not_taken", &[fault]);
    }
    let longest = "x".repeat(255);
    for (why, key, fits) in [
        ("the longest", longest.as_str(), true),
        ("one character more", &"x".repeat(256), false),
        ("empty", "", false),
        ("a space", "a b", false),
        ("not ASCII", "clé", false),
        ("every visible character", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", true),
    ] {
        let answer =
            keyed(&shop, &shop.token, "POST", &shop.path("/records"), key, json!({"values": {"title": "x"}}));
        if fits {
            assert_eq!(answer.status, 201, "{why}: {answer:?}");
        } else {
            refused(&answer, why, 400, "invalid_header", &["Idempotency-Key invalid_header"]);
        }
    }
    assert_eq!(count(&shop), 3);
    assert_eq!(shop.got(&shop.path(&format!("/records/{id}"))).at("/data/version"), 1);
}
