//! What a value becomes when its field is given another type.

use super::{answered, field, parse, render};
use crate::clock::Time;
use crate::limits::STRING_CHARS_MAX;
use crate::model::value::Value;

/// From, a body, to, and the answer after the change; `None` if the value stands in its way.
type Row<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

#[track_caller]
fn check(rows: &[Row<'_>]) {
    for (from, json, to, wanted) in rows {
        let (from_type, to_type) = (field(from), field(to));
        let value = parse(from_type.as_ref(), json).unwrap();
        let converted = to_type.convert(&value, from_type.as_ref());
        let found = converted.map(|value| render(to_type.as_ref(), &value));
        let shown: String = json.chars().take(60).collect();
        assert_eq!(found.as_deref(), *wanted, "{from} {shown} to {to}");
    }
}

#[test]
fn text_and_numbers() {
    check(&[
        ("string", r#""3""#, "number", Some("3")),
        ("string", r#""-1.50""#, "number", Some("-1.5")),
        ("string", r#""1e3""#, "number", Some("1000")),
        ("string", r#""-0""#, "number", Some("0")),
        ("longText", r#""0.1""#, "number", Some("0.1")),
        ("string", r#""+3""#, "number", None),
        ("string", r#""03""#, "number", None),
        ("string", r#"".5""#, "number", None),
        ("string", r#""5.""#, "number", None),
        ("string", r#"" 3""#, "number", None),
        ("string", r#""3 ""#, "number", None),
        ("string", r#""3\n""#, "number", None),
        ("string", r#""1,5""#, "number", None),
        ("string", r#""0x10""#, "number", None),
        ("string", r#""inf""#, "number", None),
        ("string", r#""NaN""#, "number", None),
        ("string", r#""1e999""#, "number", None),
        ("string", r#""9007199254740993""#, "number", None),
        ("string", r#""true""#, "number", None),
        ("string", r#""null""#, "number", None),
        ("string", r#""{}""#, "number", None),
        ("number", "3.0", "string", Some(r#""3""#)),
        ("number", "0.1", "longText", Some(r#""0.1""#)),
        ("number", "1e300", "string", Some(r#""1e+300""#)),
        ("number", "3", "checkbox", None),
        ("number", "1", "date", None),
        ("number", "3", "select", Some(r#""3""#)),
        ("number", "4", "select", None),
        ("number", "3", "email", None),
        ("number", "3", "autoIncrement", None),
    ]);
}

#[test]
fn numbers_survive_a_change_to_text_and_back() {
    for json in ["0", "3", "0.1", "-1.5e-300", "1e300", "9007199254740992", "123456789012345.6", "5e-324"] {
        let (number, string) = (field("number"), field("string"));
        let value = parse(number.as_ref(), json).unwrap();
        let text = string.convert(&value, number.as_ref()).unwrap();
        assert_eq!(number.convert(&text, string.as_ref()), Some(value), "{json}");
    }
}

#[test]
fn text_and_times() {
    check(&[
        ("string", r#""2024-02-29""#, "date", Some(r#""2024-02-29""#)),
        ("string", r#""2024-02-30""#, "date", None),
        ("string", r#""29.02.2024""#, "date", None),
        ("string", r#""2024-02-29T23:30:00-01:00""#, "date", Some(r#""2024-03-01""#)),
        ("string", r#""2024-02-29""#, "dateTime", Some(r#""2024-02-29T00:00:00.000Z""#)),
        ("string", r#""2024-02-29T10:00:00+01:00""#, "dateTime", Some(r#""2024-02-29T09:00:00.000Z""#)),
        ("string", r#""2024-02-29T10:00:00""#, "dateTime", None),
        ("date", r#""2024-02-29""#, "string", Some(r#""2024-02-29""#)),
        ("date", r#""2024-02-29""#, "dateTime", Some(r#""2024-02-29T00:00:00.000Z""#)),
        ("date", r#""2024-02-29""#, "number", None),
        ("dateTime", r#""2024-02-29T23:30:00.5+01:00""#, "string", Some(r#""2024-02-29T22:30:00.500Z""#)),
        ("dateTime", r#""2024-02-29T23:59:59.999Z""#, "date", Some(r#""2024-02-29""#)),
        ("dateTime", r#""1969-12-31T23:00:00Z""#, "date", Some(r#""1969-12-31""#)),
        ("dateTime", r#""2024-02-29T23:59:59Z""#, "createdAt", None),
    ]);
}

#[test]
fn text_and_choices() {
    check(&[
        ("string", r#""red""#, "select", Some(r#""red""#)),
        ("string", r#""blue""#, "select", None),
        ("string", r#""Red""#, "select", None),
        ("string", r#""red, green""#, "select", None),
        ("string", r#""a, b""#, "select", Some(r#""a, b""#)),
        ("string", r#""a, b""#, "select*", Some(r#"["a, b"]"#)),
        ("string", r#""red,green""#, "select*", Some(r#"["red","green"]"#)),
        ("string", r#""red, blue""#, "select*", None),
        ("select", r#""red""#, "string", Some(r#""red""#)),
        ("select", r#""red""#, "select*", Some(r#"["red"]"#)),
        ("select", r#""3""#, "number", Some("3")),
        ("select", r#""red""#, "number", None),
        ("select*", r#"["green","red"]"#, "string", Some(r#""green, red""#)),
        ("select*", r#"["red"]"#, "select", Some(r#""red""#)),
        ("select*", r#"["red","green"]"#, "select", None),
    ]);
}

#[test]
fn checkboxes() {
    check(&[
        ("checkbox", "true", "string", Some(r#""true""#)),
        ("checkbox", "false", "string", Some(r#""false""#)),
        ("checkbox", "true", "number", None),
        ("checkbox", "true", "json", Some("true")),
        ("checkbox", "false", "json", Some("false")),
        ("string", r#""true""#, "checkbox", Some("true")),
        ("string", r#""false""#, "checkbox", Some("false")),
        ("string", r#""True""#, "checkbox", None),
        ("string", r#""yes""#, "checkbox", None),
        ("string", r#""1""#, "checkbox", None),
        ("json", "true", "checkbox", Some("true")),
        ("json", "false", "checkbox", Some("false")),
        ("json", "1", "checkbox", None),
    ]);
}

#[test]
fn addresses() {
    let long = format!("\"{}\"", "a".repeat(STRING_CHARS_MAX + 1));
    check(&[
        ("string", r#""a@b.co""#, "email", Some(r#""a@b.co""#)),
        ("string", r#""a@b.co ""#, "email", None),
        ("string", r#""https://a.b""#, "url", Some(r#""https://a.b""#)),
        ("string", r#""a.b""#, "url", None),
        ("email", r#""a@b.co""#, "string", Some(r#""a@b.co""#)),
        ("email", r#""a@b.co""#, "url", None),
        ("url", r#""mailto:a@b.co""#, "email", None),
        ("url", r#""https://a.b""#, "longText", Some(r#""https://a.b""#)),
        ("longText", &long, "string", None),
        ("longText", r#""a\nb""#, "string", Some(r#""a\nb""#)),
    ]);
}

#[test]
fn json_and_others() {
    check(&[
        ("string", r#""{\"a\": [1.0, null]}""#, "json", Some(r#"{"a":[1,null]}"#)),
        ("string", r#""3""#, "json", Some("3")),
        ("string", r#""\"3\"""#, "json", Some(r#""3""#)),
        ("string", r#""null""#, "json", Some("null")),
        ("string", r#""[]""#, "json", Some("null")),
        ("string", r#""{a}""#, "json", Some(r#""{a}""#)),
        ("string", r#""9007199254740993""#, "json", Some(r#""9007199254740993""#)),
        ("string", r#""{\"a\":1,\"a\":2}""#, "json", Some(r#""{\"a\":1,\"a\":2}""#)),
        ("number", "0.1", "json", Some("0.1")),
        ("number", "9007199254740992", "json", Some("9007199254740992")),
        ("date", r#""2024-02-29""#, "json", Some(r#""2024-02-29""#)),
        ("dateTime", r#""2024-02-29T10:00:00Z""#, "json", Some(r#""2024-02-29T10:00:00.000Z""#)),
        ("select", r#""3""#, "json", Some(r#""3""#)),
        ("select*", r#"["red","3"]"#, "json", Some(r#"["red","3"]"#)),
        ("email", r#""a@b.co""#, "json", Some(r#""a@b.co""#)),
        ("json", r#""é\n""#, "string", Some(r#""é\n""#)),
        ("json", r#""a\u0000""#, "string", None),
        ("json", r#"{"a":"\n"}"#, "string", Some(r#""{\"a\":\"\\n\"}""#)),
        ("json", "3", "string", Some(r#""3""#)),
        ("json", "3", "number", Some("3")),
        ("json", r#""3""#, "number", Some("3")),
        ("json", "[3]", "number", None),
        ("json", r#""2024-02-29""#, "date", Some(r#""2024-02-29""#)),
        ("json", r#""red""#, "select", Some(r#""red""#)),
        ("json", r#"["red"]"#, "select*", None),
        ("json", r#""a@b.co""#, "email", Some(r#""a@b.co""#)),
        ("json", r#"{"a":[1]}"#, "json", Some(r#"{"a":[1]}"#)),
    ]);
}

#[test]
fn what_the_server_gave_can_be_kept() {
    let numbered = Value::Int(i64::from(u32::MAX) + 1);
    let stamped = Value::Time(Time::parse("2024-02-29T10:00:00Z").unwrap());
    for (from, value, to, wanted) in [
        ("autoIncrement", &numbered, "number", Some("4294967296")),
        ("autoIncrement", &numbered, "string", Some(r#""4294967296""#)),
        ("autoIncrement", &numbered, "json", Some("4294967296")),
        ("autoIncrement", &Value::Int(i64::MAX), "number", None),
        ("createdAt", &stamped, "dateTime", Some(r#""2024-02-29T10:00:00.000Z""#)),
        ("updatedAt", &stamped, "date", Some(r#""2024-02-29""#)),
        ("createdAt", &stamped, "json", Some(r#""2024-02-29T10:00:00.000Z""#)),
        ("createdAt", &stamped, "updatedAt", None),
    ] {
        let (from, to) = (field(from), field(to));
        let converted = to.convert(value, from.as_ref()).map(|value| render(to.as_ref(), &value));
        assert_eq!(converted.as_deref(), wanted);
    }
    assert_eq!(answered(field("number").as_ref(), "4294967296").as_deref(), Ok("4294967296"));
}
