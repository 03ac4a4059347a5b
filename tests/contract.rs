//! The API document against the server: it is current, it is whole, its examples work on the demo, and what the server
//! answers is what it says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

#[path = "harness/calls.rs"]
mod calls;
mod harness;
#[path = "harness/schema.rs"]
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calls::{Needs, Operation, Place, Row, escaped, matched, operations};
use harness::{Answer, Request, Server, Setup};
use serde_json::{Value, json};
use undb::access::Operator;
use undb::error::Code;
use undb::http::openapi::{document_json, document_yaml};
use undb::kv::memory::Memory;
use undb::service::{demo, token};

fn document() -> Value {
    serde_json::from_str(&document_json()).unwrap()
}

#[test]
fn the_file_is_current() {
    let file =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).unwrap_or_default();
    assert!(
        file == document_yaml(),
        "openapi.yaml is stale; refresh it with: cargo run -q -- openapi --format yaml > openapi.yaml"
    );
}

#[test]
fn readers_of_yaml_1_1_see_the_same_document() {
    for line in document_yaml().lines() {
        let text = line.trim_start_matches([' ', '-']).trim_end_matches(':');
        let bare = text.split(": ").find(|word| ["on", "off", "yes", "no", "y", "n"].contains(word));
        assert!(bare.is_none(), "read as true or false: {line}");
    }
}

/// All objects and arrays within a value, with where they stand.
fn walk(value: &Value, at: &str, each: &mut dyn FnMut(&str, &Value)) {
    each(at, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, inner)| walk(inner, &format!("{at}/{name}"), each));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, inner)| walk(inner, &format!("{at}/{n}"), each));
        }
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |at, value| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        assert!(schema::resolved(&document, reference).is_some(), "{at}: {reference} leads nowhere");
        used.insert(reference.rsplit('/').next().unwrap().to_owned());
    });
    let unused: Vec<_> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !used.contains(*name))
        .collect();
    assert!(unused.is_empty(), "schemas that nothing refers to: {unused:?}");
}

#[test]
fn every_operation_is_described() {
    let document = document();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone().to_string()).collect();
    let operations = operations(&document);
    let ids: BTreeSet<_> = operations.iter().map(|operation| &operation.id).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");
    for Operation { id, path, document: operation, .. } in &operations {
        let text = |name: &str| operation[name].as_str().unwrap_or_default();
        assert!(!text("summary").is_empty() && text("summary").len() < 60, "{id}: summary");
        assert!(text("description").len() > 40, "{id}: description");
        let own = operation["tags"].as_array().unwrap();
        assert!(own.len() == 1 && tags.contains(&own[0].to_string()), "{id}: tag");
        assert!(operation["security"].is_array(), "{id}: security");
        parameters_are_whole(id, path, operation);
        responses_are_whole(id, operation);
        if let Some(body) = operation.get("requestBody") {
            let content = &body["content"]["application/json"];
            let example = content.get("example").unwrap_or_else(|| panic!("{id}: the body has no example"));
            let faults = schema::faults(&document, &content["schema"], example);
            assert!(faults.is_empty(), "{id}: the example of the body: {faults:#?}");
        }
    }
}

fn parameters_are_whole(id: &str, path: &str, operation: &Value) {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let of_path: BTreeSet<_> =
        path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
    let mut declared = BTreeSet::new();
    for parameter in &parameters {
        let name = parameter["name"].as_str().unwrap();
        assert!(
            parameter["description"].is_string() && parameter["schema"]["type"].is_string(),
            "{id}: {name}"
        );
        if parameter["in"] == "path" {
            assert_eq!(parameter["required"], true, "{id}: {name}");
            declared.insert(name);
        } else {
            // Swagger UI would send it.
            assert!(parameter.get("example").is_none(), "{id}: {name} has an example");
        }
    }
    assert_eq!(declared, of_path, "{id}: parameters of the path");
}

fn responses_are_whole(id: &str, operation: &Value) {
    let responses = operation["responses"].as_object().unwrap();
    assert!(responses.keys().any(|status| status.starts_with('2')), "{id}: no success");
    for (status, response) in responses {
        assert!(
            response["description"].as_str().is_some_and(|text| !text.is_empty()),
            "{id} {status}: description"
        );
        let content = response["content"].as_object();
        if ["204", "304"].contains(&status.as_str()) {
            assert!(content.is_none_or(serde_json::Map::is_empty), "{id} {status} has no content");
        } else {
            let content = content.unwrap_or_else(|| panic!("{id} {status}: no content"));
            assert!(content.values().all(|of| of.get("schema").is_some()), "{id} {status}: schema");
        }
    }
}

#[test]
fn every_code_has_a_page() {
    let server = Server::start();
    let list = server.get("/errors/").send();
    for code in Code::ALL {
        let page = server.get(&format!("/errors/{}", code.name())).send();
        let text = String::from_utf8(page.bytes.clone()).unwrap();
        assert_eq!(page.status, 200);
        assert!(text.contains(code.name()) && text.contains(&code.status().to_string()));
        assert!(String::from_utf8_lossy(&list.bytes).contains(&format!("/errors/{}", code.name())));
    }
    assert_eq!(server.get("/errors/no_such_code").send().code(), "path_not_found");
    assert_eq!(server.get("/api/openapi.yaml").send().bytes, document_yaml().into_bytes());
}

/// The demo, and a token of every scope for it.
struct Demo {
    server: Server,
    token: String,
    /// The id of that token, which examples of paths do not have.
    token_id: String,
}

impl Demo {
    fn start() -> Demo {
        let server = Server::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (core, operator) = (server.core.clone(), Operator::assume());
        let (token, token_id) = runtime.block_on(async move {
            demo::demo_create(&core, operator, &|_, _| ()).await.unwrap();
            let space = demo::demo_space(&core, operator).await.unwrap().unwrap().id;
            let secret = demo::demo_token(&core, operator, space).await.unwrap();
            let (tokens, _) = token::token_list(&core, operator.space(space), None, 10).await.unwrap();
            (secret.reveal().to_owned(), tokens[0].token.id.to_string())
        });
        Demo { server, token, token_id }
    }

    /// The path with the examples of its parameters.
    fn path(&self, operation: &Operation) -> String {
        let mut path = operation.path.clone();
        for parameter in operation.document["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "path" {
                let name = parameter["name"].as_str().unwrap();
                let example = parameter["example"].as_str().map_or_else(|| self.token_id.clone(), escaped);
                path = path.replace(&format!("{{{name}}}"), &example);
            }
        }
        path
    }

    fn request(&self, operation: &Operation, row: &Row) -> Request<'_> {
        let query = if operation.id == "spaceDelete" { "?confirm=Demo" } else { row.query };
        let request = self.server.request(&operation.method, &(self.path(operation) + query));
        match example(operation) {
            Some(example) => request.json(example.clone()),
            None => request,
        }
    }
}

fn example(operation: &Operation) -> Option<&Value> {
    operation.document.pointer("/requestBody/content/application~1json/example")
}

/// What the answers of a run have to agree with.
struct Judge {
    document: Value,
    /// Statuses seen, by operation.
    seen: BTreeMap<String, BTreeSet<u16>>,
}

impl Judge {
    fn judge(&mut self, operation: &Operation, answer: &Answer) {
        let id = &operation.id;
        self.seen.entry(id.clone()).or_default().insert(answer.status);
        let response = operation.document["responses"].get(answer.status.to_string());
        let response = response.unwrap_or_else(|| panic!("{id} does not document this: {answer:?}"));
        let Some(content) = response.get("content").and_then(Value::as_object).filter(|of| !of.is_empty())
        else {
            return assert!(answer.bytes.is_empty(), "{id}: {answer:?}");
        };
        let of_type = answer.header("content-type").unwrap();
        let found = content.iter().find(|(documented, _)| of_type.starts_with(documented.as_str()));
        let (_, of) = found.unwrap_or_else(|| panic!("{id} does not document {of_type}: {answer:?}"));
        if of_type.contains("json") {
            let value = answer.json();
            let faults = schema::faults(&self.document, &of["schema"], &value);
            // A document is any JSON.
            let document = ["documentJsonGet", "spaceDocumentGet", "tableDocumentGet", "tableSchemaGet"];
            assert!(
                faults.is_empty() || document.contains(&id.as_str()),
                "{id} {}: {faults:#?}\n{answer:?}",
                answer.status
            );
        }
        for name in response["headers"].as_object().into_iter().flatten().map(|(name, _)| name) {
            let there = answer.header(name).is_some();
            assert!(there, "{id} {} documents the header {name}: {answer:?}", answer.status);
        }
    }
}

#[test]
fn examples_work_on_the_demo_and_answers_are_as_documented() {
    let document = document();
    let rows = matched(&document);
    let mut judge = Judge { document, seen: BTreeMap::new() };
    let shared = Demo::start();
    for (operation, row) in &rows {
        good_ones(&mut judge, &shared, operation, row);
    }
    for (operation, row) in &rows {
        bad_ones(&mut judge, &shared, operation, row);
    }
    let statuses: usize = judge.seen.values().map(BTreeSet::len).sum();
    println!("{} operations, {statuses} pairs of operation and status seen, all documented", rows.len());
    assert!(statuses > 200);
}

/// The example of each operation, on things of its own where it changes them.
fn good_ones(judge: &mut Judge, shared: &Demo, operation: &Operation, row: &Row) {
    if row.needs == Needs::Session || operation.id.starts_with("auth") {
        // Not for a token: the example of a body is judged by its schema alone.
        return;
    }
    let own = operation.writes().then(Demo::start);
    let demo = own.as_ref().unwrap_or(shared);
    let answer = demo.request(operation, row).token(&demo.token).send();
    assert_eq!(answer.status, row.good, "{}: {answer:?}", operation.id);
    judge.judge(operation, &answer);
    let takes = |name: &str| {
        operation.document["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|parameter| parameter["name"] == name)
    };
    let path = demo.path(operation);
    let with = |query: &str| match example(operation) {
        Some(example) => {
            demo.server.request(&operation.method, &(path.clone() + query)).json(example.clone())
        }
        None => demo.server.request(&operation.method, &(path.clone() + query)),
    };
    for (name, query) in
        [("limit", "?limit=1"), ("keys", "?keys=id"), ("fields", "?fields=name"), ("total", "?total=false")]
    {
        if takes(name) && !operation.writes() {
            judge.judge(operation, &with(query).token(&demo.token).send());
        }
    }
    if takes("dryRun") {
        let fresh = Demo::start();
        let mut request = fresh.server.request(&operation.method, &(fresh.path(operation) + "?dryRun=true"));
        if let Some(example) = example(operation) {
            request = request.json(example.clone());
        }
        let answer = request.token(&fresh.token).send();
        assert_eq!((answer.status, answer.at("/dryRun")), (200, json!(true)), "{}: {answer:?}", operation.id);
        judge.judge(operation, &answer);
    }
    if takes("If-None-Match") {
        judge.judge(operation, &with("").token(&demo.token).header("if-none-match", "*").send());
    }
}

/// Requests that are refused, each in its own way.
fn bad_ones(judge: &mut Judge, demo: &Demo, operation: &Operation, row: &Row) {
    let path = demo.path(operation);
    let ask = |path: &str| demo.server.request(&operation.method, path);
    let mut answers = vec![
        ask(&path).send(),
        ask(&format!("{path}?no=1")).token(&demo.token).send(),
        ask(&path).token(&demo.token).header("x-undb-space", "nowhere").send(),
    ];
    for part in ["/Demo", "/CRM", "/Contacts", "/notes", demo::CONTACT_ID, &demo.token_id] {
        if path.contains(part) {
            answers
                .push(demo.request_at(operation, &path.replace(part, "/nothing")).token(&demo.token).send());
        }
    }
    if operation.has_body() {
        for (of_type, body) in [
            ("application/json", "{"),
            ("text/plain", "x"),
            ("application/json", "{\"x\":1}"),
            ("application/json", "[]"),
        ] {
            answers.push(ask(&path).token(&demo.token).raw(of_type, body.into()).send());
        }
        let large = vec![b' '; (16 << 20) + 1];
        answers.push(ask(&path).token(&demo.token).raw("application/json", large).send());
    }
    if operation.writes() {
        answers.push(ask(&path).token(&demo.token).header("idempotency-key", "with spaces in it").send());
    }
    if matches!(operation.id.as_str(), "recordUpdate" | "recordDelete") {
        let request = demo.request_at(operation, &path).token(&demo.token).header("if-match", "\"99\"");
        answers.push(request.send());
    }
    if row.place == Place::Nowhere || !operation.writes() {
        answers.push(demo.request_at(operation, &path).token(&demo.token).send());
    }
    for answer in answers {
        judge.judge(operation, &answer);
    }
}

impl Demo {
    /// The example of an operation, at another path.
    fn request_at(&self, operation: &Operation, path: &str) -> Request<'_> {
        let request = self.server.request(&operation.method, path);
        match example(operation) {
            Some(example) => request.json(example.clone()),
            None => request,
        }
    }
}
