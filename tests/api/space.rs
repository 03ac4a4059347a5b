//! Spaces: a person's own, found by name where that is clear, deleted only on purpose and then with everything in them.

use serde_json::{Value, json};

use crate::ask::refused;
use crate::harness::{Answer, Server, Shop};

fn call(server: &Server, cookie: &str, method: &str, path: &str, body: Value) -> Answer {
    crate::ask::with_body(server.request(method, path).cookie(cookie), body).send()
}

#[test]
fn a_space_is_made_read_changed_and_listed() {
    let shop = Shop::open();
    let ask = |method: &str, path: &str, body: Value| call(&shop.server, &shop.cookie, method, path, body);
    let made = ask("POST", "/api/spaces", json!({"name": "Second", "description": "more"}));
    assert_eq!(made.status, 201);
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(ask("GET", &path, Value::Null).json(), made.json(), "the Location works");
    assert_eq!(ask("GET", "/api/spaces/Second", Value::Null).json(), made.json());
    let changed = ask("PATCH", &path, json!({"name": "Zweiter", "description": null}));
    assert_eq!((changed.at("/name"), changed.at("/description")), (json!("Zweiter"), Value::Null));
    let page = ask("GET", "/api/spaces?limit=1", Value::Null);
    assert_eq!(page.at("/spaces/0/id"), json!(shop.space), "in order of ids");
    let rest = ask("GET", &format!("/api/spaces?cursor={}", page.text("/nextCursor")), Value::Null);
    assert_eq!((rest.at("/spaces/0/id"), rest.at("/nextCursor")), (made.at("/id"), Value::Null));
    let own = shop.server.get("/api/spaces").token(&shop.token).send();
    assert_eq!(own.at("/spaces").as_array().unwrap().len(), 1, "a token sees its own space");
    assert_eq!(shop.server.get("/api/openapi/space").token(&shop.token).send().at("/id"), json!(shop.space));
    let foreign = shop.server.get(&path).token(&shop.token).send();
    refused(&foreign, "another space does not exist", 404, "space_not_found", &[]);
    let refusal = shop.server.post("/api/spaces").token(&shop.token).json(json!({"name": "x"})).send();
    refused(&refusal, "only a person makes spaces", 403, "session_required", &[]);
    for (why, body, fault) in [
        ("no name", json!({}), "/name required"),
        ("a name of control characters", json!({"name": "a\u{7}b"}), "/name invalid_name"),
        ("an unknown member", json!({"name": "x", "position": 1}), "/position unknown_member"),
    ] {
        refused(&ask("POST", "/api/spaces", body), why, 422, "invalid_input", &[fault]);
    }
}

#[test]
fn a_name_that_several_spaces_have_is_ambiguous() {
    let server = Server::start();
    let cookie = server.owner();
    let [first, second] = [server.space(&cookie, "Same"), server.space(&cookie, "Same")];
    let ask = |method: &str, path: &str, body: Value| call(&server, &cookie, method, path, body);
    refused(&ask("GET", "/api/spaces/Same", Value::Null), "it fits two", 409, "name_ambiguous", &[]);
    let named = server.get("/api/openapi/bases").cookie(&cookie).header("x-undb-space", "Same").send();
    refused(&named, "in the header too", 409, "name_ambiguous", &[]);
    for id in [&first, &second] {
        assert_eq!(ask("GET", &format!("/api/spaces/{id}"), Value::Null).status, 200, "the id is clear");
    }
    refused(&ask("GET", "/api/spaces/same", Value::Null), "not exactly", 404, "space_not_found", &[]);
    let stranger = server.person("stranger@example.com");
    let theirs = server.space(&stranger, "Same");
    assert_eq!(call(&server, &stranger, "GET", "/api/spaces/Same", Value::Null).text("/id"), theirs);
    assert_eq!(ask("PATCH", &format!("/api/spaces/{second}"), json!({"name": "Other"})).status, 200);
    assert_eq!(ask("GET", "/api/spaces/Same", Value::Null).text("/id"), first);
}

#[test]
fn a_space_is_deleted_only_with_its_name_repeated() {
    let shop = Shop::open();
    let path = format!("/api/spaces/{}", shop.space);
    let renamed = call(&shop.server, &shop.cookie, "PATCH", &path, json!({"name": "a&b Ü"}));
    assert_eq!(renamed.status, 200);
    for (query, status, code, fault) in [
        ("", 422, "confirmation_missing", "confirm confirmation_missing"),
        ("?confirm=Main", 422, "confirmation_missing", "confirm confirmation_missing"),
        ("?confirm=A%26b%20%C3%9C", 422, "confirmation_missing", "confirm confirmation_missing"),
        ("?confirm=a&b Ü", 400, "invalid_parameter", "b Ü unknown_parameter"),
        ("?confirm=", 400, "invalid_parameter", "confirm invalid_parameter"),
    ] {
        let query = query.replace(' ', "%20").replace('Ü', "%C3%9C");
        let answer = call(&shop.server, &shop.cookie, "DELETE", &format!("{path}{query}"), Value::Null);
        refused(&answer, &query, status, code, &[fault]);
    }
    let answer =
        call(&shop.server, &shop.cookie, "DELETE", &format!("{path}?confirm=a%26b%20%C3%9C"), Value::Null);
    assert_eq!(answer.status, 204, "{answer:?}");
    for path in [path.clone(), format!("{path}/tokens")] {
        let gone = call(&shop.server, &shop.cookie, "GET", &path, Value::Null);
        refused(&gone, "it is gone", 404, "space_not_found", &[]);
    }
    let with = shop.server.get(&shop.path("/records")).token(&shop.token).send();
    refused(&with, "its tokens are gone with it", 401, "unauthorized", &[]);
    let listed = call(&shop.server, &shop.cookie, "GET", "/api/spaces", Value::Null);
    assert_eq!(listed.at("/spaces"), json!([]));
}
