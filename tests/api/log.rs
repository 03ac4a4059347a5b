//! What the log says of a request that failed: its id and the cause, which the client does not read.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use undb::kv::memory::Memory;
use undb::store::schema::RECORD;

use crate::ask::{Ask, nothing, refused};
use crate::engine::Watched;
use crate::harness::{Setup, Shop};

/// Where the lines go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_is_logged_with_the_id_of_its_request() {
    let lines = Lines::default();
    let writer = lines.clone();
    // For the whole process, since it is the server's threads that write; no other test of it has a log.
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_max_level(tracing::Level::INFO)
        .with_writer(move || writer.clone())
        .init();
    let engine = Watched::over(Arc::new(Memory::new()));
    let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
    let path = shop.path(&format!("/records/{}", nothing("rec")));
    let get = |id: &str| shop.server.get(&path).token(&shop.token).header("x-request-id", id).send();
    refused(&get("a-refused-one"), "it is not there", 404, "record_not_found", &[]);
    engine.break_at(Some(RECORD));
    let answer = get("a-broken-one");
    engine.break_at(None);
    refused(&answer, "a panic", 500, "internal", &[]);
    refused(&get("a-later-one"), "the process lives", 404, "record_not_found", &[]);
    assert_eq!(shop.got("/healthz").status, 200);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let of = |id: &str| -> Vec<Value> {
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["request_id"] == id).collect()
    };
    let broken = of("a-broken-one");
    let why = broken.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert_eq!(why["code"], "internal");
    assert!(why["cause"].as_str().unwrap().contains("panicked: a test broke the keyspace"), "{why}");
    let line = broken.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!((&line["status"], &line["method"]), (&Value::from(500), &Value::from("GET")));
    let route = "/api/openapi/bases/{base}/tables/{table}/records/{record}";
    assert_eq!(line["route"], route, "the pattern, not the path");
    assert!(line["token"].as_str().unwrap().starts_with("tkn"), "{line}");
    for quiet in ["a-refused-one", "a-later-one"] {
        assert!(of(quiet).iter().all(|line| line["level"] != "ERROR"), "{quiet} is no failure of the server");
    }
    assert!(!log.contains(&shop.token), "the secret is in no line");
}
