//! Fields that change while there are records: values are converted or the change is refused, and a dry run tells before.

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::harness::Shop;

/// A table with one field of a name and type, and a record for each value: the paths of the table and of the records.
fn filled(shop: &Shop, name: &str, field: Value, values: &[Value]) -> (String, Vec<String>) {
    let table = shop.table(name, json!([{"name": "key", "type": "autoIncrement"}, field]));
    let records: Vec<_> = values.iter().map(|value| json!({"values": {"f": value}})).collect();
    let made = shop.made(&format!("{table}/records/bulk"), json!({"records": records}));
    let ids = made.at("/ids");
    let paths = ids.as_array().unwrap().iter().map(|id| format!("{table}/records/{}", id.as_str().unwrap()));
    (table.clone(), paths.collect())
}

fn values(shop: &Shop, table: &str) -> Vec<Value> {
    let listed = shop.got(&format!("{table}/records")).at("/records");
    listed.as_array().unwrap().iter().map(|record| record["values"]["f"].clone()).collect()
}

/// A field, what is changed of it, and values before and after.
fn conversions() -> Vec<(Value, Value, Value, Value)> {
    vec![
        (
            json!({"type": "string"}),
            json!({"type": "number"}),
            json!(["3", "-0.5", null]),
            json!([3, -0.5, null]),
        ),
        (
            json!({"type": "number"}),
            json!({"type": "string"}),
            json!([3, 0.1, null]),
            json!(["3", "0.1", null]),
        ),
        (json!({"type": "string"}), json!({"type": "longText"}), json!(["a", null]), json!(["a", null])),
        (
            json!({"type": "string"}),
            json!({"type": "checkbox"}),
            json!(["true", "false"]),
            json!([true, false]),
        ),
        (
            json!({"type": "checkbox"}),
            json!({"type": "string"}),
            json!([true, false]),
            json!(["true", "false"]),
        ),
        (
            json!({"type": "string"}),
            json!({"type": "date"}),
            json!(["2024-02-29", null]),
            json!(["2024-02-29", null]),
        ),
        (
            json!({"type": "date"}),
            json!({"type": "dateTime"}),
            json!(["2024-02-29"]),
            json!(["2024-02-29T00:00:00.000Z"]),
        ),
        (
            json!({"type": "dateTime"}),
            json!({"type": "date"}),
            json!(["2024-02-29T23:00:00Z"]),
            json!(["2024-02-29"]),
        ),
        (json!({"type": "string"}), json!({"type": "email"}), json!(["a@b.de"]), json!(["a@b.de"])),
        (json!({"type": "string"}), json!({"type": "url"}), json!(["https://b.de"]), json!(["https://b.de"])),
        (
            json!({"type": "string"}),
            json!({"type": "json"}),
            json!(["{\"a\": 1}", "x"]),
            json!([{"a": 1}, "x"]),
        ),
        (json!({"type": "number"}), json!({"type": "json"}), json!([3]), json!([3])),
        (
            json!({"type": "string"}),
            json!({"type": "select", "options": {"choices": [{"name": "x"}, {"name": "y"}]}}),
            json!(["y", null]),
            json!(["y", null]),
        ),
        (
            json!({"type": "select", "options": {"choices": [{"name": "x"}, {"name": "y"}]}}),
            json!({"options": {"multiple": true}}),
            json!(["y", null]),
            json!([["y"], null]),
        ),
    ]
}

#[test]
fn a_change_of_type_converts_what_is_there() {
    let shop = Shop::open();
    for (n, (from, to, before, after)) in conversions().into_iter().enumerate() {
        let why = format!("{from} to {to}");
        let mut field = from;
        field["name"] = "f".into();
        let (table, records) = filled(&shop, &format!("t{n}"), field, before.as_array().unwrap());
        let path = format!("{table}/fields/f");
        let (field, stored) = (shop.got(&path).json(), values(&shop, &table));
        let dry = shop.ask("PATCH", &format!("{path}?dryRun=true"), to.clone());
        assert_eq!((dry.status, dry.at("/dryRun")), (200, json!(true)), "{why}: {dry:?}");
        let count = usize::try_from(dry.at("/modifiedCount").as_u64().unwrap()).unwrap();
        assert_eq!(dry.at("/changes").as_array().unwrap().len(), count, "{why}");
        assert_eq!((shop.got(&path).json(), values(&shop, &table)), (field, stored), "{why}: a dry run");
        let done = shop.ask("PATCH", &path, to);
        assert_eq!(done.status, 200, "{why}: {done:?}");
        assert!(done.json().get("dryRun").is_none(), "{why}");
        assert_eq!(json!(values(&shop, &table)), after, "{why}");
        let changed = records.iter().filter(|path| shop.got(path).at("/data/version") == 2).count();
        assert_eq!(changed, count, "{why}: the records that the dry run counted have a new version");
    }
}

/// Why a change is refused, the field, values, the change, and its fault with how often it comes.
fn misfits() -> Vec<(&'static str, Value, Value, Value, &'static str, usize)> {
    let choices = json!({"choices": [{"name": "x"}, {"name": "y"}, {"name": "z"}]});
    let some = json!({"choices": [{"name": "x"}, {"name": "z"}]});
    vec![
        (
            "text that is no number",
            json!({"type": "string"}),
            json!(["3", "a", "b"]),
            json!({"type": "number"}),
            "/type invalid_value",
            2,
        ),
        (
            "text that is no address",
            json!({"type": "string"}),
            json!(["a@b.de", "x"]),
            json!({"type": "email"}),
            "/type invalid_value",
            1,
        ),
        (
            "no choice has that name",
            json!({"type": "string"}),
            json!(["x", "q"]),
            json!({"type": "select", "options": some}),
            "/type invalid_value",
            1,
        ),
        (
            "required, and empty",
            json!({"type": "string"}),
            json!(["a", null, null]),
            json!({"required": true}),
            "/required required",
            2,
        ),
        (
            "unique, and twice",
            json!({"type": "string"}),
            json!(["a", "a", "b", "a"]),
            json!({"unique": true}),
            "/unique value_taken",
            0,
        ),
        (
            "a choice that is used",
            json!({"type": "select", "options": choices}),
            json!(["y", "x"]),
            json!({"options": some}),
            "/options/choices invalid_value",
            1,
        ),
    ]
}

#[test]
fn a_change_that_does_not_fit_is_refused_with_the_count() {
    let shop = Shop::open();
    for (n, (why, field, before, change, fault, count)) in misfits().into_iter().enumerate() {
        let mut field = field;
        field["name"] = "f".into();
        let (table, records) = filled(&shop, &format!("t{n}"), field, before.as_array().unwrap());
        let path = format!("{table}/fields/f");
        let (field, stored) = (shop.got(&path).json(), values(&shop, &table));
        for query in ["", "?dryRun=true"] {
            let answer = shop.ask("PATCH", &format!("{path}{query}"), change.clone());
            assert_eq!(
                (answer.status, answer.code().as_str()),
                match fault.rsplit(' ').next().unwrap() {
                    "value_taken" => (409, "value_taken"),
                    "required" => (422, "required"),
                    _ => (422, "values_do_not_convert"),
                },
                "{why}: {answer:?}"
            );
            let faults = answer.faults();
            assert!(
                !faults.is_empty() && faults.iter().all(|(at, code)| format!("{at} {code}") == fault),
                "{why}: {answer:?}"
            );
            if count > 0 {
                assert_eq!(faults.len(), count, "{why}");
                assert!(answer.text("/detail").contains(&count.to_string()), "{why}: the count: {answer:?}");
            }
            let ids: Vec<&str> = records.iter().map(|path| path.rsplit('/').next().unwrap()).collect();
            let named = |fault: &Value| ids.iter().any(|id| fault["detail"].as_str().unwrap().contains(id));
            assert!(
                answer.at("/errors").as_array().unwrap().iter().all(named),
                "{why}: the records are named"
            );
            assert_eq!(
                (shop.got(&path).json(), values(&shop, &table)),
                (field.clone(), stored.clone()),
                "{why}"
            );
        }
    }
}

#[test]
fn required_and_unique_hold_from_then_on() {
    let shop = Shop::open();
    let (table, records) =
        filled(&shop, "t", json!({"name": "f", "type": "string"}), &[json!("a"), json!("b")]);
    let path = format!("{table}/fields/f");
    assert_eq!(shop.ask("PATCH", &path, json!({"required": true, "unique": true})).status, 200);
    let send = |value: Value| shop.ask("POST", &format!("{table}/records"), json!({"values": {"f": value}}));
    refused(&send(json!("a")), "it is there", 409, "value_taken", &["/values/f value_taken"]);
    refused(&send(Value::Null), "it is required", 422, "invalid_input", &["/values/f required"]);
    assert_eq!(shop.got(&records[0]).at("/data/version"), 1, "rules change no record");
    let with_default = shop.ask("PATCH", &path, json!({"default": "x"}));
    refused(&with_default, "unique", 422, "invalid_input", &["/default invalid_value"]);
    assert_eq!(shop.ask("PATCH", &path, json!({"unique": false, "required": false})).status, 200);
    assert_eq!((send(json!("a")).status, send(Value::Null).status), (201, 201), "and no more after that");
    let again = shop.ask("PATCH", &path, json!({"unique": true}));
    assert_eq!((again.status, again.code().as_str()), (409, "value_taken"), "{again:?}");
    assert_eq!(shop.ask("PATCH", &path, json!({"default": "d"})).at("/default"), "d");
    assert_eq!(
        shop.made(&format!("{table}/records"), json!({"values": {}})).at("/data/values/f"),
        "d",
        "a default for new records"
    );
    assert_eq!(shop.got(&records[1]).at("/data/values/f"), "b", "not for old ones");
    assert_eq!(shop.ask("PATCH", &path, json!({"default": null})).at("/default"), Value::Null);
}

#[test]
fn a_renamed_choice_keeps_its_values() {
    let shop = Shop::open();
    let options = json!({"choices": [{"name": "new"}, {"name": "old"}, {"name": "unused"}]});
    let field = json!({"name": "f", "type": "select", "options": options});
    let (table, records) = filled(&shop, "t", field, &[json!("old"), json!("new")]);
    let path = format!("{table}/fields/f");
    let choices = shop.got(&path).at("/options/choices");
    let renamed = json!({"options": {"choices": [
        {"id": choices[1]["id"], "name": "ancient", "color": "rose"}, {"name": "new"}, {"name": "fresh"}
    ]}});
    let done = shop.ask("PATCH", &path, renamed);
    assert_eq!(done.status, 200, "an unused choice may go: {done:?}");
    let found = done.at("/options/choices");
    assert_eq!((&found[0]["id"], &found[0]["color"]), (&choices[1]["id"], &json!("rose")));
    assert_eq!(found[1]["id"], choices[0]["id"], "a name keeps its choice");
    assert!(!choices.to_string().contains(found[2]["id"].as_str().unwrap()), "a new one is new");
    assert_eq!(values(&shop, &table), ["ancient", "new"]);
    assert_eq!(shop.got(&records[0]).at("/data/version"), 1, "no record is touched");
    let used =
        shop.ask("PATCH", &path, json!({"options": {"choices": [{"name": "new"}, {"name": "fresh"}]}}));
    assert_eq!((used.status, used.code().as_str()), (422, "values_do_not_convert"), "{used:?}");
    assert_eq!(used.text("/errors/0/pointer"), "/options/choices", "{used:?}");
    assert_eq!(shop.ask("PATCH", &records[0], json!({"values": {"f": "fresh"}})).status, 200);
    let unused =
        shop.ask("PATCH", &path, json!({"options": {"choices": [{"name": "new"}, {"name": "fresh"}]}}));
    assert_eq!(unused.status, 200, "{unused:?}");
    let strange = json!({"options": {"choices": [{"id": "opt01jd0000000000000000000001", "name": "x"}]}});
    refused(
        &shop.ask("PATCH", &path, strange),
        "no such choice",
        422,
        "invalid_input",
        &["/options/choices/0/id unknown_choice"],
    );
}

#[test]
fn what_a_change_can_be_has_limits() {
    let shop = Shop::open();
    let shelf = shop.path("/fields/shelf");
    let record = shop.record(json!({"title": "Dune"}));
    for (why, path, body, fault) in [
        (
            "a computed field stays one",
            shop.path("/fields/number"),
            json!({"type": "number"}),
            "/type invalid_value",
        ),
        (
            "none becomes one",
            shop.path("/fields/pages"),
            json!({"type": "autoIncrement"}),
            "/type invalid_value",
        ),
        ("its default does not convert", shelf.clone(), json!({"type": "number"}), "/default invalid_value"),
        ("its default forbids it", shelf.clone(), json!({"unique": true}), "/unique invalid_value"),
        ("a name of the record's own", shelf.clone(), json!({"name": "ID"}), "/name invalid_name"),
        ("an unknown member", shelf.clone(), json!({"requierd": true}), "/requierd unknown_member"),
        ("required is no null", shelf.clone(), json!({"required": null}), "/required wrong_type"),
    ] {
        let before = shop.got(&path).json();
        refused(&shop.ask("PATCH", &path, body), why, 422, "invalid_input", &[fault]);
        assert_eq!(shop.got(&path).json(), before, "{why}");
    }
    refused(
        &shop.ask("PATCH", &shelf, json!({"name": "Title"})),
        "another field has the name",
        409,
        "name_taken",
        &["/name name_taken"],
    );
    let renamed = shop.ask("PATCH", &shelf, json!({"name": "SHELF", "description": "where it stands"}));
    assert_eq!((renamed.at("/name"), renamed.at("/default")), (json!("SHELF"), json!("A1")));
    let got = shop.got(&shop.path(&format!("/records/{record}")));
    assert_eq!((got.at("/data/values/SHELF"), got.at("/data/version")), (json!("A1"), json!(1)));
}

#[test]
fn a_change_of_more_than_a_transaction_holds_is_refused() {
    let engine = std::sync::Arc::new(undb::kv::memory::Memory::new());
    let shop = Shop::with(crate::harness::Setup { engine: Some(engine), ..Default::default() });
    // In JSON it has two quotes more, and is then as long as a value may be.
    let long = "x".repeat((512 << 10) - 2);
    let path = shop.path("/records/bulk");
    // More than 64 MiB, in bodies of less than 16.
    for _ in 0..5 {
        let records = vec![json!({"values": {"title": "t", "notes": long}}); 26];
        shop.made(&path, json!({"records": records}));
    }
    let notes = shop.path("/fields/notes");
    let refusal = shop.ask("PATCH", &notes, json!({"type": "json"}));
    refused(&refusal, "too much at once", 422, "too_many_records", &[]);
    assert_eq!(shop.got(&notes).at("/type"), "longText");
    assert_eq!(shop.got(&shop.path("/records?limit=1")).at("/records/0/version"), 1);
}
