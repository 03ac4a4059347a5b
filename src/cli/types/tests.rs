//! What is printed for a small document with bad names. That all of it compiles is seen by `.ci/openapi/clients.py`.

use serde_json::{Value, json};

use super::Language;
use super::shape::{Type, shapes};
use super::words::{Taken, pascal, snake};

fn document() -> Value {
    json!({"components": {"schemas": {
        "None": {
            "type": "object",
            "description": "A record of None.",
            "required": ["id", "values"],
            "properties": {
                "id": {"type": "string"},
                "values": {"$ref": "#/components/schemas/NoneValues"},
                "displayValues": {"type": "object", "additionalProperties": {"type": "string"}}
            }
        },
        "NoneValues": {
            "type": "object",
            "required": ["a b", "A-B", "type", "kind"],
            "properties": {
                "a b": {"type": ["string", "null"], "description": "Ends a comment: */ and\ngoes on."},
                "A-B": {"type": "number"},
                "type": {"type": "array", "items": {"type": "string", "enum": ["x", "X!"]}},
                "kind": {"type": ["string", "null"], "enum": ["say \"hi\"", "用户", null]},
                "🙂": {},
                "empty": {"type": "null"}
            }
        },
        "NoneUpdate": {"type": "object", "required": ["values"], "properties": {
            "values": {"$ref": "#/components/schemas/NoneUpdateValues"}
        }},
        "NoneUpdateValues": {"type": "object", "properties": {
            "kind": {"type": ["string", "null"], "enum": ["say \"hi\"", "用户", null]},
            "age": {"type": ["integer", "null"]}
        }},
        "Problem": {"type": "object"}
    }}})
}

fn printed(language: Language) -> String {
    language.render(&shapes(&document()))
}

#[test]
fn a_document_becomes_objects_in_order() {
    let objects = shapes(&document());
    let names: Vec<_> = objects.iter().map(|object| object.name.as_str()).collect();
    // Nothing may make one, so there is nothing of it.
    assert_eq!(names, ["NoneValues", "None", "NoneUpdateValues", "NoneUpdate"]);
    let kinds: Vec<_> = objects[0].members.iter().map(|member| (&member.of, member.nullable)).collect();
    assert_eq!(kinds[0], (&Type::Text, true));
    assert_eq!(kinds[4], (&Type::Any, false));
    assert_eq!(kinds[5], (&Type::Null, false));
    assert_eq!(shapes(&json!({})), []);
    assert_eq!(shapes(&json!({"components": {"schemas": {"Problem": {}}}})), []);
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn typescript() {
    has(
        &printed(Language::Typescript),
        &[
            "export interface None {",
            "  \"a b\": string | null;",
            "  \"type\": (\"x\" | \"X!\")[];",
            "  \"kind\": \"say \\\"hi\\\"\" | \"用户\" | null;",
            "  \"🙂\"?: unknown;",
            "  \"displayValues\"?: { [name: string]: string };",
            "   * Ends a comment: *\u{200b}/ and\n   * goes on.",
        ],
    );
}

#[test]
fn python() {
    has(
        &printed(Language::Python),
        &[
            "None_ = typing.TypedDict(\n    \"None_\",",
            "\"a b\": str | None,",
            "\"kind\": typing.Literal[\"say \\\"hi\\\"\", \"用户\"] | None,",
            "\"🙂\": typing.NotRequired[typing.Any],",
            "\"values\": NoneValues,",
            "        # goes on.",
        ],
    );
}

#[test]
fn rust() {
    let text = printed(Language::Rust);
    has(
        &text,
        &[
            "pub struct None_ {",
            "#[serde(rename = \"a b\")]\n    pub a_b: Option<String>,",
            "#[serde(rename = \"A-B\")]\n    pub a_b_: f64,",
            "#[serde(rename = \"type\")]\n    pub type_: Vec<NoneType>,",
            "    #[serde(rename = \"x\")]\n    X,\n    #[serde(rename = \"X!\")]\n    X_,",
            "pub kind: Option<NoneKind>,",
            "#[serde(deserialize_with = \"there\")]\n    pub age: Option<Option<i64>>,",
            "#[derive(Default, Clone, Debug, PartialEq, Serialize, Deserialize)]\npub struct NoneUpdateValues {",
            "fn there<'de,",
        ],
    );
    // The same choices of the same field are one type.
    assert_eq!(text.matches("pub enum").count(), 2);
}

#[test]
fn names_are_words() {
    for (text, snaked, pascaled) in [
        ("first name", "first_name", "FirstName"),
        ("firstName", "first_name", "FirstName"),
        ("2024 Q1", "f2024_q1", "F2024Q1"),
        ("用户", "field", "Field"),
        ("", "field", "Field"),
        ("__proto__", "proto", "Proto"),
    ] {
        assert_eq!((snake(text).as_str(), pascal(text, "Field").as_str()), (snaked, pascaled), "{text}");
    }
    let mut taken = Taken::new(&["type"]);
    let given: Vec<_> = ["type", "type", "type_", "a", "a", "a"].map(|name| taken.give(name)).to_vec();
    assert_eq!(given, ["type_", "type_2", "type__", "a", "a_", "a_2"]);
}
