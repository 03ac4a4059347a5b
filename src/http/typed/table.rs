//! One table in a document: what fills the gaps.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::filter::{RECORD_ID, Said};
use super::names::camel;
use super::shapes::{SCHEMAS, upserts_by_value};
use super::stock::Stock;
use super::value::{Examples, For, group_schema, is_computed, is_needed, values_schema};
use crate::id::RecordId;
use crate::model::expr::braced;
use crate::model::field::OpenField;
use crate::model::table::OpenTable;
use crate::model::value::Kind;

/// Fields that an example of a new record names besides those that it needs.
const SHOWN: usize = 12;

/// Names that the description of `sort` lists.
const NAMED: usize = 50;

/// A table as a document calls it.
pub struct Named<'t> {
    pub table: &'t OpenTable,
    pub identifier: String,
    pub tag: String,
}

/// What fills the gaps of a table.
pub struct Filling {
    texts: HashMap<&'static str, String>,
    pub unique: bool,
}

/// Examples of a table: values, and a record that is there, if one was read.
pub struct Shown {
    pub values: Examples,
    pub record: Option<RecordId>,
}

impl Filling {
    pub fn of(named: &Named<'_>, stock: &Stock, shown: &Shown) -> Filling {
        let table = named.table;
        let uniques: Vec<&str> = table
            .fields
            .iter()
            .filter(|open| open.field.unique.is_some())
            .map(|open| open.field.name.as_str())
            .collect();
        let identifier = &named.identifier;
        let reference = |suffix: &str| json!({"$ref": format!("{SCHEMAS}{identifier}{suffix}")});
        let (keyword, upserts) = if uniques.is_empty() {
            ("$ref", json!(format!("{SCHEMAS}{identifier}UpsertById")))
        } else {
            ("oneOf", json!([reference("UpsertById"), reference("UpsertByValue")]))
        };
        let said = Said::of(table, identifier);
        let sorted = said.sorted();
        let needed: Vec<&str> =
            table.fields.iter().filter(|open| is_needed(open)).map(|open| open.field.name.as_str()).collect();
        let about = table.description.clone().unwrap_or_else(|| format!("A record of {}.", table.name));
        let mut texts: HashMap<&'static str, String> = [
            ("Name", identifier.clone()),
            ("name", camel(identifier)),
            ("base", table.base.to_string()),
            ("table", table.id.to_string()),
            ("tag", inside(&named.tag)),
            ("title", inside(table.name.as_str())),
            ("about", inside(&about)),
            ("upsertKeyword", keyword.to_owned()),
            ("filter", inside(&filter_text(table, &shown.values))),
        ]
        .into();
        let json = [
            ("values", values_schema(table, For::Answer, &shown.values)),
            ("createValues", values_schema(table, For::Create, &shown.values)),
            ("updateValues", values_schema(table, For::Update, &shown.values)),
            ("conditions", said.conditions),
            ("sorts", said.sorts),
            ("groups", said.groups),
            ("times", said.times),
            ("figures", said.figures),
            ("group", groups(table)),
            ("upsertByValue", upserts_by_value(identifier, &uniques, &needed)),
            ("upserts", upserts),
            ("recordParameter", record_parameter(stock, shown)),
            ("sortParameter", sort_parameter(stock, &sorted)),
        ];
        let json = json.into_iter().chain(bodies(table, shown, &uniques));
        texts.extend(json.map(|(gap, value)| (gap, value.to_string())));
        Filling { texts, unique: !uniques.is_empty() }
    }

    pub fn get(&self, gap: &str) -> &str {
        // A gap that nothing fills is a mistake which the tests see, since what comes out is no JSON.
        self.texts.get(gap).map_or("", String::as_str)
    }
}

/// A text as it stands within a string of JSON.
fn inside(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
}

fn record_parameter(stock: &Stock, shown: &Shown) -> Value {
    let mut parameter = stock.record_parameter.clone();
    if let Some(members) = parameter.as_object_mut() {
        members.insert("schema".into(), json!({"type": "string", "pattern": RECORD_ID}));
        members.extend(shown.record.map(|record| ("example".to_owned(), record.to_string().into())));
    }
    parameter
}

/// The parameter `sort`, which says what the records of the table are sorted by.
fn sort_parameter(stock: &Stock, sorted: &[String]) -> Value {
    let mut parameter = stock.sort_parameter.clone();
    let mut names: Vec<String> = sorted.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    names.extend((sorted.len() > NAMED).then(|| "…".to_owned()));
    let about = parameter.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = format!("{about}\n\nNames: {}.", names.join(", "));
    if let Some(members) = parameter.as_object_mut() {
        members.insert("description".into(), about.into());
    }
    parameter
}

/// What a group can be of, by the names that it is asked for.
fn groups(table: &OpenTable) -> Value {
    let time = json!({"type": ["string", "null"]});
    let own = [
        ("version", json!({"type": "integer", "format": "int64"})),
        ("createdAt", time.clone()),
        ("updatedAt", time),
    ];
    let own = own.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    let fields = table.fields.iter().filter(|open| open.of_type.kind() != Kind::Json);
    own.chain(fields.map(|open| (open.field.name.to_string(), group_schema(open)))).collect()
}

/// An example of each body, by the operation in the static document.
fn bodies(table: &OpenTable, shown: &Shown, uniques: &[&str]) -> Vec<(&'static str, Value)> {
    let (new, filter) = (new_values(table, shown, false), filter_json(table, &shown.values));
    let changed = changed_values(table, shown);
    let sort = json!(["-createdAt"]);
    let chosen = table.fields.iter().find(|open| open.of_type.kind() == Kind::Choices);
    let group = chosen.map_or("createdAt", |open| open.field.name.as_str());
    let mut upserted = new_values(table, shown, true);
    let on = uniques.iter().find(|name| upserted.get(**name).is_some_and(|value| !value.is_null()));
    let record = match on {
        Some(_) => json!({"values": upserted}),
        None => {
            let id =
                shown.record.map_or_else(|| "rec00000000000000000000000001".to_owned(), |id| id.to_string());
            uniques.iter().for_each(|name| drop(upserted.remove(*name)));
            json!({"id": id, "values": upserted})
        }
    };
    vec![
        ("recordCreate", json!({"values": new})),
        ("recordCreateBulk", json!({"records": [{"values": new}]})),
        ("recordUpdate", json!({"values": changed})),
        ("recordUpdateBulk", json!({"filter": filter, "values": changed})),
        ("recordUpsert", json!({"records": [record], "on": on.copied().unwrap_or("id")})),
        ("recordDeleteBulk", json!({"filter": filter})),
        ("recordDuplicateBulk", json!({"filter": filter})),
        ("recordQuery", json!({"filter": filter, "sort": sort, "limit": 10})),
        ("recordAggregate", json!({"groupBy": [group], "aggregates": [{"function": "count"}]})),
    ]
}

/// Values of a record that can be made: all that it needs, and some of what it may have. What is unique and may be left
/// out is only there where `uniques` asks for it, since an example with it would make one record and no second one.
fn new_values(table: &OpenTable, shown: &Shown, uniques: bool) -> Map<String, Value> {
    let mut values = Map::new();
    for open in table.fields.iter().filter(|open| !is_computed(open)) {
        let name = open.field.name.as_str();
        // What a record of the table has in a unique field is taken.
        let example = if open.field.unique.is_some() { None } else { shown.values.get(name).cloned() };
        let example = example.unwrap_or_else(|| open.of_type.example());
        // Of no choices there is no value.
        let fits = values.len() < SHOWN && (uniques || open.field.unique.is_none());
        if !example.is_null() && (is_needed(open) || fits) {
            values.insert(name.to_owned(), example);
        }
    }
    values
}

/// A change of one value, of a field that any number of records may have the same value in.
fn changed_values(table: &OpenTable, shown: &Shown) -> Map<String, Value> {
    let fits = |open: &&OpenField| !is_computed(open) && open.field.unique.is_none();
    let example =
        |open: &OpenField| shown.values.get(open.field.name.as_str()).filter(|value| !value.is_null());
    let found = table.fields.iter().filter(fits).find_map(|open| Some((open, example(open)?)));
    let pair = found.map(|(open, value)| (open.field.name.to_string(), value.clone()));
    pair.into_iter().collect()
}

/// The field that examples of filters are about, and the value that they look for.
fn looked_for<'t>(table: &'t OpenTable, examples: &'t Examples) -> Option<(&'t str, &'t Value)> {
    let equal = |open: &&OpenField| {
        let kind = open.of_type.kind();
        matches!(kind, Kind::Text | Kind::Float) || kind == Kind::Choices && !open.of_type.is_many()
    };
    let mut found = table.fields.iter().filter(equal).filter_map(|open| {
        let name = open.field.name.as_str();
        Some((name, examples.get(name).filter(|value| !value.is_null())?))
    });
    // One that fits in a line.
    found.find(|(_, value)| value.as_str().is_none_or(|text| (1..80).contains(&text.len())))
}

fn filter_text(table: &OpenTable, examples: &Examples) -> String {
    match looked_for(table, examples) {
        Some((name, value)) => format!("{} = {value}", braced(name)),
        None => "createdAt < now".to_owned(),
    }
}

fn filter_json(table: &OpenTable, examples: &Examples) -> Value {
    match looked_for(table, examples) {
        Some((name, value)) => json!({"field": name, "op": "eq", "value": value}),
        // Of no record, since an example must not delete them all.
        None => json!({"field": "id", "op": "eq", "value": "rec00000000000000000000000001"}),
    }
}
