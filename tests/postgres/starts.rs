//! Processes that start at once on a new store, and one that stops while the database hangs.

use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::harness::pg_schema::Schema;
use crate::harness::{EMAIL, PASSWORD};
use crate::process::{Client, Process};
use crate::proxy::Proxy;

/// Starts so many processes at once.
fn start(schema: &Schema, many: usize, args: &[&str], env: &[(&str, &str)]) -> (TempDir, Vec<Process>) {
    let directory = TempDir::new().unwrap();
    let store = schema.text();
    let args = [&["--store", &store], args].concat();
    let processes = std::thread::scope(|scope| {
        let one = |n| {
            let (directory, args) = (directory.path(), &args);
            scope.spawn(move || Process::start_with(directory, &format!("run{n}"), args, env))
        };
        let started: Vec<_> = (0..many).map(one).collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    });
    (directory, processes)
}

#[test]
fn the_code_that_one_process_prints_is_good_once_at_another() {
    let Some(schema) = crate::schema() else { return };
    let (_directory, processes) = start(&schema, 3, &[], &[]);
    let codes: Vec<_> = processes.iter().map(Process::setup_code).collect();
    assert!(codes.iter().all(|code| *code == codes[0] && code.len() == 14), "{codes:?}");
    let setup = |process: &Process, code: &str| {
        let body = json!({"code": code, "email": EMAIL, "password": PASSWORD});
        Client::new(process.address).send("POST", "/api/auth/setup", &[], Some(&body)).unwrap().0
    };
    assert_eq!(setup(&processes[1], "2222-2222-2222"), 401);
    assert_eq!(setup(&processes[2], &codes[0]), 201);
    for process in &processes {
        assert_eq!(setup(process, &codes[0]), 409);
    }
    let (_other, again) = start(&schema, 1, &[], &[]);
    assert!(!again[0].told().contains("make the owner"), "{}", again[0].told());
}

#[test]
fn processes_that_start_at_once_with_an_owner_all_start() {
    let Some(schema) = crate::schema() else { return };
    let env = [("UNDB_OWNER_EMAIL", EMAIL), ("UNDB_OWNER_PASSWORD", PASSWORD)];
    let (_directory, processes) = start(&schema, 3, &[], &env);
    for process in processes {
        let body = json!({"email": EMAIL, "password": PASSWORD});
        let login = Client::new(process.address).send("POST", "/api/auth/login", &[], Some(&body));
        assert_eq!(login.unwrap().0, 200);
    }
}

#[test]
fn processes_that_start_at_once_make_one_demo() {
    let Some(schema) = crate::schema() else { return };
    let (_directory, processes) = start(&schema, 3, &["--demo"], &[]);
    let bases = processes.iter().map(|process| {
        let began = Instant::now();
        let secret = loop {
            // The line after it is there too, so this one is whole.
            let told = std::fs::read_to_string(&process.out).unwrap();
            if let Some((secret, _)) = told.split_once('\n') {
                break secret.to_owned();
            }
            assert!(began.elapsed() < Duration::from_secs(20), "{}", process.told());
            std::thread::sleep(Duration::from_millis(10));
        };
        // Another process may have ended it meanwhile: each start makes a new one.
        let headers = [("x-undb-api-token", secret.as_str())];
        let got = Client::new(process.address).send("GET", "/api/openapi/bases", &headers, None).unwrap();
        (got.0 == 200).then(|| got.1["bases"][0]["id"].as_str().unwrap().to_owned())
    });
    let bases: std::collections::BTreeSet<_> = bases.flatten().collect();
    assert_eq!(bases.len(), 1, "{bases:?}");
}

#[test]
fn a_process_stops_though_the_database_hangs() {
    let Some(schema) = crate::schema() else { return };
    let (proxy, store) = Proxy::of(&schema);
    let directory = TempDir::new().unwrap();
    let process = Process::start(directory.path(), "run", &["--store", &store]);
    proxy.hold(true);
    let began = Instant::now();
    process.terminate();
    let took = began.elapsed();
    // What it left behind ends too, and holds nothing up.
    proxy.close(true);
    proxy.hold(false);
    assert!(took < Duration::from_secs(25), "{took:?}");
}
