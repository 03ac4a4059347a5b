//! The text form: what is read, what it says of a record, and what a fault says.

use super::*;

fn read(text: &str) -> Result<Expr, Vec<String>> {
    let table = table();
    read_text(text, "filter", &context(&table)).map_err(shown)
}

/// What each says of Ann, and of a record that is empty.
const HELD: &[(&str, bool, bool)] = &[
    ("true", true, true),
    ("false", false, false),
    ("true and not false", true, true),
    (r#"name = "Ann""#, true, false),
    (r#"name = "ann""#, false, false),
    (r#"name != "ann""#, true, true),
    (r#"not name != "Ann""#, true, false),
    (r#""Ann" = name"#, true, false),
    (r#"name < "Anna" and name >= "Ann""#, true, false),
    (r#"name in ("Bob", "Ann")"#, true, false),
    (r#"name not in ("Bob", "Ann")"#, false, true),
    (r#"name between "A" and "B""#, true, false),
    (r#"name CONTAINS "NN" And NOT name Is Empty"#, true, false),
    (r#"{First }}name} starts with "äNN""#, true, false),
    (r#"{First }}name} ends with "CHEN""#, true, false),
    (
        r#"notes = "a
b""#,
        true,
        false,
    ),
    (r#"notes = "a\nb" and notes != "a\\nb""#, true, false),
    (r#"mail contains "EXAMPLE""#, true, false),
    (r#"mail = "ann@example.com""#, false, false),
    (r#"site starts with "https:""#, true, false),
    ("age > 31", true, false),
    ("31 < age", true, false),
    ("age = 31.5 or age = 3", true, false),
    ("age in (1, 31.50, 2e0)", true, false),
    ("age between 31.5 and 31.5", true, false),
    ("age between 32 and 31", false, false),
    ("score < -1", true, false),
    ("score<-1", true, false),
    ("score = -2.0", true, false),
    ("score < age", true, false),
    ("score >= age", false, false),
    ("score != age", true, true),
    ("age is empty", false, true),
    ("age is not empty", true, false),
    ("done", true, false),
    ("not done", false, true),
    ("done and not archived", true, false),
    ("done = true", true, false),
    ("done = false", false, true),
    ("done != true", false, true),
    ("archived = false", true, true),
    ("done = archived", false, true),
    ("done != archived", true, false),
    ("done in (true, false)", true, true),
    (r#"day = "2024-08-14""#, true, false),
    (r#"day = "2024-08-14T23:00:00Z""#, true, false),
    ("day = today", true, false),
    ("day = now", true, false),
    ("day <= now", true, false),
    ("day >= now", true, false),
    ("day < now", false, false),
    ("day > yesterday and day < tomorrow", true, false),
    ("day between -1d and +1d", true, false),
    ("day in (yesterday, today)", true, false),
    ("day between start of month and end of month", true, false),
    ("day > start of week and day < end of week", true, false),
    ("day >= end of month -1mo", true, false),
    (r#"start = "2024-08-14""#, true, false),
    (r#"start != "2024-08-14""#, false, true),
    (r#"start > "2024-08-14""#, false, false),
    (r#"start > "2024-08-13""#, true, false),
    (r#"start >= "2024-08-14""#, true, false),
    (r#"start < "2024-08-14""#, false, false),
    (r#"start <= "2024-08-14""#, true, false),
    (r#"start between "2024-08-13" and "2024-08-14""#, true, false),
    (r#"start in ("2024-08-13", "2024-08-14")"#, true, false),
    (r#"start = "2024-08-14T12:00:00+02:00""#, true, false),
    ("start < now", true, false),
    ("start < end", true, false),
    ("start < now -5h and start > now - 6h", true, false),
    ("start > -6h and start < -5h", true, false),
    ("end > start and end between start and now", true, false),
    ("day < start", true, false),
    (r#"status = "open""#, true, false),
    (r#"status != "open""#, false, true),
    (r#"status in ("closed", "open")"#, true, false),
    (r#"status not in ("closed")"#, true, true),
    (r#"tags has "open""#, true, false),
    (r#"tags has any ("closed", "on hold")"#, true, false),
    (r#"tags has all ("closed", "on hold")"#, false, false),
    (r#"tags has all ("on hold", "open")"#, true, false),
    (r#"not (tags has "open") and not tags has "closed""#, false, true),
    ("tags is not empty", true, false),
    (r#"data contains "TWO""#, true, false),
    (r#"data != "two" and data != 3 and data != true"#, true, true),
    ("no = 41", true, true),
    ("no > 40.5 and no < 41.5", true, true),
    ("no = 41.5 or no in (40.5, 7)", false, false),
    ("no >= 41.5 or no <= 40.5", false, false),
    ("no between 40.1 and 41.9", true, true),
    ("no < 99999999999999999999999999999999999999999999999999", true, true),
    ("no > 1e300 or no < -1e300 or no = 1e300", false, false),
    ("no > -9223372036854775809", true, true),
    ("no > 9223372036854775807", false, false),
    ("version = 3", true, true),
    (r#"createdAt < "2024-08-02" and made = "2024-08-01""#, true, true),
    ("updatedAt = today", true, true),
    ("made < updatedAt", true, true),
    ("not not not done", false, true),
    ("age > 40 or age > 30 and done", true, false),
    ("(age > 40 or age > 30) and archived", false, false),
    ("not age > 40 and not done", false, true),
    ("fld0202020202020202020202020 is empty or true", true, true),
];

#[test]
fn what_holds_of_a_record() {
    let table = table();
    let ann = Sample::new(&table, ANN);
    let nobody = Sample::new(&table, "{}");
    for (text, of_ann, of_nobody) in HELD {
        let text = &text.replace("fld0202020202020202020202020", &FieldId::from_bytes([3; 16]).to_string());
        let expr = read_text(text, "filter", &context(&table))
            .map_err(shown)
            .unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
        assert_eq!(expr.holds(&ann), *of_ann, "{text}: {expr:?}");
        assert_eq!(expr.holds(&nobody), *of_nobody, "of the empty record: {text}: {expr:?}");
    }
}

#[test]
fn ids_are_compared() {
    let table = table();
    let ann = Sample::new(&table, ANN);
    let id = ann.id.to_string();
    let less = RecordId::from_bytes([6; 16]).to_string();
    for text in [
        format!(r#"id = "{id}""#),
        format!(r#"id in ("{less}", "{id}")"#),
        format!(r#"id > "{less}" and id != "{less}""#),
        format!(r#"id between "{less}" and "{id}""#),
    ] {
        assert!(read_text(&text, "filter", &context(&table)).unwrap().holds(&ann), "{text}");
    }
    assert_eq!(
        read(r#"id = "rec""#).unwrap_err(),
        [
            r#"filter invalid_filter: Character 6, at `"rec"`: `id` is compared with the id of a record, such as `"rec01k…"`; found the text `rec`."#
        ]
    );
}
