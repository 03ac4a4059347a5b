//! Input that wants to hurt: it is read or refused, on a small stack, and never more than that.

use super::*;
use crate::limits::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_ITEMS_MAX, FILTER_NODES_MAX};

/// Runs on a stack of half a megabyte, a quarter of what a thread of the server has.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(512 << 10).spawn(run).unwrap().join().unwrap();
}

/// Pieces that stand where a value, a name or an operator may.
const PIECES: &[&str] = &[
    "\u{ff02}a\u{ff02}",
    "＝",
    "“a”",
    "'a'",
    "`a`",
    "\0",
    "\"\0\"",
    "\u{feff}",
    "\u{202e}",
    "\u{200b}",
    "n\u{430}me",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\u12\"",
    "\"\\",
    "\"",
    "\"\\u{41}\"",
    "1e999",
    "-1e999",
    "1e-999",
    "9007199254740993",
    "-9007199254740993",
    "9223372036854775808",
    "-9223372036854775809",
    "-0",
    "-0.0",
    "00",
    "0x10",
    "1_000",
    "1.",
    ".5",
    "1e",
    "1e+",
    "--1",
    "+1",
    "NaN",
    "Infinity",
    "-",
    "+",
    "-7",
    "-7q",
    "-99999999999999999999d",
    "-10000000y",
    "+10000000mo",
    "+10000000h",
    "{",
    "}",
    "{}",
    "{}}",
    "{ }",
    "{a}}",
    "[",
    "]",
    ";",
    "/*",
    "--",
    "\\",
    "$1",
    "?",
    "%",
    "*",
    ".",
    "a.b",
    "()",
    "(",
    ")",
    ",",
    "==",
    "<>",
    "=>",
    "!",
    "&&",
    "||",
    "null",
    "undefined",
    "true",
    "now now",
    "start of",
    "end of of",
    "start of day of month",
    "today -1d -1d",
    "\u{10ffff}",
    "é",
    "e\u{301}",
    "ﬁ",
    "İ",
    "ß",
    "🙂",
    "\u{d7ff}",
    "\r\n",
    "\t",
    "\"\t\r\n\"",
    "x'; drop table y; --",
];

/// Where the pieces are put.
const PLACES: &[&str] =
    &["@", "age = @", "name = @", "@ = 3", "no < @", "day >= @", "status in (@)", "tags has @"];

#[test]
fn pieces_in_every_place_are_read_or_refused() {
    let table = table();
    let ann = Sample::new(&table, ANN);
    let mut read = 0;
    for place in PLACES {
        for piece in PIECES {
            let text = place.replace('@', piece);
            match read_text(&text, "filter", &context(&table)) {
                Ok(expr) => {
                    let _ = expr.holds(&ann);
                    read += 1;
                }
                Err(faults) => {
                    for fault in shown(faults) {
                        assert!(fault.contains("haracter ") && fault.len() < 600, "{text:?}: {fault}");
                    }
                }
            }
        }
    }
    // So many of them are sound; a number that changes says that the language did.
    assert_eq!(read, 18);
}

fn refused(text: &str, wanted: &str) {
    let table = table();
    let faults = shown(read_text(text, "filter", &context(&table)).unwrap_err());
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains(wanted), "{faults:?}");
}

#[test]
fn depth_is_limited() {
    on_a_small_stack(|| {
        let levels = format!("nested to {FILTER_DEPTH_MAX} levels at most");
        for (open, close) in
            [("(", ")"), ("not ", ""), ("not (", ")"), ("not(not(", "))"), ("done or (", ")")]
        {
            let nested = |many: usize| format!("{}done{}", open.repeat(many), close.repeat(many));
            refused(&nested(65), &levels);
            refused(&nested(1500), &levels);
            refused(&open.repeat(1500), &levels);
            assert!(read_text(&nested(16), "filter", &context(&table())).is_ok());
        }
        let most = format!("{}done{}", "(".repeat(FILTER_DEPTH_MAX), ")".repeat(FILTER_DEPTH_MAX));
        assert!(read_text(&most, "filter", &context(&table())).is_ok());
    });
}

#[test]
fn length_is_limited() {
    for unit in [
        "(",
        ")",
        "not ",
        "\"",
        "{",
        "}}",
        "-",
        "a",
        "0",
        "9",
        " ",
        "\\",
        "and ",
        "name = \"x\" or ",
        "\u{feff}",
        "1e",
    ] {
        let text = unit.repeat((1 << 20) / unit.len());
        refused(&text, &format!("A filter has at most {FILTER_BYTES_MAX} bytes"));
        let table = table();
        let _ = read_text(&unit.repeat(FILTER_BYTES_MAX / unit.len()), "filter", &context(&table));
        let _ = read_sort(&text, &table);
        assert!(search(&text, "search", &table).is_err());
    }
    let padded = format!("name = \"{}\"", "x".repeat(FILTER_BYTES_MAX - 9));
    assert!(read_text(&padded, "filter", &context(&table())).is_ok());
}

#[test]
fn counts_are_limited() {
    let joined = |many: usize| vec!["done"; many].join(" or ");
    assert!(read_text(&joined(FILTER_NODES_MAX), "filter", &context(&table())).is_ok());
    refused(&joined(FILTER_NODES_MAX + 1), &format!("at most {FILTER_NODES_MAX} conditions"));
    let list = |many: usize| format!("age in ({})", vec!["1"; many].join(","));
    assert!(read_text(&list(FILTER_ITEMS_MAX), "filter", &context(&table())).is_ok());
    refused(&list(FILTER_ITEMS_MAX + 1), &format!("at most {FILTER_ITEMS_MAX} items"));
    // As many faults as there are conditions, each told.
    let wrong = vec!["x = 3"; FILTER_NODES_MAX].join(" or ");
    let faults = read_text(&wrong, "filter", &context(&table())).unwrap_err();
    assert_eq!(faults.count(), FILTER_NODES_MAX);
}

fn json_refused(text: &str) -> Vec<String> {
    let table = table();
    let mut faults = Faults::default();
    let json = Json::read(text.as_bytes()).unwrap();
    assert!(
        read_json(json, &Pointer::Root.member("filter"), &context(&table), &mut faults).is_none(),
        "{text}"
    );
    shown(faults)
}

#[test]
fn the_json_form_is_limited_too() {
    on_a_small_stack(|| {
        let open = r#"{"conjunction":"and","children":["#;
        let nested = |many: usize| format!("{}{}", open.repeat(many), "]}".repeat(many));
        let faults = json_refused(&nested(66));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].ends_with("Groups are nested to 64 levels at most."), "{faults:?}");
        assert_eq!(json_refused(&nested(1000)).len(), 1);
        assert!(json_refused(&nested(20_000))[0].contains("A filter has at most 65536 bytes"));
    });
    let condition = r#"{"field":"done","op":"is_true"}"#;
    let group =
        |many: usize| format!(r#"{{"conjunction":"or","children":[{}]}}"#, vec![condition; many].join(","));
    let faults = json_refused(&group(FILTER_NODES_MAX));
    assert_eq!(faults, ["/filter/children/999 too_many: A filter has at most 1000 conditions and groups."]);
    let list =
        format!(r#"{{"field":"status","op":"any_of","value":[{}]}}"#, vec!["\"open\""; 1001].join(","));
    assert_eq!(
        json_refused(&list),
        ["/filter/value too_many: A list has at most 1000 items, this one 1001."]
    );
}

/// Filters and all that is said of them.
const JSON_FAULTS: &[(&str, &[&str])] = &[
    ("3", &["/filter wrong_type: Expected an object, found a number."]),
    (
        "{}",
        &[
            "/filter required: Expected a group with `conjunction` and `children`, or a condition with `field` and `op`.",
        ],
    ),
    (
        r#"{"conjunction":"xor"}"#,
        &[
            "/filter/conjunction invalid_value: Expected `and` or `or`.",
            "/filter/children required: The member `children` is missing.",
        ],
    ),
    (r#"{"children":[]}"#, &["/filter/conjunction required: The member `conjunction` is missing."]),
    (
        r#"{"conjunction":"and","children":[],"option":{}}"#,
        &["/filter/option unknown_member: The member `option` is not known here."],
    ),
    (
        r#"{"conjunction":"and","childern":[]}"#,
        &[
            "/filter/childern unknown_member: The member `childern` is not known here. Did you mean `children`?",
            "/filter/children required: The member `children` is missing.",
        ],
    ),
    (
        r#"{"field":"age","op":"gt","value":3,"disabled":true}"#,
        &[
            "/filter/disabled unknown_member: The member `disabled` is not known here but as `false`: leave out what is disabled.",
        ],
    ),
    (
        r#"{"field":"nmae","op":"gt","value":3}"#,
        &["/filter/field unknown_field: The table has no field `nmae`. Did you mean `name`?"],
    ),
    (
        r#"{"field":"age","op":"gtee","value":3}"#,
        &[
            "/filter/op invalid_value: There is no operator `gtee` for `age` of type number. Did you mean `gte`? Operators are `eq`, `neq`, `gt`, `gte`, `lt`, `lte`, `is_empty`, `is_not_empty`.",
        ],
    ),
    (
        r#"{"field":"done","op":"eq","value":true}"#,
        &[
            "/filter/op invalid_value: There is no operator `eq` for `done` of type checkbox. Operators are `is_true`, `is_false`.",
        ],
    ),
    (r#"{"field":"age","op":"gt"}"#, &["/filter/value required: The member `value` is missing."]),
    (r#"{"field":"age","value":3}"#, &["/filter/op required: The member `op` is missing."]),
    (r#"{"op":"eq","value":3}"#, &["/filter/field required: The member `field` is missing."]),
    (
        r#"{"field":"age","op":"gt","value":"3"}"#,
        &["/filter/value wrong_type: `age` is compared with a number; found the text `3`."],
    ),
    (
        r#"{"field":"age","op":"gt","value":null}"#,
        &["/filter/value wrong_type: Expected a string, a number or a boolean, found null."],
    ),
    (
        r#"{"field":"age","op":"eq","value":9007199254740993}"#,
        &[
            "/filter/value not_exact: 9007199254740993 can't be held exactly by a 64-bit floating point number.",
        ],
    ),
    (
        r#"{"field":"status","op":"eq","value":["open","opne"]}"#,
        &["/filter/value/1 unknown_choice: There is no choice `opne`. Did you mean `open`?"],
    ),
    (
        r#"{"field":"tags","op":"eq","value":[]}"#,
        &["/filter/value invalid_value: The list is empty; a condition on nothing is most likely a mistake."],
    ),
    (
        r#"{"field":"name","op":"is_empty","value":"x"}"#,
        &["/filter/value unknown_member: This operator takes no `value`."],
    ),
    (
        r#"{"field":"name","op":"min","value":0}"#,
        &["/filter/value out_of_range: Expected a whole number from 1 to 524288."],
    ),
    (
        r#"{"field":"name","op":"contains","value":3}"#,
        &["/filter/value wrong_type: Expected a string, found a number."],
    ),
    (
        r#"{"field":"name","op":"eq","value":"\ud800"}"#,
        &["/filter/value invalid_value: The string has an escape that is no Unicode character."],
    ),
    (
        r#"{"field":"name","op":"eq","value":""}"#,
        &[
            "/filter/value invalid_value: An empty text is the empty value, which equals nothing; ask for `is empty` of `name`.",
        ],
    ),
    (
        r#"{"field":"data","op":"eq","value":[]}"#,
        &[
            "/filter/value invalid_value: This is the empty value, which equals nothing; use the operator `is_empty`.",
        ],
    ),
    (
        r#"{"field":"id","op":"in","value":["rec1"]}"#,
        &[
            "/filter/value/0 invalid_value: `id` is compared with the id of a record, such as `\"rec01k…\"`; found the text `rec1`.",
        ],
    ),
    (
        r#"{"field":"day","op":"is_before","value":"@noon"}"#,
        &[
            "/filter/value invalid_value: Expected a day as `2026-01-31`, a time as `2026-01-31T09:30:00Z`, or one of `@now`, `@today`, `@todayStart`, `@todayEnd`, `@tomorrow`, `@tomorrowStart`, `@tomorrowEnd`, `@yesterday`, `@yesterdayStart`, `@yesterdayEnd`.",
        ],
    ),
    (
        r#"{"conjunction":"or","children":[{"field":"x","op":"eq","value":1},{"field":"age","op":"eq","value":true}]}"#,
        &[
            "/filter/children/0/field unknown_field: The table has no field `x`.",
            "/filter/children/1/value wrong_type: `age` is compared with a number; found `true`.",
        ],
    ),
];

#[test]
fn faults_of_the_json_form_have_pointers() {
    for (text, wanted) in JSON_FAULTS {
        assert_eq!(json_refused(text), *wanted, "{text}");
    }
}
