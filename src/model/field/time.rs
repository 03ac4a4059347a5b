//! What the field types whose values are times have in common.

use crate::clock::Time;
use crate::error::{Code, Faults};
use crate::model::json::{Json, Pointer};
use crate::model::value::Value;

/// Reads a text that `read` takes for a time; `wanted` says which it takes. `""` is the empty value.
pub fn parse(
    json: Json<'_>,
    at: &Pointer<'_>,
    faults: &mut Faults,
    read: impl FnOnce(&str) -> Option<Time>,
    wanted: &str,
) -> Option<Value<'static>> {
    let text = json.text(at, faults)?;
    let value = from_text(&text, read);
    if value.is_none() {
        faults.add(at, Code::InvalidValue, format!("Expected {wanted}, in the years 1 to 9999."));
    }
    value
}

/// The value of a text that `read` takes for a time.
pub fn from_text(text: &str, read: impl FnOnce(&str) -> Option<Time>) -> Option<Value<'static>> {
    if text.is_empty() { Some(Value::Empty) } else { read(text).map(Value::Time) }
}

/// Appends a time as a JSON string in the spelling of `write`, or `null`.
pub fn render(value: &Value<'_>, out: &mut Vec<u8>, write: fn(Time, &mut Vec<u8>)) {
    match value {
        Value::Time(time) => {
            out.push(b'"');
            write(*time, out);
            out.push(b'"');
        }
        _ => out.extend_from_slice(b"null"),
    }
}
