//! Sessions: a person sees their own, ends them one by one, and nobody else's.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::access::Operator;
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;
use undb::limits::SESSIONS_MAX;
use undb::service::jobs::sweep;
use undb::store::schema::{EXPIRY, SESSION, SESSION_AGENT, USER_SESSION};

use crate::ask::{nothing, refused};
use crate::engine::rows;
use crate::harness::{Answer, EMAIL, PASSWORD, Server, Setup};
use crate::token::START;

const PATH: &str = "/api/auth/sessions";

fn timed() -> Server {
    let clock = Clock::manual(Time::parse(START).unwrap());
    Server::with(Setup { clock, engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

fn login_as(server: &Server, agent: &[u8]) -> String {
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let request = server.post("/api/auth/login").header("user-agent", std::str::from_utf8(agent).unwrap());
    let answer = request.json(body).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}

fn list(server: &Server, cookie: &str, query: &str) -> Answer {
    let answer = server.get(&format!("{PATH}{query}")).cookie(cookie).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

fn end(server: &Server, cookie: &str, id: &str) -> Answer {
    server.delete(&format!("{PATH}/{id}")).cookie(cookie).send()
}

fn me(server: &Server, cookie: &str) -> u16 {
    server.get("/api/auth/me").cookie(cookie).send().status
}

/// The id of the session that asks.
fn own(server: &Server, cookie: &str) -> String {
    let sessions = list(server, cookie, "").at("/sessions");
    let mut current = sessions.as_array().unwrap().iter().filter(|session| session["current"] == true);
    let id = current.next().unwrap()["id"].as_str().unwrap().to_owned();
    assert!(current.next().is_none(), "{sessions}");
    id
}

#[test]
fn a_person_sees_where_they_are_signed_in() {
    let server = timed();
    server.owner();
    server.core.clock.advance_millis(60_000);
    let long = format!("  Mozilla/5.0 {}", "x".repeat(300));
    let cookie = login_as(&server, long.as_bytes());
    let other = login_as(&server, "Früh/1.0\t".as_bytes());
    server.core.clock.advance_millis(30_000);
    let listed = list(&server, &cookie, "");
    let sessions = listed.at("/sessions");
    let id = sessions[1]["id"].as_str().unwrap();
    assert!(id.starts_with("ses") && id.len() == 29, "{id}");
    let agent = format!("Mozilla/5.0 {}", "x".repeat(200 - 12));
    assert_eq!(
        sessions[1],
        json!({
            "id": id, "createdAt": "2026-11-24T09:31:00.000Z", "lastUsedAt": "2026-11-24T09:31:00.000Z",
            "expiresAt": "2026-12-24T09:31:00.000Z", "current": true, "userAgent": agent
        })
    );
    assert_eq!((&sessions[0]["createdAt"], &sessions[0]["current"]), (&json!(START), &json!(false)));
    assert_eq!(sessions[2]["userAgent"], "Früh/1.0");
    assert_eq!((sessions.as_array().unwrap().len(), listed.at("/nextCursor")), (3, Value::Null));
    let text = String::from_utf8(listed.bytes).unwrap();
    let secret = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    assert!(!text.contains(&secret(&cookie)) && !text.contains(&secret(&other)), "no secret");
    // In pages.
    let first = list(&server, &other, "?limit=2");
    let cursor = first.text("/nextCursor");
    let rest = list(&server, &other, &format!("?limit=1&cursor={cursor}"));
    assert_eq!((rest.at("/sessions/0/current"), rest.at("/nextCursor")), (json!(true), Value::Null));
    assert_eq!(rest.at("/sessions/0/id"), sessions[2]["id"]);
    let stranger = server.person("stranger@example.com");
    assert_eq!(list(&server, &stranger, "").at("/sessions").as_array().unwrap().len(), 1, "their own");
    let theirs = server.get(&format!("{PATH}?cursor={cursor}")).cookie(&stranger).send();
    refused(&theirs, "another person's cursor", 400, "invalid_cursor", &["cursor invalid_cursor"]);
}

#[test]
fn a_session_is_ended_from_another_one() {
    let server = timed();
    let (cookie, other) = (server.owner(), login_as(&server, b"curl"));
    let (id, other_id) = (own(&server, &cookie), own(&server, &other));
    let ended = end(&server, &cookie, &other_id);
    assert_eq!((ended.status, ended.header("set-cookie")), (204, None), "the one that asks goes on");
    assert_eq!((me(&server, &other), me(&server, &cookie)), (401, 200));
    refused(&end(&server, &cookie, &other_id), "it has ended", 404, "session_not_found", &[]);
    let stranger = server.person("stranger@example.com");
    let mut told = None;
    for (why, meant) in [("someone else's", id.clone()), ("one that never was", nothing("ses"))] {
        let answer = end(&server, &stranger, &meant);
        refused(&answer, why, 404, "session_not_found", &[]);
        let mut problem = answer.json();
        problem["requestId"] = Value::Null;
        assert_eq!(*told.get_or_insert_with(|| problem.clone()), problem, "{why}: nobody can tell");
    }
    for meant in ["x", &nothing("tkn"), &id.to_uppercase()] {
        refused(&end(&server, &cookie, meant), meant, 404, "session_not_found", &[]);
    }
    let both = server.delete(&format!("{PATH}/{}?x=1", nothing("ses"))).cookie(&cookie).send();
    refused(&both, "the path is judged first", 404, "session_not_found", &[]);
    let wrong = server.delete(&format!("{PATH}/{id}?x=1")).cookie(&cookie).send();
    refused(&wrong, "a parameter", 400, "invalid_parameter", &["x unknown_parameter"]);
    let out = end(&server, &cookie, &id);
    assert!(out.status == 204 && out.header("set-cookie").unwrap().contains("Max-Age=0"), "{out:?}");
    assert_eq!((me(&server, &cookie), me(&server, &stranger)), (401, 200));
    let engine = server.core.engine.as_ref();
    assert_eq!(rows(engine, USER_SESSION, &[]).len(), 1, "only the stranger's is left");
    assert_eq!(rows(engine, EXPIRY, &[]).len(), 3, "of that session only");
}

#[test]
fn what_is_kept_of_a_session_goes_when_its_time_is_over() {
    let server = timed();
    let cookie = server.owner();
    login_as(&server, b"curl");
    server.core.clock.advance_millis(29 * 86_400_000);
    let fresh = login_as(&server, b"browser");
    server.core.clock.advance_millis(86_400_001);
    assert_eq!(me(&server, &cookie), 401);
    assert_eq!(list(&server, &fresh, "").at("/sessions").as_array().unwrap().len(), 1, "before the sweeper");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let core = server.core.clone();
    runtime.block_on(async move { sweep(&core, Operator::assume()).await }).unwrap();
    for of in [SESSION, USER_SESSION, SESSION_AGENT] {
        assert_eq!(rows(server.core.engine.as_ref(), of, &[]).len(), 1, "{of:?}");
    }
    assert_eq!(list(&server, &fresh, "").at("/sessions/0/userAgent"), "browser");
}

#[test]
fn one_session_too_many_ends_the_oldest() {
    let server = timed();
    let first = server.owner();
    let user = server.get("/api/auth/me").cookie(&first).send().text("/id");
    let now = server.core.clock.now();
    let core = server.core.clone();
    let receipt = server.core.engine.write(
        b"",
        Box::new(move |txn| {
            for _ in 1..SESSIONS_MAX {
                let session = undb::model::session::Session {
                    id: core.ids.draw(now),
                    user: undb::id::Id::parse(&user).unwrap(),
                    created_at: now,
                    last_used_at: now,
                    expires_at: now.plus_seconds(3600),
                };
                let hash = undb::access::PlainSession::generate().hash();
                undb::store::session::session_create(txn, &hash, &session, None).unwrap();
            }
            undb::kv::Outcome::Keep
        }),
    );
    receipt.wait().unwrap();
    assert_eq!(me(&server, &first), 200);
    let last = server.login(EMAIL, PASSWORD);
    assert_eq!((me(&server, &first), me(&server, &last)), (401, 200));
    assert_eq!(list(&server, &last, "?limit=1000").at("/sessions").as_array().unwrap().len(), SESSIONS_MAX);
}
