//! Rules of a field across a change of its type: what is unique or required before is so after, by the new type's measure.

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::harness::{Answer, Shop};

/// A table with one field `f` and a record for each value: its path and the ids of the records.
fn filled(shop: &Shop, name: &str, mut field: Value, values: Value) -> (String, Vec<String>) {
    field["name"] = "f".into();
    let table = shop.table(name, json!([{"name": "key", "type": "autoIncrement"}, field]));
    let records = values.as_array().unwrap().iter().map(|value| json!({"values": {"f": value}}));
    let records: Vec<Value> = records.collect();
    let made = shop.made(&format!("{table}/records/bulk"), json!({"records": records})).at("/ids");
    let ids = made.as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    (table, ids)
}

fn change(shop: &Shop, table: &str, body: Value) -> Answer {
    shop.ask("PATCH", &format!("{table}/fields/f"), body)
}

fn create(shop: &Shop, table: &str, value: Value) -> Answer {
    shop.ask("POST", &format!("{table}/records"), json!({"values": {"f": value}}))
}

/// Checks that a change is refused because of exactly these records, in their order, and with their count.
#[track_caller]
fn refused_for(answer: &Answer, why: &str, fault: &str, records: &[&String]) {
    let faults = vec![fault; records.len()];
    let (status, code) = match fault.rsplit(' ').next().unwrap() {
        "value_taken" => (409, "value_taken"),
        "required" => (422, "required"),
        _ => (422, "values_do_not_convert"),
    };
    refused(answer, why, status, code, &faults);
    let count = records.len().to_string();
    assert!(answer.text("/detail").starts_with(&format!("{count} ")), "{why}: the count: {answer:?}");
    for (n, id) in records.iter().enumerate() {
        let detail = answer.text(&format!("/errors/{n}/detail"));
        assert!(detail.contains(id.as_str()), "{why}: {detail} names {id}");
    }
}

#[test]
fn a_refusal_names_the_records_that_do_not_fit_and_no_other() {
    let shop = Shop::open();
    let text = || json!({"type": "string"});
    let (table, ids) = filled(&shop, "unique", text(), json!(["a", "a", null, "b", "a", "b", null, "A"]));
    let again = [&ids[1], &ids[4], &ids[5]];
    let answer = change(&shop, &table, json!({"unique": true}));
    refused_for(
        &answer,
        "all but the first of each value; the empty are none",
        "/unique value_taken",
        &again,
    );
    let (table, ids) = filled(&shop, "required", text(), json!(["a", "", null, "b"]));
    let answer = change(&shop, &table, json!({"required": true}));
    refused_for(&answer, "an empty text is no value", "/required required", &[&ids[1], &ids[2]]);
    let many =
        json!({"type": "select", "options": {"multiple": true, "choices": [{"name": "x"}, {"name": "y"}]}});
    let (table, ids) = filled(&shop, "single", many, json!([["x"], ["x", "y"], [], ["y", "x"]]));
    let answer = change(&shop, &table, json!({"options": {"multiple": false}}));
    refused_for(&answer, "one holds one choice only", "/options/multiple invalid_value", &[&ids[1], &ids[3]]);
    let (table, ids) = filled(&shop, "rules", text(), json!(["a", null, "a"]));
    let answer = change(&shop, &table, json!({"unique": true, "required": true}));
    let faults = ["/unique value_taken", "/required required"];
    refused(&answer, "two rules at once", 422, "invalid_input", &faults);
    let detail = answer.text("/detail");
    assert_eq!(
        detail,
        "1 record has no value in `f`, and 1 record has a value in `f` that another one has already."
    );
    assert!(answer.json()["errors"].to_string().contains(&ids[2]), "{answer:?}");
    let both = json!({"type": "string", "required": false});
    let (table, ids) = filled(&shop, "both", both, json!(["1", "x", null]));
    let answer = change(&shop, &table, json!({"type": "number", "required": true}));
    let faults = ["/type invalid_value", "/required required"];
    refused(&answer, "two reasons at once", 422, "values_do_not_convert", &faults);
    let detail = answer.json()["errors"].to_string();
    assert!(detail.contains(&ids[1]) && detail.contains(&ids[2]) && !detail.contains(&ids[0]), "{detail}");
}

#[test]
fn unique_is_measured_by_the_new_type() {
    let shop = Shop::open();
    let text = || json!({"type": "string", "unique": true});
    let (table, ids) = filled(&shop, "same", text(), json!(["1", "2", "1.0", "1e0"]));
    let answer = change(&shop, &table, json!({"type": "number"}));
    refused_for(&answer, "as numbers they are the same", "/unique value_taken", &[&ids[2], &ids[3]]);
    assert_eq!(create(&shop, &table, json!("1.00")).status, 201, "as texts they are not");
    let taken = create(&shop, &table, json!("1.0"));
    refused(&taken, "nothing has changed", 409, "value_taken", &["/values/f value_taken"]);
    let (table, _) = filled(&shop, "other", text(), json!(["1", "2.50", null, null]));
    let done = change(&shop, &table, json!({"type": "number"}));
    assert_eq!((done.status, done.at("/unique")), (200, json!(true)), "{done:?}");
    for taken in [json!(1), json!(2.5)] {
        let answer = create(&shop, &table, taken);
        refused(&answer, "it holds on", 409, "value_taken", &["/values/f value_taken"]);
    }
    assert_eq!(create(&shop, &table, json!(3)).status, 201);
    let back = change(&shop, &table, json!({"type": "longText"}));
    assert_eq!((back.status, back.at("/unique")), (200, json!(true)));
    let answer = create(&shop, &table, json!("2.5"));
    refused(&answer, "and on the way back", 409, "value_taken", &["/values/f value_taken"]);
    assert_eq!(create(&shop, &table, json!("2.50")).status, 201);
    let (table, _) = filled(&shop, "never", text(), json!(["true"]));
    let answer = change(&shop, &table, json!({"type": "checkbox"}));
    refused(&answer, "a checkbox is not unique", 422, "invalid_input", &["/unique invalid_value"]);
    let both = change(&shop, &table, json!({"type": "checkbox", "unique": false}));
    assert_eq!((both.status, both.at("/unique")), (200, json!(false)), "both in one call: {both:?}");
}

#[test]
fn a_change_of_everything_at_once_is_one_change() {
    let shop = Shop::open();
    let field = json!({"type": "string", "default": "7"});
    let (table, ids) = filled(&shop, "t", field, json!(["3", null]));
    let body = json!({"name": "count", "type": "number", "description": "how many", "position": 0});
    let dry = shop.ask("PATCH", &format!("{table}/fields/f?dryRun=true"), body.clone());
    assert_eq!((dry.status, dry.at("/name"), dry.at("/default")), (200, json!("count"), json!(7)));
    assert_eq!(dry.at("/changes"), json!([{"id": ids[0], "before": "3", "after": 3}]));
    assert_eq!(shop.got(&format!("{table}/fields/f")).at("/primary"), false, "a dry run moves nothing");
    let done = change(&shop, &table, body);
    assert_eq!((done.status, done.at("/primary"), done.at("/default")), (200, json!(true), json!(7)));
    assert_eq!(shop.got(&format!("{table}/records/{}", ids[0])).at("/data/values/count"), 3);
    let next = shop.made(&format!("{table}/records"), json!({"values": {}}));
    assert_eq!(next.at("/data/values/count"), 7, "the default is one of the new type");
    let refusal = shop.ask("PATCH", &format!("{table}/fields/count"), json!({"name": "n", "type": "date"}));
    assert_eq!(refusal.status, 422, "{refusal:?}");
    assert_eq!(shop.got(&format!("{table}/fields/count")).at("/type"), "number", "all of it or nothing");
}
