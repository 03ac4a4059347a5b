//! `date`: a day of the calendar, held as its beginning in UTC.

use super::{Definition, FieldType, Keys, time};
use crate::clock::Time;
use crate::error::Faults;
use crate::model::json::{Json, Pointer};
use crate::model::value::{Kind, Value};

pub const TYPE: Definition = Definition {
    name: "date",
    about: "A day as `YYYY-MM-DD`, without time or time zone, in the years 1 to 9999.",
    open: |_| Ok(Box::new(Date)),
    create: |input, faults| input.none(faults).map(|()| Box::new(Date) as Box<dyn FieldType>),
    options_schema: || serde_json::json!({"type": "object", "additionalProperties": false}),
};

struct Date;

impl FieldType for Date {
    fn type_name(&self) -> &'static str {
        TYPE.name
    }

    fn kind(&self) -> Kind {
        Kind::Time
    }

    fn parse(&self, json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Value<'static>> {
        time::parse(json, at, faults, Time::parse_date, "a day of the calendar as `YYYY-MM-DD`")
    }

    fn render(&self, value: &Value<'_>, _keys: Keys, out: &mut Vec<u8>) {
        time::render(value, out, Time::write_date);
    }

    fn to_text(&self, value: &Value<'_>) -> String {
        match value {
            Value::Time(time) => time.date_text(),
            _ => String::new(),
        }
    }

    /// Takes a time too, and cuts it to its day in UTC.
    fn from_text(&self, text: &str) -> Option<Value<'static>> {
        time::from_text(text, |text| Time::parse_date(text).or_else(|| Time::parse(text).map(Time::day)))
    }

    fn is_day(&self) -> bool {
        true
    }

    fn schema(&self, _keys: Keys) -> serde_json::Value {
        serde_json::json!({
            "type": "string",
            "format": "date",
            "pattern": format!("^(?:{})$", time::DATE_PATTERN),
            "description": "A day that the calendar has."
        })
    }

    fn example(&self) -> serde_json::Value {
        "2026-01-31".into()
    }
}
