//! What must hold at once at every process: what was changed through one is so at the others from the next request on.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::machines::{MACHINES, Machines, RoundRobin};
use crate::postgres;

const CLIENTS: usize = 16;

fn fields() -> Value {
    json!([{"name": "code", "type": "string", "unique": true}, {"name": "shelf", "type": "string"}, {"name": "pages", "type": "number"}])
}

#[test]
fn a_unique_value_is_taken_once() {
    let Some(_held) = postgres() else { return };
    let machines = Machines::start();
    let records = format!("{}/records", machines.table("unique", &fields()));
    for round in 0..20 {
        let body = json!({"values": {"code": format!("code {round}")}});
        let answers =
            all_at_once(&machines, |client| client.send("POST", &records, &[], Some(&body)).unwrap().0);
        assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|status| matches!(status, 201 | 409 | 422)), "{answers:?}");
    }
    assert_eq!(machines.client(0).must("GET", &format!("{records}?limit=1"), None, 200)["total"], 20);
}

#[test]
fn a_call_repeated_at_another_process_has_one_effect() {
    let Some(_held) = postgres() else { return };
    let machines = Machines::start();
    let records = format!("{}/records", machines.table("repeated", &fields()));
    for round in 0..20 {
        let key = format!("key-{round}");
        let body = json!({"values": {"shelf": key}});
        let made = all_at_once(&machines, |client| {
            let (status, answer) =
                client.send("POST", &records, &[("idempotency-key", key.as_str())], Some(&body)).unwrap();
            assert_eq!(status, 201, "{answer}");
            answer["data"]["id"].as_str().unwrap().to_owned()
        });
        assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 1, "{made:?}");
    }
    assert_eq!(machines.client(0).must("GET", &format!("{records}?limit=1"), None, 200)["total"], 20);
}

/// One makes bulks of twenty, the others count them meanwhile.
#[test]
fn a_bulk_is_seen_whole_or_not_at_all() {
    let Some(_held) = postgres() else { return };
    let machines = Machines::start();
    let records = format!("{}/records", machines.table("bulks", &fields()));
    let ended = AtomicBool::new(false);
    let counts = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (client, records, ended, counts) = (machines.client(n), &records, &ended, &counts);
            scope.spawn(move || {
                while !ended.load(Ordering::SeqCst) {
                    let total = client.must("GET", &format!("{records}?limit=1"), None, 200)["total"]
                        .as_u64()
                        .unwrap();
                    assert_eq!(total % 20, 0, "half a bulk is seen");
                    let shelf = client.must(
                        "GET",
                        &format!("{records}?limit=100&filter=shelf%20%3D%20%22s%22"),
                        None,
                        200,
                    );
                    assert!(shelf["total"].as_u64().unwrap() >= total, "fewer than before");
                    counts.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let client = machines.client(0);
        let rows: Vec<Value> = (0..20).map(|_| json!({"values": {"shelf": "s"}})).collect();
        for _ in 0..30 {
            client.must("POST", &format!("{records}/bulk"), Some(&json!({"records": rows})), 201);
        }
        ended.store(true, Ordering::SeqCst);
    });
    assert!(counts.into_inner() > 10);
}

/// A field is made through one process, and written and read through the next ones.
#[test]
fn a_changed_schema_holds_everywhere_at_once() {
    let Some(_held) = postgres() else { return };
    let machines = Machines::start();
    let table = machines.table("schema", &fields());
    let client = machines.client(0);
    let record =
        client.must("POST", &format!("{table}/records"), Some(&json!({"values": {"shelf": "s"}})), 201);
    let record = format!("{table}/records/{}", record["data"]["id"].as_str().unwrap());
    for n in 0..30 {
        let name = format!("field {n}");
        let field = client.must(
            "POST",
            &format!("{table}/fields"),
            Some(&json!({"name": name, "type": "number"})),
            201,
        );
        let field = format!("{table}/fields/{}", field["id"].as_str().unwrap());
        client.must("PATCH", &record, Some(&json!({"values": {name.as_str(): n}})), 200);
        let new = format!("renamed {n}");
        client.must("PATCH", &field, Some(&json!({"name": new})), 200);
        let read = client.must("GET", &record, None, 200);
        assert_eq!(read["data"]["values"][&new], n, "{read}");
        assert!(read["data"]["values"].get(&name).is_none());
        client.must("DELETE", &field, None, 204);
        client.must("PATCH", &record, Some(&json!({"values": {new.as_str(): 1}})), 422);
    }
}

/// No request that starts after the answer of the revocation succeeds, at any process, under load at all of them.
#[test]
fn a_revoked_token_is_dead_everywhere_at_once() {
    let Some(_held) = postgres() else { return };
    let machines = Machines::start();
    let table = machines.table("revoked", &fields());
    let tokens = "/api/spaces/Main/tokens";
    let addresses = machines.addresses();
    for round in 0..6 {
        let body = json!({"name": format!("t{round}"), "scopes": ["records:read"]});
        let made = machines.client(round).must("POST", tokens, Some(&body), 201);
        let (token, id) = (made["secret"].as_str().unwrap(), made["token"]["id"].as_str().unwrap());
        let (revoked, late, served) = (AtomicBool::new(false), Mutex::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for n in 0..64 {
                let client = RoundRobin::new(&addresses, token, n);
                let (revoked, late, served, path) =
                    (&revoked, &late, &served, format!("{table}/records?limit=1"));
                scope.spawn(move || {
                    for _ in 0..400 {
                        let after = revoked.load(Ordering::SeqCst);
                        let (status, _) = client.send("GET", &path, &[], None).unwrap();
                        assert!(matches!(status, 200 | 401), "{status}");
                        served.fetch_add(1, Ordering::SeqCst);
                        *late.lock().unwrap() += usize::from(after && status == 200);
                        if after {
                            return;
                        }
                    }
                });
            }
            while served.load(Ordering::SeqCst) < 300 {
                std::thread::yield_now();
            }
            machines.client(round + 1).must("DELETE", &format!("{tokens}/{id}"), None, 204);
            revoked.store(true, Ordering::SeqCst);
        });
        assert_eq!(late.into_inner().unwrap(), 0, "late successes");
    }
}

/// What each of many clients answers who begin together, each at another process.
fn all_at_once<T: Send>(machines: &Machines, act: impl Fn(&RoundRobin) -> T + Sync) -> Vec<T> {
    let gate = std::sync::Barrier::new(CLIENTS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (client, gate, act) = (machines.client(n % MACHINES), &gate, &act);
                scope.spawn(move || {
                    gate.wait();
                    act(&client)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
