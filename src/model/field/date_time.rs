//! `dateTime`: a moment.

use super::{Definition, FieldType, Keys, time};
use crate::clock::Time;
use crate::error::Faults;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "dateTime",
    about: "A moment in RFC 3339 with any offset, in the years 1 to 9999; kept to the millisecond and answered in UTC.",
    open: |_| Ok(Box::new(DateTime)),
    create: |input, faults| input.none(faults).map(|()| Box::new(DateTime) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

const WANTED: &str =
    "a date and time with its offset as `2026-11-24T10:30:00Z` or `2026-11-24T10:30:00.5+01:00`";

struct DateTime;

impl FieldType for DateTime {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Time
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        time::parse(json, at, faults, Time::parse, WANTED)
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

    /// Takes a date too, as its beginning in UTC.
    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        time::from_text(text, |text| Time::parse(text).or_else(|| Time::parse_date(text)))
    }

    /// A date is held as the moment at which it begins.
    fn holds_all_of(&self, from: &dyn FieldType) -> bool {
        matches!(from.type_name(), "dateTime" | "date")
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        let pattern = format!("^(?:{}{})$", time::DATE_PATTERN, time::CLOCK_PATTERN);
        serde_json::json!({
            "type": "string",
            "format": "date-time",
            "pattern": pattern,
            "description": "A moment whose day the calendar has, and which in UTC too is within the years 1 to 9999. There are no \
                            leap seconds."
        })
    }

    fn example(&self) -> serde_json::Value {
        "2026-01-31T09:30:00Z".into()
    }
}
