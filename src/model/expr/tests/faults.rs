//! What a fault of the text form says, to the letter.

use super::*;

fn read(text: &str) -> Result<Expr, Vec<String>> {
    let table = table();
    read_text(text, "filter", &context(&table)).map_err(shown)
}

/// Texts and all that is said of them.
const FAULTS: &[(&str, &[&str])] = &[
    (
        "First name = 3",
        &[
            "Character 7, at `name = 3`: Expected an operator, `and`, `or` or the end, found `name`. A name with a space in it stands in braces: `{First name}`.",
        ],
    ),
    (
        "name contians \"x\"",
        &[
            "Character 6, at `contians \"x\"`: Expected an operator, `and`, `or` or the end, found `contians`. Did you mean `contains`?",
        ],
    ),
    (
        "first-name = 3",
        &["Character 6, at `-name = 3`: After `-` comes a number; a name with `-` in it stands in braces."],
    ),
    (
        "",
        &["Character 1: There is no filter in the text; to take all records, leave it out or write `true`."],
    ),
    (
        "nmae = 3 and status = \"opne\" and age > \"x\"",
        &[
            "unknown_field: Character 1, at `nmae = 3 and status = \"o…`: The table has no field `nmae`. Did you mean `name`?",
            "unknown_choice: Character 23, at `\"opne\" and age > \"x\"`: There is no choice `opne`. Did you mean `open`?",
            "Character 40, at `\"x\"`: `age` is compared with a number; found the text `x`.",
        ],
    ),
    ("age >", &["Character 6: Expected a value or a field, found the end."]),
    (
        "age = 3 4",
        &["Character 9, at `4`: Expected an operator, `and`, `or` or the end, found the number 4."],
    ),
    ("(age = 3", &["Character 9: Expected `)`, `and` or `or`, found the end."]),
    (
        "age)",
        &[
            "Character 4, at `)`: Expected an operator, `and`, `or` or the end, found `)`. There is no `(` to it.",
        ],
    ),
    (
        "tags = \"open\"",
        &[
            "Character 6, at `= \"open\"`: `tags` holds several choices: use `has \"a\"`, `has any (…)`, `has all (…)` or `is empty`.",
        ],
    ),
    (
        "status has \"open\"",
        &[
            "Character 8, at `has \"open\"`: `has` does not fit `status` of type select: use `=`, `!=`, `in (…)` or `is empty`.",
        ],
    ),
    (
        "age contains \"x\"",
        &[
            "Character 5, at `contains \"x\"`: `contains` does not fit `age` of type number: use `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `between` or `is empty`.",
        ],
    ),
    ("name contains 3", &["Character 15, at `3`: Expected a text in `\"` after this operator."]),
    (
        "name not contains \"x\"",
        &[
            "Character 10, at `contains \"x\"`: `not` stands before the whole comparison: `not (name contains …)`.",
        ],
    ),
    ("name starts \"x\"", &["Character 13, at `\"x\"`: Expected `with` after `starts`, found a text."]),
    ("x'", &["Character 2, at `'`: `'` means nothing here: a text stands in `\"`."]),
    ("age ＝ 3", &["Character 5, at `＝ 3`: `＝` means nothing here: write `=`."]),
    ("age == 3", &["Character 5, at `== 3`: `==` means nothing here: write `=`."]),
    ("name = “a”", &["Character 8, at `“a”`: `“` means nothing here: a text stands in `\"`."]),
    (
        "start of fortnight > day",
        &[
            "Character 10, at `fortnight > day`: Expected one of `day`, `week`, `month`, `quarter`, `year`, found `fortnight`.",
        ],
    ),
    (
        "day > start of fortnight",
        &[
            "Character 16, at `fortnight`: Expected one of `day`, `week`, `month`, `quarter`, `year`, found `fortnight`.",
        ],
    ),
    (
        "name = null",
        &[
            "unknown_field: Character 8, at `null`: The table has no field `null`. There is no `null`: write `is empty`.",
        ],
    ),
    (
        "day > 7d",
        &[
            "unknown_field: Character 7, at `7d`: The table has no field `7d`. A span of time has a sign, as in `-7d`.",
        ],
    ),
    ("not", &["Character 4: Expected a field, `not` or `(`, found the end."]),
    (
        "and",
        &[
            "Character 1, at `and`: Expected a field, `not` or `(`, found the word `and`; a field that is called so stands in braces: `{and}`.",
        ],
    ),
    ("age in 3", &["Character 8, at `3`: Expected a list such as `(\"a\", \"b\")`, found the number 3."]),
    ("age in ()", &["Character 9, at `)`: Expected a value, found `)`."]),
    ("age in (1 2)", &["Character 11, at `2)`: Expected `,` or `)` in the list, found the number 2."]),
    (
        "name",
        &[
            "Character 1, at `name`: Expected an operator after `name` of type string; operators are `=`, `!=`, `<`, `<=`, `>`, `>=`, `in (…)`, `between`, `contains`, `starts with`, `ends with` or `is empty`.",
        ],
    ),
    (
        "3",
        &[
            "Character 1, at `3`: A value alone is no condition: compare a field with it, as in `name = \"x\"`.",
        ],
    ),
    (
        "\"a\" contains name",
        &["Character 1, at `\"a\" contains name`: Expected a field on the left of this operator."],
    ),
    (
        "name = \"\"",
        &[
            "Character 8, at `\"\"`: An empty text is the empty value, which equals nothing; ask for `is empty` of `name`.",
        ],
    ),
    (
        "done is empty",
        &[
            "Character 6, at `is empty`: `done` is a checkbox, which is never empty: write `done` or `not done`.",
        ],
    ),
    (
        "done > true",
        &[
            "Character 6, at `> true`: `>` does not fit `done` of type checkbox: use `=`, `!=`, or the name alone.",
        ],
    ),
    (
        "age = 9007199254740993",
        &[
            "Character 7, at `9007199254740993`: 9007199254740993 can't be held exactly by a 64-bit floating point number.",
        ],
    ),
    ("age = 1e999", &["Character 7, at `1e999`: 1e999 is beyond what a 64-bit number can hold."]),
    (
        "age = 007",
        &[
            "Character 7, at `007`: A number is spelled as in JSON: no zeros before it, and digits on both sides of the point.",
        ],
    ),
    (
        "age = 3.",
        &[
            "Character 7, at `3.`: A number is spelled as in JSON: no zeros before it, and digits on both sides of the point.",
        ],
    ),
    ("age = +3", &["Character 7, at `+3`: A number has no `+` before it, as in JSON."]),
    ("age = - 3", &["Character 7, at `- 3`: A number follows its `-` without a space between."]),
    ("name = \"\\ud800\"", &["Character 9, at `\\ud800\"`: The escape is no Unicode character."]),
    (
        "name = \"a\\x\"",
        &[
            "Character 10, at `\\x\"`: There is no escape `\\x`: a text has those of JSON, and a backslash is written `\\\\`.",
        ],
    ),
    ("name = \"abc", &["Character 8, at `\"abc`: The text that begins here has no `\"` at its end."]),
    ("{name = 3", &["Character 1, at `{name = 3`: The `{` here has no `}` after it."]),
    ("{} = 3", &["Character 1, at `{} = 3`: There is no name between the braces."]),
    (
        "age < name",
        &["Character 5, at `< name`: `age` of type number can't be compared with `name` of type string."],
    ),
    ("id = id", &["Character 4, at `= id`: `id` of type id can't be compared with `id` of type id."]),
    (
        "data < 3",
        &[
            "Character 6, at `< 3`: `<` does not fit `data` of type json: use `=`, `!=`, `in (…)`, `contains` or `is empty`.",
        ],
    ),
    (
        "name = 3\n and age = \"x\"",
        &[
            "Line 1, character 8, at `3`: `name` is compared with a text in `\"`; found the number 3.",
            "Line 2, character 12, at `\"x\"`: `age` is compared with a number; found the text `x`.",
        ],
    ),
    (
        "day = \"2024-02-30\"",
        &[
            "Character 7, at `\"2024-02-30\"`: `day` is compared with a day as `\"2026-01-31\"`, a time as `\"2026-01-31T09:30:00Z\"`, or a moment such as `today`; found the text `2024-02-30`.",
        ],
    ),
    ("day > -9999999d", &["Character 7, at `-9999999d`: The moment is outside of the years 1 to 9999."]),
    ("3 = 4", &["Character 3, at `= 4`: A comparison needs a field on one side at least."]),
    (
        "name is null",
        &[
            "Character 9, at `null`: Expected `is empty` or `is not empty`, found `null`. Values are compared with `=` and `!=`.",
        ],
    ),
    (
        "age between 3 or 4",
        &["Character 15, at `or 4`: Expected `and` and the upper end of `between`, found `or`."],
    ),
    (
        "day > -7x",
        &["Character 7, at `-7x`: There is no unit of time `x`: units are `h`, `d`, `w`, `mo`, `y`."],
    ),
    (
        "between = 3",
        &[
            "Character 1, at `between = 3`: Expected a field, `not` or `(`, found the word `between`; a field that is called so stands in braces: `{between}`.",
        ],
    ),
    ("name contains mail", &["Character 15, at `mail`: Expected a text in `\"` after this operator."]),
    (
        "age in (score)",
        &["Character 9, at `score)`: Expected a value here, found the name `score`; a text stands in `\"`."],
    ),
];

#[test]
fn a_fault_says_where_and_what() {
    for (text, wanted) in FAULTS {
        let found: Vec<String> = read(text).unwrap_err();
        let found: Vec<String> = found
            .iter()
            .map(|fault| {
                fault.trim_start_matches("filter ").trim_start_matches("invalid_filter: ").to_owned()
            })
            .collect();
        assert_eq!(found, *wanted, "{text}");
    }
}
