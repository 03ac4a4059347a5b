//! Good tokens that may not: of another space, of too narrow a scope, narrowed to other things.

use serde_json::{Value, json};

use crate::calls::{Needs, Place};
use crate::harness::ALL_SCOPES;
use crate::{Expected::Good, Expected::Refused, NARROWED, SCOPE, SESSION, Stage, every};

/// A token of another space, which has no thing of these names: nothing in the path is there for it.
pub fn tokens_of_another_space(stage: &mut Stage) {
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
pub fn grants(held: &str, needed: &str) -> bool {
    held == needed
        || held.strip_suffix(":write").is_some_and(|noun| needed.strip_suffix(":read") == Some(noun))
}

/// Tokens with all scopes but those that are needed, and with each other scope alone.
pub fn scopes(stage: &mut Stage) {
    let world = stage.world("");
    every(stage, |stage, operation, row| {
        let needed = match row.needs {
            Needs::Scope(scope) => vec![scope],
            Needs::OneOf(scopes) => scopes.to_vec(),
            Needs::Session => {
                let request_of = stage.server.clone();
                let request = world.request(&request_of, operation, row, false).token(&world.secret);
                stage.cell("a token of every scope", operation, row, request, SESSION);
                return;
            }
            Needs::Anyone | Needs::Nothing => return,
        };
        let lacking: Vec<&str> = ALL_SCOPES
            .into_iter()
            .filter(|scope| !needed.iter().any(|needed| grants(scope, needed)))
            .collect();
        let mut held: Vec<Value> = lacking.iter().map(|scope| json!([scope])).collect();
        held.push(json!(lacking));
        let server = stage.server.clone();
        for scopes in held {
            let (id, token) =
                server.token(&stage.owner, &world.space, json!({"name": "narrow", "scopes": scopes}));
            let who = format!("a token of {scopes}");
            let request = world.request(&server, operation, row, false).token(&token);
            let answer = stage.cell(&who, operation, row, request, SCOPE);
            assert!(needed.iter().all(|needed| answer.text("/detail").contains(needed)), "{answer:?}");
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
pub fn narrowed_tokens(stage: &mut Stage) {
    every(stage, |stage, operation, row| {
        for to_table in [true, false] {
            let world = stage.world("");
            let narrowing = if to_table {
                json!({"tables": [world.sibling]})
            } else {
                json!({"bases": [world.other_base]})
            };
            let token = stage.token(&world, &narrowing);
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
                    // It would give more than the token has.
                    "tokenCreate" => SCOPE,
                    // It reaches further than this one does, which therefore does not see it.
                    "tokenGet" | "tokenUsageGet" | "tokenUpdate" | "tokenRotate" | "tokenDelete" => {
                        Refused(404, "token_not_found")
                    }
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
