//! The judge is judged: on pairs of documents that are made up, and on the real one with each of its facts taken away.

use serde_json::{Value, json};

use crate::judge::breaks;
use crate::surface::{Surface, of};

/// A small API: a thing is made and answered.
fn document() -> Value {
    json!({
        "paths": {"/things/{id}": {"post": {
            "operationId": "thingCreate",
            "security": [{"token": ["write"]}, {"session": []}],
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 9}},
                {"name": "keys", "in": "query", "schema": {"type": "string", "enum": ["name", "id"]}}
            ],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}},
            "responses": {
                "201": {
                    "headers": {"Location": {"schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                },
                "404": {"content": {"application/problem+json": {"schema": {"type": "object"}}}}
            }
        }}},
        "components": {"schemas": {
            "New": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 9},
                    "color": {"type": ["string", "null"], "enum": ["red", "blue", null]},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
                }
            },
            "Part": {"type": "object", "properties": {"size": {"type": "number"}}},
            "Thing": {
                "type": "object",
                "required": ["name", "kind"],
                "properties": {
                    "name": {"type": "string"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "count": {"type": "integer"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
                }
            }
        }}
    })
}

const OPERATION: &str = "/paths/~1things~1{id}/post";
const SCHEMAS: &str = "/components/schemas";

/// The document with one place set, or taken out by `null`.
fn with(pointer: &str, to: Value) -> Surface {
    let mut document = document();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap_or_else(|| panic!("{pointer} leads nowhere"));
    let name = name.replace("~1", "/");
    match (parent, to) {
        (Value::Object(members), Value::Null) => drop(members.remove(&name).unwrap()),
        (Value::Object(members), to) => drop(members.insert(name, to)),
        (Value::Array(items), to) if name == "-" => items.push(to),
        (Value::Array(items), Value::Null) => drop(items.remove(name.parse().unwrap())),
        (Value::Array(items), to) => items[name.parse::<usize>().unwrap()] = to,
        _ => panic!("{pointer} is in no container"),
    }
    of(&document)
}

/// What the judge says of changes; the second column is a part of the line that it has to say, or nothing.
fn check(prefix: &str, cases: &[(&str, Value, Option<&str>)]) {
    let old = of(&document());
    for (place, to, expected) in cases {
        let new = with(&format!("{prefix}{place}"), to.clone());
        assert_ne!(old, new, "{place} to {to} is no change");
        let found = breaks(&old, &new);
        match expected {
            Some(part) => assert!(
                !found.is_empty() && found.iter().all(|line| line.contains(part)),
                "{place} to {to}: {found:#?}"
            ),
            None => assert!(found.is_empty(), "{place} to {to}: {found:#?}"),
        }
    }
}

#[test]
fn nothing_is_no_break() {
    assert_eq!(breaks(&of(&document()), &of(&document())), Vec::<String>::new());
}

#[test]
fn changes_of_an_operation() {
    let parameter = |required: bool| json!({"name": "x", "in": "query", "required": required, "schema": {"type": "string"}});
    check(
        OPERATION,
        &[
            ("/operationId", json!("thingMake"), Some("thingCreate")),
            ("/security", json!([{"token": ["all"]}, {"session": []}]), Some("credentials")),
            ("/security", json!([{"session": []}]), Some("credentials")),
            ("/security", json!([{"token": ["write"]}, {"session": []}, {"key": []}]), None),
            ("/security", json!([]), None),
            ("/parameters/1", Value::Null, Some("gone")),
            ("/parameters/-", parameter(true), Some("has to be sent")),
            ("/parameters/-", parameter(false), None),
            ("/parameters/1/required", json!(true), Some("has to be sent")),
            ("/parameters/1/schema/type", json!("string"), Some("another type")),
            ("/parameters/1/schema/maximum", json!(8), Some("a tighter bound")),
            ("/parameters/1/schema/maximum", json!(10), None),
            ("/parameters/1/schema/minimum", json!(2), Some("a tighter bound")),
            ("/parameters/1/schema/minimum", json!(0), None),
            ("/parameters/1/schema/maximum", Value::Null, None),
            ("/parameters/0/schema/minLength", json!(3), Some("a tighter bound")),
            ("/parameters/2/schema/enum", json!(["name"]), Some("fewer choices")),
            ("/parameters/2/schema/enum", json!(["name", "id", "both"]), None),
            ("/parameters/0/schema/enum", json!(["name"]), Some("fewer choices")),
            ("/requestBody", Value::Null, Some("gone")),
            ("/requestBody/required", json!(true), Some("has to be sent")),
            ("/responses/404", Value::Null, Some("gone")),
            ("/responses/409", json!({"content": {}}), None),
            ("/responses/202", json!({"content": {}}), Some("a success that clients do not know")),
            ("/responses/201/headers/Location", Value::Null, Some("gone")),
            ("/responses/201/headers/ETag", json!({"schema": {"type": "string"}}), None),
            (
                "/responses/404/content/application~1problem+json/schema/type",
                json!("array"),
                Some("another type"),
            ),
        ],
    );
    check("/paths", &[("/~1things~1{id}", Value::Null, Some("gone"))]);
    check(
        "/paths",
        &[("/~1others", json!({"get": {"operationId": "otherList", "parameters": [parameter(true)]}}), None)],
    );
}

#[test]
fn changes_of_what_is_sent() {
    check(
        &format!("{SCHEMAS}/New"),
        &[
            ("/properties/name", Value::Null, Some("gone")),
            ("/properties/more", json!({"type": "string"}), None),
            ("/required", json!(["name", "color"]), Some("has to be sent")),
            ("/required", json!([]), None),
            ("/properties/name/type", json!("number"), Some("another type")),
            ("/properties/name/type", json!(["string", "number"]), None),
            ("/properties/name/format", json!("date"), Some("another type")),
            ("/properties/name/maxLength", json!(8), Some("a tighter bound")),
            ("/properties/name/maxLength", json!(10), None),
            ("/properties/name/pattern", json!("a"), Some("a tighter bound")),
            ("/properties/color/type", json!(["string"]), Some("another type")),
            ("/properties/color/enum", json!(["red", null]), Some("fewer choices")),
            ("/properties/color/enum", json!(["red", "green", "blue", null]), None),
            ("/properties/parts/items", json!({"type": "string"}), Some("")),
            ("/properties/parts/maxItems", json!(3), Some("a tighter bound")),
        ],
    );
    let mut both = document();
    both["components"]["schemas"]["New"]["properties"]["more"] = json!({"type": "string"});
    both["components"]["schemas"]["New"]["required"] = json!(["name", "more"]);
    assert_eq!(breaks(&of(&document()), &of(&both)), ["sent New.more: has to be sent"]);
}

#[test]
fn changes_of_what_is_answered() {
    check(
        &format!("{SCHEMAS}/Thing"),
        &[
            ("/properties/count", Value::Null, Some("gone")),
            ("/properties/more", json!({"type": "string"}), None),
            ("/required", json!(["name"]), Some("may be missing")),
            ("/required", json!(["name", "kind", "count"]), None),
            ("/properties/count/type", json!("number"), Some("another type")),
            ("/properties/count/type", json!(["integer", "null"]), Some("another type")),
            ("/properties/kind/enum", json!(["a", "b", "c"]), None),
            ("/properties/kind/enum", json!(["a"]), None),
        ],
    );
    // What says nothing to clients is no fact at all.
    assert_eq!(of(&document()), with(&format!("{SCHEMAS}/Thing/properties/name/maxLength"), json!(3)));
}

/// What is sent and answered both is judged as both.
#[test]
fn a_schema_that_goes_both_ways_may_change_in_neither() {
    let part = |of: Value| breaks(&of_document(&of), &of_document(&json!({"type": "number"})));
    assert_eq!(
        part(json!({"type": ["number", "null"]})),
        ["sent Part.size: another type: optional null | number -> optional number"]
    );
    let widened =
        breaks(&of_document(&json!({"type": "number"})), &of_document(&json!({"type": ["number", "null"]})));
    assert_eq!(widened, ["answered Part.size: another type: optional number -> optional null | number"]);
}

fn of_document(size: &Value) -> Surface {
    with(&format!("{SCHEMAS}/Part/properties/size"), size.clone())
}

/// Every fact of the real document counts: it is missed when it is gone.
#[test]
fn no_fact_can_go_unseen() {
    let now = crate::now();
    for at in now.keys() {
        let mut less = now.clone();
        less.remove(at);
        assert!(!breaks(&now, &less).is_empty(), "{at} can go unseen");
    }
}
