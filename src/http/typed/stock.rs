//! What typed documents are made of: the operations and schemas of the static document, taken apart once.
//!
//! Operations on records get gaps for the table; what does not depend on it, parameters and failures, is named once for
//! all tables and referred to. All other operations stay as they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::shapes::{OF_UNIQUE, OWN, RENAMED, SCHEMAS, own_ref, retarget, shapes};
use super::stencil::{Stencil, gap, json_gap};
use crate::access::{Narrow, Need};
use crate::http::routes::{Route, routes};
use crate::model::scope::Scopes;
use crate::model::token::Narrowing;

const IN_TABLE: &str = "/api/openapi/bases/{base}/tables/{table}/records";

/// Kinds of things that a client of a space works with. People and the server itself are no part of a space, and a document
/// that describes itself helps no client.
const TAGS: [&str; 5] = ["tables", "fields", "bases", "spaces", "tokens"];

/// Parameters that typed operations do not have: with them answers would be called by ids, or hold parts of records, and
/// be of other types than the document says. Who wants that finds it in the static document.
const UNTYPED: [&str; 2] = ["keys", "fields"];

/// One operation.
pub struct Operation {
    /// In the static document.
    pub id: String,
    pub path: Stencil,
    pub method: String,
    /// Of one that is no table's.
    pub tag: String,
    pub stencil: Stencil,
    /// Schemas that it needs: the table's by what stands behind its identifier, the others by their names.
    pub own: BTreeSet<&'static str>,
    pub shared: BTreeSet<String>,
    need: Need,
    narrow: Narrow,
    path_text: String,
}

impl Operation {
    /// Whether a caller of these rights may call it, in a place that it sees.
    pub fn is_open_to(&self, scopes: Scopes, narrowing: &Narrowing) -> bool {
        let reached = match self.narrow {
            Narrow::Filters => true,
            // A base of which only some tables are reached is not reached as a whole.
            Narrow::Whole => narrowing.tables.is_none() || self.path_text.contains("{table}"),
            Narrow::Never => !narrowing.is_narrow(),
        };
        reached && self.need.is_met(scopes)
    }

    pub fn is_at_path_of(&self, other: &Operation) -> bool {
        self.path_text == other.path_text
    }
}

/// Everything that does not depend on a space.
pub struct Stock {
    /// On the records of a table, in the order of the static document; those of one path stand together.
    pub of_table: Vec<Operation>,
    pub of_space: Vec<Operation>,
    /// A table's schemas by what stands behind its identifier.
    pub shapes: Vec<(&'static str, Stencil)>,
    /// The static document's schemas, as JSON.
    pub schemas: BTreeMap<String, String>,
    /// What every table needs of [`Stock::shapes`], whatever may be done with it: what a record is.
    pub least: BTreeSet<&'static str>,
    pub parameters: String,
    pub responses: String,
    pub security: String,
    pub servers: String,
    /// What is said of the tags, by name.
    pub tags: HashMap<String, String>,
    /// The parameters that name a record and an order.
    pub record_parameter: Value,
    pub sort_parameter: Value,
    /// Names that no table may take.
    pub taken: Vec<String>,
    /// What stands behind a table's identifier: in names of schemas, and in ids of operations.
    pub suffixes: Vec<String>,
}

/// What operations share, while they are taken apart.
#[derive(Default)]
struct Shared {
    parameters: Map<String, Value>,
    responses: Map<String, Value>,
    record: Value,
    sort: Value,
}

impl Stock {
    pub fn make() -> Stock {
        let document = serde_json::to_value(crate::http::openapi::document()).unwrap_or_default();
        let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
        let shapes = shapes(&schemas);
        let links = Links { shapes: &shapes, schemas: &schemas };
        let mut shared = Shared::default();
        let (mut of_table, mut of_space, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for route in routes() {
            let method = route.method.as_str().to_lowercase();
            let Some(operation) =
                document.get("paths").and_then(|paths| paths.get(&route.path)?.get(&method))
            else {
                continue;
            };
            let (Some(id), Some(need)) = (&route.operation.operation_id, route.facts.need) else { continue };
            ids.push(id.clone());
            if route.path.starts_with(IN_TABLE) {
                of_table.push(made(&typed(operation, id, &mut shared), &route, id, need, &links));
            } else if need != Need::Session && tag_of(operation).is_some_and(|tag| TAGS.contains(&tag)) {
                of_space.push(made(&plain(operation), &route, id, need, &links));
            }
        }
        let least = links.reached(&own_ref(""));
        let suffixes = RENAMED.iter().map(|(_, suffix)| (*suffix).to_owned());
        let suffixes = suffixes.chain(OWN.map(str::to_owned)).chain(of_table.iter().map(suffix_of)).collect();
        let text = |value: &Value| value.to_string();
        let members = schemas.as_object().into_iter().flatten();
        let schemas: BTreeMap<_, _> = members.map(|(name, schema)| (name.clone(), text(schema))).collect();
        Stock {
            taken: ids.into_iter().chain(schemas.keys().cloned()).collect(),
            suffixes,
            least: least.0,
            shapes: shapes.iter().map(|(suffix, shape)| (*suffix, Stencil::of(shape))).collect(),
            schemas,
            parameters: Value::Object(shared.parameters).to_string(),
            responses: Value::Object(shared.responses).to_string(),
            security: document.pointer("/components/securitySchemes").map(text).unwrap_or_default(),
            servers: document.get("servers").map(text).unwrap_or_default(),
            tags: tags_of(&document),
            record_parameter: shared.record,
            sort_parameter: shared.sort,
            of_table: together(of_table),
            of_space: together(of_space),
        }
    }

    /// Whether a table has a schema of this kind.
    pub fn has(suffix: &str, unique: bool) -> bool {
        unique || !OF_UNIQUE.contains(&suffix)
    }
}

/// What stands behind a table's identifier in an operation's id: `List` of `recordList`.
fn suffix_of(operation: &Operation) -> String {
    operation.id.strip_prefix("record").unwrap_or(&operation.id).to_owned()
}

fn tag_of(operation: &Value) -> Option<&str> {
    operation.get("tags")?.get(0)?.as_str()
}

fn tags_of(document: &Value) -> HashMap<String, String> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(|tag| Some((tag.get("name")?.as_str()?.to_owned(), tag.to_string()))).collect()
}

/// Operations of one path stand together, where the first of them is.
fn together(operations: Vec<Operation>) -> Vec<Operation> {
    let mut sorted: Vec<Operation> = Vec::with_capacity(operations.len());
    for operation in operations {
        let place = sorted.iter().rposition(|other| other.is_at_path_of(&operation));
        sorted.insert(place.map_or(sorted.len(), |place| place + 1), operation);
    }
    sorted
}

fn made(value: &Value, route: &Route, id: &str, need: Need, links: &Links<'_>) -> Operation {
    let path = route.path.replace(
        "{base}/tables/{table}/records",
        &format!("{}/tables/{}/records", gap("base"), gap("table")),
    );
    let (own, shared) = links.reached(value);
    Operation {
        id: id.to_owned(),
        path: Stencil::of(&path.into()),
        method: route.method.as_str().to_lowercase(),
        tag: tag_of(value).unwrap_or_default().to_owned(),
        stencil: Stencil::of(value),
        own,
        shared,
        need,
        narrow: route.facts.narrow,
        path_text: route.path.clone(),
    }
}

/// An operation that is no table's, as it is; examples of its path are of the demo.
fn plain(operation: &Value) -> Value {
    let mut operation = operation.clone();
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten().filter_map(Value::as_object_mut) {
        parameter.remove("example");
    }
    operation
}

/// An operation on records, of any table: with gaps for it.
fn typed(operation: &Value, id: &str, shared: &mut Shared) -> Value {
    let mut operation = operation.clone();
    retarget(&mut operation);
    let suffix = id.strip_prefix("record").unwrap_or(id);
    let text = |of: &str| operation.get(of).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (summary, about) = (text("summary"), about(&text("description")));
    let Some(members) = operation.as_object_mut() else { return operation };
    members.insert("operationId".into(), format!("{}{suffix}", gap("name")).into());
    members.insert("tags".into(), json!([gap("tag")]));
    members.insert("summary".into(), format!("{summary} of {}", gap("title")).into());
    let mut untyped = String::new();
    if let Some(Value::Array(parameters)) = members.get_mut("parameters") {
        let called = |of: &Value, name: &str| of.get("name").and_then(Value::as_str) == Some(name);
        let left: Vec<_> = UNTYPED
            .iter()
            .filter(|name| parameters.iter().any(|of| called(of, name)) || id == "recordQuery")
            .collect();
        untyped = left.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        *parameters = parameters.iter().filter_map(|of| parameter(of, id, shared)).collect();
    }
    let left = match untyped.as_str() {
        "" => String::new(),
        names => format!(
            "\n\nThe typed document leaves out {names}: with that the answer would be of another type."
        ),
    };
    members.insert("description".into(), format!("{about}{left}").into());
    let body = members.get_mut("requestBody").and_then(|body| body.pointer_mut("/content/application~1json"));
    if let Some(Value::Object(body)) = body {
        body.insert("example".into(), json_gap(id));
    }
    for (status, response) in
        members.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
    {
        links_retarget(response);
        if status.starts_with(['4', '5']) {
            let name = named(&mut shared.responses, format!("Status{status}"), suffix, response);
            *response = json!({"$ref": format!("#/components/responses/{name}")});
        }
    }
    operation
}

/// Links to the table's own operations. Who may make a record may also do all that the links lead to.
fn links_retarget(response: &mut Value) {
    let Some(Value::Object(links)) = response.get_mut("links") else { return };
    let named = std::mem::take(links).into_iter().map(|(id, mut link)| {
        let typed = format!("{}{}", gap("name"), id.strip_prefix("record").unwrap_or(&id));
        if let Some(members) = link.as_object_mut() {
            members.insert("operationId".into(), typed.clone().into());
            let parameters = members.get_mut("parameters").and_then(Value::as_object_mut);
            parameters
                .into_iter()
                .for_each(|all| all.retain(|name, _| !matches!(name.as_str(), "base" | "table")));
        }
        (typed, link)
    });
    *links = named.collect();
}

/// The description with filters of the table in the place of those of the demo.
fn about(text: &str) -> String {
    let Some((head, tail)) = text.split_once("\n\nA filter is an expression.") else {
        return text.to_owned();
    };
    let need = tail.rsplit_once("\n\n").map_or("", |(_, need)| need);
    let filter = gap("filter");
    format!(
        "{head}\n\nA filter is an expression, as in `{filter}`; a name with other characters than letters, digits and \
         `_` stands in braces.\n\n{need}"
    )
}

/// A parameter as a typed operation has it; `None` if it has it not.
fn parameter(of: &Value, id: &str, shared: &mut Shared) -> Option<Value> {
    let name = of.get("name")?.as_str()?;
    if UNTYPED.contains(&name) || matches!(name, "base" | "table") {
        return None;
    }
    if name == "record" {
        shared.record = of.clone();
        return Some(json_gap("recordParameter"));
    }
    if name == "sort" {
        shared.sort = of.clone();
        return Some(json_gap("sortParameter"));
    }
    let name: String = name.split('-').map(capital).collect();
    let name = named(&mut shared.parameters, name, id.strip_prefix("record").unwrap_or(id), of);
    Some(json!({"$ref": format!("#/components/parameters/{name}")}))
}

/// A word with a capital.
fn capital(word: &str) -> String {
    let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
    first.to_uppercase() + rest
}

/// The name under which something is shared: a longer one if it differs from what has the short one.
fn named(held: &mut Map<String, Value>, name: String, suffix: &str, value: &Value) -> String {
    let name = if held.get(&name).is_none_or(|other| other == value) { name } else { name + suffix };
    held.entry(name.clone()).or_insert_with(|| value.clone());
    name
}

/// What leads where among schemas.
struct Links<'s> {
    shapes: &'s [(&'static str, Value)],
    schemas: &'s Value,
}

impl Links<'_> {
    /// All schemas that a value refers to, at whatever remove.
    fn reached(&self, from: &Value) -> (BTreeSet<&'static str>, BTreeSet<String>) {
        let (mut own, mut shared) = (BTreeSet::new(), BTreeSet::new());
        self.follow(from, &mut own, &mut shared);
        // Its parts are named by the gap that fills it.
        if own.contains("Upsert") {
            for suffix in ["UpsertById", "UpsertByValue"] {
                self.follow(&own_ref(suffix), &mut own, &mut shared);
            }
        }
        (own, shared)
    }

    fn follow(&self, from: &Value, own: &mut BTreeSet<&'static str>, shared: &mut BTreeSet<String>) {
        match from {
            Value::Object(members) => {
                let reference = members.get("$ref").and_then(Value::as_str);
                if let Some(name) = reference.and_then(|at| at.strip_prefix(SCHEMAS)) {
                    self.enter(name, own, shared);
                }
                members.values().for_each(|inner| self.follow(inner, own, shared));
            }
            Value::Array(items) => items.iter().for_each(|inner| self.follow(inner, own, shared)),
            _ => {}
        }
    }

    fn enter(&self, name: &str, own: &mut BTreeSet<&'static str>, shared: &mut BTreeSet<String>) {
        match name.strip_prefix(gap("Name").as_str()) {
            Some(suffix) => {
                let found = self.shapes.iter().find(|(other, _)| *other == suffix);
                if let Some((suffix, shape)) = found
                    && own.insert(suffix)
                {
                    self.follow(shape, own, shared);
                }
            }
            None => {
                if let Some(schema) = self.schemas.get(name)
                    && shared.insert(name.to_owned())
                {
                    self.follow(schema, own, shared);
                }
            }
        }
    }
}
