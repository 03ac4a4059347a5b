//! Values of a table as JSON Schema: what is answered, what makes a record, what changes one.

use serde_json::{Map, Value, json};

use super::names::constants;
use crate::model::field::{Keys, OpenField, Source};
use crate::model::table::OpenTable;
use crate::model::value::Kind;

/// What values are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// As a record has them.
    Answer,
    /// All that a new record needs.
    Create,
    /// What is to change of one.
    Update,
    /// A form: what a record is made of, and beside it what the server computes.
    Form,
}

impl For {
    const fn is_sent(self) -> bool {
        !matches!(self, For::Answer)
    }
}

/// Examples of a table's values by its fields' names.
pub type Examples = Map<String, Value>;

pub fn is_computed(open: &OpenField) -> bool {
    open.of_type.source() != Source::Client
}

/// Whether a value has to be there in every record.
fn is_filled(open: &OpenField) -> bool {
    open.field.required || open.of_type.never_empty()
}

/// Whether a new record has to name it.
pub fn is_needed(open: &OpenField) -> bool {
    open.field.required
        && !is_computed(open)
        && !open.of_type.never_empty()
        && open.default_value().is_empty()
}

/// A value of a field as JSON.
pub fn rendered(open: &OpenField, value: &crate::model::value::Value<'_>) -> Value {
    let mut out = Vec::new();
    open.of_type.render(value, Keys::Name, &mut out);
    serde_json::from_slice(&out).unwrap_or_default()
}

/// The schema of all values of a table.
pub fn values_schema(table: &OpenTable, of: For, examples: &Examples) -> Value {
    let shown = |open: &&OpenField| !is_computed(open) || matches!(of, For::Answer | For::Form);
    let fields: Vec<&OpenField> = table.fields.iter().filter(shown).collect();
    let required: Vec<&str> = fields
        .iter()
        .filter(|open| match of {
            // A typed document has no `fields`, so every record is whole.
            For::Answer => true,
            For::Create | For::Form => is_needed(open),
            For::Update => false,
        })
        .map(|open| open.field.name.as_str())
        .collect();
    let properties: Map<String, Value> = fields
        .iter()
        .map(|open| {
            let name = open.field.name.to_string();
            let schema = value_schema(open, of, examples.get(&name));
            (name, schema)
        })
        .collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let Some(members) = schema.as_object_mut() {
        if !required.is_empty() {
            members.insert("required".into(), required.into());
        }
        if of.is_sent() {
            members.insert("additionalProperties".into(), false.into());
        }
    }
    schema
}

fn value_schema(open: &OpenField, of: For, example: Option<&Value>) -> Value {
    let Value::Object(mut schema) = open.of_type.schema(Keys::Name) else { return json!({}) };
    // A checkbox is never empty, and still `null` is taken for `false` where it is sent.
    let nullable = if of.is_sent() { !open.field.required && !is_computed(open) } else { !is_filled(open) };
    if of.is_sent() && !nullable && !is_computed(open) {
        filled(&mut schema);
    }
    named(&mut schema);
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        named(items);
    }
    // What was taken may be no IRI to the letter, so an answer does not say that it is one.
    if of == For::Answer && schema.get("format").is_some_and(|format| format == "iri") {
        schema.remove("format");
    }
    let limits = schema.remove("description");
    if nullable {
        emptied(&mut schema, of);
    }
    if let Some(about) = about(open, of, limits.as_ref().and_then(Value::as_str)) {
        schema.insert("description".into(), about.into());
    }
    let default = open.default_value();
    // In a document `default` would make members required in the types that some generators make: there it is said in words.
    if of == For::Form && !default.is_empty() {
        schema.insert("default".into(), rendered(open, &default));
    }
    if let Some(example) = example.filter(|example| !example.is_null()) {
        schema.insert("examples".into(), json!([example]));
    }
    Value::Object(schema)
}

/// What people are told of a field: its description, and what no keyword says of its values.
fn about(open: &OpenField, of: For, limits: Option<&str>) -> Option<String> {
    let mut parts: Vec<String> = open.field.description.iter().cloned().collect();
    parts.extend(open.field.unique.map(|_| "No two records have the same value.".to_owned()));
    if of.is_sent() && !is_computed(open) {
        parts.extend(limits.map(str::to_owned));
        let default = open.default_value();
        if matches!(of, For::Create | For::Form) && !default.is_empty() {
            parts.push(format!("Left out, it is `{}`.", rendered(open, &default)));
        }
    }
    (!parts.is_empty()).then(|| parts.join("\n\n"))
}

/// Gives the values of an enumeration names of their own, since those that generators make of them may be alike.
pub fn named(schema: &mut Map<String, Value>) {
    let Some(Value::Array(values)) = schema.get("enum") else { return };
    let names = constants(values.iter().filter_map(Value::as_str));
    if names.len() == values.len() {
        schema.insert("x-enum-varnames".into(), names.into());
    }
}

/// What a group of records shares in a column of this field.
pub fn group_schema(open: &OpenField) -> Value {
    match open.of_type.kind() {
        Kind::Bool => json!({"type": ["boolean", "null"]}),
        Kind::Int => json!({"type": ["integer", "null"], "format": "int64"}),
        Kind::Float => json!({"type": ["number", "null"], "format": "double"}),
        Kind::Text | Kind::Time => json!({"type": ["string", "null"]}),
        Kind::Choices | Kind::Json => {
            let Value::Object(mut schema) = open.of_type.schema(Keys::Name) else { return json!({}) };
            schema.remove("description");
            named(&mut schema);
            if let Some(Value::Object(items)) = schema.get_mut("items") {
                named(items);
            }
            emptied(&mut schema, For::Answer);
            schema.into()
        }
    }
}

/// Takes out what the server takes for the empty value, which a required field refuses.
fn filled(schema: &mut Map<String, Value>) {
    match schema.get("type").and_then(Value::as_str) {
        Some("string") if !schema.contains_key("enum") => {
            schema.insert("minLength".into(), 1.into());
        }
        Some("array") => {
            schema.insert("minItems".into(), 1.into());
        }
        None if !schema.contains_key("not") => {
            schema.insert("not".into(), json!({"enum": [null, "", []]}));
        }
        _ => {}
    }
}

/// Lets in `null`, and where texts of a pattern are sent `""`, which means the same.
fn emptied(schema: &mut Map<String, Value>, of: For) {
    if schema.get("not") == Some(&json!({})) {
        schema.remove("not");
        schema.insert("type".into(), "null".into());
        return;
    }
    // Beside the list and not in it: `null` in both the types and the values makes generators say it twice.
    if schema.contains_key("enum") {
        let choices = std::mem::take(schema);
        schema.insert("anyOf".into(), json!([choices, {"type": "null"}]));
        return;
    }
    if let Some(of_type) = schema.get_mut("type") {
        *of_type = json!([of_type.take(), "null"]);
    }
    if let Some(Value::String(pattern)) = schema.get_mut("pattern")
        && of.is_sent()
        && pattern.starts_with("^(?:")
        && pattern.ends_with(")$")
    {
        pattern.insert(pattern.len() - 1, '?');
    }
}

/// Examples made from the options of the fields.
pub fn examples_made(table: &OpenTable) -> Examples {
    let example = |open: &OpenField| {
        let default = open.default_value();
        let made = if default.is_empty() { open.of_type.example() } else { rendered(open, &default) };
        (open.field.name.to_string(), made)
    };
    table.fields.iter().map(example).collect()
}
