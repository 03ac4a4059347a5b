//! Records as JSON, written straight from their stored bytes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::id::{FieldId, Id};
use crate::model::field::{Keys, OpenField, Source};
use crate::model::json::{write_integer, write_text};
use crate::model::record::Record;
use crate::model::table::OpenTable;
use crate::model::value::Value;

/// A record.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Record)]
pub struct RecordView {
    #[schema(example = "rec01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    /// Its values by the names of the fields, or by their ids with `keys=id`.
    #[schema(value_type = Object, example = json!({"name": "Ada Lovelace", "email": "ada@example.com", "age": 36}))]
    values: serde_json::Value,
    /// What people read, for those fields where that differs from the value.
    #[schema(value_type = Object, additional_properties = false)]
    display_values: serde_json::Value,
    /// 1, 2, …: counts its changes. `ETag` and `If-Match` speak of it.
    #[schema(minimum = 1)]
    version: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Writes records of one table.
pub struct RecordWriter<'t> {
    keys: Keys,
    /// Each field with its name as JSON and a colon.
    fields: Vec<(&'t OpenField, Vec<u8>)>,
}

impl<'t> RecordWriter<'t> {
    /// Only `fields` if some are named, else all.
    pub fn new(table: &'t OpenTable, keys: Keys, fields: Option<&[FieldId]>) -> RecordWriter<'t> {
        let wanted = |open: &&OpenField| fields.is_none_or(|fields| fields.contains(&open.field.id));
        let fields = table.fields.iter().filter(wanted).map(|open| (open, key_of(open, keys))).collect();
        RecordWriter { keys, fields }
    }

    /// Appends one record.
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":\"");
        record.id.write(out);
        out.extend_from_slice(b"\",\"values\":");
        let mut shown = Vec::new();
        self.write_values(record, out, &mut shown);
        out.extend_from_slice(b",\"displayValues\":{");
        out.extend_from_slice(&shown);
        out.extend_from_slice(b"},\"version\":");
        write_integer(i64::from(record.version), out);
        out.extend_from_slice(b",\"createdAt\":\"");
        record.created.at.write_rfc3339(out);
        out.extend_from_slice(b"\",\"updatedAt\":\"");
        record.updated.at.write_rfc3339(out);
        out.extend_from_slice(b"\"}");
    }

    /// Appends the values as an object; `shown` gets the display values, without braces.
    pub fn write_values(&self, record: &Record, out: &mut Vec<u8>, shown: &mut Vec<u8>) {
        let held: Vec<(u16, &[u8])> = record.fields().collect();
        out.push(b'{');
        for (n, (open, key)) in self.fields.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            let value = value_of(record, &held, open);
            open.of_type.render(&value, self.keys, out);
            if let Some(text) = open.of_type.display(&value, self.keys) {
                if !shown.is_empty() {
                    shown.push(b',');
                }
                shown.extend_from_slice(key);
                write_text(&text, shown);
            }
        }
        out.push(b'}');
    }
}

fn key_of(open: &OpenField, keys: Keys) -> Vec<u8> {
    let mut key = Vec::new();
    match keys {
        Keys::Name => write_text(open.field.name.as_str(), &mut key),
        Keys::Id => write_text(&open.field.id.to_string(), &mut key),
    }
    key.push(b':');
    key
}

/// The value of a field; fields stand in the order of their numbers, so each is found by halving.
fn value_of<'a>(record: &'a Record, held: &[(u16, &'a [u8])], open: &OpenField) -> Value<'a> {
    if open.of_type.source() != Source::Client {
        return record.value(open);
    }
    let place = held.binary_search_by_key(&open.field.number, |(number, _)| *number).ok();
    place.and_then(|place| held.get(place)).map_or(Value::Empty, |(_, bytes)| open.value(bytes))
}
