//! How requests go through the floors, as *A request on its way* in ARCHITECTURE.md shows it: recorded from real ones, so
//! that the page can't go stale. `UNDB_WRITE_DOCS=1 cargo test --test walks` writes it anew.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may end them too")]

mod harness;

use std::fmt::{Debug, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use harness::{Answer, Server, Setup, Shop};
use serde_json::json;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;
use undb::kv::testing::Testing;
use undb::store::schema::MAP;

/// What the page says before and after what is written here.
const BEGIN: &str = "<!-- Recorded by tests/walks.rs: do not edit. -->\n";
const END: &str = "<!-- Until here. -->";

/// One step of a request.
#[derive(Clone, Debug, Default, PartialEq)]
struct Step {
    floor: String,
    what: String,
    /// Keyspaces, of a step of the lowest floor.
    of: Vec<String>,
}

impl Visit for Step {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "floor" {
            value.clone_into(&mut self.floor);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}");
        match field.name() {
            "message" => self.what = text.replace("undb::access::permission::", ""),
            "of" => {
                let bytes = text.trim_matches(['[', ']']).split(", ").filter(|byte| !byte.is_empty());
                self.of = bytes.map(keyspace).collect();
            }
            _ => {}
        }
    }
}

/// The name of a keyspace by its byte.
fn keyspace(byte: &str) -> String {
    let byte: u8 = byte.parse().unwrap();
    MAP.iter().find(|entry| entry.of.0 == byte).unwrap().name.to_owned()
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Step>>>);

impl<S: tracing::Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "undb::walk" {
            let mut step = Step::default();
            event.record(&mut step);
            self.0.lock().unwrap().push(step);
        }
    }
}

impl Recorder {
    fn walk(&self, heading: &str, request: impl Fn() -> Answer, status: u16) -> String {
        self.0.lock().unwrap().clear();
        let answer = request();
        assert_eq!(answer.status, status, "{heading}: {answer:?}");
        // The last step is told after the answer is on its way.
        let mut steps = Vec::new();
        for _ in 0..1000 {
            steps.clone_from(&self.0.lock().unwrap());
            if steps.last().is_some_and(|step| step.what == format!("front: {status}")) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        format!("{heading}\n\n```text\n{}```\n", shown(&steps))
    }
}

/// The steps, one a line; writes to the store that follow each other on one.
fn shown(steps: &[Step]) -> String {
    let mut lines: Vec<Step> = Vec::new();
    for step in steps {
        match lines.last_mut() {
            Some(last) if last.what == step.what && step.what == "put" => last.of.extend(step.of.clone()),
            _ => lines.push(step.clone()),
        }
    }
    let mut text = String::new();
    for Step { floor, what, of } in &lines {
        let _ = writeln!(text, "{floor:<8} {what}{}{}", if of.is_empty() { "" } else { " " }, of.join(", "));
    }
    text
}

fn recorded() -> String {
    let recorder = Recorder::default();
    let subscriber = tracing_subscriber::registry().with(recorder.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
    // Time stands still, so that the server's own jobs have nothing to do.
    let clock = Clock::manual(Time::parse("2026-11-24T09:30:00Z").unwrap());
    let shop = Shop::with(Setup { engine: Some(engine), clock, ..Setup::default() });
    let id = shop.record(json!({"title": "Emma", "isbn": "1"}));
    let server: &Server = &shop.server;
    let get = |tail: &str| server.get(&shop.path(tail)).token(&shop.token).send();
    let create = || {
        let body = json!({"values": {"title": "Persuasion", "isbn": "2"}});
        server
            .post(&shop.path("/records"))
            .token(&shop.token)
            .header("idempotency-key", "k")
            .json(body)
            .send()
    };
    get("/records?filter=title%20%3D%20%22Emma%22&sort=title");
    let walks = [
        recorder.walk("`POST …/records` with a unique field and an Idempotency-Key:", create, 201),
        recorder.walk("The same once more:", create, 201),
        recorder.walk("`GET …/records/{record}`:", || get(&format!("/records/{id}")), 200),
        recorder.walk("`GET …/records`:", || get("/records"), 200),
        recorder.walk(
            "`GET …/records?filter=…&sort=…`, after a record was made since the columns were built:",
            || get("/records?filter=title%20%3D%20%22Emma%22&sort=title"),
            200,
        ),
    ];
    walks.join("\n")
}

#[test]
fn the_walks_of_the_architecture() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (held, after) = rest.split_once(END).unwrap();
    let walks = format!("\n{}\n", recorded());
    if std::env::var_os("UNDB_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{walks}{END}{after}")).unwrap();
        return;
    }
    assert!(
        held == walks,
        "ARCHITECTURE.md is stale: run `UNDB_WRITE_DOCS=1 cargo test --test walks`\n{walks}"
    );
}
