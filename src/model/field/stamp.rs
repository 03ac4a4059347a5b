//! `createdAt` and `updatedAt`: the times of a record, shown as fields.

use super::{Definition, FieldType, Keys, Source, time};
use crate::clock::Time;
use crate::error::{Code, Faults};
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const CREATED_AT: Definition = Definition {
    name: "createdAt",
    about: "The time at which the record was made, given by the server.",
    open: |_| Ok(Box::new(Stamp::CreatedAt)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Stamp::CreatedAt) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

pub const UPDATED_AT: Definition = Definition {
    name: "updatedAt",
    about: "The time of the record's last change, given by the server.",
    open: |_| Ok(Box::new(Stamp::UpdatedAt)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Stamp::UpdatedAt) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

enum Stamp {
    CreatedAt,
    UpdatedAt,
}

impl FieldType for Stamp {
    fn type_name(&self) -> &'static str {
        match self {
            Stamp::CreatedAt => CREATED_AT.name,
            Stamp::UpdatedAt => UPDATED_AT.name,
        }
    }

    fn kind(&self) -> Kind {
        Kind::Time
    }

    fn source(&self) -> Source {
        match self {
            Stamp::CreatedAt => Source::CreatedAt,
            Stamp::UpdatedAt => Source::UpdatedAt,
        }
    }

    fn parse(&self, _json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        faults.add(
            at,
            Code::ComputedField,
            format!("The server gives the values of a `{}` field.", self.type_name()),
        );
        None
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        time::render(value, out, Time::write_rfc3339);
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        match value {
            Value::Time(time) => time.to_string(),
            _ => String::new(),
        }
    }

    /// No text becomes the time of a record.
    fn from_text(&self, _text: &str) -> Option<Value<'static>> {
        None
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({"type": "string", "format": "date-time", "readOnly": true})
    }

    fn example(&self) -> serde_json::Value {
        "2026-01-31T09:30:00.000Z".into()
    }
}
