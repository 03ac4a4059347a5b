//! How tokens were used: counted by day, kept for ninety of them, whoever holds the secret.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::access::Operator;
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;
use undb::kv::sled::{Options, Sled};
use undb::service::Core;
use undb::service::jobs::{sweep, token_used_write};
use undb::store::schema::{EXPIRY, TOKEN_USAGE};

use crate::ask::{Ask, nothing, refused};
use crate::engine::rows;
use crate::harness::{Answer, EMAIL, PASSWORD, Server, Setup, Shop};
use crate::token::{START, timed};

const DAY_MS: i64 = 86_400_000;

fn path(space: &str, id: &str) -> String {
    format!("/api/spaces/{space}/tokens/{id}/usage")
}

/// A token of the shop's: its id and secret.
fn token(shop: &Shop, more: Value) -> (String, String) {
    let mut body = json!({"name": "t", "scopes": ["records:read"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    shop.server.token(&shop.cookie, &shop.space, body)
}

/// What a person reads, so that no token is used by asking.
fn usage(server: &Server, cookie: &str, space: &str, id: &str) -> Answer {
    let answer = server.get(&path(space, id)).cookie(cookie).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The days with figures, as `(date, requests, errors)`; checks that all ninety are there.
fn used(shop: &Shop, id: &str) -> Vec<(String, u64, u64)> {
    let days = usage(&shop.server, &shop.cookie, &shop.space, id).at("/days");
    let days = days.as_array().unwrap();
    let dates: Vec<&str> = days.iter().map(|day| day["date"].as_str().unwrap()).collect();
    let today = shop.server.core.clock.now();
    let expected: Vec<_> = (0..90).rev().map(|back| today.plus_millis(-back * DAY_MS).date_text()).collect();
    assert_eq!(dates, expected, "the last ninety days, today at the end");
    let number = |day: &Value, name: &str| day[name].as_u64().unwrap();
    let days = days.iter().map(|day| {
        (day["date"].as_str().unwrap().to_owned(), number(day, "requests"), number(day, "errors"))
    });
    days.filter(|(_, requests, errors)| requests + errors > 0).collect()
}

fn job(core: &Arc<Core>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { token_used_write(core, Operator::assume()).await }).unwrap();
}

fn swept(core: &Arc<Core>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { sweep(core, Operator::assume()).await }).unwrap();
}

fn send(shop: &Shop, secret: &str, method: &str, path: &str) -> u16 {
    let request = shop.server.request(method, path).token(secret);
    if method == "POST" { request.json(json!({"values": {}})).send().status } else { request.send().status }
}

#[test]
fn requests_and_errors_are_counted_by_day() {
    let shop = timed();
    let (id, secret) = token(&shop, json!({"scopes": ["records:write"]}));
    assert_eq!(used(&shop, &id), []);
    let records = shop.path("/records");
    for (method, path, status) in [
        ("GET", records.as_str(), 200),
        ("HEAD", &records, 200),
        ("GET", "/api/openapi/token", 200),
        ("POST", &records, 422),
        ("GET", &format!("{records}/{}", nothing("rec")), 404),
        ("GET", "/api/nothing", 404),
        ("GET", "/api/openapi/bases", 403),
        ("GET", &format!("{records}?no=1"), 400),
    ] {
        assert_eq!(send(&shop, &secret, method, path), status, "{method} {path}");
    }
    // None of these is the token's: the secret is wrong, or is not looked at.
    let wrong = format!("{}{}", &secret[..42], if secret.ends_with('x') { 'y' } else { 'x' });
    assert_eq!(send(&shop, &wrong, "GET", &records), 401);
    assert_eq!(send(&shop, &secret, "GET", "/healthz"), 200);
    let first = [("2026-11-24".to_owned(), 8, 5)];
    assert_eq!(used(&shop, &id), first, "before it is written");
    job(&shop.server.core);
    assert_eq!(used(&shop, &id), first, "after");
    assert_eq!(send(&shop, &secret, "GET", &records), 200);
    shop.server.core.clock.advance_millis(2 * DAY_MS);
    assert_eq!(send(&shop, &secret, "GET", &records), 200);
    let both = [("2026-11-24".to_owned(), 9, 5), ("2026-11-26".to_owned(), 1, 0)];
    for _ in 0..3 {
        assert_eq!(used(&shop, &id), both);
        job(&shop.server.core);
    }
    // What has expired is not the token's any more.
    let end = json!({"expiresAt": "2026-11-26T09:30:00.001Z"});
    assert_eq!(shop.ask("PATCH", &format!("/api/spaces/{}/tokens/{id}", shop.space), end).status, 200);
    shop.server.core.clock.advance_millis(1);
    assert_eq!(send(&shop, &secret, "GET", &records), 401);
    assert_eq!(used(&shop, &id), both);
}

#[test]
fn figures_are_the_tokens_and_not_a_secrets() {
    let shop = timed();
    let (id, first) = token(&shop, json!({}));
    let records = shop.path("/records");
    assert_eq!(send(&shop, &first, "GET", &records), 200);
    let tokens = format!("/api/spaces/{}/tokens", shop.space);
    let rotated = shop.ask("POST", &format!("{tokens}/{id}/rotate"), json!({"graceSeconds": 60}));
    for secret in [&first, &rotated.text("/secret")] {
        assert_eq!(send(&shop, secret, "GET", &records), 200);
    }
    job(&shop.server.core);
    assert_eq!(send(&shop, &first, "GET", &records), 200);
    assert_eq!(shop.ask("DELETE", &format!("{tokens}/{id}"), Value::Null).status, 204);
    assert_eq!(send(&shop, &first, "GET", &records), 401);
    for _ in 0..3 {
        assert_eq!(used(&shop, &id), [("2026-11-24".to_owned(), 4, 0)], "revoked, and the 401 is nobody's");
        job(&shop.server.core);
    }
}

#[test]
fn a_token_sees_the_usage_of_those_that_it_sees() {
    let shop = timed();
    let (narrow, secret) = token(&shop, json!({"scopes": ["tokens:manage"], "tables": [shop.table]}));
    let (wide, _) = token(&shop, json!({}));
    let get = |secret: &str, id: &str| shop.server.get(&path(&shop.space, id)).token(secret).send();
    let own = get(&secret, &narrow);
    assert_eq!((own.status, own.at("/days/89/requests")), (200, json!(0)), "this one is not answered yet");
    assert_eq!(
        get(&secret, &narrow).at("/days/89"),
        json!({"date": "2026-11-24", "requests": 1, "errors": 0})
    );
    refused(&get(&secret, &wide), "it reaches further", 404, "token_not_found", &[]);
    refused(&get(&secret, &nothing("tkn")), "it never was", 404, "token_not_found", &[]);
    let unknown = shop.server.get(&format!("{}?x=1", path(&shop.space, &wide))).token(&secret).send();
    refused(&unknown, "the path is judged first", 404, "token_not_found", &[]);
    let (_, reader) = token(&shop, json!({}));
    refused(&get(&reader, &wide), "no scope for it", 403, "scope_missing", &[]);
    assert_eq!(
        get(&shop.token, &narrow).at("/days/89"),
        json!({"date": "2026-11-24", "requests": 5, "errors": 3})
    );
}

#[test]
fn a_day_is_kept_for_ninety() {
    let mut shop = timed();
    let (id, secret) = token(&shop, json!({}));
    let records = shop.path("/records");
    let engine = shop.server.core.engine.clone();
    let stored = || rows(engine.as_ref(), TOKEN_USAGE, &[]).iter().filter(|(key, _)| ours(key, &id)).count();
    assert_eq!(send(&shop, &secret, "GET", &records), 200);
    for _ in 0..3 {
        job(&shop.server.core);
        assert_eq!(send(&shop, &secret, "GET", &records), 200);
    }
    job(&shop.server.core);
    shop.server.core.clock.advance_millis(89 * DAY_MS);
    swept(&shop.server.core);
    shop.cookie = shop.server.login(EMAIL, PASSWORD);
    assert_eq!((used(&shop, &id), stored()), (vec![("2026-11-24".to_owned(), 4, 0)], 1));
    shop.server.core.clock.advance_millis(DAY_MS);
    assert_eq!(used(&shop, &id), []);
    swept(&shop.server.core);
    assert_eq!(stored(), 0);
}

fn ours(key: &[u8], id: &str) -> bool {
    let id: undb::id::TokenId = undb::id::Id::parse(id).unwrap();
    key[16..32] == undb::id::Id::to_bytes(id)
}

#[test]
fn figures_go_with_their_space() {
    let shop = timed();
    let (_, secret) = token(&shop, json!({}));
    let records = shop.path("/records");
    let engine = shop.server.core.engine.clone();
    let stored = |of| rows(engine.as_ref(), of, &[]).len();
    assert_eq!(send(&shop, &secret, "GET", &records), 200);
    job(&shop.server.core);
    assert!(stored(TOKEN_USAGE) > 0);
    assert_eq!(send(&shop, &secret, "GET", &records), 200);
    let gone = shop.server.delete(&format!("/api/spaces/{}?confirm=Main", shop.space));
    assert_eq!(gone.cookie(&shop.cookie).send().status, 204);
    swept(&shop.server.core);
    job(&shop.server.core);
    assert_eq!(stored(TOKEN_USAGE), 0, "and what was not written yet is not any more");
    shop.server.core.clock.advance_millis(91 * DAY_MS);
    swept(&shop.server.core);
    assert_eq!(stored(EXPIRY), 0);
}

#[test]
fn what_was_counted_is_there_after_the_server_has_stopped() {
    let setup = |engine| {
        let clock = Clock::manual(Time::parse(START).unwrap());
        Setup { clock, engine: Some(engine), ..Setup::default() }
    };
    let directory = tempfile::TempDir::new().unwrap();
    let open = || Arc::new(Sled::open(directory.path().join("data"), Options::default()).unwrap());
    let shop = Shop::with(setup(open()));
    let (id, secret) = token(&shop, json!({}));
    for _ in 0..3 {
        assert_eq!(send(&shop, &secret, "GET", &shop.path("/records")), 200);
    }
    let (space, records) = (shop.space.clone(), shop.path("/records"));
    let Shop { server, .. } = shop;
    server.stop();
    let server = Server::with(setup(open()));
    let cookie = server.login(EMAIL, PASSWORD);
    let today = || usage(&server, &cookie, &space, &id).at("/days/89/requests");
    assert_eq!(today(), 3, "it is written as the server stops");
    assert_eq!(server.get(&records).token(&secret).send().status, 200);
    assert_eq!(today(), 4);
    job(&server.core);
    assert_eq!(today(), 4);
    // One that nobody stops in good order loses what it has not written, and nothing else.
    let engine = Arc::new(Memory::new());
    let shop = Shop::with(setup(engine.clone()));
    let (id, secret) = token(&shop, json!({}));
    assert_eq!(send(&shop, &secret, "GET", &shop.path("/records")), 200);
    job(&shop.server.core);
    assert_eq!(send(&shop, &secret, "GET", &shop.path("/records")), 200);
    let after = Server::with(setup(engine));
    let cookie = after.login(EMAIL, PASSWORD);
    assert_eq!(usage(&after, &cookie, &shop.space, &id).at("/days/89/requests"), 1);
}
