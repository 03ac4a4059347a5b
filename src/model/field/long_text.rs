//! `longText`: a text of any length that a record can bear, kept as sent.

use super::{Definition, FieldType, Keys, text};
use crate::error::Faults;
use crate::limits::LONG_BYTES_MAX;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "longText",
    about: "A text of many lines, kept as sent; at most 512 KiB in UTF-8.",
    open: |_| Ok(Box::new(LongText)),
    create: |input, faults| input.none(faults).map(|()| Box::new(LongText) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct LongText;

impl FieldType for LongText {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Text
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        text::parse(json, at, faults, |text| text::bytes_at_most(text, LONG_BYTES_MAX))
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        text::render(value, out);
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        text::to_text(value)
    }

    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        text::accept(text, |text| text::bytes_at_most(text, LONG_BYTES_MAX)).ok()
    }

    fn holds_all_of(&self, from: &dyn FieldType) -> bool {
        matches!(from.type_name(), "longText" | "string" | "email" | "url")
    }

    /// A schema counts characters, of which there are never more than bytes: what it forbids is refused, and a text that is
    /// not ASCII may be so even if it is shorter.
    fn schema(&self, _keys: Keys) -> serde_json::Value {
        let mut schema = text::schema(LONG_BYTES_MAX);
        if let Some(members) = schema.as_object_mut() {
            members.insert("description".into(), format!("At most {LONG_BYTES_MAX} bytes in UTF-8.").into());
        }
        schema
    }

    fn example(&self) -> serde_json::Value {
        "A text\nof two lines".into()
    }
}
