//! Upsert: records that are there are changed, the others are made, recognised by a unique field or by their id.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::Shop;

#[test]
fn what_is_there_is_changed_and_the_rest_is_made() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let dune = shop.record(json!({"title": "Dune", "isbn": "1", "pages": 3, "shelf": "Z"}));
    let same = shop.record(json!({"title": "Emma", "isbn": "2"}));
    let body = json!({"on": "isbn", "records": [
        {"values": {"isbn": "3", "title": "new"}},
        {"values": {"isbn": "1", "pages": 412}},
        {"values": {"isbn": "2", "title": "Emma"}}
    ]});
    let dry = shop.ask("PUT", &format!("{records}?dryRun=true"), body.clone());
    assert_eq!((dry.status, dry.at("/createdCount"), dry.at("/modifiedCount")), (200, json!(1), json!(1)));
    assert_eq!(dry.at("/changes").as_array().unwrap().len(), 2);
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 2, "a dry run makes nothing");
    let done = shop.ask("PUT", &records, body.clone());
    assert_eq!((done.status, done.at("/createdCount"), done.at("/modifiedCount")), (200, json!(1), json!(1)));
    assert_eq!((done.at("/ids/1"), done.at("/ids/2")), (json!(dune), json!(same)), "ids in the order sent");
    let got = shop.got(&format!("{records}/{dune}")).at("/data");
    assert_eq!(
        (&got["values"]["pages"], &got["values"]["shelf"]),
        (&json!(412), &json!("Z")),
        "the rest stays"
    );
    let made = shop.got(&format!("{records}/{}", done.text("/ids/0"))).at("/data/values");
    assert_eq!(
        (&made["title"], &made["shelf"]),
        (&json!("new"), &json!("A1")),
        "what is new gets its defaults"
    );
    let again = shop.ask("PUT", &records, body);
    assert_eq!((again.at("/createdCount"), again.at("/modifiedCount")), (json!(0), json!(0)));
    assert_eq!(again.at("/ids"), done.at("/ids"));
}

#[test]
fn records_are_recognised_by_their_id_too() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let dune = shop.record(json!({"title": "Dune", "isbn": "1"}));
    let other = "rec01jd0000000000000000000001";
    let body = json!({"on": "id", "records": [
        {"id": other, "values": {"title": "made under this id", "isbn": "1"}},
        {"id": dune, "values": {"isbn": "2"}}
    ]});
    let done = shop.ask("PUT", &records, body);
    assert_eq!(done.json(), json!({"createdCount": 1, "modifiedCount": 1, "ids": [other, dune]}), "{done:?}");
    assert_eq!(shop.got(&format!("{records}/{other}")).at("/data/values/isbn"), "1", "given up by the other");
    let fields = shop.got(&shop.path("")).at("/fields");
    let isbn = fields.as_array().unwrap().iter().find(|field| field["name"] == "isbn").unwrap()["id"].clone();
    let title = fields[0]["id"].as_str().unwrap();
    let keyed = json!({"on": isbn, "records": [{"values": {isbn.as_str().unwrap(): "2", title: "renamed"}}]});
    let done = shop.ask("PUT", &format!("{records}?keys=id"), keyed);
    assert_eq!((done.status, done.at("/modifiedCount"), done.at("/ids/0")), (200, json!(1), json!(dune)));
}

/// Why an upsert is refused, its body, and how: status, code, faults.
type Refused = (&'static str, Value, u16, &'static str, &'static [&'static str]);

/// Faults of `on`, and of what it asks of the records.
fn bad_on() -> Vec<Refused> {
    vec![
        (
            "no field of that name",
            json!({"on": "isnb", "records": [{"values": {"isbn": "1"}}]}),
            422,
            "invalid_input",
            &["/on unknown_field"][..],
        ),
        (
            "a field that is not unique",
            json!({"on": "title", "records": [{"values": {"title": "x"}}]}),
            422,
            "invalid_input",
            &["/on invalid_value"],
        ),
        (
            "no `on` at all, and an item that is none",
            json!({"records": [{"values": {"isbn": "1"}}, 3]}),
            422,
            "invalid_input",
            &["/on required", "/records/1 wrong_type"],
        ),
        (
            "a wrong `on` beside a wrong value",
            json!({"on": "title", "records": [{"values": {"title": 1}}]}),
            422,
            "invalid_input",
            &["/on invalid_value", "/records/0/values/title wrong_type"],
        ),
        (
            "records without the value that they are recognised by",
            json!({"on": "isbn", "records": [{"values": {"title": "x"}}, {"values": {"isbn": null}}]}),
            422,
            "invalid_input",
            &["/records/0/values/isbn required", "/records/1/values/isbn required"],
        ),
        (
            "a value twice",
            json!({"on": "isbn", "records": [{"values": {"isbn": "1"}}, {"values": {"isbn": "1"}}]}),
            422,
            "invalid_input",
            &["/records/1/values/isbn invalid_value"],
        ),
    ]
}

/// Faults of the records.
fn bad_records(dune: &str) -> Vec<Refused> {
    vec![
        (
            "an id where a field decides",
            json!({"on": "isbn", "records": [{"id": dune, "values": {"isbn": "1"}}]}),
            422,
            "invalid_input",
            &["/records/0/id invalid_value"],
        ),
        (
            "no id where the id decides",
            json!({"on": "id", "records": [{"values": {"title": "x"}}]}),
            422,
            "invalid_input",
            &["/records/0/id required"],
        ),
        (
            "an id twice",
            json!({"on": "id", "records": [{"id": dune, "values": {}}, {"id": dune, "values": {}}]}),
            422,
            "invalid_input",
            &["/records/1/id invalid_value"],
        ),
        (
            "what would be made lacks a required field",
            json!({"on": "isbn", "records": [{"values": {"isbn": "1", "pages": 1}}, {"values": {"isbn": "2"}}]}),
            422,
            "invalid_input",
            &["/records/1/values/title required"],
        ),
        (
            "what would be made has a value that is taken",
            json!({"on": "id", "records": [{"id": nothing("rec"), "values": {"title": "x", "isbn": "1"}}]}),
            409,
            "value_taken",
            &["/records/0/values/isbn value_taken"],
        ),
        ("nothing", json!({"on": "isbn", "records": []}), 422, "invalid_input", &["/records required"]),
    ]
}

#[test]
fn an_upsert_with_a_fault_does_nothing() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let dune = shop.record(json!({"title": "Dune", "isbn": "1"}));
    let before = shop.got(&records).json();
    for (why, body, status, code, faults) in bad_on().into_iter().chain(bad_records(&dune)) {
        refused(&shop.ask("PUT", &records, body), why, status, code, faults);
        assert_eq!(shop.got(&records).json(), before, "{why}: nothing is done");
    }
    assert_eq!(shop.ask("DELETE", &format!("{records}/{dune}"), Value::Null).status, 204);
}
