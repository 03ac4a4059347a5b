//! Fields: every type is made, listed, renamed, moved and deleted; names and options have rules.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::Shop;

fn names(shop: &Shop, table: &str) -> Vec<String> {
    let listed = shop.got(&format!("{table}/fields")).at("/fields");
    listed.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_type_is_made_with_its_options() {
    let shop = Shop::open();
    let path = shop.path("/fields");
    let select = json!({"choices": [{"name": "a"}, {"name": "b", "color": "teal"}]});
    for (of_type, options) in [
        ("string", Value::Null),
        ("longText", json!({})),
        ("number", Value::Null),
        ("checkbox", Value::Null),
        ("date", Value::Null),
        ("dateTime", Value::Null),
        ("select", select.clone()),
        ("email", Value::Null),
        ("url", Value::Null),
        ("json", Value::Null),
        ("autoIncrement", Value::Null),
        ("createdAt", Value::Null),
        ("updatedAt", Value::Null),
    ] {
        let body =
            json!({"name": format!("my {of_type}"), "type": of_type, "description": "d", "options": options});
        let made = shop.made(&path, body);
        let location = made.header("location").unwrap().to_owned();
        assert_eq!(location, format!("{path}/{}", made.text("/id")));
        assert_eq!(shop.got(&location).json(), made.json(), "{of_type}: the Location works");
        let found = (made.text("/type"), made.at("/required"), made.at("/unique"), made.at("/primary"));
        assert_eq!(found, (of_type.to_owned(), json!(false), json!(false), json!(false)));
        let keys: Vec<String> = made.json().as_object().unwrap().keys().cloned().collect();
        let wanted =
            ["id", "name", "type", "required", "unique", "default", "description", "options", "primary"];
        assert_eq!(keys, wanted, "{of_type}");
        if of_type == "select" {
            assert_eq!(made.at("/options/multiple"), false);
            assert_eq!(made.at("/options/choices/1/color"), "teal");
        } else {
            assert_eq!(made.at("/options"), json!({}), "{of_type}");
            let wrong = json!({"name": "x", "type": of_type, "options": {"precision": 2}});
            refused(
                &shop.ask("POST", &path, wrong),
                of_type,
                422,
                "invalid_input",
                &["/options/precision unknown_member"],
            );
        }
    }
}

/// Why a field is refused, its body, and how: status, code, faults.
type Refused = (&'static str, Value, u16, &'static str, &'static [&'static str]);

fn choices(names: &[&str]) -> Value {
    json!({"choices": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()})
}

/// Names and types that no field has.
fn bad_names() -> Vec<Refused> {
    vec![
        ("no type", json!({"name": "x"}), 422, "invalid_input", &["/type required"][..]),
        (
            "no such type",
            json!({"name": "x", "type": "text"}),
            422,
            "invalid_input",
            &["/type invalid_value"],
        ),
        (
            "a reserved name",
            json!({"name": "id", "type": "string"}),
            422,
            "invalid_input",
            &["/name invalid_name"],
        ),
        (
            "in any case",
            json!({"name": "CreatedAT", "type": "createdAt"}),
            422,
            "invalid_input",
            &["/name invalid_name"],
        ),
        (
            "of its type too",
            json!({"name": "updatedAt", "type": "updatedAt"}),
            422,
            "invalid_input",
            &["/name invalid_name"],
        ),
        (
            "the version's",
            json!({"name": " Version ", "type": "number"}),
            422,
            "invalid_input",
            &["/name invalid_name"],
        ),
        (
            "the form of an id",
            json!({"name": nothing("fld"), "type": "number"}),
            422,
            "invalid_input",
            &["/name invalid_name"],
        ),
        (
            "a name that is taken",
            json!({"name": "TITLE", "type": "string"}),
            409,
            "name_taken",
            &["/name name_taken"],
        ),
    ]
}

/// Defaults that do not fit.
fn bad_defaults() -> Vec<Refused> {
    vec![
        (
            "a unique field with a default",
            json!({"name": "x", "type": "string", "unique": true, "default": "a"}),
            422,
            "invalid_input",
            &["/default invalid_value"],
        ),
        (
            "a default of another type",
            json!({"name": "x", "type": "number", "default": "3"}),
            422,
            "invalid_input",
            &["/default wrong_type"],
        ),
        (
            "a default that is no choice",
            json!({"name": "x", "type": "select", "options": choices(&["a"]), "default": "b"}),
            422,
            "invalid_input",
            &["/default unknown_choice"],
        ),
        (
            "a default of a computed field",
            json!({"name": "x", "type": "autoIncrement", "default": 1}),
            422,
            "invalid_input",
            &["/default computed_field"],
        ),
    ]
}

/// Rules and options that do not make sense.
fn bad_rules() -> Vec<Refused> {
    vec![
        (
            "a checkbox is never empty",
            json!({"name": "x", "type": "checkbox", "required": true}),
            422,
            "invalid_input",
            &["/required invalid_value"],
        ),
        (
            "a checkbox is not unique",
            json!({"name": "x", "type": "checkbox", "unique": true}),
            422,
            "invalid_input",
            &["/unique invalid_value"],
        ),
        (
            "JSON is not unique",
            json!({"name": "x", "type": "json", "unique": true}),
            422,
            "invalid_input",
            &["/unique invalid_value"],
        ),
        (
            "a select without choices",
            json!({"name": "x", "type": "select"}),
            422,
            "invalid_input",
            &["/options/choices required"],
        ),
        (
            "a choice twice, one without a name, one with a wrong colour",
            json!({"name": "x", "type": "select", "options": {"choices": [{"name": "a"}, {"name": "A"}, {}, {"name": "c", "color": "mauve"}]}}),
            422,
            "invalid_input",
            &[
                "/options/choices/1/name name_taken",
                "/options/choices/2/name required",
                "/options/choices/3/color invalid_value",
            ],
        ),
        (
            "flags are booleans",
            json!({"name": "x", "type": "string", "required": 1, "unique": "yes"}),
            422,
            "invalid_input",
            &["/required wrong_type", "/unique wrong_type"],
        ),
        (
            "members of the body and of the field",
            json!({"name": "", "type": "number", "default": true, "nam": 1}),
            422,
            "invalid_input",
            &["/name invalid_name", "/default wrong_type", "/nam unknown_member"],
        ),
    ]
}

#[test]
fn a_field_that_does_not_make_sense_is_refused() {
    let shop = Shop::open();
    let path = shop.path("/fields");
    let before = shop.got(&path).json();
    for (why, body, status, code, faults) in bad_names().into_iter().chain(bad_defaults()).chain(bad_rules())
    {
        refused(&shop.ask("POST", &path, body), why, status, code, faults);
        assert_eq!(shop.got(&path).json(), before, "{why}: nothing is made");
    }
}

#[test]
fn a_default_fills_the_records_that_are_there() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let record = shop.path(&format!("/records/{id}"));
    let path = shop.path("/fields");
    let required = json!({"name": "state", "type": "string", "required": true});
    refused(
        &shop.ask("POST", &path, required),
        "there is a record without a value",
        422,
        "required",
        &["/required required"],
    );
    let filled = json!({"name": "state", "type": "string", "required": true, "default": "new"});
    let dry = shop.ask("POST", &format!("{path}?dryRun=true"), filled.clone());
    assert_eq!((dry.status, dry.at("/dryRun"), dry.at("/modifiedCount")), (200, json!(true), json!(1)));
    assert_eq!(dry.at("/changes"), json!([{"id": id, "before": null, "after": "new"}]));
    assert!(!names(&shop, &shop.path("")).contains(&"state".to_owned()), "a dry run makes nothing");
    assert_eq!(shop.got(&record).at("/data/version"), 1);
    shop.made(&path, filled);
    assert_eq!(shop.got(&record).at("/data/values/state"), "new");
    assert_eq!(shop.got(&record).at("/data/version"), 2, "its value has changed");
    shop.made(&path, json!({"name": "empty", "type": "string"}));
    assert_eq!(shop.got(&record).at("/data/values/empty"), Value::Null);
    assert_eq!(shop.got(&record).at("/data/version"), 2, "a field without a default changes no record");
}

#[test]
fn fields_are_moved_and_the_first_one_is_primary() {
    let shop = Shop::open();
    let table = shop.table(
        "ordered",
        json!([{"name": "a", "type": "string"}, {"name": "b", "type": "string"}, {"name": "c", "type": "string"}]),
    );
    for (field, position, order) in
        [("c", 0, ["c", "a", "b"]), ("c", 1, ["a", "c", "b"]), ("a", 50, ["c", "b", "a"])]
    {
        let moved = shop.ask("PATCH", &format!("{table}/fields/{field}"), json!({"position": position}));
        assert_eq!((moved.status, moved.at("/primary")), (200, json!(position == 0)), "{moved:?}");
        assert_eq!(names(&shop, &table), order);
        assert_eq!(shop.got(&table).at("/fields/0/primary"), true);
        assert_eq!(shop.got(&table).at("/fields/1/primary"), false);
    }
    let page = shop.got(&format!("{table}/fields?limit=2"));
    let rest = shop.got(&format!("{table}/fields?cursor={}", page.text("/nextCursor")));
    assert_eq!((rest.at("/fields/0/name"), rest.at("/fields/0/primary")), (json!("a"), json!(false)));
    for gone in ["c", "b"] {
        assert_eq!(shop.ask("DELETE", &format!("{table}/fields/{gone}"), Value::Null).status, 204);
    }
    assert_eq!(shop.got(&table).at("/fields/0/primary"), true, "the next one is");
    let last = shop.ask("DELETE", &format!("{table}/fields/a"), Value::Null);
    assert_eq!(last.status, 422, "a table keeps its last field: {last:?}");
    assert_eq!(names(&shop, &table), ["a"]);
    for method in ["GET", "DELETE"] {
        for unknown in ["b", &nothing("fld"), &shop.table, "A"] {
            let answer = shop.ask(method, &format!("{table}/fields/{unknown}"), Value::Null);
            refused(&answer, unknown, 404, "field_not_found", &[]);
        }
    }
}

#[test]
fn the_values_of_a_deleted_field_are_gone() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune", "isbn": "1", "pages": 3}));
    let record = shop.path(&format!("/records/{id}"));
    for field in ["isbn", "pages"] {
        assert_eq!(shop.ask("DELETE", &shop.path(&format!("/fields/{field}")), Value::Null).status, 204);
        assert!(shop.got(&record).at("/data/values").get(field).is_none());
        refused(
            &shop.ask("PATCH", &record, json!({"values": {field: null}})),
            "it is unknown now",
            422,
            "invalid_input",
            &[&format!("/values/{field} unknown_field")],
        );
    }
    shop.made(&shop.path("/fields"), json!({"name": "isbn", "type": "string", "unique": true}));
    shop.made(&shop.path("/fields"), json!({"name": "pages", "type": "number"}));
    let values = shop.got(&record).at("/data/values");
    assert_eq!((&values["isbn"], &values["pages"]), (&Value::Null, &Value::Null), "a new field is empty");
    let other = shop.record(json!({"title": "Emma", "isbn": "1"}));
    refused(
        &shop.ask("PATCH", &record, json!({"values": {"isbn": "1"}})),
        "unique again",
        409,
        "value_taken",
        &["/values/isbn value_taken"],
    );
    assert_eq!(shop.got(&shop.path(&format!("/records/{other}"))).at("/data/values/isbn"), "1");
}
