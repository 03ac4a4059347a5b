//! What the field types whose values are text have in common.

use std::borrow::Cow;

use crate::error::{Code, Faults};
use crate::model::json::{self, Json, Pointer};
use crate::model::value::Value;

/// Reads a text that is kept as sent. `""` is the empty value; NUL is refused, since too much software ends a text at it.
pub fn parse(
    json: Json<'_>,
    at: &Pointer<'_>,
    faults: &mut Faults,
    check: impl FnOnce(&str) -> Result<(), (Code, String)>,
) -> Option<Value<'static>> {
    let text = json.text(at, faults)?;
    match accept(&text, check) {
        Ok(value) => Some(value),
        Err((code, detail)) => {
            faults.add(at, code, detail);
            None
        }
    }
}

/// The value of a text, checked as one from a body is.
pub fn accept(
    text: &str,
    check: impl FnOnce(&str) -> Result<(), (Code, String)>,
) -> Result<Value<'static>, (Code, String)> {
    if text.is_empty() {
        return Ok(Value::Empty);
    }
    if text.contains('\0') {
        return Err((Code::InvalidValue, "A text may not contain NUL.".into()));
    }
    check(text)?;
    Ok(Value::Text(Cow::Owned(text.to_owned())))
}

/// A check: at most so many characters.
pub fn chars_at_most(text: &str, most: usize) -> Result<(), (Code, String)> {
    // A text of few bytes needs no counting.
    if text.len() <= most || text.chars().count() <= most {
        return Ok(());
    }
    Err((Code::OutOfRange, format!("The text has more than {most} characters.")))
}

/// A check: at most so many bytes of UTF-8.
pub fn bytes_at_most(text: &str, most: usize) -> Result<(), (Code, String)> {
    if text.len() <= most {
        return Ok(());
    }
    Err((Code::OutOfRange, format!("The text has more than {most} bytes in UTF-8.")))
}

/// The JSON Schema of a text: characters are counted as Unicode has them, and NUL is refused. Patterns are written in what
/// readers of regular expressions have in common: no look-ahead, no `\u`, no `\d`.
pub fn schema(chars_max: usize) -> serde_json::Value {
    serde_json::json!({"type": "string", "maxLength": chars_max, "pattern": r"^[^\x00]*$"})
}

/// Appends a text, or `null`.
pub fn render(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => json::write_text(text, out),
        _ => out.extend_from_slice(b"null"),
    }
}

/// The text itself.
pub fn to_text(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => text.clone().into_owned(),
        _ => String::new(),
    }
}
