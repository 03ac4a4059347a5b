//! The schemas against the server, both ways: random tables, values made by nothing but their schemas, which are taken, and
//! values that the schemas forbid, which are refused.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};

use crate::harness::Shop;
use crate::{assert_answer, body_schema, document, operation, schema, shop, table};

const RECORDS: usize = 12;

fn pick<'a, T>(rng: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// Texts that are short, long, and written in many ways.
fn text(rng: &mut StdRng) -> String {
    let alphabet: Vec<char> = "ab Z09\"\\/\n\t\u{1}\u{7f}é漢🙂\u{301}\u{feff}".chars().collect();
    let length = *pick(rng, &[0, 1, 5, 40, 10_000, 10_001]);
    (0..length).map(|_| *pick(rng, &alphabet)).collect()
}

const DATES: [&str; 6] = ["2026-01-31", "0001-01-01", "9999-12-31", "2024-02-29", "0999-10-10", "1970-01-01"];
const CLOCKS: [&str; 6] = [
    "T09:30:00Z",
    "t23:59:59.999z",
    "T00:00:00.123456789Z",
    "T12:00:00+00:00",
    "T05:30:00.5Z",
    "T12:00:00-00:00",
];
const EMAILS: [&str; 7] = [
    "a@b",
    "ann.o'neil+x@sub.example.com",
    "a_b-c!#$%&'*+/=?^`{|}~@1.2",
    "müller@bücher.example",
    "x@a-b.c",
    "用户@例子.广告",
    "A@EXAMPLE.COM",
];
const URLS: [&str; 11] = [
    "https://example.com",
    "HTTP://EXAMPLE.COM:80/a?b=c#d",
    "mailto:ann@example.com",
    "urn:isbn:0451450523",
    "https://bücher.example/straße",
    "ftp://user@example.com/file",
    "tel:+491701234567",
    "TeL:1",
    "MAILTO:a@b",
    "http://:secret@example.com",
    "https://ann@example.com?a",
];

/// A value that a schema allows.
fn good(rng: &mut StdRng, of: &Value) -> Value {
    if let Some(choices) = of["enum"].as_array() {
        return pick(rng, choices).clone();
    }
    if let Some(forms) = of["anyOf"].as_array() {
        let form = pick(rng, forms);
        return good(rng, form);
    }
    let types = match &of["type"] {
        Value::Array(types) => types.clone(),
        Value::Null => vec![json!("number"), json!("boolean"), json!("object")],
        one => vec![one.clone()],
    };
    match pick(rng, &types).as_str().unwrap() {
        "null" => Value::Null,
        "boolean" => rng.random::<bool>().into(),
        "integer" => rng.random_range(1..1000).into(),
        "number" => {
            pick(rng, &[json!(0), json!(-1.5), json!(1e300), json!(9_007_199_254_740_992_i64), json!(5e-324)])
                .clone()
        }
        "array" => list(rng, of),
        "object" => json!({"a": [1, null, {"b": "c"}]}),
        _ => loop {
            let found = match of["format"].as_str() {
                Some("date") => (*pick(rng, &DATES)).to_owned(),
                Some("date-time") => format!("{}{}", pick(rng, &DATES[2..5]), pick(rng, &CLOCKS)),
                Some("email") => (*pick(rng, &EMAILS)).to_owned(),
                Some("iri") => (*pick(rng, &URLS)).to_owned(),
                _ => text(rng),
            };
            if schema::faults(&json!({}), of, &found.clone().into()).is_empty() {
                return found.into();
            }
        },
    }
}

fn list(rng: &mut StdRng, of: &Value) -> Value {
    let Some(choices) = of["items"]["enum"].as_array() else { return json!([]) };
    let least = usize::try_from(of["minItems"].as_u64().unwrap_or(0)).unwrap();
    let count = rng.random_range(least..=choices.len());
    let mut left = choices.clone();
    (0..count).map(|_| left.remove(rng.random_range(0..left.len()))).collect()
}

/// An object of a schema: what has to be there, and some of what may be.
fn good_object(rng: &mut StdRng, of: &Value) -> Map<String, Value> {
    let required = of["required"].as_array().cloned().unwrap_or_default();
    let mut object = Map::new();
    for (name, property) in of["properties"].as_object().unwrap() {
        if required.contains(&json!(name)) || rng.random::<bool>() {
            object.insert(name.clone(), good(rng, property));
        }
    }
    object
}

/// Values of which many are outside of a schema.
fn strange() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(1),
        json!(1.5),
        json!(""),
        json!("x"),
        json!("\u{0}"),
        json!([]),
        json!({}),
        json!(["x"]),
        json!([null]),
        json!("2026-02-30"),
        json!("2026-13-01"),
        json!("0000-01-01"),
        json!("26-01-01"),
        json!("2026-01-31T09:30:00"),
        json!("2026-01-31T25:00:00Z"),
        json!("2026-01-31 09:30:00Z"),
        json!("a@"),
        json!("@b"),
        json!("a b@c"),
        json!("a@b..c"),
        json!("a@-b"),
        json!(".a@b"),
        json!("a@b@c"),
        json!("example.com"),
        json!("https:example.com"),
        json!("https://exa mple.com"),
        json!("https://"),
        json!("HTTPS:///"),
        json!("http://:80/"),
        json!("ftp://ann@/a"),
        json!("https://?a=b"),
        json!("JavaScript://x/%0aalert(1)"),
        json!("2026-01-31T09:30:00+24:00"),
        json!("2026-01-31T09:30:60Z"),
        json!("0000-12-31T23:30:00-01:00"),
        json!("one"),
        json!(["one", "one"]),
        json!(["one", "nothing"]),
        json!("One"),
    ];
    values.extend([
        json!("é".repeat(10_001)),
        json!("a".repeat((512 << 10) + 1)),
        json!(format!("{}@b", "a".repeat(300))),
    ]);
    values
}

/// Fields of every type and every rule that fits it, in random company.
fn fields(rng: &mut StdRng) -> Value {
    let choices = |names: &[&str]| -> Vec<Value> { names.iter().map(|name| json!({"name": name})).collect() };
    let types = [
        ("string", json!(null), json!("text")),
        ("longText", json!(null), json!("long")),
        ("number", json!(null), json!(7)),
        ("checkbox", json!(null), json!(true)),
        ("date", json!(null), json!("2026-01-01")),
        ("dateTime", json!(null), json!("2026-01-01T00:00:00Z")),
        ("email", json!(null), json!("a@example.com")),
        ("url", json!(null), json!("https://example.com")),
        ("json", json!(null), json!({"d": 1})),
        ("select", json!({"choices": choices(&["one", "two", "a, b"])}), json!("one")),
        ("select", json!({"choices": choices(&["one"])}), json!("one")),
        ("select", json!({"choices": []}), json!(null)),
        ("select", json!({"multiple": true, "choices": choices(&["one", "two", "three"])}), json!(["two"])),
        ("select", json!({"multiple": true, "choices": choices(&["one"])}), json!(["one"])),
        ("select", json!({"multiple": true, "choices": []}), json!(null)),
        ("autoIncrement", json!(null), json!(null)),
        ("createdAt", json!(null), json!(null)),
        ("updatedAt", json!(null), json!(null)),
    ];
    let mut made = vec![json!({"name": "a name", "type": "string"})];
    for (n, (of_type, options, default)) in types.iter().enumerate() {
        let mut field = json!({"name": format!("{of_type} {n}"), "type": of_type});
        if !options.is_null() {
            field["options"] = options.clone();
        }
        // A required select without choices lets no record be made.
        let none = options["choices"].as_array().is_some_and(Vec::is_empty);
        let ruled = !["checkbox", "autoIncrement", "createdAt", "updatedAt"].contains(of_type) && !none;
        field["required"] = (ruled && rng.random()).into();
        if !default.is_null() && rng.random_ratio(1, 3) {
            field["default"] = default.clone();
        }
        made.push(field);
    }
    made.into()
}

fn values_of<'d>(document: &'d Value, operation: &Value) -> &'d Value {
    let body = schema::resolved(document, body_schema(operation)["$ref"].as_str().unwrap()).unwrap();
    schema::resolved(document, body["properties"]["values"]["$ref"].as_str().unwrap()).unwrap()
}

struct Judge<'s> {
    shop: &'s Shop,
    document: Value,
    record: String,
    counts: (usize, usize),
}

impl Judge<'_> {
    /// Sends values to be created or changed, and compares what happens with what the schema says of them.
    fn judge(&mut self, id: &str, values: Map<String, Value>, seed: u64) {
        let (method, path, operation) = operation(&self.document, id);
        let of = values_of(&self.document, &operation).clone();
        let values = Value::Object(values);
        let faults = schema::faults(&self.document, &of, &values);
        let request = self.shop.server.request(&method, &path.replace("{record}", &self.record));
        let answer = request.token(&self.shop.token).json(json!({"values": values})).send();
        let shown: String = values.to_string().chars().take(1500).collect();
        if faults.is_empty() {
            self.counts.0 += 1;
            assert!(
                (200..300).contains(&answer.status),
                "seed {seed}, {id}: allowed, and {answer:?}\n{shown}\n{of}"
            );
            assert_answer(&self.document, &operation, &answer);
            if id == "aCreate" {
                self.record = answer.text("/data/id");
            }
        } else {
            self.counts.1 += 1;
            assert_eq!(answer.status, 422, "seed {seed}, {id}: forbidden by {faults:?}\n{shown}\n{answer:?}");
        }
    }
}

#[test]
fn what_a_schema_allows_is_taken_and_what_it_forbids_is_refused() {
    let seed =
        std::env::var("UNDB_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("seed {seed}: repeat with UNDB_SEED={seed}");
    let rng = &mut StdRng::seed_from_u64(seed);
    let shop = shop();
    let mut counts = (0, 0);
    let tables = if std::env::var_os("UNDB_LONG").is_some() { 30 } else { 3 };
    for n in 0..tables {
        let id = table(&shop, if n == 0 { "a" } else { "A" }, &fields(rng));
        let path = format!("/api/openapi/bases/{}/tables/{id}", shop.base);
        let document = document(&shop.server, &shop.token, &format!("{path}/openapi.json"));
        let mut judge = Judge { shop: &shop, document, record: String::new(), counts: (0, 0) };
        judged(rng, &mut judge, seed);
        counts = (counts.0 + judge.counts.0, counts.1 + judge.counts.1);
        assert_eq!(shop.server.delete(&path).token(&shop.token).send().status, 204);
    }
    println!("{} bodies taken, {} refused", counts.0, counts.1);
    assert!(counts.0 > 100 && counts.1 > 300, "{counts:?}");
}

fn judged(rng: &mut StdRng, judge: &mut Judge<'_>, seed: u64) {
    let schemas = ["aCreate", "aUpdate"].map(|id| {
        let (_, _, operation) = operation(&judge.document, id);
        (id, values_of(&judge.document, &operation).clone())
    });
    for (id, of) in &schemas {
        for _ in 0..RECORDS {
            judge.judge(id, good_object(rng, of), seed);
        }
        let sound = good_object(rng, of);
        for missing in of["required"].as_array().into_iter().flatten() {
            let mut values = sound.clone();
            values.remove(missing.as_str().unwrap());
            judge.judge(id, values, seed);
        }
        for computed in ["autoIncrement 15", "createdAt 16", "updatedAt 17", "nothing", "A name"] {
            let mut values = sound.clone();
            values.insert(computed.to_owned(), json!(1));
            judge.judge(id, values, seed);
        }
        for name in of["properties"].as_object().unwrap().keys() {
            for value in strange() {
                // It says which: `""` is taken for the empty value of a choice too, and no list of choices has it.
                if value == "" && name.starts_with("select") {
                    continue;
                }
                // Nor does a schema know how many bytes JSON takes.
                if name.starts_with("json") && value.as_str().is_some_and(|text| text.len() > 512 << 10) {
                    continue;
                }
                let mut values = sound.clone();
                values.insert(name.clone(), value);
                judge.judge(id, values, seed);
            }
        }
    }
}
