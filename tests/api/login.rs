//! How often signing in may fail, where several servers share one store, and after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use undb::clock::{Clock, Time};
use undb::kv::Engine;
use undb::kv::memory::Memory;
use undb::limits::LOGIN_FAILURES_MAX;

use crate::ask::refused;
use crate::harness::{Answer, EMAIL, PASSWORD, Server, Setup};
use crate::token::START;

/// Two servers on one store; it is the same time for both.
fn two() -> [Server; 2] {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let servers = [(); 2].map(|()| {
        let clock = Clock::manual(Time::parse(START).unwrap());
        Server::with(Setup { engine: Some(engine.clone()), clock, ..Setup::default() })
    });
    servers[0].owner();
    servers
}

fn login(server: &Server, email: &str, password: &str) -> Answer {
    server.post("/api/auth/login").json(json!({"email": email, "password": password})).send()
}

#[test]
fn the_limit_holds_over_all_servers() {
    let [one, two] = two();
    for n in 0..LOGIN_FAILURES_MAX {
        let server = if n % 2 == 0 { &one } else { &two };
        assert_eq!(login(server, EMAIL, "wrong-horse").status, 401, "failure {n}");
    }
    for server in [&one, &two] {
        refused(&login(server, EMAIL, PASSWORD), "there are ten", 429, "too_many_attempts", &[]);
    }
    one.core.clock.advance_millis(15 * 60 * 1000);
    two.core.clock.advance_millis(15 * 60 * 1000);
    assert_eq!(login(&two, EMAIL, PASSWORD).status, 200);
}

/// 64 guesses at the same time, half through each server: no more than ten are looked at.
#[test]
fn guesses_at_the_same_time_do_not_outrun_the_limit() {
    let servers = two();
    let (looked_at, held_off) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for n in 0..64 {
            let (servers, looked_at, held_off) = (&servers, &looked_at, &held_off);
            scope.spawn(move || match login(&servers[n % 2], EMAIL, &format!("wrong-horse-{n}")).status {
                401 => looked_at.fetch_add(1, Ordering::SeqCst),
                429 => held_off.fetch_add(1, Ordering::SeqCst),
                other => panic!("{other}"),
            });
        }
    });
    assert_eq!(
        (looked_at.into_inner(), held_off.into_inner()),
        (LOGIN_FAILURES_MAX, 64 - LOGIN_FAILURES_MAX)
    );
}

#[test]
fn a_restart_forgets_no_failures() {
    let directory = tempfile::TempDir::new().unwrap();
    let start = || {
        let options = undb::kv::sled::Options::default();
        let engine = undb::kv::sled::Sled::open(directory.path().join("data"), options);
        Server::with(Setup { engine: Some(Arc::new(engine.unwrap())), ..Setup::default() })
    };
    let server = start();
    server.owner();
    for _ in 0..LOGIN_FAILURES_MAX {
        assert_eq!(login(&server, "nobody@example.com", "wrong-horse").status, 401);
    }
    drop(server);
    let server = start();
    refused(&login(&server, EMAIL, PASSWORD), "by address", 429, "too_many_attempts", &[]);
}
