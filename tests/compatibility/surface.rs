//! What clients can rely on of an OpenAPI document, one line a fact.
//!
//! A line is `kind place: what`. Places are ids of operations, and names of schemas with the way to a member. A schema is
//! listed as *sent* if a request has it and as *answered* if an answer has it, since what breaks a client differs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Facts by kind and place.
pub type Surface = BTreeMap<String, String>;

const SCHEMAS: &str = "#/components/schemas/";

/// Keywords that narrow what may be sent. Of what is answered they say nothing that clients rely on.
const BOUNDS: [&str; 10] = [
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "uniqueItems",
];

/// The lines of a listing; those that begin with `#` are for people.
pub fn read(listing: &str) -> Surface {
    let lines = listing.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split_once(": ").unwrap()).map(|(at, what)| (at.into(), what.into())).collect()
}

/// The surface of a document.
pub fn of(document: &Value) -> Surface {
    let mut listing =
        Listing { document, surface: Surface::new(), sent: BTreeSet::new(), answered: BTreeSet::new() };
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods).filter(|(method, _)| *method != "parameters") {
            listing.operation(&format!("{} {path}", method.to_uppercase()), operation);
        }
    }
    listing.schemas();
    listing.surface
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn need(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}

/// What a list of types or choices says, in an order of its own.
fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" | ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Sent,
    Answered,
}

struct Listing<'d> {
    document: &'d Value,
    surface: Surface,
    /// Schemas that requests have, and that answers have.
    sent: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Listing<'_> {
    fn put(&mut self, at: String, what: impl Into<String>) {
        self.surface.insert(at, what.into());
    }

    fn operation(&mut self, address: &str, operation: &Value) {
        let id = operation["operationId"].as_str().unwrap();
        self.put(format!("operation {id}"), address);
        let ways = items(&operation["security"]).flat_map(members).map(|(scheme, scopes)| {
            let scopes: Vec<_> = items(scopes).filter_map(Value::as_str).collect();
            format!("{scheme}({})", scopes.join(" "))
        });
        self.put(format!("credentials {id}"), joined(ways));
        for parameter in items(&operation["parameters"]) {
            let (place, name) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
            let of = self.types(&parameter["schema"], Way::Sent);
            let need = need(parameter["required"] == true);
            self.put(format!("parameter {id} {place} {name}"), format!("{need} {of}"));
        }
        let body = &operation["requestBody"];
        for (media, content) in members(&body["content"]) {
            let of = self.types(&content["schema"], Way::Sent);
            self.put(format!("body {id} {media}"), format!("{} {of}", need(body["required"] == true)));
        }
        for (status, response) in members(&operation["responses"]) {
            self.put(format!("answer {id} {status}"), "is answered");
            for (media, content) in members(&response["content"]) {
                let of = self.types(&content["schema"], Way::Answered);
                self.put(format!("content {id} {status} {media}"), of);
            }
            for (name, header) in members(&response["headers"]) {
                let of = self.types(&header["schema"], Way::Answered);
                self.put(format!("header {id} {status} {name}"), of);
            }
        }
    }

    /// Schemas that are referred to, until no new ones are met.
    fn schemas(&mut self) {
        let mut done = BTreeSet::new();
        loop {
            let sent = self.sent.iter().map(|name| (Way::Sent, name.clone()));
            let answered = self.answered.iter().map(|name| (Way::Answered, name.clone()));
            let next = sent.chain(answered).find(|(way, name)| !done.contains(&(*way as u8, name.clone())));
            let Some((way, name)) = next else { return };
            done.insert((way as u8, name.clone()));
            let schema = &self.document["components"]["schemas"][&name];
            assert!(schema.is_object(), "there is no schema {name}");
            let prefix = if way == Way::Sent { "sent" } else { "answered" };
            let of = self.types(schema, way);
            self.put(format!("{prefix} {name}"), format!("required {of}"));
            self.inside(schema, &format!("{prefix} {name}"), way);
        }
    }

    /// The members of a schema, and those within them.
    fn inside(&mut self, schema: &Value, at: &str, way: Way) {
        for part in ["allOf", "anyOf", "oneOf"].iter().flat_map(|of| items(&schema[*of])) {
            self.inside(part, at, way);
        }
        let required: Vec<_> = items(&schema["required"]).filter_map(Value::as_str).collect();
        for (name, member) in members(&schema["properties"]) {
            self.place(member, &format!("{at}.{name}"), required.contains(&name.as_str()), way);
        }
        for (keyword, mark) in [("items", "[]"), ("additionalProperties", ".*")] {
            if schema[keyword].is_object() {
                self.place(&schema[keyword], &format!("{at}{mark}"), true, way);
            }
        }
    }

    fn place(&mut self, schema: &Value, at: &str, required: bool, way: Way) {
        let of = self.types(schema, way);
        self.put(at.to_owned(), format!("{} {of}", need(required)));
        self.inside(schema, at, way);
    }

    /// Which types a schema takes, then choices and bounds: `null | string enum(a | b) maxLength=255`.
    fn types(&mut self, schema: &Value, way: Way) -> String {
        let mut said = joined(self.alternatives(schema, way).into_iter());
        if !schema["enum"].is_null() {
            let choices = items(&schema["enum"]).map(ToString::to_string);
            said.extend([" enum(", &joined(choices), ")"]);
        }
        for bound in BOUNDS.iter().filter(|bound| way == Way::Sent && !schema[**bound].is_null()) {
            said.extend([" ", bound, "=", &schema[*bound].to_string()]);
        }
        said
    }

    fn alternatives(&mut self, schema: &Value, way: Way) -> Vec<String> {
        if let Some(name) = schema["$ref"].as_str().and_then(|at| at.strip_prefix(SCHEMAS)) {
            let set = if way == Way::Sent { &mut self.sent } else { &mut self.answered };
            set.insert(name.to_owned());
            return vec![name.to_owned()];
        }
        let mut found = Vec::new();
        for part in ["allOf", "anyOf", "oneOf"].iter().flat_map(|of| items(&schema[*of])) {
            found.extend(self.alternatives(part, way));
        }
        let format = schema["format"].as_str().map(|format| format!("({format})")).unwrap_or_default();
        let typed = |of: &Value| match of.as_str() {
            Some("null") => "null".to_owned(),
            Some(name) => format!("{name}{format}"),
            None => "any".to_owned(),
        };
        match &schema["type"] {
            Value::Array(several) => found.extend(several.iter().map(typed)),
            Value::Null if !found.is_empty() => {}
            one => found.push(typed(one)),
        }
        found
    }
}
