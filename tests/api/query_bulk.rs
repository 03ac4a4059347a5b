//! Changes, deletions and copies of all records that a filter finds.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::kv::memory::Memory;
use undb::limits::FOUND_RECORDS_MAX;

use crate::ask::{Ask, refused};
use crate::harness::{Setup, Shop};
use crate::query::{contacts, names};

fn held(shop: &Shop, path: &str, filter: &str) -> Vec<String> {
    names(&shop.ask("POST", &format!("{path}/records/query"), json!({"filter": filter})))
}

#[test]
fn all_that_are_found_are_changed_and_no_others() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let records = format!("{path}/records");
    let change = |query: &str, filter: Value, values: Value| {
        shop.ask("PATCH", &format!("{records}{query}"), json!({"filter": filter, "values": values}))
    };
    let dry = change("?dryRun=true", json!("status = \"active\""), json!({"score": 1}));
    assert_eq!((dry.status, dry.at("/modifiedCount"), dry.at("/dryRun")), (200, json!(2), json!(true)));
    assert_eq!(dry.at("/changes/0/before/score"), 90);
    assert_eq!(dry.at("/changes/0/after/score"), 1);
    assert_eq!(held(&shop, &path, "score = 1"), Vec::<String>::new(), "a dry run changes nothing");
    let done = change("", json!("status = \"active\""), json!({"score": 1}));
    assert_eq!(done.json(), json!({"modifiedCount": 2}));
    assert_eq!(held(&shop, &path, "score = 1"), ["Ada", "Alan"]);
    let again = change("", json!("status = \"active\""), json!({"score": 1}));
    assert_eq!(again.json(), json!({"modifiedCount": 0}), "those in which something changed");
    assert_eq!(change("", json!("age > 1000"), json!({"score": 1})).json(), json!({"modifiedCount": 0}));
    let by_json = json!({"field": "age", "op": "lt", "value": 30});
    assert_eq!(change("", by_json, json!({"done": true})).json(), json!({"modifiedCount": 1}));
    assert_eq!(held(&shop, &path, "done"), ["Ada", "ÖZGE"]);
    assert_eq!(change("", json!("true"), json!({"done": true})).json(), json!({"modifiedCount": 3}));
    let taken = change("", json!("age > 0"), json!({"email": "same@example.com"}));
    assert_eq!((taken.status, taken.code()), (409, "value_taken".into()), "{taken:?}");
    assert_eq!(held(&shop, &path, "email = \"same@example.com\""), Vec::<String>::new());
    let one = change("", json!("name = \"nobody\""), json!({"email": "same@example.com"}));
    assert_eq!(one.json(), json!({"modifiedCount": 1}), "one may have it");
    assert_eq!(change("", json!("age > 0"), json!({"email": null})).json(), json!({"modifiedCount": 3}));
}

#[test]
fn what_does_not_say_which_records_is_refused() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let (records, copies) = (format!("{path}/records"), format!("{path}/records/duplicate"));
    let nothing = json!({"conjunction": "and", "children": []});
    for (method, at, body, faults) in [
        ("PATCH", &records, json!({"filter": nothing, "values": {"age": 1}}), vec!["/filter required"]),
        ("DELETE", &records, json!({"filter": nothing}), vec!["/filter required"]),
        (
            "DELETE",
            &records,
            json!({"filter": {"conjunction": "or", "children": [nothing]}}),
            vec!["/filter required"],
        ),
        ("POST", &copies, json!({"filter": nothing}), vec!["/filter required"]),
        ("POST", &copies, json!({}), vec!["/filter required"]),
        ("DELETE", &records, json!({"filter": "true", "ids": []}), vec!["/ids invalid_value"]),
        (
            "PATCH",
            &records,
            json!({"filter": "true", "records": [], "values": {}}),
            vec!["/records invalid_value"],
        ),
        ("PATCH", &records, json!({"filter": "true"}), vec!["/values required"]),
        (
            "PATCH",
            &records,
            json!({"filter": "nmae = 1", "values": {"agee": 1}}),
            vec!["/filter unknown_field", "/values/agee unknown_field"],
        ),
        ("DELETE", &records, json!({"filter": ""}), vec!["/filter invalid_filter"]),
        ("DELETE", &records, json!({"filter": null}), vec!["/filter wrong_type"]),
    ] {
        let answer = shop.ask(method, at, body.clone());
        refused(&answer, &format!("{method} {body}"), 422, "invalid_input", &faults);
    }
    assert_eq!(held(&shop, &path, "true").len(), 5, "nothing was done");
}

#[test]
fn all_that_are_found_are_deleted() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let records = format!("{path}/records");
    let dry = shop.ask("DELETE", &format!("{records}?dryRun=true"), json!({"filter": "age > 40"}));
    assert_eq!((dry.at("/deletedCount"), dry.at("/changes/1/after")), (json!(2), Value::Null));
    assert_eq!(dry.at("/changes/1/before/name"), "Grace Hopper");
    assert_eq!(held(&shop, &path, "true").len(), 5);
    assert_eq!(
        shop.ask("DELETE", &records, json!({"filter": "age > 40"})).json(),
        json!({"deletedCount": 2})
    );
    assert_eq!(held(&shop, &path, "true"), ["Ada", "ÖZGE", "nobody"]);
    assert_eq!(
        shop.ask("DELETE", &records, json!({"filter": "age > 40"})).json(),
        json!({"deletedCount": 0})
    );
    assert_eq!(shop.ask("DELETE", &records, json!({"filter": "true"})).json(), json!({"deletedCount": 3}));
    assert_eq!(held(&shop, &path, "true"), Vec::<String>::new());
}

#[test]
fn all_that_are_found_are_copied_once() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let copies = format!("{path}/records/duplicate");
    let dry = shop.ask("POST", &format!("{copies}?dryRun=true"), json!({"filter": "status = \"active\""}));
    assert_eq!(
        (dry.status, dry.at("/createdCount"), dry.at("/changes/0/before")),
        (200, json!(2), Value::Null)
    );
    assert_eq!(held(&shop, &path, "true").len(), 5);
    let send = |key: &str, filter: &str| {
        let request = shop.server.post(&copies).token(&shop.token).header("idempotency-key", key);
        request.json(json!({"filter": filter})).send()
    };
    let made = send("k1", "status = \"active\"");
    assert_eq!((made.status, made.at("/createdCount")), (201, json!(2)));
    assert_eq!(made.at("/ids").as_array().unwrap().len(), 2);
    let again = send("k1", "status = \"active\"");
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(again.bytes, made.bytes);
    assert_eq!(send("k1", "true").status, 422, "the key is another request's");
    assert_eq!(
        held(&shop, &path, "name contains \"ada\" or name contains \"alan\""),
        ["Ada", "Alan", "Ada", "Alan"]
    );
    assert_eq!(
        held(&shop, &path, "status = \"active\" and email is empty"),
        ["Ada", "Alan"],
        "unique fields are empty"
    );
    let none = send("k2", "age > 1000");
    assert_eq!((none.status, none.json()), (201, json!({"createdCount": 0, "ids": []})));
}

#[test]
fn more_than_one_call_may_change_are_counted_and_left_alone() {
    let shop = Shop::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() });
    let path = shop.table("many", json!([{"name": "a", "type": "number"}]));
    let mut left = FOUND_RECORDS_MAX + 1;
    while left > 0 {
        let step = left.min(10_000);
        let records: Vec<_> = (0..step).map(|n| json!({"values": {"a": n}})).collect();
        shop.made(&format!("{path}/records/bulk"), json!({"records": records}));
        left -= step;
    }
    let records = format!("{path}/records");
    for (method, at, body) in [
        ("PATCH", &records, json!({"filter": "true", "values": {"a": 1}})),
        ("DELETE", &records, json!({"filter": "a >= 0"})),
        ("POST", &format!("{records}/duplicate"), json!({"filter": "true"})),
    ] {
        let answer = shop.ask(method, at, body);
        assert_eq!((answer.status, answer.code()), (422, "too_many_records".into()), "{method}");
        assert!(answer.text("/detail").contains("100001"), "{answer:?}");
    }
    assert_eq!(shop.got(&format!("{records}?limit=1")).at("/total"), FOUND_RECORDS_MAX + 1);
}
