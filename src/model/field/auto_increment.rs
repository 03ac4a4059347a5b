//! `autoIncrement`: the number of the record in its table.

use super::{Definition, FieldType, Keys, Source};
use crate::error::{Code, Faults};
use crate::model::json::{self, Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "autoIncrement",
    about: "A whole number that the server gives to each record when it is made, and never twice in a table.",
    open: |_| Ok(Box::new(AutoIncrement)),
    create: |input, faults| input.none(faults).map(|()| Box::new(AutoIncrement) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct AutoIncrement;

impl FieldType for AutoIncrement {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Int
    }

    fn source(&self) -> Source {
        Source::Sequence
    }

    fn parse(&self, _json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        faults.add(at, Code::ComputedField, "The server gives the values of an `autoIncrement` field.");
        None
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        match value {
            Value::Int(number) => json::write_integer(*number, out),
            _ => out.extend_from_slice(b"null"),
        }
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        match value {
            Value::Int(number) => number.to_string(),
            _ => String::new(),
        }
    }

    /// No text becomes a number of the sequence: it might give one out twice.
    fn from_text(&self, _text: &str) -> Option<Value<'static>> {
        None
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({"type": "integer", "format": "int64", "minimum": 1, "readOnly": true})
    }

    fn example(&self) -> serde_json::Value {
        1.into()
    }
}
