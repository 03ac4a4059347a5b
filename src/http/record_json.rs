//! Records as JSON, written straight from their stored bytes.

use serde::Serialize;
use utoipa::ToSchema;

use crate::id::{FieldId, Id};
use crate::model::field::{Keys, OpenField, Source};
use crate::model::json::{write_integer, write_text};
use crate::model::record::{Places, Record};
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
    /// 1, 2, …: counts its changes. It is a part of the `ETag`.
    #[schema(minimum = 1)]
    version: u32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Writes records of one table.
pub struct RecordWriter<'t> {
    table: &'t OpenTable,
    keys: Keys,
    /// The fields that are wanted; `None` is all.
    fields: Option<&'t [FieldId]>,
    /// Where the values of the record at hand stand in its bytes, by field number. Kept, so that a page of records needs
    /// one of it.
    places: Places,
}

impl<'t> RecordWriter<'t> {
    /// Only `fields` if some are named, else all.
    pub fn new(table: &'t OpenTable, keys: Keys, fields: Option<&'t [FieldId]>) -> RecordWriter<'t> {
        RecordWriter { table, keys, fields, places: Places::default() }
    }

    /// Appends one record.
    pub fn write(&mut self, record: &Record, out: &mut Vec<u8>) {
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
    pub fn write_values(&mut self, record: &Record, out: &mut Vec<u8>, shown: &mut Vec<u8>) {
        record.places(&mut self.places);
        out.push(b'{');
        let mut first = true;
        for open in &self.table.fields {
            if self.fields.is_some_and(|fields| !fields.contains(&open.field.id)) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            let key = open.json_key(self.keys);
            out.extend_from_slice(key);
            let value = self.value(record, open);
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

    fn value<'r>(&self, record: &'r Record, open: &OpenField) -> Value<'r> {
        match open.of_type.source() {
            Source::Client => {
                record.at(&self.places, open.field.number).map_or(Value::Empty, |bytes| open.value(bytes))
            }
            _ => record.value(open),
        }
    }
}
