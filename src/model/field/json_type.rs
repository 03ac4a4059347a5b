//! `json`: any JSON value but `null`, held as text in its shortest spelling.

use std::borrow::Cow;

use super::{Definition, FieldType, Keys};
use crate::error::{Code, Faults};
use crate::limits::{JSON_DEPTH_MAX, LONG_BYTES_MAX};
use crate::model::json::{self, Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "json",
    about: "Any JSON value, its members kept in order; at most 512 KiB in its shortest spelling and 64 levels deep. \
            `\"\"` and `[]` are kept and answered as `null`.",
    open: |_| Ok(Box::new(JsonType)),
    create: |input, faults| input.none(faults).map(|()| Box::new(JsonType) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct JsonType;

/// The value of a text in its shortest spelling; `None` if it is too long.
fn held(spelled: String) -> Option<Value<'static>> {
    match spelled.as_str() {
        "null" | "\"\"" | "[]" => Some(Value::Empty),
        _ if spelled.len() > LONG_BYTES_MAX => None,
        _ => Some(Value::Json(Cow::Owned(spelled))),
    }
}

/// The value of bytes that are JSON and can be held; `None` without a word about why.
fn read(bytes: &[u8]) -> Option<Value<'static>> {
    let json = Json::read(bytes).ok()?;
    held(json::canonical(json, &Pointer::Root, &mut Faults::default())?)
}

impl FieldType for JsonType {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Json
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        let value = held(json::canonical(json, at, faults)?);
        if value.is_none() {
            let detail =
                format!("The JSON value has more than {LONG_BYTES_MAX} bytes in its shortest spelling.");
            faults.add(at, Code::OutOfRange, detail);
        }
        value
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        match value {
            Value::Json(text) => out.extend_from_slice(text.as_bytes()),
            _ => out.extend_from_slice(b"null"),
        }
    }

    /// The JSON text; of a JSON string its characters.
    fn to_text(&self, value: &Value<'_>) -> String {
        let Value::Json(text) = value else { return String::new() };
        let characters = || serde_json::from_str(text).ok();
        text.starts_with('"').then(characters).flatten().unwrap_or_else(|| text.clone().into_owned())
    }

    /// A text that is no JSON, or JSON that can't be held such as `9007199254740993`, becomes a JSON string: so nothing of
    /// it is lost.
    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        if text.is_empty() {
            return Some(Value::Empty);
        }
        read(text.as_bytes()).or_else(|| {
            let mut out = Vec::with_capacity(text.len() + 2);
            json::write_text(text, &mut out);
            held(String::from_utf8(out).ok()?)
        })
    }

    /// Values that are no text become the JSON that they are on the wire: a number stays one, and so does the name of a
    /// choice that looks like a number stay a string.
    fn convert(&self, value: &Value<'_>, from: &dyn FieldType) -> Option<Value<'static>> {
        if from.kind() == Kind::Text {
            return self.from_text(&from.to_text(value));
        }
        let mut out = Vec::new();
        from.render(value, Keys::Name, &mut out);
        read(&out)
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        let about = format!(
            "At most {LONG_BYTES_MAX} bytes in its shortest spelling and {JSON_DEPTH_MAX} levels deep; integers that a double can't hold \
             exactly are refused."
        );
        serde_json::json!({"description": about})
    }

    fn example(&self) -> serde_json::Value {
        serde_json::json!({"key": "value"})
    }
}
