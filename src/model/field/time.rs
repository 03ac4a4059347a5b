//! What the field types whose values are times have in common.

use crate::clock::Time;
use crate::error::{Code, Faults};
use crate::model::json::{Json, Pointer};
use crate::model::value::Value;

/// Days of the years 1 to 9999; how many days a month has is left to the format.
pub const DATE_PATTERN: &str =
    "(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])";

/// What stands behind the day of an RFC 3339 time.
pub const CLOCK_PATTERN: &str = r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";

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
