//! Passwords: changed by who knows the current one, with an end to all other sessions and to guessing.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;

use crate::ask::refused;
use crate::harness::{Answer, EMAIL, PASSWORD, Server, Setup, Shop};
use crate::token::START;

const NEW: &str = "battery-staple-correct";

fn timed() -> Server {
    let clock = Clock::manual(Time::parse(START).unwrap());
    Server::with(Setup { clock, engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

fn change(server: &Server, cookie: &str, current: &str, new: &str) -> Answer {
    let body = json!({"currentPassword": current, "newPassword": new});
    server.post("/api/auth/password").cookie(cookie).json(body).send()
}

fn login(server: &Server, email: &str, password: &str) -> u16 {
    server.post("/api/auth/login").json(json!({"email": email, "password": password})).send().status
}

fn me(server: &Server, cookie: &str) -> u16 {
    server.get("/api/auth/me").cookie(cookie).send().status
}

#[test]
fn a_new_password_ends_every_other_session() {
    let server = timed();
    let (cookie, other) = (server.owner(), server.login(EMAIL, PASSWORD));
    let stranger = server.person("stranger@example.com");
    let changed = change(&server, &cookie, PASSWORD, NEW);
    assert_eq!((changed.status, changed.bytes.len(), changed.header("set-cookie")), (204, 0, None));
    assert_eq!((me(&server, &cookie), me(&server, &other), me(&server, &stranger)), (200, 401, 200));
    assert_eq!((login(&server, EMAIL, PASSWORD), login(&server, EMAIL, NEW)), (401, 200));
    assert_eq!(login(&server, "stranger@example.com", PASSWORD), 200, "theirs is as it was");
    assert_eq!(change(&server, &cookie, NEW, NEW).status, 204, "the same one again is no fault");
}

#[test]
fn a_password_is_not_changed_without_the_current_one() {
    let server = timed();
    let (cookie, other) = (server.owner(), server.login(EMAIL, PASSWORD));
    let wrong = change(&server, &cookie, "wrong-horse", NEW);
    refused(&wrong, "wrong", 422, "wrong_password", &["/currentPassword wrong_password"]);
    let send = |body: Value| server.post("/api/auth/password").cookie(&cookie).json(body).send();
    for (why, body, faults) in [
        ("nothing", json!({}), &["/currentPassword required", "/newPassword required"][..]),
        (
            "each is checked",
            json!({"currentPassword": 5, "newPassword": "seven77", "password": NEW}),
            &["/currentPassword wrong_type", "/newPassword invalid_value", "/password unknown_member"],
        ),
        (
            "257 characters",
            json!({"currentPassword": PASSWORD, "newPassword": "é".repeat(257)}),
            &["/newPassword invalid_value"],
        ),
    ] {
        let answer = send(body);
        refused(&answer, why, 422, "invalid_input", faults);
        assert!(!String::from_utf8_lossy(&answer.bytes).contains(NEW), "nothing secret: {answer:?}");
    }
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let keyed = server.post("/api/auth/password").cookie(&cookie).header("idempotency-key", "k");
    let fault = "Idempotency-Key idempotency_key_not_taken";
    refused(&keyed.json(body.clone()).send(), "a secret", 400, "idempotency_key_not_taken", &[fault]);
    let elsewhere =
        server.post("/api/auth/password").cookie(&cookie).header("origin", "https://evil.example");
    refused(&elsewhere.json(body.clone()).send(), "another origin", 403, "origin_refused", &[]);
    assert_eq!((me(&server, &other), login(&server, EMAIL, PASSWORD)), (200, 200), "all is as it was");
    let shop = Shop::open();
    let token = shop.server.post("/api/auth/password").token(&shop.token).json(body).send();
    refused(&token, "a token has no password", 403, "session_required", &[]);
    assert_eq!(send(json!({"currentPassword": PASSWORD, "newPassword": "é".repeat(256)})).status, 204);
}

#[test]
fn guesses_count_with_those_of_signing_in() {
    let server = timed();
    let cookie = server.owner();
    for n in 0..10 {
        if n % 2 == 0 {
            assert_eq!(change(&server, &cookie, "wrong-horse", NEW).status, 422, "guess {n}");
        } else {
            assert_eq!(login(&server, EMAIL, "wrong-horse"), 401, "guess {n}");
        }
    }
    let closed = change(&server, &cookie, PASSWORD, NEW);
    refused(&closed, "even the right one", 429, "too_many_attempts", &[]);
    assert_eq!((login(&server, EMAIL, PASSWORD), me(&server, &cookie)), (429, 200));
    let wait: i64 = closed.header("retry-after").unwrap().parse().unwrap();
    server.core.clock.advance_millis(wait * 1000);
    assert_eq!(change(&server, &cookie, PASSWORD, NEW).status, 204, "Retry-After is the truth");
    for n in 0..12 {
        assert_eq!(change(&server, &cookie, NEW, NEW).status, 204, "only failures count: {n}");
    }
}
