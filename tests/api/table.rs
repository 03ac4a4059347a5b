//! Tables: made with all of their fields at once, found by id or encoded name, moved, counted and deleted.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::Shop;

fn tables(shop: &Shop) -> String {
    format!("/api/openapi/bases/{}/tables", shop.base)
}

#[test]
fn a_table_is_made_read_changed_and_deleted() {
    let shop = Shop::open();
    let path = tables(&shop);
    let made = shop.made(
        &path,
        json!({"name": "people", "description": "who", "fields": [
            {"name": "name", "type": "string", "required": true, "description": "in full"},
            {"name": "state", "type": "select", "default": "new", "options": {"choices": [{"name": "new"}, {"name": "old", "color": "red"}]}}
        ]}),
    );
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(shop.got(&location).json(), made.json(), "the Location works");
    assert_eq!(made.at("/baseId"), json!(shop.base));
    assert_eq!(made.at("/recordCount"), 0);
    let first = made.at("/fields/0");
    assert_eq!(
        (&first["primary"], &first["required"], &first["unique"], &first["default"], &first["options"]),
        (&json!(true), &json!(true), &json!(false), &Value::Null, &json!({}))
    );
    assert_eq!(made.at("/fields/1/primary"), false);
    assert_eq!(made.at("/fields/1/default"), "new");
    let choices = made.at("/fields/1/options/choices");
    assert!(choices[0]["id"].as_str().unwrap().starts_with("opt"), "{choices}");
    assert_eq!((&choices[0]["color"], &choices[1]["color"]), (&json!("gray"), &json!("red")));
    shop.made(&format!("{location}/records"), json!({"values": {"name": "Ann"}}));
    let changed = shop.ask("PATCH", &location, json!({"name": "humans", "description": null}));
    assert_eq!((changed.at("/name"), changed.at("/recordCount")), (json!("humans"), json!(1)));
    assert_eq!(shop.got(&format!("{path}/humans")).at("/id"), made.at("/id"));
    assert_eq!(shop.ask("DELETE", &location, Value::Null).status, 204);
    for tail in ["", "/records", "/fields", &format!("/records/{}", nothing("rec"))] {
        let gone = shop.ask("GET", &format!("{location}{tail}"), Value::Null);
        refused(&gone, tail, 404, "table_not_found", &[]);
    }
    let again = shop.table("humans", json!([{"name": "name", "type": "string"}]));
    assert_eq!(
        shop.got(&format!("{again}/records")).at("/total"),
        0,
        "the name is free, the records are gone"
    );
}

#[test]
fn a_table_of_an_odd_name_works_by_id_and_by_encoded_name() {
    let shop = Shop::open();
    let name = "a/b 🙂 %2f";
    let by_id = shop.table(name, json!([{"name": name, "type": "string"}]));
    let encoded = "a%2Fb%20%F0%9F%99%82%20%252f";
    for path in [by_id.clone(), format!("{}/{encoded}", tables(&shop))] {
        let made = shop.made(&format!("{path}/records"), json!({"values": {name: "x"}}));
        let record = made.text("/data/id");
        assert_eq!(made.header("location").unwrap(), format!("{by_id}/records/{record}"));
        assert_eq!(shop.got(&format!("{path}/records/{record}")).at("/data/values")[name], "x");
        assert_eq!(shop.got(&format!("{path}/fields/{encoded}")).text("/name"), name);
        assert_eq!(
            shop.got(&format!("{path}/records?fields=%7B{encoded}%7D")).at("/records/0/values")[name],
            "x"
        );
        let wrong = shop.ask("POST", &format!("{path}/records"), json!({"values": {name: 1}}));
        refused(&wrong, "its pointer", 422, "invalid_input", &["/values/a~1b 🙂 %2f wrong_type"]);
    }
    for (path, code) in [("a%2Fb", "table_not_found"), ("A%2Fb%20%F0%9F%99%82%20%252f", "table_not_found")] {
        let got = shop.ask("GET", &format!("{}/{path}", tables(&shop)), Value::Null);
        refused(&got, path, 404, code, &[]);
    }
    let got = shop.ask("GET", &format!("{}/%ff", tables(&shop)), Value::Null);
    refused(&got, "no UTF-8", 400, "invalid_path", &[]);
    let renamed = shop.ask("PATCH", &format!("{}/{encoded}", tables(&shop)), json!({"name": "plain"}));
    assert_eq!((renamed.status, renamed.text("/name")), (200, "plain".into()));
}

#[test]
fn every_fault_of_a_new_table_is_named_at_once() {
    let shop = Shop::open();
    let path = tables(&shop);
    let many: Vec<_> = (0..501).map(|n| json!({"name": format!("f{n}"), "type": "string"})).collect();
    for (why, body, status, code, faults) in [
        ("nothing", json!({}), 422, "invalid_input", &["/name required", "/fields required"][..]),
        ("no field", json!({"name": "t", "fields": []}), 422, "invalid_input", &["/fields required"]),
        (
            "faults of the body, of fields and between fields",
            json!({"name": "", "descriptoin": "x", "fields": [
                {"name": "a", "type": "strng"},
                3,
                {"name": "A", "type": "number", "default": "3"},
                {"name": "id", "type": "date", "unqiue": true},
                {"name": "b", "type": "select"},
                {"name": "c", "type": "number", "options": {"min": 3}}
            ]}),
            422,
            "invalid_input",
            &[
                "/name invalid_name",
                "/descriptoin unknown_member",
                "/fields/0/type invalid_value",
                "/fields/1 wrong_type",
                "/fields/1/name required",
                "/fields/1/type required",
                "/fields/2/default wrong_type",
                "/fields/3/unqiue unknown_member",
                "/fields/3/name invalid_name",
                "/fields/4/options/choices required",
                "/fields/5/options/min unknown_member",
            ],
        ),
        (
            "two fields of one name",
            json!({"name": "t", "fields": [{"name": "a", "type": "string"}, {"name": "A ", "type": "string"}]}),
            409,
            "name_taken",
            &["/fields/1/name name_taken"],
        ),
        (
            "the table's name is taken",
            json!({"name": "BOOKS", "fields": [{"name": "a", "type": "string"}]}),
            409,
            "name_taken",
            &["/name name_taken"],
        ),
        (
            "too many fields",
            json!({"name": "t", "fields": many}),
            422,
            "invalid_input",
            &["/fields too_many"],
        ),
    ] {
        refused(&shop.ask("POST", &path, body), why, status, code, faults);
    }
    let listed = shop.got(&path);
    assert_eq!(listed.at("/tables").as_array().unwrap().len(), 1, "nothing was made");
    let hint = shop.ask("POST", &path, json!({"name": "t", "fields": [{"name": "a", "type": "strng"}]}));
    assert!(hint.text("/errors/0/detail").contains("`string`"), "{hint:?}");
}

#[test]
fn tables_are_listed_in_their_order_and_their_names_are_their_bases_own() {
    let shop = Shop::open();
    let field = json!([{"name": "a", "type": "string"}]);
    for name in ["b", "c"] {
        shop.table(name, field.clone());
    }
    let names = |query: &str| -> Vec<String> {
        let listed = shop.got(&format!("{}{query}", tables(&shop))).at("/tables");
        listed.as_array().unwrap().iter().map(|table| table["name"].as_str().unwrap().to_owned()).collect()
    };
    let moved = shop.ask("PATCH", &format!("{}/c", tables(&shop)), json!({"position": 0}));
    assert_eq!(moved.status, 200);
    assert_eq!(names(""), ["c", "books", "b"]);
    let page = shop.got(&format!("{}?limit=2", tables(&shop)));
    assert_eq!(names(&format!("?limit=2&cursor={}", page.text("/nextCursor"))), ["b"]);
    shop.made("/api/openapi/bases", json!({"name": "Other"}));
    let other = shop.made("/api/openapi/bases/Other/tables", json!({"name": "books", "fields": field}));
    assert_ne!(other.text("/id"), shop.table, "a name is unique within its base");
    let strange = format!("/api/openapi/bases/Other/tables/{}", shop.table);
    refused(&shop.ask("GET", &strange, Value::Null), "of another base", 404, "table_not_found", &[]);
    for (path, code) in [
        (format!("/api/openapi/bases/{}/tables", nothing("bas")), "base_not_found"),
        (format!("{}/{}", tables(&shop), nothing("tbl")), "table_not_found"),
        (format!("{}/{}", tables(&shop), shop.base), "table_not_found"),
        (format!("/api/openapi/bases/{}/tables", shop.table), "base_not_found"),
        (format!("{}/{}", tables(&shop), shop.table.to_uppercase()), "table_not_found"),
    ] {
        refused(&shop.ask("GET", &path, Value::Null), &path, 404, code, &[]);
    }
}
