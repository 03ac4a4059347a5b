//! `checkbox`: yes or no.
//!
//! It is never empty: a record without a value is one that nobody has checked. So `false` is held as the empty value, and
//! a field that is added to a table is `false` in all of its records without a write.

use super::{Definition, FieldType, Keys};
use crate::error::Faults;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "checkbox",
    about: "`true` or `false`; a record that was given neither has `false`.",
    open: |_| Ok(Box::new(Checkbox)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Checkbox) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct Checkbox;

/// The one way in which each answer is held.
const fn held(checked: bool) -> Value<'static> {
    if checked { Value::Bool(true) } else { Value::Empty }
}

fn spelled(value: &Value<'_>) -> Option<&'static str> {
    match value {
        Value::Bool(true) => Some("true"),
        Value::Bool(false) | Value::Empty => Some("false"),
        _ => None,
    }
}

impl FieldType for Checkbox {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Bool
    }

    fn never_empty(&self) -> bool {
        true
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        json.boolean(at, faults).map(held)
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        out.extend_from_slice(spelled(value).unwrap_or("null").as_bytes());
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        spelled(value).unwrap_or_default().to_owned()
    }

    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        match text {
            "true" => Some(held(true)),
            "false" => Some(held(false)),
            _ => None,
        }
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({"type": "boolean"})
    }

    fn example(&self) -> serde_json::Value {
        true.into()
    }
}
