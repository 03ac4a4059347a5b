//! `number`: a 64-bit floating point number.

use super::{Definition, FieldType, Keys};
use crate::error::Faults;
use crate::model::json::{self, Json, Pointer, Shape};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "number",
    about: "A 64-bit floating point number; a whole number that one can't hold exactly is refused, never rounded.",
    open: |_| Ok(Box::new(Number)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Number) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct Number;

impl FieldType for Number {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Float
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        json.number(at, faults).map(Value::Float)
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        match value {
            Value::Float(number) => json::write_number(*number, out),
            _ => out.extend_from_slice(b"null"),
        }
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        let Value::Float(number) = value else { return String::new() };
        let mut out = Vec::new();
        json::write_number(*number, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Takes what JSON spells as a number and nothing else: no `+3`, `.5`, `inf` or spaces, which would each be a guess.
    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        if text.is_empty() {
            return Some(Value::Empty);
        }
        let json = Json::read(text.as_bytes()).ok()?;
        let spelled = json.shape() == Shape::Number && json.as_str() == text;
        spelled.then(|| json::parse_number(text).ok().map(Value::Float))?
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({
            "type": "number",
            "format": "double",
            "description": "An integer that a double can't hold exactly, such as 9007199254740993, is refused."
        })
    }

    fn example(&self) -> serde_json::Value {
        42.into()
    }
}
