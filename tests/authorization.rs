//! The authorization matrix: every operation of the API document, called by everyone who may and may not.
//!
//! The expectations are those of the contract, written down a second time here: what stands in `ROWS` is compared with
//! the document, and what the server answers with `expected` below.

#[path = "harness/calls.rs"]
mod calls;
mod harness;

use std::collections::BTreeSet;
use std::sync::Arc;

use calls::{Needs, Operation, Place, Row, World, document, matched};
use harness::{ALL_SCOPES, Answer, EMAIL, PASSWORD, Request, Server, Setup};
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

    fn token(&self, world: &World, more: Value) -> String {
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
    bad_credentials(&mut stage);
    tokens_of_another_space(&mut stage);
    scopes(&mut stage);
    narrowed_tokens(&mut stage);
    sessions(&mut stage);
    those_who_may(&mut stage);
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
        };
        assert_eq!(security, &expected, "the security of {}", operation.id);
        let part = |name: &str| operation.path.contains(name);
        let place = match row.place {
            Place::Nowhere => !part("{space}") && !part("{base}"),
            Place::Space => part("{space}"),
            Place::OwnSpace => !part("{space}") && !part("{base}"),
            Place::Base => part("{base}") && !part("{table}"),
            Place::Table => part("{table}"),
        };
        assert!(place, "the place of {}", operation.id);
    }
}

/// The secrets that are none, and why.
fn bad_tokens(stage: &Stage, world: &World) -> Vec<(&'static str, Option<String>)> {
    let expired = stage.token(world, json!({"expiresAt": "2026-11-24T09:31:00Z"}));
    let (id, revoked) = stage.server.token(&stage.owner, &world.space, json!({"name": "r"}));
    let tokens = format!("/api/spaces/{}/tokens", world.space);
    let gone = stage.server.delete(&format!("{tokens}/{id}")).cookie(&stage.owner).send();
    assert_eq!(gone.status, 204);
    let (id, rotated) = stage.server.token(&stage.owner, &world.space, json!({"name": "o"}));
    let fresh = stage.server.post(&format!("{tokens}/{id}/rotate")).cookie(&stage.owner).send();
    assert_eq!(fresh.status, 200);
    stage.server.core.clock.advance_millis(60_000);
    let last = if world.secret.ends_with('x') { 'y' } else { 'x' };
    let wrong_checksum = format!("{}{last}", &world.secret[..42]);
    vec![
        ("nobody", None),
        ("a malformed token", Some("undb_short".into())),
        ("a token of no form", Some("\u{2603}".into())),
        ("a wrong checksum", Some(wrong_checksum)),
        ("an unknown token", Some(undb::access::PlainToken::generate().reveal().to_owned())),
        ("an expired token", Some(expired)),
        ("a revoked token", Some(revoked)),
        ("a secret rotated away", Some(rotated)),
    ]
}

fn bad_credentials(stage: &mut Stage) {
    let world = stage.world("");
    let bad = bad_tokens(stage, &world);
    let owner = stage.owner.clone();
    every(stage, |stage, operation, row| {
        let open = row.needs == Needs::Nothing;
        let mut answers = Vec::new();
        for (who, secret) in &bad {
            let server = stage.server.clone();
            let expected = if !open {
                UNAUTHORIZED
            } else if row.good == 409 {
                Refused(409, "setup_done")
            } else {
                Good
            };
            answers.push(stage.cell(
                who,
                operation,
                row,
                with(world.request(&server, operation, row, false), secret.as_deref()),
                expected,
            ));
            if open {
                continue;
            }
            // The bad token counts even beside a good cookie; the body is not looked at.
            let path = world.path(operation, row, false);
            if secret.is_some() {
                let beside =
                    with(world.request(&server, operation, row, false), secret.as_deref()).cookie(&owner);
                answers.push(stage.cell(who, operation, row, beside, UNAUTHORIZED));
            }
            if operation.has_body() {
                for (of_type, body) in
                    [("application/json", "{\"broken"), ("text/plain", "hello"), ("application/json", "{}")]
                {
                    let broken = with(server.request(&operation.method, &path), secret.as_deref())
                        .raw(of_type, body.into());
                    answers.push(stage.cell(who, operation, row, broken, UNAUTHORIZED));
                }
            }
            let joined = if path.contains('?') { '&' } else { '?' };
            let unknown = server.request(&operation.method, &format!("{path}{joined}x=1"));
            let unknown = with(unknown, secret.as_deref());
            answers.push(stage.cell(who, operation, row, unknown, UNAUTHORIZED));
        }
        if !open {
            one_wording(&answers);
        }
    });
    // Also where there is nothing at all.
    for path in ["/api/nothing", "/api/openapi/bases/x/y/z"] {
        assert_eq!(stage.server.get(path).send().code(), "unauthorized");
        assert_eq!(stage.server.get(path).token(&world.secret).send().code(), "path_not_found");
    }
}

fn with<'a>(request: Request<'a>, secret: Option<&str>) -> Request<'a> {
    match secret {
        Some(secret) => request.token(secret),
        None => request,
    }
}

/// Why credentials are no good does not show.
fn one_wording(answers: &[Answer]) {
    let told = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("requestId");
        let differ = ["x-request-id", "date", "content-length", "connection"];
        let same = answer.headers.iter().filter(|(name, _)| !differ.contains(&name.as_str()));
        (body, same.cloned().collect::<BTreeSet<_>>())
    };
    for answer in answers {
        assert!(answer.header("www-authenticate").is_some(), "{answer:?}");
        assert_eq!(told(answer), told(&answers[0]));
    }
}

/// A token of another space, which has no thing of these names: nothing in the path is there for it.
fn tokens_of_another_space(stage: &mut Stage) {
    let (world, other) = (stage.world("-ours"), stage.world("-theirs"));
    every(stage, |stage, operation, row| {
        let hidden = match (row.needs, row.place) {
            (Needs::Nothing, _) => return,
            (Needs::Session, _) => SESSION,
            (_, Place::Nowhere | Place::OwnSpace) => Good,
            (_, Place::Space) => Refused(404, "space_not_found"),
            (_, Place::Base | Place::Table) => Refused(404, "base_not_found"),
        };
        let server = stage.server.clone();
        for (who, by_name) in [("a stranger, by id", false), ("a stranger, by name", true)] {
            if hidden == Good && by_name && row.body_makes() {
                continue;
            }
            let request = world.request(&server, operation, row, by_name).token(&other.secret);
            let answer = stage.cell(who, operation, row, request, hidden);
            assert!(hidden != Good || !world.shows_in(&answer), "{answer:?}");
            if operation.has_body() && hidden != Good {
                let path = world.path(operation, row, by_name);
                let broken = server.request(&operation.method, &path).token(&other.secret);
                stage.cell(who, operation, row, broken.raw("application/json", b"{".into()), hidden);
            }
        }
        if row.place == Place::OwnSpace {
            for name in [&world.space, &world.names.space] {
                let request = world.request(&server, operation, row, false).token(&other.secret);
                let expected = Refused(404, "space_not_found");
                stage.cell(
                    "a stranger who names our space",
                    operation,
                    row,
                    request.header("x-undb-space", name),
                    expected,
                );
            }
        }
    });
}

/// Whether a scope grants another one.
fn grants(held: &str, needed: &str) -> bool {
    held == needed
        || held.strip_suffix(":write").is_some_and(|noun| needed.strip_suffix(":read") == Some(noun))
}

/// Tokens with all scopes but those that are needed, and with each other scope alone.
fn scopes(stage: &mut Stage) {
    let world = stage.world("");
    every(stage, |stage, operation, row| {
        let needed = match row.needs {
            Needs::Scope(scope) => scope,
            Needs::Session => {
                let request_of = stage.server.clone();
                let request = world.request(&request_of, operation, row, false).token(&world.secret);
                stage.cell("a token of every scope", operation, row, request, SESSION);
                return;
            }
            Needs::Anyone | Needs::Nothing => return,
        };
        let lacking: Vec<&str> = ALL_SCOPES.into_iter().filter(|scope| !grants(scope, needed)).collect();
        let mut held: Vec<Value> = lacking.iter().map(|scope| json!([scope])).collect();
        held.push(json!(lacking));
        let server = stage.server.clone();
        for scopes in held {
            let (id, token) =
                server.token(&stage.owner, &world.space, json!({"name": "narrow", "scopes": scopes}));
            let who = format!("a token of {scopes}");
            let request = world.request(&server, operation, row, false).token(&token);
            let answer = stage.cell(&who, operation, row, request, SCOPE);
            assert!(answer.text("/detail").contains(needed), "{answer:?}");
            if operation.has_body() {
                let path = world.path(operation, row, false);
                let broken = server.request(&operation.method, &path).token(&token);
                stage.cell(&who, operation, row, broken.raw("application/json", b"{".into()), SCOPE);
            }
            server.delete(&format!("/api/spaces/{}/tokens/{id}", world.space)).cookie(&stage.owner).send();
        }
    });
}

/// Tokens of every scope that are narrowed to the table beside ours, and to another base.
fn narrowed_tokens(stage: &mut Stage) {
    every(stage, |stage, operation, row| {
        for to_table in [true, false] {
            let world = stage.world("");
            let narrowing = if to_table {
                json!({"tables": [world.sibling]})
            } else {
                json!({"bases": [world.other_base]})
            };
            let token = stage.token(&world, narrowing);
            let expected = match (row.needs, row.place) {
                (Needs::Nothing, _) => continue,
                (Needs::Session, _) => SESSION,
                (_, Place::Table) if to_table => Refused(404, "table_not_found"),
                (_, Place::Base | Place::Table) if !to_table => Refused(404, "base_not_found"),
                // The base is seen, since a table of it is; it is not reached as a whole.
                (_, Place::Base) if operation.writes() => NARROWED,
                (Needs::Scope("space:manage"), _) => NARROWED,
                _ => match row.operation {
                    "baseCreate" => NARROWED,
                    // They would give more than the token has.
                    "tokenCreate" | "tokenUpdate" | "tokenRotate" => SCOPE,
                    _ => Good,
                },
            };
            let server = stage.server.clone();
            let who = if to_table { "a token of another table" } else { "a token of another base" };
            for by_name in [false, true] {
                if by_name && expected == Good && operation.writes() {
                    continue;
                }
                let named = world.in_path_of_session(&server, operation, row, by_name).token(&token);
                let answer = stage.cell(who, operation, row, named, expected);
                let hidden = String::from_utf8_lossy(&answer.bytes).contains(&world.table);
                assert!(!hidden, "it does not see the table: {answer:?}");
            }
        }
    });
}

fn sessions(stage: &mut Stage) {
    let world = stage.world("");
    let (mine, stranger) = (stage.owner.clone(), stage.server.person("stranger@example.com"));
    every(stage, |stage, operation, row| {
        if row.needs == Needs::Nothing {
            return;
        }
        let server = stage.server.clone();
        // Without membership.
        let hidden = if row.place == Place::Nowhere { Good } else { Refused(404, "space_not_found") };
        for by_name in [false, true] {
            if row.operation == "authLogout" || (hidden == Good && by_name) {
                continue;
            }
            let request = world.in_path_of_session(&server, operation, row, by_name);
            let answer =
                stage.cell("a stranger's session", operation, row, request.cookie(&stranger), hidden);
            assert!(!world.shows_in(&answer), "{answer:?}");
        }
        // From another origin: only what changes something is refused.
        if operation.writes() {
            for (name, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                ("origin", "https://evil.example"),
                ("origin", "null"),
            ] {
                let request = world.in_path_of_session(&server, operation, row, false).cookie(&mine);
                stage.cell("a page of another origin", operation, row, request.header(name, value), ORIGIN);
                let broken = server.request(&operation.method, &world.path(operation, row, false));
                let broken = broken.header("x-undb-space", &world.space).cookie(&mine).header(name, value);
                let broken = broken.raw("application/json", b"{".into());
                stage.cell("a page of another origin", operation, row, broken, ORIGIN);
            }
        } else {
            let request = world.in_path_of_session(&server, operation, row, false).cookie(&mine);
            let request = request.header("sec-fetch-site", "cross-site");
            let expected =
                if row.operation == "ownTokenGet" { Refused(404, "token_not_found") } else { Good };
            stage.cell("a page of another origin that reads", operation, row, request, expected);
        }
        // Without saying in which space.
        if matches!(row.place, Place::OwnSpace | Place::Base | Place::Table) {
            let request = world.request(&server, operation, row, false).cookie(&mine);
            stage.cell("a session in no space", operation, row, request, Refused(400, "space_required"));
        }
    });
}

/// A token with just the scope, narrowed as far as the operation allows, and a session of the same origin: each on things
/// of its own, since some of it deletes them.
fn those_who_may(stage: &mut Stage) {
    every(stage, |stage, operation, row| {
        let server = stage.server.clone();
        for by_name in [false, true] {
            let world = stage.world("-good");
            if row.needs != Needs::Session && row.needs != Needs::Nothing {
                let held: Vec<&str> = match row.needs {
                    Needs::Scope(scope) => {
                        ALL_SCOPES.into_iter().filter(|held| grants(held, scope)).collect()
                    }
                    _ => vec!["audit:read"],
                };
                for scope in held {
                    let world = stage.world("-good");
                    let made = match row.operation {
                        // A token gives no more than it has.
                        "tokenCreate" | "tokenUpdate" | "tokenRotate" => stage.token(&world, json!({})),
                        _ => stage.token(&world, json!({"scopes": [scope]})),
                    };
                    let request = world.request(&server, operation, row, by_name).token(&made);
                    // A token is no cookie: where a page comes from is not asked.
                    let request = request.header("origin", "https://app.example");
                    stage.cell("a token that may", operation, row, request, Good);
                }
            }
            let cookie = match row.operation {
                "authLogout" => server.login(EMAIL, PASSWORD),
                _ => stage.owner.clone(),
            };
            let expected = match row.operation {
                "authSetup" => Refused(409, "setup_done"),
                "ownTokenGet" => Refused(404, "token_not_found"),
                _ => Good,
            };
            // Names of spaces may repeat, and one that fits several is ambiguous.
            let by_name = by_name && row.place != Place::Space;
            let request = world.in_path_of_session(&server, operation, row, by_name).cookie(&cookie);
            let request = request.header("sec-fetch-site", "same-origin");
            stage.cell("a session that may", operation, row, request, expected);
        }
    });
}
