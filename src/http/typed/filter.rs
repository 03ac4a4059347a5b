//! What filters, sorts and aggregates may say about a table, as JSON Schema.

use serde_json::{Value, json};

use super::names::constants;
use super::value;
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
    /// Schemas of what can be sorted by, grouped by, and grouped by the periods of.
    pub sorts: Value,
    pub groups: Value,
    pub times: Value,
    /// The forms of a figure.
    pub figures: Value,
}

impl Said {
    pub fn of(table: &OpenTable, identifier: &str) -> Said {
        let columns = columns_described(table);
        let ordered = named(&columns, |of| of.ordered);
        let sorts = ordered.iter().map(|name| spelled(name));
        let sorts: Vec<String> = sorts.flat_map(|name| [format!("-{name}"), name]).collect();
        // The id is no column of aggregates: each group would be one record.
        let grouped: Vec<&str> = ordered.iter().copied().filter(|name| *name != "id").collect();
        Said {
            conditions: told(identifier, columns.iter().flat_map(conditions).collect()),
            sorts: listed(&sorts, |sort| match sort.strip_prefix('-') {
                Some(name) => format!("{name} desc"),
                None => sort.to_owned(),
            }),
            groups: fields(&grouped),
            times: fields(&named(&columns, |of| of.holds == Holds::Times)),
            figures: told(identifier, figures(&columns)),
        }
    }
}

impl Said {
    /// What can be sorted by, as a sort spells it.
    pub fn sorted(&self) -> Vec<String> {
        let names = self.sorts.get("enum").and_then(Value::as_array).into_iter().flatten();
        names.filter_map(Value::as_str).filter(|name| !name.starts_with('-')).map(str::to_owned).collect()
    }
}

/// The names of those columns that are wanted.
fn named<'t>(columns: &[Described<'t>], wanted: impl Fn(&Described<'t>) -> bool) -> Vec<&'t str> {
    columns.iter().filter(|of| wanted(of)).flat_map(|of| of.names.iter().copied()).collect()
}

/// The schema of one name of some, each with a name of its own in programs.
fn listed<T: AsRef<str>>(names: &[T], called: impl Fn(&str) -> String) -> Value {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let called: Vec<String> = names.iter().map(|name| called(name)).collect();
    json!({
        "type": "string",
        "enum": names,
        "x-enum-varnames": constants(called.iter().map(String::as_str))
    })
}

fn fields(names: &[&str]) -> Value {
    listed(names, str::to_owned)
}

/// Forms whose titles are told apart, as generators call their types by them: in the whole document, so the table's
/// identifier stands before.
fn told(identifier: &str, mut forms: Vec<Value>) -> Value {
    let titles: Vec<String> = forms
        .iter()
        .map(|form| form.get("title").and_then(Value::as_str).unwrap_or_default().to_owned())
        .collect();
    let constants = constants(titles.iter().map(String::as_str));
    for (form, (title, constant)) in forms.iter_mut().zip(titles.iter().zip(constants)) {
        // What stands behind the words of a title that is not alone.
        let end = constant.rsplit_once("_X").map_or("", |(_, end)| end);
        let end = if end.len() == 8 { format!(" {end}") } else { String::new() };
        if let Some(members) = form.as_object_mut() {
            members.insert("title".into(), format!("{identifier} {title}{end}").into());
        }
    }
    forms.into()
}

/// What a condition of this kind is called.
const fn title(takes: Takes) -> &'static str {
    match takes {
        Takes::Nothing => "alone",
        Takes::Part => "with a part",
        Takes::Text => "with a text",
        Takes::Number => "with a number",
        Takes::Length => "with a length",
        Takes::Moment => "with a time",
        Takes::Choices => "with choices",
        Takes::Json => "with JSON",
        Takes::Id => "with an id",
        Takes::Ids => "with ids",
    }
}

fn conditions(columns: &Described<'_>) -> Vec<Value> {
    let first = columns.names.first().copied().unwrap_or_default();
    let form = |(takes, operators): &(Takes, Vec<&'static str>)| {
        let value = taken(*takes, columns)?;
        let required: &[&str] =
            if *takes == Takes::Nothing { &["field", "op"] } else { &["field", "op", "value"] };
        Some(json!({
            "type": "object",
            "title": format!("{first} {}", title(*takes)),
            "required": required,
            "additionalProperties": false,
            "properties": {
                "field": fields(&columns.names),
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
            let Value::Object(mut one) = schema.get("items").cloned().unwrap_or(schema) else { return None };
            one.get("enum")?;
            one.remove("description");
            value::named(&mut one);
            one_or_list(one.into())
        }
    })
}

fn figures(columns: &[Described<'_>]) -> Vec<Value> {
    let functions = |of: FigureOf| -> Vec<&str> {
        Function::ALL.iter().filter(|(_, found)| found.of() == of).map(|(name, _)| *name).collect()
    };
    let form = |title: &str, of: FigureOf, names: Vec<&str>| {
        let required: &[&str] = if of == FigureOf::Records { &["function"] } else { &["field", "function"] };
        json!({
            "type": "object",
            "title": title,
            "required": required,
            "additionalProperties": false,
            "properties": {
                "function": {"type": "string", "enum": functions(of)},
                "field": fields(&names),
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
        form("figure of records", FigureOf::Records, all.clone()),
        form("figure of values", FigureOf::Values, all),
        form("figure of numbers", FigureOf::Numbers, of(Holds::Numbers)),
        form("figure of times", FigureOf::Times, of(Holds::Times)),
    ];
    let checkboxes = of(Holds::Checkboxes);
    if !checkboxes.is_empty() {
        forms.push(form("figure of checkboxes", FigureOf::Checkboxes, checkboxes));
    }
    forms
}
