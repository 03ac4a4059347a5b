//! Typed documents: what they say, to whom, and whether it is true. A client that sends what the document allows is
//! accepted, and what it forbids is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../harness/schema.rs"]
mod schema;

mod examples;
mod filters;
mod held;
mod names;
mod rights;
mod structure;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use harness::{Answer, Server, Setup, Shop};
use serde_json::{Value, json};
use undb::kv::memory::Memory;

pub const SPACE: &str = "/api/openapi/openapi.json";

pub fn shop() -> Shop {
    Shop::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

/// A document that a token is answered.
pub fn document(server: &Server, token: &str, path: &str) -> Value {
    let answer = server.get(path).token(token).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// A token of the shop's with these scopes.
pub fn token_of(shop: &Shop, scopes: &[&str], more: &Value) -> String {
    let mut body = json!({"name": "t", "scopes": scopes});
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    shop.server.token(&shop.cookie, &shop.space, body).1
}

/// Makes a table in the shop's base: its id.
pub fn table(shop: &Shop, name: &str, fields: &Value) -> String {
    let path = format!("/api/openapi/bases/{}/tables", shop.base);
    let made =
        shop.server.post(&path).token(&shop.token).json(json!({"name": name, "fields": fields})).send();
    assert_eq!(made.status, 201, "{made:?}");
    made.text("/id")
}

/// The operations of a document: method, path, operation.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.push((method.to_uppercase(), path.clone(), operation.clone()));
        }
    }
    found
}

pub fn operation_ids(document: &Value) -> BTreeSet<String> {
    let ids =
        operations(document).into_iter().map(|(_, _, of)| of["operationId"].as_str().unwrap().to_owned());
    ids.collect()
}

/// An operation by its id.
pub fn operation(document: &Value, id: &str) -> (String, String, Value) {
    let found = operations(document).into_iter().find(|(_, _, of)| of["operationId"] == id);
    found.unwrap_or_else(|| panic!("no {id} among {:?}", operation_ids(document)))
}

/// The schema of an operation's body.
pub fn body_schema(operation: &Value) -> &Value {
    &operation["requestBody"]["content"]["application/json"]["schema"]
}

/// Asserts that an answer is as the operation's document says.
pub fn assert_answer(document: &Value, operation: &Value, answer: &Answer) {
    let response = &operation["responses"][answer.status.to_string()];
    let response = match response["$ref"].as_str() {
        Some(reference) => schema::resolved(document, reference).unwrap(),
        None => response,
    };
    assert!(response.is_object(), "not documented: {answer:?}");
    let Some(content) = response["content"].as_object().and_then(|content| content.values().next()) else {
        return;
    };
    let faults = schema::faults(document, &content["schema"], &answer.json());
    assert!(faults.is_empty(), "{faults:#?}\n{answer:?}");
}
