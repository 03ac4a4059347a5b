//! A document as a whole: its references, names, examples.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{SPACE, body_schema, document, operation, operation_ids, operations, schema, shop, table};

fn walk(value: &Value, each: &mut dyn FnMut(&Value)) {
    each(value);
    match value {
        Value::Object(members) => members.values().for_each(|inner| walk(inner, each)),
        Value::Array(items) => items.iter().for_each(|inner| walk(inner, each)),
        _ => {}
    }
}

/// What holds for every document.
pub fn assert_sound(document: &Value) {
    assert_eq!(document["openapi"], "3.1.0");
    walk(document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(schema::resolved(document, reference).is_some(), "{reference} leads nowhere");
        }
        assert!(value.get("enum").and_then(Value::as_array).is_none_or(|list| !list.is_empty()), "{value}");
        if let Some(names) = value.get("x-enum-varnames").and_then(Value::as_array) {
            let apart: BTreeSet<_> = names.iter().map(|name| name.to_string().replace('_', "")).collect();
            assert_eq!(apart.len(), names.len(), "{value}");
            assert_eq!(Some(names.len()), value["enum"].as_array().map(Vec::len), "{value}");
        }
    });
    let mut titles = BTreeSet::new();
    walk(&document["components"], &mut |value| {
        if let (Some("object"), Some(title)) = (value["type"].as_str(), value["title"].as_str()) {
            assert!(titles.insert(title.to_owned()), "{title}: generators make one type of each");
        }
    });
    let operations = operations(document);
    assert_eq!(operation_ids(document).len(), operations.len(), "operation ids are unique");
    let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert_eq!(
        tags.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(),
        tags.len(),
        "tags are unique: {tags:?}"
    );
    for (method, path, operation) in &operations {
        let id = &operation["operationId"];
        assert!(tags.contains(&&operation["tags"][0]), "{id}: {}", operation["tags"]);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            assert!(
                parameter["in"] != "path" || path.contains(&format!("{{{name}}}")),
                "{method} {path}: {name}"
            );
        }
        if !path.contains("/records") {
            continue;
        }
        assert!(!path.contains("{base}") && !path.contains("{table}"), "{path}");
        if let Some(body) = operation.get("requestBody") {
            let example = &body["content"]["application/json"]["example"];
            let faults = schema::faults(document, body_schema(operation), example);
            assert!(faults.is_empty(), "{id}: {example}: {faults:#?}");
        }
    }
}

#[test]
fn the_shop_as_a_document() {
    let shop = shop();
    let document = document(&shop.server, &shop.token, SPACE);
    assert_sound(&document);
    if let Some(path) = std::env::var_os("UNDB_TYPED_OUT") {
        std::fs::write(path, document.to_string()).unwrap();
    }
    let ids = operation_ids(&document);
    for suffix in [
        "List",
        "Create",
        "Get",
        "Update",
        "Delete",
        "Duplicate",
        "Query",
        "Aggregate",
        "CreateBulk",
        "UpdateBulk",
        "Upsert",
        "DeleteBulk",
        "DuplicateBulk",
    ] {
        assert!(ids.contains(&format!("books{suffix}")), "{suffix}: {ids:?}");
    }
    for other in ["ownTokenGet", "ownSpaceGet", "tableList", "fieldUpdate", "tokenCreate"] {
        assert!(ids.contains(other), "{other}: {ids:?}");
    }
    let record = &document["components"]["schemas"]["Books"];
    assert_eq!(record["properties"]["values"]["$ref"], "#/components/schemas/BooksValues");
    let create = &document["components"]["schemas"]["BooksCreateValues"];
    assert_eq!(create["required"], json!(["title"]));
    assert_eq!(create["additionalProperties"], false);
    assert!(create["properties"].get("number").is_none() && create["properties"].get("made").is_none());
    let genre = &create["properties"]["genre"]["anyOf"];
    assert_eq!(genre[0]["enum"], json!(["novel", "poetry", "essay"]));
    assert_eq!(genre[0]["x-enum-varnames"], json!(["NOVEL", "POETRY", "ESSAY"]));
    assert_eq!(genre[1]["type"], "null");
    let shelf = &create["properties"]["shelf"];
    assert!(shelf.get("default").is_none() && shelf["description"].as_str().unwrap().contains("`\"A1\"`"));
    assert!(document["components"]["schemas"]["BooksQuery"]["properties"]["limit"].get("default").is_none());
    let by_value = &document["components"]["schemas"]["BooksUpsertByValue"]["properties"];
    assert_eq!(by_value["records"]["items"]["properties"]["values"]["required"], json!(["isbn"]));
    let (_, _, create_one) = operation(&document, "booksCreate");
    let example = &create_one["requestBody"]["content"]["application/json"]["example"]["values"];
    assert!(example.get("isbn").is_none(), "which would make one record and no second one: {example}");
    assert!(create_one["responses"]["201"]["headers"].get("ETag").is_some());
    let group = &document["components"]["schemas"]["BooksGroup"]["properties"]["group"]["properties"];
    assert_eq!(group["pages"]["type"], json!(["number", "null"]));
    let values = &document["components"]["schemas"]["BooksValues"];
    assert_eq!(values["properties"]["number"]["readOnly"], true);
    assert_eq!(values["properties"]["title"]["type"], "string");
    assert_eq!(values["properties"]["isbn"]["type"], json!(["string", "null"]));
    let update = &document["components"]["schemas"]["BooksUpdateValues"];
    assert!(update.get("required").is_none() && update.get("minProperties").is_none());
}

#[test]
fn one_table_as_a_document_and_as_a_schema() {
    let shop = shop();
    table(&shop, "other", &json!([{"name": "a", "type": "string"}]));
    let one = document(&shop.server, &shop.token, &shop.path("/openapi.json"));
    assert_sound(&one);
    assert!(operation_ids(&one).iter().all(|id| id.starts_with("books")), "{:?}", operation_ids(&one));
    let answer = shop.server.get(&shop.path("/schema.json")).token(&shop.token).send();
    assert_eq!(answer.header("content-type"), Some("application/schema+json"));
    let values = answer.json();
    assert_eq!(values["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(values["$id"], shop.path("/schema.json"));
    assert_eq!(values["required"], json!(["title"]));
    assert_eq!(values["properties"]["made"]["readOnly"], true);
    shop.record(json!({"title": "Dune", "tags": ["new"], "extra": {"a": [1]}}));
    let record = shop.server.get(&shop.path("/records")).token(&shop.token).send().at("/records/0/values");
    let faults = schema::faults(&json!({}), &values, &record);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn names_that_are_hard_to_write_stay_whole() {
    let shop = shop();
    let fields = json!([
        {"name": "a \"b\" ⟦name⟧ \\ {c}", "type": "string", "required": true, "unique": true},
        {"name": "⟦=values⟧", "type": "select", "options": {"choices": [{"name": "⟦Name⟧ \"x\""}]}},
        {"name": "$ref", "type": "json", "description": "⟦tag⟧ \"quoted\""},
        {"name": "example", "type": "number"},
        {"name": "empty", "type": "select", "options": {"choices": []}},
        {"name": "empties", "type": "select", "required": true, "options": {"multiple": true, "choices": []}}
    ]);
    table(&shop, "⟦=values⟧ \"q\" \\", &fields);
    let document = document(&shop.server, &shop.token, SPACE);
    let create = &document["components"]["schemas"]["ValuesQCreateValues"]["properties"];
    for field in fields.as_array().unwrap() {
        assert!(create.get(field["name"].as_str().unwrap()).is_some(), "{field}: {create}");
    }
    assert_eq!(create["⟦=values⟧"]["anyOf"][0]["enum"][0], "⟦Name⟧ \"x\"");
    assert_eq!(create["empty"]["type"], "null");
    let (_, _, create) = operation(&document, "valuesQCreate");
    let example = &create["requestBody"]["content"]["application/json"]["example"]["values"];
    assert!(example.is_object() && example.get("empties").is_none(), "{example}");
}

#[test]
fn names_that_programs_would_write_alike_are_told_apart() {
    let shop = shop();
    let choices = json!({"choices": [{"name": "a b"}, {"name": "a_b"}]});
    let fields = json!([
        {"name": "first name", "type": "string"},
        {"name": "first_name", "type": "string", "unique": true},
        {"name": "firstName", "type": "number", "unique": true},
        {"name": "kind", "type": "select", "options": choices}
    ]);
    table(&shop, "people", &fields);
    let document = document(&shop.server, &shop.token, SPACE);
    assert_sound(&document);
    if let Some(path) = std::env::var_os("UNDB_TYPED_ALIKE_OUT") {
        std::fs::write(path, document.to_string()).unwrap();
    }
    let sorts = &document["components"]["schemas"]["PeopleQuery"]["properties"]["sort"]["items"];
    let place = sorts["enum"].as_array().unwrap().iter().position(|name| name == "-id").unwrap();
    assert_eq!(sorts["x-enum-varnames"][place], "ID_DESC");
}

/// The server takes addresses as browsers do, which RFC 3987 does not all take: it can promise that an IRI is taken, and not
/// that one is answered.
#[test]
fn an_address_need_not_be_an_iri_in_answers() {
    let shop = shop();
    let fields = json!([{"name": "name", "type": "string"}, {"name": "page", "type": "url"}]);
    let path = format!("/api/openapi/bases/{}/tables/{}/records", shop.base, table(&shop, "Links", &fields));
    let values = json!({"page": "https://example.com/?q=a|b"});
    let made = shop.server.post(&path).token(&shop.token);
    assert_eq!(made.json(json!({"values": values})).send().status, 201);
    let schemas = document(&shop.server, &shop.token, SPACE)["components"]["schemas"].clone();
    let format = |of: &str| schemas[of]["properties"]["page"]["format"].clone();
    assert_eq!(format("LinksCreateValues"), "iri");
    assert_eq!(format("LinksValues"), Value::Null);
}
