//! `string`: a short text, kept as sent.

use super::{Definition, FieldType, Keys, text};
use crate::error::Faults;
use crate::limits::STRING_CHARS_MAX;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "string",
    about: "A short text, kept as sent; at most 10,000 characters.",
    open: |_| Ok(Box::new(StringType)),
    create: |input, faults| input.none(faults).map(|()| Box::new(StringType) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct StringType;

impl FieldType for StringType {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        text::parse(json, at, faults, |text| text::chars_at_most(text, STRING_CHARS_MAX))
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        text::render(value, out);
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        text::to_text(value)
    }

    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        text::accept(text, |text| text::chars_at_most(text, STRING_CHARS_MAX)).ok()
    }

    fn holds_all_of(&self, from: &dyn FieldType) -> bool {
        matches!(from.type_name(), "string" | "email" | "url")
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        text::schema(STRING_CHARS_MAX)
    }

    fn example(&self) -> serde_json::Value {
        "A short text".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn parse(json: &str) -> Result<Value<'static>, Code> {
        let mut faults = Faults::default();
        let value = StringType.parse(Json::read(json.as_bytes()).unwrap(), &Pointer::Root, &mut faults);
        match faults.check() {
            Ok(()) => Ok(value.unwrap()),
            Err(error) => Err(error.faults[0].code),
        }
    }

    #[test]
    fn text_is_kept_as_sent() {
        assert_eq!(parse(r#"" a\tb é🙂 ""#), Ok(Value::Text(" a\tb é🙂 ".into())));
        assert_eq!(parse(r#""""#), Ok(Value::Empty));
        assert!(parse(&format!("\"{}\"", "é".repeat(STRING_CHARS_MAX))).is_ok());
    }

    #[test]
    fn what_is_no_short_text_is_refused() {
        assert_eq!(parse("3"), Err(Code::WrongType));
        assert_eq!(parse(r#""a\u0000b""#), Err(Code::InvalidValue));
        assert_eq!(parse(&format!("\"{}\"", "é".repeat(STRING_CHARS_MAX + 1))), Err(Code::OutOfRange));
    }
}
