//! The schemas of the static document that speak of records of any table, made to speak of one: the same descriptions and
//! limits, with gaps where the table says more.

use serde_json::{Map, Value, json};

use super::filter::RECORD_ID;
use super::names::constants;
use super::stencil::{gap, json_gap};
use crate::limits::CHANGED_RECORDS_MAX;
use crate::model::period::Period;

/// Where components stand.
pub const SCHEMAS: &str = "#/components/schemas/";

/// What schemas of the static document are called for one table: its identifier, and this behind it.
pub const RENAMED: [(&str, &str); 23] = [
    ("Record", ""),
    ("RecordData", "Data"),
    ("RecordList", "Page"),
    ("RecordCreate", "Create"),
    ("RecordUpdate", "Update"),
    ("RecordQuery", "Query"),
    ("RecordAggregate", "Aggregate"),
    ("RecordsCreate", "CreateBulk"),
    ("RecordsUpdate", "UpdateBulk"),
    ("RecordPatch", "Patch"),
    ("RecordsUpsert", "Upsert"),
    ("RecordsDelete", "DeleteBulk"),
    ("RecordsDuplicate", "DuplicateBulk"),
    ("RecordsChanged", "Changed"),
    ("RecordChange", "Change"),
    ("RecordGroups", "Groups"),
    ("RecordGroup", "Group"),
    ("FilterForm", "Filter"),
    ("FilterGroup", "FilterGroup"),
    ("FilterCondition", "FilterCondition"),
    ("GroupForm", "GroupBy"),
    ("GroupPeriod", "GroupPeriod"),
    ("AggregateForm", "Figure"),
];

/// Those that the static document has no counterpart of.
pub const OWN: [&str; 9] = [
    "Values",
    "CreateValues",
    "UpdateValues",
    "UpdateEach",
    "UpdateFound",
    "DeleteEach",
    "DeleteFound",
    "UpsertById",
    "UpsertByValue",
];

/// Those of a table that has unique fields.
pub const OF_UNIQUE: [&str; 1] = ["UpsertByValue"];

/// A reference to a schema of the table.
pub fn own_ref(suffix: &str) -> Value {
    json!({"$ref": format!("{SCHEMAS}{}{suffix}", gap("Name"))})
}

/// Points every reference at the table's own schemas, and takes out the examples, which are of the demo.
pub fn retarget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let reference =
                members.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(SCHEMAS));
            let renamed = RENAMED.iter().find(|(name, _)| Some(*name) == reference);
            if let Some((_, suffix)) = renamed {
                members.insert("$ref".into(), format!("{SCHEMAS}{}{suffix}", gap("Name")).into());
            }
            // A property may be called so too, and is then an object.
            if members.get("example").is_none_or(|of| of.get("type").is_none()) {
                members.remove("example");
            }
            members.values_mut().for_each(retarget);
        }
        Value::Array(items) => items.iter_mut().for_each(retarget),
        _ => {}
    }
}

/// The table's schemas, by what stands behind its identifier.
pub fn shapes(schemas: &Value) -> Vec<(&'static str, Value)> {
    let mut shapes = Vec::new();
    for (name, suffix) in RENAMED {
        let Some(schema) = schemas.get(name) else { continue };
        let mut schema = schema.clone();
        retarget(&mut schema);
        shape(name, &mut schema, &mut shapes);
        shapes.push((suffix, schema));
    }
    for (suffix, of) in
        [("Values", "values"), ("CreateValues", "createValues"), ("UpdateValues", "updateValues")]
    {
        shapes.push((suffix, json_gap(of)));
    }
    shapes
}

fn record_id() -> Value {
    json!({"type": "string", "pattern": RECORD_ID})
}

fn shape(name: &str, schema: &mut Value, more: &mut Vec<(&'static str, Value)>) {
    match name {
        "Record" => {
            *schema = described(schema, &gap("about"));
            set(schema, "id", &record_id());
            set(schema, "values", &own_ref("Values"));
            set(
                schema,
                "displayValues",
                &json!({
                    "type": "object",
                    "description": "What people read, for those fields where that differs from the value.",
                    "additionalProperties": {"type": "string"}
                }),
            );
        }
        "RecordCreate" => {
            add(schema, "id", &json!({"pattern": RECORD_ID}));
            set(schema, "values", &own_ref("CreateValues"));
        }
        "RecordUpdate" => set(schema, "values", &own_ref("UpdateValues")),
        "RecordPatch" => {
            set(schema, "id", &record_id());
            set(schema, "values", &own_ref("UpdateValues"));
        }
        "RecordChange" => {
            for when in ["before", "after"] {
                let values = json!({"oneOf": [own_ref("Values"), {"type": "null"}]});
                set(schema, when, &values);
            }
        }
        "RecordsUpdate" => {
            set(schema, "values", &own_ref("UpdateValues"));
            let found =
                part(schema, &["filter", "values"], "The same change of all records that a filter finds.");
            let each = part(schema, &["records"], "A change of each record that is named.");
            either(schema, [("UpdateEach", each), ("UpdateFound", found)], more);
        }
        "RecordsDelete" => {
            add(schema, "ids", &json!({"items": record_id(), "uniqueItems": true}));
            let found = part(schema, &["filter"], "All records that a filter finds.");
            let each = part(schema, &["ids"], "Records by their ids.");
            either(schema, [("DeleteEach", each), ("DeleteFound", found)], more);
        }
        "RecordsUpsert" => upsert(schema, more),
        "RecordQuery" => {
            // What it answers would not be whole records.
            properties(schema).and_then(|held| held.remove("fields"));
            add(
                schema,
                "sort",
                &json!({
                    "items": json_gap("sorts"), "minItems": 1, "uniqueItems": true
                }),
            );
            add(schema, "search", &json!({"minLength": 1}));
            add(schema, "cursor", &json!({"minLength": 1}));
        }
        "RecordAggregate" => {
            add(schema, "cursor", &json!({"minLength": 1}));
            add(schema, "groupBy", &json!({"uniqueItems": true}));
            add(schema, "aggregates", &json!({"uniqueItems": true}));
        }
        "RecordGroup" => {
            add(schema, "values", &json!({"additionalProperties": {"type": ["number", "string", "null"]}}));
            add(schema, "group", &json!({"properties": json_gap("group")}));
        }
        _ => question(name, schema),
    }
}

/// What filters, groups and figures say.
fn question(name: &str, schema: &mut Value) {
    match name {
        "FilterForm" => {
            *schema = json!({
                "description": "An expression as text, groups of conditions, or one condition.",
                "oneOf": [{"type": "string", "minLength": 1}, own_ref("FilterGroup"), own_ref("FilterCondition")]
            });
        }
        "FilterGroup" => {
            set(schema, "conjunction", &json!({"type": "string", "enum": ["and", "or"]}));
            add(
                schema,
                "children",
                &json!({
                    "items": {"oneOf": [own_ref("FilterGroup"), own_ref("FilterCondition")]}
                }),
            );
        }
        "FilterCondition" => {
            *schema = json!({
                "description": "One condition: what can be asked depends on what the field holds.",
                "oneOf": json_gap("conditions")
            });
        }
        "GroupForm" => {
            *schema = json!({
                "description": "What to group by.",
                "oneOf": [json_gap("groups"), own_ref("GroupPeriod")]
            });
        }
        "GroupPeriod" => {
            let units = Period::ALL.map(|(name, _)| name);
            set(schema, "field", &json_gap("times"));
            set(schema, "unit", &json!({"type": "string", "enum": units}));
        }
        "AggregateForm" => {
            *schema = json!({"description": "One figure of each group.", "oneOf": json_gap("figures")});
        }
        _ => {}
    }
}

/// Records are recognised by their ids or by a unique field, and in the second case they take no id.
fn upsert(schema: &mut Value, more: &mut Vec<(&'static str, Value)>) {
    let about = schema.get("description").cloned().unwrap_or_default();
    let by_id = json!({
        "type": "object",
        "required": ["records", "on"],
        "additionalProperties": false,
        "properties": {
            "records": {"type": "array", "items": own_ref("Patch"), "minItems": 1, "maxItems": CHANGED_RECORDS_MAX},
            "on": {"type": "string", "enum": ["id"], "description": "By what records are recognised."}
        }
    });
    more.push(("UpsertById", by_id));
    more.push(("UpsertByValue", json_gap("upsertByValue")));
    // Of a table without unique fields there is the first form alone.
    *schema = json!({"description": about, gap("upsertKeyword"): json_gap("upserts")});
}

/// Records that are recognised by a unique field of the table, which each of them has. Of several such fields one form
/// speaks for all, and says in words that the values hold what `on` names: generators get lost in a form for each.
pub fn upserts_by_value(identifier: &str, uniques: &[&str], needed: &[&str]) -> Value {
    let names: Vec<String> = needed.iter().map(|name| format!("`{name}`")).collect();
    let note = match names.as_slice() {
        [] => String::new(),
        names => format!(" A record that is made by it needs {}.", names.join(", ")),
    };
    let update = json!({"$ref": format!("{SCHEMAS}{identifier}UpdateValues")});
    let values = match uniques {
        [one] => json!({
            "allOf": [update],
            "required": [one],
            "description": format!("Values, of which `{one}` says which record is meant.{note}")
        }),
        _ => update,
    };
    let items = json!({
        "type": "object",
        "required": ["values"],
        "additionalProperties": false,
        "description": format!("Values, among them that of the field that `on` names.{note}"),
        "properties": {"values": values}
    });
    json!({
        "type": "object",
        "required": ["records", "on"],
        "additionalProperties": false,
        "properties": {
            "records": {"type": "array", "items": items, "minItems": 1, "maxItems": CHANGED_RECORDS_MAX},
            "on": {
                "type": "string",
                "enum": uniques,
                "x-enum-varnames": constants(uniques.iter().copied()),
                "description": "By what records are recognised."
            }
        }
    })
}

/// A schema with some of the properties of another, all of them required.
fn part(schema: &Value, names: &[&str], about: &str) -> Value {
    let properties: Map<String, Value> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), schema.get("properties")?.get(name)?.clone())))
        .collect();
    json!({
        "type": "object",
        "description": about,
        "required": names,
        "properties": properties,
        "additionalProperties": false
    })
}

fn either(schema: &mut Value, forms: [(&'static str, Value); 2], more: &mut Vec<(&'static str, Value)>) {
    let about = schema.get("description").cloned().unwrap_or_default();
    let of = forms.each_ref().map(|(suffix, _)| own_ref(suffix));
    *schema = json!({"description": about, "oneOf": of});
    more.extend(forms);
}

fn described(schema: &Value, about: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".into(), about.into());
    }
    schema
}

fn properties(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    schema.get_mut("properties").and_then(Value::as_object_mut)
}

/// Puts another schema in the place of a property's.
fn set(schema: &mut Value, property: &str, to: &Value) {
    properties(schema).and_then(|held| held.insert(property.to_owned(), to.clone()));
}

/// Says more of a property.
fn add(schema: &mut Value, property: &str, keywords: &Value) {
    let found = properties(schema).and_then(|held| held.get_mut(property)).and_then(Value::as_object_mut);
    let Some(members) = found else { return };
    for (keyword, value) in keywords.as_object().into_iter().flatten() {
        members.insert(keyword.clone(), value.clone());
    }
}
