//! A token never gives more than it has, neither to a new token nor to one that it changes or rotates.

use serde_json::{Value, json};

use undb::limits::NARROWED_MAX;

use crate::ask::{Ask, nothing, refused, with_body};
use crate::harness::{Answer, Shop};
use crate::token::timed;

/// A manager of tokens with the rights of `body`: a function that calls with it, and its secret.
fn manager(shop: &Shop, body: Value) -> String {
    let mut body = body;
    body["name"] = "manager".into();
    shop.server.token(&shop.cookie, &shop.space, body).1
}

fn call(shop: &Shop, secret: &str, method: &str, tail: &str, body: Value) -> Answer {
    let path = format!("/api/spaces/{}/tokens{tail}", shop.space);
    with_body(shop.server.request(method, &path).token(secret), body).send()
}

#[test]
fn a_token_gives_no_more_than_it_has() {
    let shop = timed();
    let other = shop.table("other", json!([{"name": "a", "type": "string"}]));
    let other = shop.got(&other).text("/id");
    let elsewhere = shop.made("/api/openapi/bases", json!({"name": "Elsewhere"})).text("/id");
    let end = "2026-12-01T00:00:00Z";
    let some = manager(&shop, json!({"scopes": ["tokens:manage", "records:write"]}));
    let of_base = manager(&shop, json!({"scopes": ["tokens:manage", "records:read"], "bases": [shop.base]}));
    let of_table =
        manager(&shop, json!({"scopes": ["tokens:manage", "records:read"], "tables": [shop.table]}));
    let ending = manager(&shop, json!({"scopes": ["tokens:manage", "records:read"], "expiresAt": end}));
    let read = json!(["records:read"]);
    for (why, secret, body, fits) in [
        ("writing includes reading", &some, json!({"scopes": ["records:read"]}), true),
        ("what it has itself", &some, json!({"scopes": ["records:write", "tokens:manage"]}), true),
        ("the default has a scope that it lacks", &some, json!({}), false),
        ("a scope that it lacks", &some, json!({"scopes": ["schema:read"]}), false),
        ("one that it lacks among others", &some, json!({"scopes": ["records:read", "space:manage"]}), false),
        ("its own base", &of_base, json!({"scopes": read, "bases": [shop.base]}), true),
        ("a table of its base", &of_base, json!({"scopes": read, "tables": [other]}), true),
        ("all bases", &of_base, json!({"scopes": read}), false),
        ("its own table", &of_table, json!({"scopes": read, "tables": [shop.table]}), true),
        ("the base of its table", &of_table, json!({"scopes": read, "bases": [shop.base]}), false),
        ("all of the space", &of_table, json!({"scopes": read}), false),
        ("the same end", &ending, json!({"scopes": read, "expiresAt": end}), true),
        ("an earlier end", &ending, json!({"scopes": read, "expiresAt": "2026-11-30T00:00:00Z"}), true),
        ("a later end", &ending, json!({"scopes": read, "expiresAt": "2026-12-01T00:00:00.001Z"}), false),
        ("no end", &ending, json!({"scopes": read}), false),
    ] {
        let mut body = body;
        body["name"] = "made".into();
        let answer = call(&shop, secret, "POST", "", body);
        if fits {
            assert_eq!(answer.status, 201, "{why}: {answer:?}");
        } else {
            refused(&answer, why, 403, "scope_missing", &[]);
        }
    }
    for (why, secret, body, fault) in [
        ("a base that it does not see", &of_base, json!({"bases": [elsewhere]}), "/bases/0 invalid_value"),
        ("a table that it does not see", &of_table, json!({"tables": [other]}), "/tables/0 invalid_value"),
        ("by name neither", &of_table, json!({"tables": ["other"]}), "/tables/0 invalid_value"),
    ] {
        let mut body = body;
        (body["name"], body["scopes"]) = ("made".into(), read.clone());
        refused(&call(&shop, secret, "POST", "", body), why, 422, "invalid_input", &[fault]);
    }
}

#[test]
fn a_token_changes_and_rotates_none_that_can_do_more() {
    let shop = timed();
    let some = manager(&shop, json!({"scopes": ["tokens:manage", "records:write"]}));
    let (strong, secret) =
        shop.server.token(&shop.cookie, &shop.space, json!({"name": "strong", "scopes": ["space:manage"]}));
    let (weak, _) =
        shop.server.token(&shop.cookie, &shop.space, json!({"name": "weak", "scopes": ["records:read"]}));
    for (why, method, tail, body) in [
        ("its secret would give more", "POST", format!("/{strong}/rotate"), Value::Null),
        ("a change leaves it more", "PATCH", format!("/{strong}"), json!({"name": "x"})),
        ("a change gives more", "PATCH", format!("/{weak}"), json!({"scopes": ["schema:read"]})),
    ] {
        refused(&call(&shop, &some, method, &tail, body), why, 403, "scope_missing", &[]);
    }
    assert_eq!(shop.server.get("/api/openapi/token").token(&secret).send().text("/name"), "strong");
    for (method, tail, body, status) in [
        ("PATCH", format!("/{weak}"), json!({"scopes": ["records:write"]}), 200),
        ("POST", format!("/{weak}/rotate"), Value::Null, 200),
        ("GET", format!("/{strong}"), Value::Null, 200),
        ("DELETE", format!("/{strong}"), Value::Null, 204),
    ] {
        let answer = call(&shop, &some, method, &tail, body);
        assert_eq!(answer.status, status, "{method} {tail}: {answer:?}");
    }
    let reader = manager(&shop, json!({"scopes": ["records:write"]}));
    for (method, tail, body) in [
        ("GET", String::new(), Value::Null),
        ("POST", String::new(), json!({"name": "x"})),
        ("DELETE", format!("/{weak}"), Value::Null),
    ] {
        refused(&call(&shop, &reader, method, &tail, body), "no scope for tokens", 403, "scope_missing", &[]);
    }
}

#[test]
fn a_narrowed_token_sees_those_that_reach_no_further() {
    let shop = Shop::open();
    let other = shop.table("other", json!([{"name": "a", "type": "string"}]));
    let other = shop.got(&other).text("/id");
    let elsewhere = shop.made("/api/openapi/bases", json!({"name": "Elsewhere"})).text("/id");
    let scopes = json!(["tokens:manage", "records:read"]);
    let of_base = manager(&shop, json!({"scopes": scopes, "bases": [shop.base]}));
    let make = |name: &str, narrowing: Value| {
        let mut body = json!({"name": name, "scopes": ["records:read"]});
        body.as_object_mut().unwrap().extend(narrowing.as_object().unwrap().clone());
        shop.server.token(&shop.cookie, &shop.space, body).0
    };
    let tokens = [
        ("its base", make("its base", json!({"bases": [shop.base]})), true),
        ("a table of its base", make("a table of its base", json!({"tables": [other]})), true),
        ("another base", make("another base", json!({"bases": [elsewhere]})), false),
        ("both", make("both", json!({"bases": [shop.base, elsewhere]})), false),
        ("all", make("all", json!({})), false),
    ];
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let page = call(&shop, &of_base, "GET", &format!("?limit=1{cursor}"), Value::Null);
        seen.extend(page.at("/tokens").as_array().unwrap().iter().map(|token| token["name"].clone()));
        let Some(next) = page.at("/nextCursor").as_str().map(str::to_owned) else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["manager", "its base", "a table of its base"], "itself too, in pages that are full");
    for (why, id, sees) in &tokens {
        for (method, tail, body, status) in [
            ("GET", format!("/{id}"), Value::Null, 200),
            ("PATCH", format!("/{id}"), json!({"name": "new"}), 200),
            ("PATCH", format!("/{id}"), json!({"nmae": "new"}), 422),
            ("POST", format!("/{id}/rotate"), Value::Null, 200),
            ("DELETE", format!("/{id}"), Value::Null, 204),
        ] {
            let answer = call(&shop, &of_base, method, &tail, body);
            let why = format!("{method} {why}");
            if *sees {
                assert_eq!(answer.status, status, "{why}: {answer:?}");
            } else {
                refused(&answer, &why, 404, "token_not_found", &[]);
            }
        }
    }
    let all = shop.ask("GET", &format!("/api/spaces/{}/tokens", shop.space), Value::Null);
    let names = all.at("/tokens").as_array().unwrap().iter().filter(|token| token["name"] == "new").count();
    assert_eq!(names, 2, "the others are as they were");
}

#[test]
fn a_token_that_is_not_there_comes_before_the_body() {
    let shop = Shop::open();
    let path = |id: &str| format!("/api/spaces/{}/tokens/{id}", shop.space);
    let (revoked, _) = shop.server.token(&shop.cookie, &shop.space, json!({"name": "gone"}));
    assert_eq!(shop.ask("DELETE", &path(&revoked), Value::Null).status, 204);
    let there = shop.server.token(&shop.cookie, &shop.space, json!({"name": "there"})).0;
    for (method, tail, body) in [
        ("PATCH", "", json!({"name": 7})),
        ("PATCH", "?x=1", json!({"name": "new"})),
        ("POST", "/rotate", json!({"graceSeconds": -1})),
        ("DELETE", "?x=1", Value::Null),
    ] {
        for id in [revoked.as_str(), &nothing("tkn"), "x"] {
            let answer = shop.ask(method, &format!("{}{tail}", path(id)), body.clone());
            refused(&answer, &format!("{method} {id}"), 404, "token_not_found", &[]);
        }
        let answer = shop.ask(method, &format!("{}{tail}", path(&there)), body.clone());
        assert!([400, 422].contains(&answer.status), "{method}: {answer:?}");
        let reader = manager(&shop, json!({"scopes": ["records:read"]}));
        let tail = format!("/{}{tail}", nothing("tkn"));
        refused(&call(&shop, &reader, method, &tail, body), "the scope first", 403, "scope_missing", &[]);
    }
    let answer = shop.ask("GET", &format!("{}?x=1", path(&revoked)), Value::Null);
    refused(&answer, "it is listed still", 400, "invalid_parameter", &["x unknown_parameter"]);
}

#[test]
fn a_list_of_too_many_names_is_not_gone_through() {
    let shop = Shop::open();
    for list in ["bases", "tables"] {
        let names = vec!["x"; NARROWED_MAX + 1];
        let answer = shop.ask(
            "POST",
            &format!("/api/spaces/{}/tokens", shop.space),
            json!({"name": "t", list: names}),
        );
        refused(&answer, list, 422, "invalid_input", &[&format!("/{list} too_many")]);
    }
}

#[test]
fn a_narrowed_token_makes_nothing_outside() {
    let shop = Shop::open();
    let all = json!({"name": "n", "scopes": crate::harness::ALL_SCOPES, "tables": [shop.table]});
    let (_, narrowed) = shop.server.token(&shop.cookie, &shop.space, all);
    let field = json!([{"name": "a", "type": "string"}]);
    for (path, body) in [
        ("/api/openapi/bases".to_owned(), json!({"name": "x"})),
        (format!("/api/openapi/bases/{}/tables", shop.base), json!({"name": "x", "fields": field})),
    ] {
        let answer = shop.server.post(&path).token(&narrowed).json(body).send();
        refused(&answer, &path, 403, "token_narrowed", &[]);
    }
    let renamed = shop.server.patch(&shop.path("")).token(&narrowed).json(json!({"description": "x"})).send();
    assert_eq!(renamed.status, 200, "its own table it may change");
}
