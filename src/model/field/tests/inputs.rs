//! What each type takes from a body, how it answers it, and what it refuses. E-mail and web addresses have longer tables
//! beside their types.

use super::{answered, field, names};
use crate::error::Code;
use crate::limits::{CHOICES_MAX, JSON_DEPTH_MAX, LONG_BYTES_MAX, STRING_CHARS_MAX};

use Code::{ComputedField, InvalidValue, NotExact, OutOfRange, RepeatedMember, UnknownChoice, WrongType};

/// Body and answer, or the code of its fault.
type Row<'a> = (&'a str, Result<&'a str, Code>);

#[track_caller]
fn check(name: &str, rows: &[Row<'_>]) {
    let of = field(name);
    for (json, wanted) in rows {
        let shown: String = json.chars().take(60).collect();
        assert_eq!(answered(of.as_ref(), json), wanted.map(str::to_owned), "{name} {shown}");
    }
}

/// A JSON string of so many times a text.
fn times(text: &str, count: usize) -> String {
    format!("\"{}\"", text.repeat(count))
}

#[test]
fn string() {
    let (most, over) = (times("é", STRING_CHARS_MAX), times("é", STRING_CHARS_MAX + 1));
    check(
        "string",
        &[
            ("null", Ok("null")),
            (r#""""#, Ok("null")),
            (r#"" ""#, Ok(r#"" ""#)),
            (r#""\u00e9\/\n""#, Ok(r#""é/\n""#)),
            (r#""e\u0301""#, Ok("\"e\u{301}\"")),
            (r#""\u0000""#, Err(InvalidValue)),
            (r#""\udc00""#, Err(InvalidValue)),
            (&most, Ok(&most)),
            (&over, Err(OutOfRange)),
            ("3", Err(WrongType)),
            ("true", Err(WrongType)),
            ("[]", Err(WrongType)),
            ("{}", Err(WrongType)),
        ],
    );
}

#[test]
fn long_text() {
    let (most, over) = (times("a", LONG_BYTES_MAX), times("a", LONG_BYTES_MAX + 1));
    let (most_wide, over_wide) = (times("é", LONG_BYTES_MAX / 2), times("é", LONG_BYTES_MAX / 2 + 1));
    check(
        "longText",
        &[
            (r#""""#, Ok("null")),
            (r#""a\r\nb\t""#, Ok(r#""a\r\nb\t""#)),
            (&most, Ok(&most)),
            (&over, Err(OutOfRange)),
            (&most_wide, Ok(&most_wide)),
            (&over_wide, Err(OutOfRange)),
            (r#""a\u0000""#, Err(InvalidValue)),
            ("3", Err(WrongType)),
            ("[\"a\"]", Err(WrongType)),
        ],
    );
}

#[test]
fn number() {
    let long_zero = format!("1{}", "0".repeat(308));
    let too_long = format!("1{}", "0".repeat(309));
    check(
        "number",
        &[
            ("null", Ok("null")),
            ("0", Ok("0")),
            ("-0", Ok("0")),
            ("-0.0", Ok("0")),
            ("3.0", Ok("3")),
            ("1e2", Ok("100")),
            ("0.1", Ok("0.1")),
            ("-1.5E-3", Ok("-0.0015")),
            ("9007199254740992", Ok("9007199254740992")),
            ("9007199254740993", Err(NotExact)),
            ("-9007199254740993", Err(NotExact)),
            ("9007199254740993.0", Ok("9007199254740992")),
            (&long_zero, Err(NotExact)),
            (&too_long, Err(OutOfRange)),
            ("1e308", Ok("1e+308")),
            ("9999999999999998", Ok("9999999999999998")),
            ("10000000000000000", Ok("1e+16")),
            ("1e999", Err(OutOfRange)),
            ("-1e999", Err(OutOfRange)),
            ("1e-999", Ok("0")),
            (r#""""#, Err(WrongType)),
            (r#""3""#, Err(WrongType)),
            ("true", Err(WrongType)),
            ("[3]", Err(WrongType)),
            ("{}", Err(WrongType)),
        ],
    );
}

#[test]
fn checkbox() {
    check(
        "checkbox",
        &[
            ("true", Ok("true")),
            ("false", Ok("false")),
            ("null", Ok("false")),
            ("1", Err(WrongType)),
            ("0", Err(WrongType)),
            (r#""""#, Err(WrongType)),
            (r#""true""#, Err(WrongType)),
            ("[]", Err(WrongType)),
        ],
    );
}

#[test]
fn date() {
    check(
        "date",
        &[
            (r#""""#, Ok("null")),
            (r#""2024-02-29""#, Ok(r#""2024-02-29""#)),
            (r#""0001-01-01""#, Ok(r#""0001-01-01""#)),
            (r#""9999-12-31""#, Ok(r#""9999-12-31""#)),
            (r#""1969-12-31""#, Ok(r#""1969-12-31""#)),
            (r#""2000-02-29""#, Ok(r#""2000-02-29""#)),
            (r#""1900-02-29""#, Err(InvalidValue)),
            (r#""2023-02-29""#, Err(InvalidValue)),
            (r#""0000-01-01""#, Err(InvalidValue)),
            (r#""10000-01-01""#, Err(InvalidValue)),
            (r#""2024-13-01""#, Err(InvalidValue)),
            (r#""2024-00-01""#, Err(InvalidValue)),
            (r#""2024-04-31""#, Err(InvalidValue)),
            (r#""2024-1-1""#, Err(InvalidValue)),
            (r#""20240101""#, Err(InvalidValue)),
            (r#""01.02.2024""#, Err(InvalidValue)),
            (r#"" 2024-01-01""#, Err(InvalidValue)),
            (r#""2024-01-01\u0000""#, Err(InvalidValue)),
            (r#""2024-01-01T00:00:00Z""#, Err(InvalidValue)),
            (r#""today""#, Err(InvalidValue)),
            ("20240101", Err(WrongType)),
            ("[]", Err(WrongType)),
        ],
    );
}

#[test]
fn date_time() {
    check(
        "dateTime",
        &[
            (r#""""#, Ok("null")),
            (r#""2026-11-24T10:30:00Z""#, Ok(r#""2026-11-24T10:30:00.000Z""#)),
            (r#""2026-11-24t10:30:00z""#, Ok(r#""2026-11-24T10:30:00.000Z""#)),
            (r#""2026-11-24T10:30:00.1239+01:00""#, Ok(r#""2026-11-24T09:30:00.123Z""#)),
            (r#""2026-01-01T00:30:00+05:45""#, Ok(r#""2025-12-31T18:45:00.000Z""#)),
            (r#""2026-12-31T23:30:00-01:00""#, Ok(r#""2027-01-01T00:30:00.000Z""#)),
            (r#""1969-12-31T23:59:59.9999Z""#, Ok(r#""1969-12-31T23:59:59.999Z""#)),
            (r#""0001-01-01T00:00:00Z""#, Ok(r#""0001-01-01T00:00:00.000Z""#)),
            (r#""9999-12-31T23:59:59.999Z""#, Ok(r#""9999-12-31T23:59:59.999Z""#)),
            (r#""0001-01-01T00:00:00+00:01""#, Err(InvalidValue)),
            (r#""9999-12-31T23:59:59-00:01""#, Err(InvalidValue)),
            (r#""2026-11-24""#, Err(InvalidValue)),
            (r#""2026-11-24T10:30:00""#, Err(InvalidValue)),
            (r#""2026-11-24 10:30:00Z""#, Err(InvalidValue)),
            (r#""2026-11-24T10:30Z""#, Err(InvalidValue)),
            (r#""2026-11-24T25:00:00Z""#, Err(InvalidValue)),
            (r#""2026-02-30T00:00:00Z""#, Err(InvalidValue)),
            (r#""2026-11-24T10:30:00+01:00[Europe/Paris]""#, Err(InvalidValue)),
            (r#""now""#, Err(InvalidValue)),
            ("1700000000", Err(WrongType)),
            ("{}", Err(WrongType)),
        ],
    );
}

#[test]
fn select() {
    check(
        "select",
        &[
            (r#""""#, Ok("null")),
            (r#""red""#, Ok(r#""red""#)),
            (r#""a, b""#, Ok(r#""a, b""#)),
            (r#""Red""#, Err(UnknownChoice)),
            (r#""red ""#, Err(UnknownChoice)),
            (r#""\u0000""#, Err(UnknownChoice)),
            ("3", Err(WrongType)),
            (r#"["red"]"#, Err(WrongType)),
        ],
    );
    check(
        "select*",
        &[
            ("[]", Ok("null")),
            (r#"["green","red"]"#, Ok(r#"["green","red"]"#)),
            (r#"["red","red"]"#, Err(InvalidValue)),
            (r#"["red","blue"]"#, Err(UnknownChoice)),
            (r#"["red",null]"#, Err(WrongType)),
            (r#""red""#, Err(WrongType)),
        ],
    );
    let choices = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| format!(r#"{{"name":"c{n}"}}"#)).collect();
        super::create("select", Some(&format!(r#"{{"choices":[{}]}}"#, all.join(","))))
    };
    assert_eq!(choices(CHOICES_MAX + 1).err(), Some(vec![Code::TooMany]));
}

#[test]
fn email_and_url() {
    check(
        "email",
        &[
            (r#""""#, Ok("null")),
            (r#""Ann@Example.com""#, Ok(r#""Ann@Example.com""#)),
            (r#""a@b\u0000""#, Err(InvalidValue)),
            (r#""ann""#, Err(InvalidValue)),
            (&times("a@b.co", 60), Err(OutOfRange)),
            ("3", Err(WrongType)),
            (r#"["a@b.co"]"#, Err(WrongType)),
        ],
    );
    check(
        "url",
        &[
            (r#""""#, Ok("null")),
            (r#""HTTP://Example.com""#, Ok(r#""HTTP://Example.com""#)),
            (r#""https://a.b/\u0000""#, Err(InvalidValue)),
            (r#""a.b""#, Err(InvalidValue)),
            (&times("https://", STRING_CHARS_MAX), Err(OutOfRange)),
            ("3", Err(WrongType)),
            ("{}", Err(WrongType)),
        ],
    );
}

#[test]
fn json() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // The outermost level is not counted: `[[]]` is nested to one level.
    let (deepest, deeper) = (nested(JSON_DEPTH_MAX + 1), nested(JSON_DEPTH_MAX + 2));
    let (most, over) = (times("a", LONG_BYTES_MAX - 2), times("a", LONG_BYTES_MAX - 1));
    let spaced = format!("[{}1 ]", " ".repeat(LONG_BYTES_MAX));
    check(
        "json",
        &[
            ("null", Ok("null")),
            (r#""""#, Ok("null")),
            ("[ ]", Ok("null")),
            ("{ }", Ok("{}")),
            ("[[]]", Ok("[[]]")),
            ("[null]", Ok("[null]")),
            ("false", Ok("false")),
            ("-0", Ok("0")),
            ("1.0", Ok("1")),
            (r#""\u00e9\u0000""#, Ok(r#""é\u0000""#)),
            (r#" { "b" : 1 , "a" : [ "", {} ] } "#, Ok(r#"{"b":1,"a":["",{}]}"#)),
            (r#"{"a":1,"a":2}"#, Err(RepeatedMember)),
            (r#"[{"a":{"b":1,"\u0062":2}}]"#, Err(RepeatedMember)),
            (r#"{"\ud800":1}"#, Err(InvalidValue)),
            ("9007199254740993", Err(NotExact)),
            ("[1e999]", Err(OutOfRange)),
            (&deepest, Ok(&deepest)),
            (&deeper, Err(OutOfRange)),
            (&most, Ok(&most)),
            (&over, Err(OutOfRange)),
            (&spaced, Ok("[1]")),
        ],
    );
}

#[test]
fn computed_types_take_nothing() {
    for name in ["autoIncrement", "createdAt", "updatedAt"] {
        for json in ["1", r#""2026-11-24T10:30:00Z""#, r#""""#, "{}"] {
            check(name, &[(json, Err(ComputedField))]);
        }
    }
    assert_eq!(names().filter(|name| answered(field(name).as_ref(), "{}") == Err(ComputedField)).count(), 3);
}
