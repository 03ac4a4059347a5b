//! The JSON form.

use super::*;

fn read(table: &OpenTable, text: &str) -> Result<Expr, Vec<String>> {
    let mut faults = Faults::default();
    let json = Json::read(text.as_bytes()).unwrap();
    let read = read_json(json, &Pointer::Root.member("filter"), &context(table), &mut faults);
    assert_eq!(read.is_none(), !faults.is_empty(), "{text}");
    read.ok_or_else(|| shown(faults))
}

/// Field, operator and value; what it says of Ann, and of a record that is empty.
const HELD: &[(&str, &str, &str, bool, bool)] = &[
    ("name", "eq", r#""Ann""#, true, false),
    ("name", "neq", r#""Ann""#, false, true),
    ("name", "contains", r#""NN""#, true, false),
    ("name", "does_not_contain", r#""NN""#, false, true),
    ("name", "starts_with", r#""a""#, true, false),
    ("name", "ends_with", r#""x""#, false, false),
    ("name", "is_empty", "null", false, true),
    ("name", "is_not_empty", "null", true, false),
    ("name", "min", "3", true, false),
    ("name", "min", "4", false, false),
    ("name", "max", "3", true, false),
    ("mail", "eq", r#""Ann@example.com""#, true, false),
    ("notes", "contains", r#""A""#, true, false),
    ("age", "eq", "31.5", true, false),
    ("age", "neq", "31.5", false, true),
    ("age", "gt", "31.5", false, false),
    ("age", "gte", "31.5", true, false),
    ("age", "lt", "1e3", true, false),
    ("age", "lte", "31.4", false, false),
    ("no", "gt", "40.5", true, true),
    ("version", "eq", "3", true, true),
    ("done", "is_true", "null", true, false),
    ("done", "is_false", "null", false, true),
    ("status", "eq", r#""open""#, true, false),
    ("status", "eq", r#"["open","closed"]"#, true, false),
    ("status", "neq", r#""open""#, false, true),
    ("status", "any_of", r#"["closed"]"#, false, false),
    ("status", "not_any_of", r#"["open"]"#, false, true),
    ("tags", "eq", r#"["on hold","open"]"#, true, false),
    ("tags", "eq", r#"["open"]"#, false, false),
    ("tags", "neq", r#""open""#, true, true),
    ("tags", "any_of", r#"["closed","open"]"#, true, false),
    ("tags", "is_empty", "null", false, true),
    ("data", "eq", r#"{ "a": [1.0, "Two"] }"#, true, false),
    ("data", "contains", r#""tWO""#, true, false),
    ("day", "is_same_day", r#""2024-08-14""#, true, false),
    ("day", "is_not_same_day", r#""2024-08-14""#, false, true),
    ("start", "is_same_day", r#""2024-08-14""#, true, false),
    ("start", "is_today", "null", true, false),
    ("start", "is_tody", "null", true, false),
    ("start", "is_not_today", "null", false, true),
    ("start", "is_before_tommorow", "null", true, false),
    ("start", "is_before_tomorrow", "null", true, false),
    ("start", "is_after_today", "null", false, false),
    ("start", "is_before_today", "null", false, false),
    ("day", "is_after_yesterday", "null", true, false),
    ("day", "is_tomorrow", "null", false, false),
    ("start", "is_before", r#""@now""#, true, false),
    ("start", "is_before", r#""2024-08-14T10:00:00Z""#, true, false),
    ("start", "is_after", r#""2024-08-14T10:00:00Z""#, true, false),
    ("start", "is_not_after", r#""@todayStart""#, false, true),
    ("start", "is_before", r#""@todayEnd""#, true, false),
    ("start", "is_before", r#""2024-08-14""#, false, false),
    ("start", "is_after", r#""@yesterdayEnd""#, true, false),
    ("day", "is_before", r#""@now""#, true, false),
    ("createdAt", "is_before", r#""@yesterday""#, true, true),
    ("updatedAt", "is_today", "null", true, true),
    ("id", "eq", r#""rec0e1r70w3gw71r70w3gw71r70w3""#, false, false),
];

#[test]
fn operators_say_what_they_say() {
    let table = table();
    let ann = Sample::new(&table, ANN);
    let nobody = Sample::new(&table, "{}");
    for (field, op, value, of_ann, of_nobody) in HELD {
        let text = format!(r#"{{"field":"{field}","op":"{op}","value":{value}}}"#);
        let text = if *value == "null" { text.replace(r#","value":null"#, "") } else { text };
        let text = if *field == "id" {
            text.replace("rec0e1r70w3gw71r70w3gw71r70w3", &RecordId::from_bytes([9; 16]).to_string())
        } else {
            text
        };
        let expr = read(&table, &text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        assert_eq!(expr.holds(&ann), *of_ann, "{text}: {expr:?}");
        assert_eq!(expr.holds(&nobody), *of_nobody, "of the empty record: {text}: {expr:?}");
    }
}

#[test]
fn both_forms_become_one() {
    let table = table();
    let json = r#"{"conjunction":"and","children":[{"field":"status","op":"eq","value":"open"},
        {"conjunction":"or","children":[{"field":"age","op":"gt","value":30},{"field":"tags","op":"any_of","value":["closed"]}]},
        {"field":"mail","op":"is_not_empty","disabled":false}]}"#;
    let text = r#"status = "open" and (age > 30 or tags has "closed") and not mail is empty"#;
    assert_eq!(read(&table, json).unwrap(), read_text(text, "filter", &context(&table)).unwrap());
    let by_id = json.replace("\"age\"", &format!("\"{}\"", FieldId::from_bytes([6; 16])));
    assert_eq!(read(&table, json), read(&table, &by_id));
}

#[test]
fn groups_without_conditions_say_nothing() {
    let table = table();
    let age = r#"{"field":"age","op":"gt","value":30}"#;
    let empty = r#"{"conjunction":"or","children":[]}"#;
    assert_eq!(read(&table, empty), Ok(Expr::TRUE));
    assert_eq!(read(&table, &format!(r#"{{"conjunction":"or","children":[{empty}]}}"#)), Ok(Expr::TRUE));
    let with_one = format!(r#"{{"conjunction":"or","children":[{age},{empty}]}}"#);
    assert_eq!(read(&table, &with_one), read(&table, age));
}

#[test]
fn only_what_begins_like_an_object_is_json() {
    for (text, wanted) in [
        (r#"{"a":1}"#, true),
        ("{}", true),
        ("{ \t\"a\"", true),
        ("{ }", true),
        (r#"{First name} = "a""#, false),
        ("", false),
        (" {}", false),
        ("{", false),
        ("{a", false),
    ] {
        assert_eq!(is_json(text), wanted, "{text}");
    }
}
