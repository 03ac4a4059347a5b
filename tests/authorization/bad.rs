//! Credentials that are none: one answer for all of them, before anything else is looked at.

use std::collections::BTreeSet;

use serde_json::json;

use crate::calls::{Needs, World};
use crate::harness::{Answer, Request};
use crate::{Expected::Good, Expected::Refused, Stage, UNAUTHORIZED, every};

/// The secrets that are none, and why.
fn bad_tokens(stage: &Stage, world: &World) -> Vec<(&'static str, Option<String>)> {
    let expired = stage.token(world, &json!({"expiresAt": "2026-11-24T09:31:00Z"}));
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

pub fn bad_credentials(stage: &mut Stage) {
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
    // Two tokens are none, also if both are good.
    let space = stage.server.get("/api/openapi/space").token(&world.secret);
    assert_eq!(space.token(&world.secret).send().code(), "unauthorized");
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
