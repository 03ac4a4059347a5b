//! What is taken away is gone from the next request on: tokens revoked, rotated or made narrower, and spaces deleted,
//! while many connections go on calling.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod harness;
#[path = "harness/process.rs"]
mod process;

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Server, Setup, Shop};
use process::{Client, PATIENCE};
use serde_json::json;
use undb::clock::{Clock, Time};
use undb::kv::Engine;
use undb::kv::sled::{Options, Sled};

const CONNECTIONS: usize = 64;
/// Requests that each connection makes before the end, and after it.
const BEFORE: usize = 5;
const AFTER: usize = 10;

/// Calls `path` over many connections with a token that `end` takes away, and checks that no request that began after
/// `end` had returned was answered with 200, and that before it all were.
fn hammer(server: &Server, path: &str, token: &str, refused: u16, end: impl FnOnce()) {
    let over = AtomicBool::new(false);
    let warm = AtomicUsize::new(0);
    let (early, late) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let client = Client::new(server.address);
                let headers = [("x-undb-api-token", token)];
                let (mut before, mut after) = (0, 0);
                while after < AFTER {
                    // Read before the request begins: if it says so, the end had been answered by then.
                    let began_after = over.load(Ordering::SeqCst);
                    let (status, body) = client.send("GET", path, &headers, None).expect("an answer");
                    if began_after {
                        assert_eq!(status, refused, "a request after the end: {body}");
                        late.fetch_add(1, Ordering::SeqCst);
                        after += 1;
                    } else {
                        // While it ends, a space may be gone already for a token that is not.
                        assert!(status == 200 || status == refused || status == 404, "{status} {body}");
                        early.fetch_add(usize::from(status == 200), Ordering::SeqCst);
                        before += 1;
                        if before == BEFORE {
                            warm.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
            });
        }
        until("all connections are warm", || warm.load(Ordering::SeqCst) == CONNECTIONS);
        end();
        over.store(true, Ordering::SeqCst);
    });
    let (early, late) = (early.into_inner(), late.into_inner());
    println!("{early} requests succeeded before the end, 0 of {late} after it");
    assert!(early >= CONNECTIONS * BEFORE && late == CONNECTIONS * AFTER);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}: it does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_revoked_token_is_dead_at_once() {
    let shop = Shop::open();
    let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    let record = shop.record(json!({"title": "Dune"}));
    let path = shop.path(&format!("/records/{record}"));
    hammer(&shop.server, &path, &token, 401, || {
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        assert_eq!(shop.server.delete(&path).token(&shop.token).send().status, 204);
    });
}

#[test]
fn the_tokens_of_a_deleted_space_are_dead_at_once() {
    let shop = Shop::open();
    hammer(&shop.server, &shop.path("/records"), &shop.token, 401, || {
        let path = format!("/api/spaces/{}?confirm=Main", shop.space);
        assert_eq!(shop.server.delete(&path).cookie(&shop.cookie).send().status, 204);
    });
}

#[test]
fn a_scope_that_is_taken_away_is_gone_at_once() {
    let shop = Shop::open();
    let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    hammer(&shop.server, &shop.path("/records"), &token, 403, || {
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        let changed =
            shop.server.patch(&path).token(&shop.token).json(json!({"scopes": ["schema:read"]})).send();
        assert_eq!(changed.status, 200);
    });
}

#[test]
fn a_table_that_a_token_is_narrowed_away_from_is_gone_at_once() {
    let shop = Shop::open();
    let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    let tables = format!("/api/openapi/bases/{}/tables", shop.base);
    let other = json!({"name": "other", "fields": [{"name": "a", "type": "string"}]});
    assert_eq!(shop.server.post(&tables).token(&shop.token).json(other).send().status, 201);
    hammer(&shop.server, &shop.path("/records"), &token, 404, || {
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        let changed = shop.server.patch(&path).token(&shop.token).json(json!({"tables": ["other"]})).send();
        assert_eq!(changed.status, 200, "{changed:?}");
    });
}

#[test]
fn a_secret_rotated_away_without_grace_is_dead_at_once() {
    let shop = Shop::open();
    let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    hammer(&shop.server, &shop.path("/records"), &token, 401, || {
        let path = format!("/api/spaces/{}/tokens/{id}/rotate", shop.space);
        let fresh = shop.server.post(&path).token(&shop.token).send();
        assert_eq!(fresh.status, 200);
        let works = shop.server.get("/api/openapi/token").token(&fresh.text("/secret")).send();
        assert_eq!((works.status, works.text("/id")), (200, id.clone()));
    });
}

#[test]
fn an_old_secret_works_until_its_grace_ends_and_not_after() {
    let clock = Clock::manual(Time::parse("2026-11-24T09:30:00Z").unwrap());
    let shop = Shop::with(Setup { clock, ..Setup::default() });
    let (id, old) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    let path = format!("/api/spaces/{}/tokens/{id}/rotate", shop.space);
    let status = |secret: &str| shop.server.get("/api/openapi/token").token(secret).send().status;
    let rotate = |seconds: i64| {
        let answer = shop.server.post(&path).token(&shop.token).json(json!({"graceSeconds": seconds})).send();
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text("/secret")
    };
    assert_eq!(status(&old), 200);
    let second = rotate(60);
    for (millis, expected) in [(0, 200), (59_999, 200), (1, 401), (0, 401)] {
        shop.server.core.clock.advance_millis(millis);
        assert_eq!((status(&old), status(&second)), (expected, 200), "{millis} ms later");
    }
    // A second rotation within the grace of the first one ends what is older than both.
    let third = rotate(60);
    let fourth = rotate(60);
    assert_eq!([&second, &third, &fourth].map(|secret| status(secret)), [401, 200, 200]);
    // A revocation does not wait for a grace.
    let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
    assert_eq!(shop.server.delete(&path).token(&shop.token).send().status, 204);
    assert_eq!([&third, &fourth].map(|secret| status(secret)), [401, 401]);
}

/// Whoever asks for a revocation and goes away leaves no token behind that is revoked in the store and works from memory.
#[test]
fn a_revocation_whose_client_is_gone_holds() {
    let directory = tempfile::TempDir::new().unwrap();
    let sled = Arc::new(Sled::open(directory.path().join("data"), Options::default()).unwrap());
    let engine: Arc<dyn Engine> = sled.clone();
    let shop = Shop::with(Setup { engine: Some(engine), ..Setup::default() });
    for round in 0..8 {
        let (id, token) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
        let status = || shop.server.get("/api/openapi/token").token(&token).send().status;
        assert_eq!(status(), 200, "it is known from now on");
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        // What the client of the round before left behind is done with.
        std::thread::sleep(Duration::from_millis(50));
        let held = sled.hold_flushes();
        let begun = shop.server.core.engine.stats().commits;
        let mut stream = TcpStream::connect(shop.server.address).unwrap();
        let head = format!("DELETE {path} HTTP/1.1\r\nhost: x\r\nx-undb-api-token: {}\r\n\r\n", shop.token);
        stream.write_all(head.as_bytes()).unwrap();
        // Half of the clients go before the request is taken up, half while it waits for the disk.
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_millis(200));
        }
        drop(stream);
        assert_eq!(shop.server.core.engine.stats().commits, begun, "nothing is acknowledged yet");
        drop(held);
        let revoked = || shop.server.get(&path).cookie(&shop.cookie).send().text("/status") == "revoked";
        if round % 2 == 0 {
            until("the revocation", revoked);
        }
        if revoked() {
            until("the end of the token", || status() == 401);
        }
    }
}
