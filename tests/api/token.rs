//! Tokens: made, listed, changed, rotated, revoked and expired.

use serde_json::{Value, json};
use undb::clock::{Clock, Time};

use crate::ask::{Ask, nothing, refused};
use crate::harness::{ALL_SCOPES, Answer, Setup, Shop};

/// The moment at which a manual clock stands at first.
pub const START: &str = "2026-11-24T09:30:00.000Z";

/// A shop whose clock is turned by hand.
pub fn timed() -> Shop {
    Shop::with(Setup { clock: Clock::manual(Time::parse(START).unwrap()), ..Setup::default() })
}

fn tokens(shop: &Shop) -> String {
    format!("/api/spaces/{}/tokens", shop.space)
}

fn with(shop: &Shop, secret: &str) -> Answer {
    shop.server.get("/api/openapi/token").token(secret).send()
}

#[test]
fn a_token_is_made_with_what_was_asked_for() {
    let shop = timed();
    let made = shop.made(&tokens(&shop), json!({"name": "Website"}));
    assert_eq!(made.header("cache-control"), Some("no-store"), "a secret is kept in no cache");
    let secret = made.text("/secret");
    assert!(secret.starts_with("undb_") && secret.len() == 43, "{secret}");
    let token = made.at("/token");
    let own = with(&shop, &shop.token).text("/id");
    let hint = format!("{}…{}", &secret[..8], &secret[39..]);
    assert_eq!(
        token,
        json!({
            "id": token["id"], "name": "Website", "hint": hint, "scopes": ["records:write", "schema:read"],
            "bases": null, "tables": null, "createdAt": START, "createdBy": own, "expiresAt": null,
            "lastUsedAt": null, "status": "active"
        })
    );
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(location, format!("{}/{}", tokens(&shop), token["id"].as_str().unwrap()));
    assert_eq!(shop.got(&location).json(), token, "the Location works");
    let full = shop.made(
        &tokens(&shop),
        json!({"name": "full", "scopes": ALL_SCOPES, "bases": ["Shop"], "tables": [shop.table], "expiresAt": "2027-01-01T00:00:00+01:00"}),
    );
    assert_eq!(full.at("/token/scopes"), json!(ALL_SCOPES));
    assert_eq!(full.at("/token/bases"), json!([shop.base]), "names become ids");
    assert_eq!(full.at("/token/tables"), json!([shop.table]));
    assert_eq!(full.at("/token/expiresAt"), "2026-12-31T23:00:00.000Z");
    let listed = shop.got(&format!("{}?limit=2", tokens(&shop)));
    assert_eq!(listed.at("/tokens").as_array().unwrap().len(), 2);
    assert_eq!(listed.at("/tokens/1"), token, "in order of ids, without the secret");
    let rest = shop.got(&format!("{}?cursor={}", tokens(&shop), listed.text("/nextCursor")));
    assert_eq!((rest.at("/tokens/0/id"), rest.at("/nextCursor")), (full.at("/token/id"), Value::Null));
    let by_person = shop.server.post(&tokens(&shop)).cookie(&shop.cookie).json(json!({"name": "x"})).send();
    assert!(by_person.text("/token/createdBy").starts_with("usr"));
    assert_eq!(with(&shop, &secret).at("/lastUsedAt"), START);
    let cookie =
        shop.server.get("/api/openapi/token").cookie(&shop.cookie).header("x-undb-space", &shop.space).send();
    refused(&cookie, "a session is no token", 404, "token_not_found", &[]);
}

#[test]
fn what_a_token_cannot_be_is_refused() {
    let shop = timed();
    shop.made("/api/openapi/bases", json!({"name": "Other"}));
    let field = json!([{"name": "a", "type": "string"}]);
    shop.made("/api/openapi/bases/Other/tables", json!({"name": "books", "fields": field}));
    let other =
        shop.made("/api/openapi/bases/Other/tables", json!({"name": "more", "fields": field})).text("/id");
    let many: Vec<_> = (0..101).map(|_| "Shop").collect();
    let before = shop.got(&tokens(&shop)).json();
    let id = before["tokens"][0]["id"].as_str().unwrap().to_owned();
    for (why, body, fault) in [
        ("no scope", json!({"scopes": []}), "/scopes required"),
        ("no such scope", json!({"scopes": ["records:read", "record:write"]}), "/scopes/1 invalid_value"),
        ("scopes are a list", json!({"scopes": "records:read"}), "/scopes wrong_type"),
        ("an empty list reaches nothing", json!({"bases": []}), "/bases required"),
        ("of tables as well", json!({"tables": []}), "/tables required"),
        ("no such base", json!({"bases": ["Shop", "shop"]}), "/bases/1 invalid_value"),
        ("no such table", json!({"tables": [nothing("tbl")]}), "/tables/0 invalid_value"),
        ("a name that two tables have", json!({"tables": ["books"]}), "/tables/0 invalid_value"),
        (
            "a table outside of the bases",
            json!({"bases": ["Shop"], "tables": [other]}),
            "/tables/0 invalid_value",
        ),
        ("too many bases", json!({"bases": many}), "/bases too_many"),
        ("an end that has passed", json!({"expiresAt": START}), "/expiresAt out_of_range"),
        ("no time", json!({"expiresAt": "tomorrow"}), "/expiresAt invalid_value"),
        ("a name of 256 characters", json!({"name": "x".repeat(256)}), "/name invalid_name"),
        (
            "addresses are not built yet",
            json!({"allowedIps": ["192.0.2.0/24"]}),
            "/allowedIps unknown_member",
        ),
        ("limits neither", json!({"rateLimit": {"requests": 1, "seconds": 1}}), "/rateLimit unknown_member"),
    ] {
        let mut whole = body.clone();
        if whole.get("name").is_none() {
            whole["name"] = "x".into();
        }
        refused(&shop.ask("POST", &tokens(&shop), whole), why, 422, "invalid_input", &[fault]);
        let change = shop.ask("PATCH", &format!("{}/{id}", tokens(&shop)), body);
        refused(&change, &format!("{why}, as a change"), 422, "invalid_input", &[fault]);
    }
    assert_eq!(shop.got(&tokens(&shop)).json()["tokens"].as_array().unwrap().len(), 1);
    for path in [nothing("tkn"), "x".into(), shop.table.clone()] {
        let got = shop.ask("GET", &format!("{}/{path}", tokens(&shop)), Value::Null);
        refused(&got, &path, 404, "token_not_found", &[]);
    }
}

#[test]
fn a_change_holds_from_the_next_request_on() {
    let shop = Shop::open();
    let (id, secret) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    let path = format!("{}/{id}", tokens(&shop));
    let write = || {
        shop.server.post(&shop.path("/records")).token(&secret).json(json!({"values": {"title": "x"}})).send()
    };
    assert_eq!(write().status, 201);
    let changed = shop.ask("PATCH", &path, json!({"scopes": ["records:read"], "name": "reader"}));
    assert_eq!(
        (changed.status, changed.at("/name"), changed.at("/scopes")),
        (200, json!("reader"), json!(["records:read"]))
    );
    refused(&write(), "it may read now", 403, "scope_missing", &[]);
    assert!(write().text("/detail").contains("records:write"), "the scope is named");
    let other = shop.table("other", json!([{"name": "a", "type": "string"}]));
    let id_of_other = shop.got(&other).text("/id");
    assert_eq!(shop.ask("PATCH", &path, json!({"tables": [id_of_other]})).status, 200);
    let read = |path: &str| shop.server.get(path).token(&secret).send();
    assert_eq!(read(&format!("{other}/records")).status, 200);
    refused(&read(&shop.path("/records")), "the rest does not exist", 404, "table_not_found", &[]);
    assert_eq!(shop.ask("PATCH", &path, json!({"tables": null, "scopes": ["records:write"]})).status, 200);
    assert_eq!(write().status, 201);
}

#[test]
fn a_rotated_secret_works_until_its_grace_ends() {
    let shop = timed();
    let clock = |ms| shop.server.core.clock.advance_millis(ms);
    let (id, first) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"}));
    let path = format!("{}/{id}/rotate", tokens(&shop));
    let rotate = |body: Value| {
        let answer = shop.ask("POST", &path, body);
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
        assert_eq!(answer.text("/token/id"), id);
        answer.text("/secret")
    };
    let second = rotate(Value::Null);
    assert_ne!(first, second);
    refused(&with(&shop, &first), "no grace if none is asked for", 401, "unauthorized", &[]);
    assert_eq!(with(&shop, &second).text("/id"), id);
    let third = rotate(json!({"graceSeconds": 60}));
    assert!(with(&shop, &third).text("/hint").ends_with(&third[39..]), "the hint is the new one's");
    clock(59_999);
    assert_eq!((with(&shop, &second).status, with(&shop, &third).status), (200, 200));
    clock(1);
    refused(&with(&shop, &second), "the grace has ended", 401, "unauthorized", &[]);
    assert_eq!(with(&shop, &third).status, 200);
    let fourth = rotate(json!({"graceSeconds": 604_800}));
    let fifth = rotate(json!({"graceSeconds": 604_800}));
    refused(&with(&shop, &third), "one old secret at most", 401, "unauthorized", &[]);
    assert_eq!((with(&shop, &fourth).status, with(&shop, &fifth).status), (200, 200));
    for (value, code) in [
        (json!(604_801), "out_of_range"),
        (json!(-1), "out_of_range"),
        (json!(1.5), "out_of_range"),
        (json!("1"), "wrong_type"),
    ] {
        let answer = shop.ask("POST", &path, json!({"graceSeconds": value}));
        refused(&answer, "no grace", 422, "invalid_input", &[&format!("/graceSeconds {code}")]);
    }
    assert_eq!(shop.ask("DELETE", &format!("{}/{id}", tokens(&shop)), Value::Null).status, 204);
    for secret in [&fourth, &fifth] {
        refused(&with(&shop, secret), "both end with the token", 401, "unauthorized", &[]);
    }
}

#[test]
fn a_token_ends_when_it_expires_and_when_it_is_revoked() {
    let shop = timed();
    let end = "2026-11-24T09:31:00.000Z";
    let (id, secret) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "t", "expiresAt": end}));
    let path = format!("{}/{id}", tokens(&shop));
    shop.server.core.clock.advance_millis(59_999);
    assert_eq!(with(&shop, &secret).at("/status"), "active");
    shop.server.core.clock.advance_millis(1);
    let expired = with(&shop, &secret);
    refused(&expired, "the moment has come", 401, "unauthorized", &[]);
    assert!(expired.header("www-authenticate").is_some());
    assert_eq!(shop.got(&path).at("/status"), "expired");
    assert_eq!(shop.ask("PATCH", &path, json!({"name": "renamed"})).at("/status"), "expired");
    assert_eq!(shop.ask("PATCH", &path, json!({"expiresAt": null})).at("/status"), "active");
    assert_eq!(with(&shop, &secret).status, 200, "it lives again");
    assert_eq!(shop.ask("DELETE", &path, Value::Null).status, 204);
    refused(&with(&shop, &secret), "revoked", 401, "unauthorized", &[]);
    assert_eq!(shop.got(&path).at("/status"), "revoked", "it stays listed");
    for (method, tail, body) in
        [("DELETE", "", Value::Null), ("PATCH", "", json!({"name": "x"})), ("POST", "/rotate", Value::Null)]
    {
        let answer = shop.ask(method, &format!("{path}{tail}"), body);
        refused(&answer, "revoked for good", 404, "token_not_found", &[]);
    }
}

#[test]
fn an_expired_token_is_not_rotated() {
    let shop = timed();
    let path = format!("/api/spaces/{}/tokens", shop.space);
    let (id, _) = shop.server.token(
        &shop.cookie,
        &shop.space,
        json!({"name": "t", "expiresAt": "2026-12-01T00:00:00Z"}),
    );
    shop.server.core.clock.advance_millis(30 * 86_400_000);
    let rotate = || shop.ask("POST", &format!("{path}/{id}/rotate"), json!({}));
    refused(&rotate(), "its new secret would be of no use", 422, "invalid_input", &[" out_of_range"]);
    let later = shop.ask("PATCH", &format!("{path}/{id}"), json!({"expiresAt": "2027-12-01T00:00:00Z"}));
    assert_eq!((later.status, rotate().status), (200, 200));
}

#[test]
fn every_fault_of_a_token_is_listed() {
    let shop = Shop::open();
    let path = format!("/api/spaces/{}/tokens", shop.space);
    let wrong = json!({"bases": "CRM", "tables": [shop.table, 5, "Nope"]});
    let faults = ["/bases wrong_type", "/tables/1 wrong_type", "/tables/2 invalid_value"];
    let patch = shop.ask(
        "PATCH",
        &format!("{path}/{}", shop.server.token(&shop.cookie, &shop.space, json!({"name": "t"})).0),
        wrong.clone(),
    );
    refused(&patch, "changed", 422, "invalid_input", &faults);
    let made = shop.ask("POST", &path, wrong);
    refused(&made, "made", 422, "invalid_input", &[&["/name required"][..], &faults].concat());
}
