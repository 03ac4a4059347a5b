//! People: those who may not, and with them everyone who may.

use serde_json::json;

use crate::calls::{Needs, Place};
use crate::harness::{ALL_SCOPES, EMAIL, PASSWORD};
use crate::tokens::grants;
use crate::{Expected::Good, Expected::Refused, ORIGIN, Stage, every};

pub fn sessions(stage: &mut Stage) {
    let world = stage.world("");
    let (mine, stranger) = (stage.owner.clone(), stage.server.person("stranger@example.com"));
    every(stage, |stage, operation, row| {
        if row.needs == Needs::Nothing {
            return;
        }
        let server = stage.server.clone();
        // Without membership.
        let hidden = match row.place {
            // It is not theirs.
            Place::Nowhere if row.operation == "sessionDelete" => Refused(404, "session_not_found"),
            Place::Nowhere => Good,
            _ => Refused(404, "space_not_found"),
        };
        for by_name in [false, true] {
            if row.operation == "authLogout" || (row.place == Place::Nowhere && by_name) {
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
pub fn those_who_may(stage: &mut Stage) {
    every(stage, |stage, operation, row| {
        let server = stage.server.clone();
        for by_name in [false, true] {
            let world = stage.world("-good");
            if row.needs != Needs::Session && row.needs != Needs::Nothing {
                let held: Vec<&str> = match row.needs {
                    Needs::Scope(scope) => {
                        ALL_SCOPES.into_iter().filter(|held| grants(held, scope)).collect()
                    }
                    Needs::OneOf(scopes) => {
                        let fits = |held: &&str| scopes.iter().any(|scope| grants(held, scope));
                        ALL_SCOPES.into_iter().filter(fits).collect()
                    }
                    _ => vec!["audit:read"],
                };
                for scope in held {
                    let world = stage.world("-good");
                    let made = match row.operation {
                        // A token gives no more than it has.
                        "tokenCreate" | "tokenUpdate" | "tokenRotate" => stage.token(&world, &json!({})),
                        _ => stage.token(&world, &json!({"scopes": [scope]})),
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
