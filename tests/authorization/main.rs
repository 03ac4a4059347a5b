//! The authorization matrix: every operation of the API document, called by everyone who may and may not.
//!
//! The expectations are those of the contract, written down a second time here: what stands in `ROWS` is compared with
//! the document, and what the server answers with `expected` below.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod bad;
#[path = "../harness/calls.rs"]
mod calls;
#[path = "../harness/mod.rs"]
mod harness;
mod sessions;
mod tokens;

use std::sync::Arc;

use calls::{Needs, Operation, Place, Row, World, document, matched};
use harness::{ALL_SCOPES, Answer, Request, Server, Setup};
use serde_json::{Value, json};
use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;

/// What an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// The row's good status.
    Good,
    Refused(u16, &'static str),
}

use Expected::{Good, Refused};

const UNAUTHORIZED: Expected = Refused(401, "unauthorized");
const ORIGIN: Expected = Refused(403, "origin_refused");
const SESSION: Expected = Refused(403, "session_required");
const SCOPE: Expected = Refused(403, "scope_missing");
const NARROWED: Expected = Refused(403, "token_narrowed");

/// A server and everyone who calls it.
struct Stage {
    server: Arc<Server>,
    owner: String,
    operations: Vec<(Operation, &'static Row)>,
    cells: usize,
}

impl Stage {
    fn set() -> Stage {
        let clock = Clock::manual(Time::parse("2026-11-24T09:30:00Z").unwrap());
        let server = Server::with(Setup { engine: Some(Arc::new(Memory::new())), clock, ..Setup::default() });
        let owner = server.owner();
        let operations = matched(&document(&server));
        Stage { server: Arc::new(server), owner, operations, cells: 0 }
    }

    fn world(&self, mark: &str) -> World {
        World::make(&self.server, &self.owner, mark)
    }

    fn token(&self, world: &World, more: &Value) -> String {
        let mut body = json!({"name": "t", "scopes": ALL_SCOPES});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.server.token(&self.owner, &world.space, body).1
    }

    /// One cell of the matrix.
    fn cell(
        &mut self,
        who: &str,
        operation: &Operation,
        row: &Row,
        request: Request<'_>,
        expected: Expected,
    ) -> Answer {
        self.cells += 1;
        let answer = request.send();
        let told = format!("{} as {who}: {answer:?}", operation.id);
        match expected {
            Good => assert_eq!(answer.status, row.good, "{told}"),
            Refused(status, code) => {
                assert_eq!((answer.status, answer.code().as_str()), (status, code), "{told}");
            }
        }
        answer
    }
}

/// Runs `each` for every operation.
fn every(stage: &mut Stage, mut each: impl FnMut(&mut Stage, &Operation, &'static Row)) {
    for (operation, row) in stage.operations.clone() {
        each(stage, &operation, row);
    }
}

#[test]
fn every_operation_answers_every_caller_as_the_contract_says() {
    let mut stage = Stage::set();
    rows_agree_with_the_document(&stage);
    bad::bad_credentials(&mut stage);
    tokens::tokens_of_another_space(&mut stage);
    tokens::scopes(&mut stage);
    tokens::narrowed_tokens(&mut stage);
    sessions::sessions(&mut stage);
    sessions::those_who_may(&mut stage);
    println!("{} operations, {} cells of the authorization matrix", stage.operations.len(), stage.cells);
    assert!(stage.cells > 1000, "only {} cells", stage.cells);
}

fn rows_agree_with_the_document(stage: &Stage) {
    for (operation, row) in &stage.operations {
        let security = &operation.document["security"];
        let expected = match row.needs {
            Needs::Nothing => json!([]),
            Needs::Anyone => json!([{"api_token": []}, {"session": []}]),
            Needs::Session => json!([{"session": []}]),
            Needs::Scope(scope) => json!([{"api_token": [scope]}, {"session": []}]),
            Needs::OneOf(scopes) => {
                let tokens = scopes.iter().map(|scope| json!({"api_token": [scope]}));
                tokens.chain([json!({"session": []})]).collect()
            }
        };
        assert_eq!(security, &expected, "the security of {}", operation.id);
        let part = |name: &str| operation.path.contains(name);
        let place = match row.place {
            Place::Space => part("{space}"),
            Place::Nowhere | Place::OwnSpace => !part("{space}") && !part("{base}"),
            Place::Base => part("{base}") && !part("{table}"),
            Place::Table => part("{table}"),
        };
        assert!(place, "the place of {}", operation.id);
    }
}
