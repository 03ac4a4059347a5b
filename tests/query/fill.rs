//! Random fields and records.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value as Json, json};

/// Texts with all that is known to be hard: case that changes length, other scripts, prefixes of each other, quotes.
pub const TEXTS: [&str; 24] = [
    "a",
    "A",
    "ab",
    "aB",
    "abcdefgh",
    "abcdefghi",
    "abcdefghI",
    "Ada Lovelace",
    "ada lovelace",
    "ÄÖÜ",
    "äöü",
    "İstanbul",
    "i\u{307}stanbul",
    "Straße",
    "STRASSE",
    "ΣΑΣ",
    "σας",
    "日本語",
    "日本",
    "x\ty \"q\" \\ }",
    "🦀",
    "\u{ffff}",
    "~",
    " ",
];

/// All that a table may have, but one `select` that is there always.
pub fn pool() -> Vec<Json> {
    let choices = |names: &[&str]| json!(names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>());
    let states = choices(&["open", "on hold", "Äußerst", "closed", "archived"]);
    let tags = choices(&["vip", "beta", "new", "old", "日本"]);
    vec![
        json!({"name": "status", "type": "select", "options": {"choices": states}}),
        json!({"name": "name", "type": "string"}),
        json!({"name": "Long notes", "type": "longText"}),
        json!({"name": "mail", "type": "email"}),
        json!({"name": "site }{", "type": "url"}),
        json!({"name": "age", "type": "number"}),
        json!({"name": "score", "type": "number"}),
        json!({"name": "done", "type": "checkbox"}),
        json!({"name": "flag", "type": "checkbox"}),
        json!({"name": "day", "type": "date"}),
        json!({"name": "due", "type": "date"}),
        json!({"name": "start", "type": "dateTime"}),
        json!({"name": "until", "type": "dateTime"}),
        json!({"name": "tags", "type": "select", "options": {"choices": tags, "multiple": true}}),
        json!({"name": "extra", "type": "json"}),
        json!({"name": "no", "type": "autoIncrement"}),
        json!({"name": "made", "type": "createdAt"}),
        json!({"name": "changed", "type": "updatedAt"}),
        json!({"name": "code", "type": "string", "unique": true}),
        json!({"name": "rank", "type": "number", "unique": true}),
    ]
}

/// Some of all fields.
pub fn fields(rng: &mut StdRng) -> Json {
    let kept = pool().into_iter().enumerate().filter(|(n, _)| *n == 0 || rng.random_bool(0.75));
    Json::Array(kept.map(|(_, field)| field).collect())
}

/// A text from few or from many.
pub fn text(rng: &mut StdRng) -> String {
    match rng.random_range(0..10) {
        0..7 => (*TEXTS.choose(rng).unwrap()).to_owned(),
        7 => format!("{}{}", TEXTS.choose(rng).unwrap(), rng.random_range(0..2000)),
        8 => format!("{} {}", TEXTS.choose(rng).unwrap(), TEXTS.choose(rng).unwrap()),
        _ => "z".repeat(rng.random_range(1..12)),
    }
}

/// Texts that are alike in all bytes that they are sorted by, or just not.
fn long_text(rng: &mut StdRng) -> String {
    let end = *["", "a", "b", "é", "éa"].choose(rng).unwrap();
    format!("{}{end}", "w".repeat(rng.random_range(997..1001)))
}

pub fn number(rng: &mut StdRng) -> f64 {
    match rng.random_range(0..8) {
        0..4 => f64::from(rng.random_range(-5..20)),
        4 => f64::from(rng.random_range(-40..40)) / 8.0,
        5 => rng.random_range(-1e6..1e6),
        6 => *[0.0, 1e15, -1e15, 0.1, 2.5e-7, 9_007_199_254_740_991.0].choose(rng).unwrap(),
        _ => f64::from(rng.random_range(0..3000)),
    }
}

/// A day, mostly of two years, or at the ends of the calendar.
pub fn day(rng: &mut StdRng) -> String {
    if rng.random_bool(0.06) {
        return (*["0001-01-01", "9999-12-31", "1969-12-31", "2024-02-29"].choose(rng).unwrap()).to_owned();
    }
    let year = rng.random_range(2025..2028);
    format!("{year}-{:02}-{:02}", rng.random_range(1..13), rng.random_range(1..29))
}

pub fn time(rng: &mut StdRng) -> String {
    let clock = ["00:00:00.000", "23:59:59.999", "09:30:00.000", "13:45:30.250", "00:00:00.001"];
    let day = if rng.random_bool(0.3) { "2026-08-01".to_owned() } else { day(rng) };
    format!("{day}T{}Z", clock.choose(rng).unwrap())
}

fn extra(rng: &mut StdRng) -> Json {
    let all = [
        json!("a"),
        json!("A"),
        json!(1),
        json!(1.5),
        json!(true),
        json!(false),
        json!([1, "A"]),
        json!({"b": 1, "a": [true]}),
        json!("Äb"),
        json!({"Text": "x\ty"}),
        json!(1e21),
    ];
    all.choose(rng).unwrap().clone()
}

fn choices(field: &Json) -> Vec<&str> {
    let all = field["options"]["choices"].as_array().unwrap();
    all.iter().map(|choice| choice["name"].as_str().unwrap()).collect()
}

/// A value of a field as a client sends and gets it; `n` keeps unique ones apart.
pub fn value(field: &Json, n: usize, empty: f64, rng: &mut StdRng) -> Json {
    if field["unique"] == true {
        let filled = rng.random_bool(0.8);
        let text = field["type"] == "string";
        return if !filled {
            Json::Null
        } else if text {
            json!(format!("code-{n}"))
        } else {
            json!(n)
        };
    }
    if field["type"] == "checkbox" {
        return json!(rng.random_bool(0.4));
    }
    if rng.random_bool(empty) {
        return Json::Null;
    }
    match field["type"].as_str().unwrap() {
        "string" => json!(text(rng)),
        "longText" => json!(if rng.random_bool(0.2) { long_text(rng) } else { text(rng) }),
        "email" => json!(format!("{}@example.com", ["ada", "Bob", "c.d", "x+y"].choose(rng).unwrap())),
        "url" => json!(format!("https://example.com/{}", ["", "a", "B", "q?x=1"].choose(rng).unwrap())),
        "number" => json!(number(rng)),
        "date" => json!(day(rng)),
        "dateTime" => json!(time(rng)),
        "json" => extra(rng),
        "select" if field["options"]["multiple"] == true => {
            let mut names = choices(field);
            let many = rng.random_range(1..4);
            while names.len() > many {
                names.remove(rng.random_range(0..names.len()));
            }
            if rng.random_bool(0.3) {
                names.reverse();
            }
            json!(names)
        }
        "select" => json!(choices(field).choose(rng).unwrap()),
        other => panic!("a type `{other}` is new: say what its values are"),
    }
}

/// Whether a client sends it.
pub fn is_sent(field: &Json) -> bool {
    !["autoIncrement", "createdAt", "updatedAt"].contains(&field["type"].as_str().unwrap())
}

/// The values of a record, by name; `empty` is how often one is not there.
pub fn values(fields: &Json, n: usize, empty: f64, rng: &mut StdRng) -> Json {
    let sent = fields.as_array().unwrap().iter().filter(|field| is_sent(field));
    let pairs = sent.map(|field| (field["name"].as_str().unwrap().to_owned(), value(field, n, empty, rng)));
    Json::Object(pairs.collect())
}
