//! What filters, sorts and aggregates may say about a table, as JSON Schema.

use serde_json::{Value, json};

use crate::limits::{CHOICES_MAX, LONG_BYTES_MAX};
use crate::model::expr::{Described, Holds, Takes, columns_described, moment_words, spelled};
use crate::model::field::{CLOCK_PATTERN, DATE_PATTERN, Keys};
use crate::model::table::OpenTable;
use crate::query::aggregate::{FigureOf, Function};

/// The id of a record.
pub const RECORD_ID: &str = "^rec[0-7][0-9a-hjkmnp-tv-z]{25}$";

/// What can be said about a table.
pub struct Said {
    /// The forms of a condition, each for the fields and operators that go together.
    pub conditions: Value,
    pub sorts: Value,
    pub groups: Value,
    pub times: Value,
    /// The forms of a figure.
    pub figures: Value,
}

impl Said {
    pub fn of(table: &OpenTable) -> Said {
        let columns = columns_described(table);
        let ordered = named(&columns, |of| of.ordered);
        let sorts = ordered.iter().map(|name| spelled(name));
        let sorts: Vec<_> = sorts.flat_map(|name| [format!("-{name}"), name]).collect();
        // The id is no column of aggregates: each group would be one record.
        let grouped: Vec<_> = ordered.iter().filter(|name| **name != "id").collect();
        Said {
            conditions: columns.iter().flat_map(conditions).collect(),
            sorts: sorts.into(),
            groups: json!(grouped),
            times: json!(named(&columns, |of| of.holds == Holds::Times)),
            figures: figures(&columns),
        }
    }
}

/// The names of those columns that are wanted.
fn named<'t>(columns: &[Described<'t>], wanted: impl Fn(&Described<'t>) -> bool) -> Vec<&'t str> {
    columns.iter().filter(|of| wanted(of)).flat_map(|of| of.names.iter().copied()).collect()
}

fn conditions(columns: &Described<'_>) -> Vec<Value> {
    let form = |(takes, operators): &(Takes, Vec<&'static str>)| {
        let value = taken(*takes, columns)?;
        let required: &[&str] =
            if *takes == Takes::Nothing { &["field", "op"] } else { &["field", "op", "value"] };
        Some(json!({
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": {
                "field": {"type": "string", "enum": columns.names},
                "op": {"type": "string", "enum": operators},
                "value": value
            }
        }))
    };
    columns.operators.iter().filter_map(form).collect()
}

/// The schema of what an operator takes; `None` if there is nothing that it would.
fn taken(takes: Takes, columns: &Described<'_>) -> Option<Value> {
    let one_or_list = |one: Value| {
        let list = json!({"type": "array", "items": one, "minItems": 1, "maxItems": CHOICES_MAX});
        json!({"oneOf": [one, list]})
    };
    Some(match takes {
        Takes::Nothing => json!({"type": "null"}),
        Takes::Part => json!({"type": "string"}),
        Takes::Text => json!({"type": "string", "minLength": 1}),
        Takes::Number => json!({"type": "number", "format": "double"}),
        Takes::Length => json!({"type": "integer", "minimum": 1, "maximum": LONG_BYTES_MAX}),
        Takes::Moment => json!({"anyOf": [
            {"type": "string", "enum": moment_words().collect::<Vec<_>>()},
            {"type": "string", "format": "date", "pattern": format!("^(?:{DATE_PATTERN})$")},
            {"type": "string", "format": "date-time", "pattern": format!("^(?:{DATE_PATTERN}{CLOCK_PATTERN})$")}
        ]}),
        Takes::Json => json!({"not": {"enum": [null, "", []]}}),
        Takes::Id => json!({"type": "string", "pattern": RECORD_ID}),
        Takes::Ids => one_or_list(json!({"type": "string", "pattern": RECORD_ID})),
        Takes::Choices => {
            let schema = columns.choices_of?.of_type.schema(Keys::Name);
            let one = schema.get("items").cloned().unwrap_or(schema);
            one.get("enum")?;
            one_or_list(one)
        }
    })
}

fn figures(columns: &[Described<'_>]) -> Value {
    let functions = |of: FigureOf| -> Vec<&str> {
        Function::ALL.iter().filter(|(_, found)| found.of() == of).map(|(name, _)| *name).collect()
    };
    let form = |of: FigureOf, fields: Vec<&str>| {
        let required: &[&str] = if of == FigureOf::Records { &["function"] } else { &["field", "function"] };
        json!({
            "type": "object",
            "required": required,
            "additionalProperties": false,
            "properties": {
                "function": {"type": "string", "enum": functions(of)},
                "field": {"type": "string", "enum": fields},
                "as": {
                    "type": "string",
                    "minLength": 1,
                    "description": "What it is called in the answer. Left out, `function_field`, or the function alone where there is no field."
                }
            }
        })
    };
    let of = |holds: Holds| named(columns, |of| of.holds == holds);
    let mut all = named(columns, |_| true);
    all.retain(|name| *name != "id");
    let mut forms = vec![
        form(FigureOf::Records, all.clone()),
        form(FigureOf::Values, all),
        form(FigureOf::Numbers, of(Holds::Numbers)),
        form(FigureOf::Times, of(Holds::Times)),
    ];
    let checkboxes = of(Holds::Checkboxes);
    if !checkboxes.is_empty() {
        forms.push(form(FigureOf::Checkboxes, checkboxes));
    }
    forms.into()
}
