//! How often each use case goes to the store: the budget of gets, scans and commits of one request over HTTP, when the
//! caches are warm. An engine on a network pays for each of them, so a number may only go down.
//!
//! A get is one round trip, however many keys it asks for. The token and where the path leads cost none: both are known in
//! memory. What counts is the use case itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod harness;

use std::sync::Arc;

use harness::{Answer, EMAIL, PASSWORD, Server, Setup, Shop};
use serde_json::{Value, json};
use undb::access::Operator;
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;
use undb::kv::testing::{Counts, Testing};
use undb::service::jobs::token_used_write;

/// One use case and its budget.
struct Row {
    name: &'static str,
    request: fn(&Shop) -> Answer,
    status: u16,
    /// Gets, scans and commits.
    most: (u64, u64, u64),
}

fn send(shop: &Shop, method: &str, path: &str, key: bool, body: Option<Value>) -> Answer {
    let request = shop.server.request(method, path).token(&shop.token);
    let fresh = format!("{:032x}", rand::random::<u128>());
    let request = if key { request.header("idempotency-key", &fresh) } else { request };
    match body {
        Some(body) => request.json(body),
        None => request,
    }
    .send()
}

fn records(shop: &Shop, method: &str, tail: &str, body: Option<Value>) -> Answer {
    send(shop, method, &shop.path(&format!("/records{tail}")), false, body)
}

/// A record of the shop's, made before the counting began.
fn record(shop: &Shop) -> String {
    shop.server.get(&shop.path("/records?limit=1&sort=-id")).token(&shop.token).send().text("/records/0/id")
}

fn unique(n: usize) -> Vec<Value> {
    (0..n)
        .map(|_| json!({"values": {"title": "t", "isbn": format!("{:032x}", rand::random::<u128>())}}))
        .collect()
}

fn login(shop: &Shop, password: &str) -> Answer {
    shop.server.post("/api/auth/login").json(json!({"email": EMAIL, "password": password})).send()
}

fn base(shop: &Shop) -> String {
    format!("/api/openapi/bases/{}", shop.base)
}

fn tokens(shop: &Shop) -> String {
    format!("/api/spaces/{}/tokens", shop.space)
}

/// The budgets. A session and its person are read by each of its requests: two gets. An attempt at a password is counted in a commit of its own before it is made, and taken back in that of what it opens. A change of schema reads the space's catalog anew: while it is on its way nothing of it is held.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "record get",                request: |s| records(s, "GET", &format!("/{}", s.record_id()), None), status: 200, most: (1, 0, 0) },
    Row { name: "record get, missing",       request: |s| records(s, "GET", "/rec00000000000000000000000001", None), status: 404, most: (1, 0, 0) },
    Row { name: "record list of 100",        request: |s| records(s, "GET", "", None), status: 200, most: (1, 1, 0) },
    Row { name: "record list of 1000",       request: |s| records(s, "GET", "?limit=1000&sort=-id", None), status: 200, most: (1, 1, 0) },
    Row { name: "record create",             request: |s| records(s, "POST", "", Some(json!({"values": {"title": "t"}}))), status: 201, most: (1, 0, 1) },
    Row { name: "record create, unique and keyed", request: |s| send(s, "POST", &s.path("/records"), true, Some(unique(1).remove(0))), status: 201, most: (2, 0, 1) },
    Row { name: "record create, refused",    request: |s| records(s, "POST", "", Some(json!({"values": {}}))), status: 422, most: (1, 0, 0) },
    Row { name: "record bulk of 1000",       request: |s| records(s, "POST", "/bulk", Some(json!({"records": unique(1000)}))), status: 201, most: (2, 0, 1) },
    Row { name: "record bulk, dry run",      request: |s| records(s, "POST", "/bulk?dryRun=true", Some(json!({"records": unique(1000)}))), status: 200, most: (2, 0, 0) },
    Row { name: "record update",             request: |s| records(s, "PATCH", &format!("/{}", s.record_id()), Some(json!({"values": {"pages": rand::random::<u16>()}}))), status: 200, most: (2, 0, 1) },
    Row { name: "record update bulk",        request: |s| records(s, "PATCH", "", Some(json!({"records": [{"id": s.record_id(), "values": {"pages": rand::random::<u16>()}}]}))), status: 200, most: (2, 0, 1) },
    Row { name: "record upsert of 1000",     request: |s| records(s, "PUT", "", Some(json!({"on": "isbn", "records": unique(1000)}))), status: 200, most: (4, 0, 1) },
    Row { name: "record duplicate",          request: |s| records(s, "POST", &format!("/{}/duplicate", s.record_id()), None), status: 201, most: (2, 0, 1) },
    Row { name: "record delete",             request: |s| records(s, "DELETE", &format!("/{}", s.record_id()), None), status: 204, most: (2, 0, 1) },
    Row { name: "base list",                 request: |s| send(s, "GET", "/api/openapi/bases", false, None), status: 200, most: (0, 0, 0) },
    Row { name: "table get",                 request: |s| send(s, "GET", &s.path(""), false, None), status: 200, most: (1, 0, 0) },
    Row { name: "table list",                request: |s| send(s, "GET", &(base(s) + "/tables"), false, None), status: 200, most: (1, 0, 0) },
    Row { name: "table create",              request: |s| send(s, "POST", &(base(s) + "/tables"), false, Some(json!({"name": format!("{}", rand::random::<u64>()), "fields": [{"name": "a", "type": "string"}]}))), status: 201, most: (6, 0, 1) },
    Row { name: "field create",              request: |s| send(s, "POST", &s.path("/fields"), false, Some(json!({"name": format!("{}", rand::random::<u64>()), "type": "string"}))), status: 201, most: (5, 0, 1) },
    Row { name: "field rename",              request: |s| send(s, "PATCH", &s.path("/fields/notes"), false, Some(json!({"description": format!("{}", rand::random::<u64>())}))), status: 200, most: (5, 0, 1) },
    Row { name: "space get",                 request: |s| send(s, "GET", "/api/openapi/space", false, None), status: 200, most: (0, 0, 0) },
    Row { name: "token self",                request: |s| send(s, "GET", "/api/openapi/token", false, None), status: 200, most: (2, 0, 0) },
    Row { name: "token list",                request: |s| send(s, "GET", &tokens(s), false, None), status: 200, most: (1, 1, 0) },
    Row { name: "token usage",               request: |s| send(s, "GET", &format!("{}/{}/usage", tokens(s), TOKEN.with_borrow(Clone::clone)), false, None), status: 200, most: (1, 1, 0) },
    Row { name: "token create",              request: |s| send(s, "POST", &tokens(s), false, Some(json!({"name": "t"}))), status: 201, most: (1, 1, 1) },
    Row { name: "session list",              request: |s| s.server.get("/api/auth/sessions").cookie(&s.cookie).send(), status: 200, most: (3, 1, 0) },
    Row { name: "session delete",            request: |s| s.server.delete(&format!("/api/auth/sessions/{}", OTHER.with_borrow(Clone::clone))).cookie(&s.cookie).send(), status: 204, most: (4, 0, 1) },
    Row { name: "password update",           request: |s| s.server.post("/api/auth/password").cookie(&s.cookie).json(json!({"currentPassword": PASSWORD, "newPassword": PASSWORD})).send(), status: 204, most: (8, 1, 2) },
    Row { name: "login",                     request: |s| login(s, PASSWORD), status: 200, most: (5, 1, 2) },
    Row { name: "login, refused",            request: |s| login(s, "wrong-horse-battery"), status: 401, most: (3, 0, 1) },
    Row { name: "space document",            request: |s| send(s, "GET", "/api/openapi/openapi.json", false, None), status: 200, most: (0, 0, 0) },
    Row { name: "table document",            request: |s| send(s, "GET", &s.path("/openapi.json"), false, None), status: 200, most: (0, 0, 0) },
    Row { name: "table document of data",    request: |s| send(s, "GET", &s.path("/openapi.json?examples=data"), false, None), status: 200, most: (1, 1, 0) },
    Row { name: "table schema",              request: |s| send(s, "GET", &s.path("/schema.json"), false, None), status: 200, most: (0, 0, 0) },
    Row { name: "a bad token",               request: |s| s.server.get("/api/openapi/space").token("undb_bad").send(), status: 401, most: (0, 0, 0) },
    Row { name: "healthz",                   request: |s| s.server.get("/healthz").send(), status: 200, most: (0, 0, 0) },
];

/// The id of the newest record, which each row finds again after the ones before it.
trait Newest {
    fn record_id(&self) -> String;
}

impl Newest for Shop {
    fn record_id(&self) -> String {
        NEWEST.with_borrow(Clone::clone)
    }
}

thread_local! {
    static NEWEST: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    /// The id of the token that is calling.
    static TOKEN: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
    /// The id of a session that is not calling.
    static OTHER: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

fn counting() -> (Arc<Testing>, Shop) {
    let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
    // Time stands still, so that the server's own jobs have nothing to do.
    let clock = Clock::manual(Time::parse("2026-11-24T09:30:00Z").unwrap());
    let shop = Shop::with(Setup { engine: Some(engine.clone()), clock, ..Setup::default() });
    (engine, shop)
}

#[test]
fn every_use_case_keeps_its_budget() {
    let (engine, shop) = counting();
    let body = json!({"records": unique(1000)});
    assert_eq!(records(&shop, "POST", "/bulk", Some(body)).status, 201);
    TOKEN.set(own_token(&shop));
    shop.server.login(EMAIL, PASSWORD);
    OTHER.set(shop.server.get("/api/auth/sessions").cookie(&shop.cookie).send().text("/sessions/1/id"));
    let mut over = Vec::new();
    for Row { name, request, status, most } in ROWS {
        NEWEST.set(record(&shop));
        // Once more for the caches: what was changed last is known again.
        assert_eq!(shop.server.get(&shop.path("")).token(&shop.token).send().status, 200);
        engine.reset_counts();
        let answer = request(&shop);
        let Counts { gets, scans, commits } = engine.counts();
        assert_eq!(answer.status, *status, "{name}: {answer:?}");
        println!("{name:<32} {gets} gets, {scans} scans, {commits} commits; at most {most:?}");
        if gets > most.0 || scans > most.1 || commits > most.2 {
            over.push(format!("{name}: {gets} gets, {scans} scans, {commits} commits; at most {most:?}"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

fn own_token(shop: &Shop) -> String {
    shop.server.get("/api/openapi/token").token(&shop.token).send().text("/id")
}

/// 10,000 requests with a token write its last use, and how many they were, once a minute.
#[test]
fn how_a_token_is_used_is_written_once_a_minute() {
    const REQUESTS: usize = 10_000;
    const MINUTES: usize = 5;
    let (engine, shop) = counting();
    let path = format!("{}/{}/usage", tokens(&shop), own_token(&shop));
    let used = || {
        let answer = shop.server.get(&path).cookie(&shop.cookie).send();
        answer.at("/days/89/requests").as_u64().unwrap()
    };
    let before = used();
    engine.reset_counts();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for minute in 1..=MINUTES {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| called(&shop.server, &shop.token, REQUESTS / MINUTES / 4));
            }
        });
        shop.server.core.clock.advance_millis(60_000);
        // As the job does that runs every minute; a second time it finds nothing to write.
        for _ in 0..2 {
            runtime.block_on(token_used_write(&shop.server.core, Operator::assume())).unwrap();
        }
        assert_eq!(engine.counts().commits, minute as u64, "one write a minute");
    }
    assert_eq!(used(), before + REQUESTS as u64);
    let last = shop.server.get("/api/openapi/token").token(&shop.token).send().text("/lastUsedAt");
    assert_eq!(last, "2026-11-24T09:35:00.000Z");
}

fn called(server: &Server, token: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(server.get("/api/openapi/space").token(token).send().status, 200);
    }
}
