//! Bases, and names: what a name may be, and that everything is found by it.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::Shop;

const BASES: &str = "/api/openapi/bases";

fn names(shop: &Shop) -> Vec<String> {
    let listed = shop.got(BASES).at("/bases");
    listed.as_array().unwrap().iter().map(|base| base["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_base_is_made_read_changed_and_deleted() {
    let shop = Shop::open();
    let made = shop.made(BASES, json!({"name": "CRM", "description": "people"}));
    let path = made.header("location").unwrap().to_owned();
    assert_eq!(path, format!("{BASES}/{}", made.text("/id")));
    assert_eq!(shop.got(&path).json(), made.json(), "the Location works");
    assert_eq!(shop.got(&format!("{BASES}/CRM")).json(), made.json(), "so does the name");
    let same = shop.ask("PATCH", &path, json!({"name": "CRM"}));
    assert_eq!(same.json(), made.json(), "a change to the same is none");
    let changed = shop.ask("PATCH", &path, json!({"name": "Customers", "description": null}));
    assert_eq!((changed.at("/name"), changed.at("/description")), (json!("Customers"), Value::Null));
    refused(&shop.ask("GET", &format!("{BASES}/CRM"), Value::Null), "renamed", 404, "base_not_found", &[]);
    assert_eq!(shop.ask("PATCH", &path, json!({"description": "again"})).at("/description"), "again");
    assert_eq!(shop.ask("PATCH", &path, json!({"description": ""})).at("/description"), Value::Null);
    assert_eq!(shop.ask("DELETE", &path, Value::Null).status, 204);
    for method in ["GET", "DELETE", "PATCH"] {
        let body = if method == "PATCH" { json!({}) } else { Value::Null };
        refused(&shop.ask(method, &path, body), method, 404, "base_not_found", &[]);
    }
    assert_eq!(shop.made(BASES, json!({"name": "Customers"})).status, 201, "its name is free");
}

#[test]
fn names_have_rules() {
    let shop = Shop::open();
    let [longest, longer, id] = ["é".repeat(255), "é".repeat(256), nothing("rec")];
    for (why, name, stored) in [
        ("it is trimmed", "  a  ", "a"),
        ("it is kept in Unicode's normal form C", "Cafe\u{301}", "Café"),
        ("characters are counted, not bytes", &longest, &longest),
        ("spaces, signs and scripts", "a/b 🙂 %2f", "a/b 🙂 %2f"),
        ("what only looks like an id", "REC00000000000000000000000000", "REC00000000000000000000000000"),
        ("a dot", "..", ".."),
        ("what a path could take for something else", "?a=b#c", "?a=b#c"),
    ] {
        let made = shop.made(BASES, json!({"name": name}));
        assert_eq!(made.text("/name"), stored, "{why}");
        let path = format!("{BASES}/{}", escaped(stored));
        assert_eq!(shop.got(&path).at("/id"), made.at("/id"), "{why}: found by its name");
        assert_eq!(shop.got(&format!("{BASES}/{}", made.text("/id"))).text("/name"), stored, "{why}");
        assert_eq!(shop.ask("DELETE", &path, Value::Null).status, 204);
    }
    for (why, name, code) in [
        ("empty", json!(""), "invalid_name"),
        ("nothing but spaces", json!("   "), "invalid_name"),
        ("a character too many", json!(longer), "invalid_name"),
        ("NUL", json!("a\0b"), "invalid_name"),
        ("a line break", json!("a\nb"), "invalid_name"),
        ("a control character of Latin-1", json!("a\u{85}b"), "invalid_name"),
        ("the form of an id, of whatever kind", json!(id), "invalid_name"),
        ("a number", json!(3), "wrong_type"),
        ("null", Value::Null, "wrong_type"),
    ] {
        let fault = format!("/name {code}");
        for (method, path) in [("POST", BASES), ("PATCH", &format!("{BASES}/Shop"))] {
            let answer = shop.ask(method, path, json!({"name": name}));
            refused(&answer, why, 422, "invalid_input", &[&fault]);
        }
    }
    refused(&shop.ask("POST", BASES, json!({})), "no name", 422, "invalid_input", &["/name required"]);
    let long = json!({"name": "x", "description": "é".repeat(2001), "x": 1});
    refused(
        &shop.ask("POST", BASES, long),
        "a description has a limit",
        422,
        "invalid_input",
        &["/description out_of_range", "/x unknown_member"],
    );
    assert_eq!(names(&shop), ["Shop"]);
}

#[test]
fn names_are_unique_without_regard_to_case() {
    let shop = Shop::open();
    shop.made(BASES, json!({"name": "Été"}));
    for taken in ["Été", "été", "ÉTÉ", " E\u{301}te\u{301} ", "SHOP"] {
        let answer = shop.ask("POST", BASES, json!({"name": taken}));
        refused(&answer, taken, 409, "name_taken", &["/name name_taken"]);
    }
    refused(
        &shop.ask("PATCH", &format!("{BASES}/Shop"), json!({"name": "éTÉ"})),
        "renaming takes no name either",
        409,
        "name_taken",
        &["/name name_taken"],
    );
    let cased = shop.ask("PATCH", &format!("{BASES}/Shop"), json!({"name": "SHOP"}));
    assert_eq!(cased.text("/name"), "SHOP", "its own name may change its case");
    refused(
        &shop.ask("GET", &format!("{BASES}/Shop"), Value::Null),
        "found by the exact name only",
        404,
        "base_not_found",
        &[],
    );
}

#[test]
fn bases_are_listed_in_their_order_and_moved_by_position() {
    let shop = Shop::open();
    for name in ["b", "c", "d"] {
        shop.made(BASES, json!({"name": name}));
    }
    for (name, position, order) in [
        ("d", 0, ["d", "Shop", "b", "c"]),
        ("d", 2, ["Shop", "b", "d", "c"]),
        ("Shop", 99, ["b", "d", "c", "Shop"]),
        ("b", 0, ["b", "d", "c", "Shop"]),
    ] {
        let moved = shop.ask("PATCH", &format!("{BASES}/{name}"), json!({"position": position}));
        assert_eq!(moved.status, 200);
        assert_eq!(names(&shop), order, "{name} to {position}");
    }
    for (position, code) in [
        (json!(-1), "out_of_range"),
        (json!(0.5), "out_of_range"),
        (json!("1"), "wrong_type"),
        (Value::Null, "wrong_type"),
    ] {
        let answer = shop.ask("PATCH", &format!("{BASES}/b"), json!({"position": position}));
        refused(&answer, "no position", 422, "invalid_input", &[&format!("/position {code}")]);
    }
    let first = shop.got(&format!("{BASES}?limit=3"));
    let cursor = first.text("/nextCursor");
    let second = shop.got(&format!("{BASES}?limit=3&cursor={cursor}"));
    assert_eq!((second.at("/bases/0/name"), second.at("/nextCursor")), (json!("Shop"), Value::Null));
    refused(
        &shop.ask("GET", &format!("{BASES}?cursor={cursor}x"), Value::Null),
        "altered",
        400,
        "invalid_cursor",
        &["cursor invalid_cursor"],
    );
}

fn escaped(name: &str) -> String {
    name.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"))
}
