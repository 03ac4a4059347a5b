//! Values of a table as JSON Schema: what is answered, what makes a record, what changes one.

use serde_json::{Map, Value, json};

use crate::model::field::{Keys, OpenField, Source};
use crate::model::table::OpenTable;

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
    if nullable {
        emptied(&mut schema, of);
    }
    if let Some(about) = about(open) {
        schema.insert("description".into(), about.into());
    }
    let default = open.default_value();
    if matches!(of, For::Create | For::Form) && !default.is_empty() {
        schema.insert("default".into(), rendered(open, &default));
    }
    if let Some(example) = example.filter(|example| !example.is_null()) {
        schema.insert("examples".into(), json!([example]));
    }
    Value::Object(schema)
}

fn about(open: &OpenField) -> Option<String> {
    let own = open.field.description.as_deref();
    let unique = open.field.unique.map(|_| "No two records have the same value.");
    let parts: Vec<&str> = own.into_iter().chain(unique).collect();
    (!parts.is_empty()).then(|| parts.join("\n\n"))
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
    if let Some(of_type) = schema.get_mut("type") {
        *of_type = json!([of_type.take(), "null"]);
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
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
