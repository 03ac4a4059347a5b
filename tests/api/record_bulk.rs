//! Many records in one call: all of it or nothing, faults with the place they had, dry runs that change nothing.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::Shop;

/// All records as they are.
fn all(shop: &Shop) -> Value {
    shop.got(&shop.path("/records?limit=1000")).json()
}

fn three(shop: &Shop) -> [String; 3] {
    let made = shop.made(
        &shop.path("/records/bulk"),
        json!({"records": [
            {"values": {"title": "a", "isbn": "1", "pages": 1}},
            {"values": {"title": "b", "isbn": "2", "pages": 2}},
            {"values": {"title": "c", "isbn": "3", "pages": 3}}
        ]}),
    );
    assert_eq!(made.at("/createdCount"), 3);
    ["/ids/0", "/ids/1", "/ids/2"].map(|at| made.text(at))
}

#[test]
fn many_are_made_changed_and_deleted() {
    let shop = Shop::open();
    let [a, b, c] = three(&shop);
    let titles: Vec<_> = [&a, &b, &c]
        .map(|id| shop.got(&shop.path(&format!("/records/{id}"))).at("/data/values/title"))
        .to_vec();
    assert_eq!(titles, ["a", "b", "c"], "ids come in the order sent");
    let records = shop.path("/records");
    let changed = shop.ask(
        "PATCH",
        &records,
        json!({"records": [{"id": c, "values": {"pages": 30}}, {"id": a, "values": {"title": "a"}}]}),
    );
    assert_eq!((changed.status, changed.json()), (200, json!({"modifiedCount": 1})), "one was that already");
    assert_eq!(shop.got(&format!("{records}/{c}")).at("/data/version"), 2);
    assert_eq!(shop.got(&format!("{records}/{a}")).at("/data/version"), 1);
    let deleted = shop.ask("DELETE", &records, json!({"ids": [a, c]}));
    assert_eq!((deleted.status, deleted.json()), (200, json!({"deletedCount": 2})));
    assert_eq!(all(&shop)["records"].as_array().unwrap().len(), 1);
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 1);
    let again = shop.made(&records, json!({"values": {"title": "again", "isbn": "1"}}));
    assert_eq!(again.status, 201, "the unique value of a deleted record is free");
    assert_eq!(all(&shop)["records"][0]["id"], json!(b));
}

#[test]
fn unique_values_are_swapped_inside_of_one_call() {
    let shop = Shop::open();
    let [a, b, c] = three(&shop);
    let records = shop.path("/records");
    let isbn = |id: &str| shop.got(&format!("{records}/{id}")).at("/data/values/isbn");
    let swap = json!({"records": [
        {"id": a, "values": {"isbn": "2"}}, {"id": b, "values": {"isbn": "3"}}, {"id": c, "values": {"isbn": "1"}}
    ]});
    let answer = shop.ask("PATCH", &records, swap);
    assert_eq!(answer.json(), json!({"modifiedCount": 3}), "{answer:?}");
    assert_eq!([isbn(&a), isbn(&b), isbn(&c)], ["2", "3", "1"]);
    let claims = json!({"records": [{"id": b, "values": {"pages": 9}}, {"id": a, "values": {"isbn": "1"}}]});
    refused(
        &shop.ask("PATCH", &records, claims),
        "the third keeps its value",
        409,
        "value_taken",
        &["/records/1/values/isbn value_taken"],
    );
    let both = json!({"records": [{"id": a, "values": {"isbn": "8"}}, {"id": b, "values": {"isbn": "8"}}]});
    let answer = shop.ask("PATCH", &records, both);
    assert_eq!((answer.status, answer.code().as_str()), (409, "value_taken"), "{answer:?}");
    assert_eq!([isbn(&a), isbn(&b), isbn(&c)], ["2", "3", "1"], "and nothing of it is done");
}

/// Why a call is refused, its method, tail of the path and body, and how: status, code, faults.
type Refused = (&'static str, &'static str, &'static str, Value, u16, &'static str, &'static [&'static str]);

/// Bulk creates that are refused.
fn bad_creates(a: &str) -> Vec<Refused> {
    vec![
        (
            "each item has its place, after one that is none as well",
            "POST",
            "/records/bulk",
            json!({"records": [7, {"values": {"title": "x"}}, {"values": {"title": 1}}, {"values": {}}, {"id": "x"}]}),
            422,
            "invalid_input",
            &[
                "/records/0 wrong_type",
                "/records/2/values/title wrong_type",
                "/records/3/values/title required",
                "/records/4/id invalid_value",
                "/records/4/values required",
            ][..],
        ),
        (
            "an unknown member of an item and of the body",
            "POST",
            "/records/bulk",
            json!({"records": [{"values": {"title": "x"}, "vlaues": {}}], "dryRun": true}),
            422,
            "invalid_input",
            &["/records/0/vlaues unknown_member", "/dryRun unknown_member"],
        ),
        (
            "a value twice in one call",
            "POST",
            "/records/bulk",
            json!({"records": [{"values": {"title": "x", "isbn": "9"}}, {"values": {"title": "y", "isbn": "9"}}]}),
            409,
            "value_taken",
            &["/records/1/values/isbn value_taken"],
        ),
        (
            "an id twice in one call",
            "POST",
            "/records/bulk",
            json!({"records": [{"id": nothing("rec"), "values": {"title": "x"}}, {"id": nothing("rec"), "values": {"title": "y"}}]}),
            409,
            "id_taken",
            &["/records/1/id id_taken"],
        ),
        (
            "an id that is in use",
            "POST",
            "/records/bulk",
            json!({"records": [{"values": {"title": "x"}}, {"id": a, "values": {"title": "y"}}]}),
            409,
            "id_taken",
            &["/records/1/id id_taken"],
        ),
        (
            "something taken beside something that does not fit",
            "POST",
            "/records/bulk",
            json!({"records": [{"values": {"title": ""}}, {"id": a, "values": {"title": "y"}}]}),
            422,
            "invalid_input",
            &["/records/0/values/title required", "/records/1/id id_taken"],
        ),
    ]
}

/// Bulk updates.
fn bad_updates(a: &str, b: &str) -> Vec<Refused> {
    vec![
        (
            "an id that is not there",
            "PATCH",
            "/records",
            json!({"records": [{"id": a, "values": {"pages": 5}}, {"id": nothing("rec"), "values": {"pages": 5}}]}),
            404,
            "record_not_found",
            &["/records/1/id record_not_found"],
        ),
        (
            "a change without an id, an id without a change",
            "PATCH",
            "/records",
            json!({"records": [{"values": {"pages": 5}}, {"id": a}, {"id": b, "values": {"pages": "5"}}, null]}),
            422,
            "invalid_input",
            &[
                "/records/0/id required",
                "/records/1/values required",
                "/records/2/values/pages wrong_type",
                "/records/3 wrong_type",
            ],
        ),
        (
            "a record twice in one call",
            "PATCH",
            "/records",
            json!({"records": [{"id": a, "values": {"pages": 5}}, {"id": b, "values": {}}, {"id": a, "values": {}}]}),
            422,
            "invalid_input",
            &["/records/2/id invalid_value"],
        ),
        (
            "a record twice beside a value that does not fit",
            "PATCH",
            "/records",
            json!({"records": [{"id": a, "values": {"pages": "5"}}, {"id": a, "values": {}}]}),
            422,
            "invalid_input",
            &["/records/0/values/pages wrong_type", "/records/1/id invalid_value"],
        ),
    ]
}

/// Bulk deletes.
fn bad_deletes(a: &str, b: &str) -> Vec<Refused> {
    vec![
        (
            "one of the deleted is not there",
            "DELETE",
            "/records",
            json!({"ids": [a, nothing("rec"), b]}),
            404,
            "record_not_found",
            &["/ids/1 record_not_found"],
        ),
        (
            "no ids",
            "DELETE",
            "/records",
            json!({"ids": [a, 3, "x", nothing("tbl")]}),
            422,
            "invalid_input",
            &["/ids/1 wrong_type", "/ids/2 invalid_value", "/ids/3 invalid_value"],
        ),
        (
            "a record deleted twice",
            "DELETE",
            "/records",
            json!({"ids": [a, b, a]}),
            422,
            "invalid_input",
            &["/ids/2 invalid_value"],
        ),
        (
            "nothing to delete",
            "DELETE",
            "/records",
            json!({"ids": []}),
            422,
            "invalid_input",
            &["/ids required"],
        ),
        (
            "nothing to make, and a member that is not known",
            "POST",
            "/records/bulk",
            json!({"records": [], "x": 1}),
            422,
            "invalid_input",
            &["/records required", "/x unknown_member"],
        ),
        (
            "no list",
            "PATCH",
            "/records",
            json!({"records": {}}),
            422,
            "invalid_input",
            &["/records wrong_type"],
        ),
        (
            "a bulk change without a choice of records",
            "DELETE",
            "/records",
            json!({}),
            422,
            "invalid_input",
            &["/ids required"],
        ),
    ]
}

#[test]
fn a_bulk_with_a_fault_does_nothing_and_names_each_with_its_place() {
    let shop = Shop::open();
    let [a, b, _] = three(&shop);
    let before = all(&shop);
    for (why, method, path, body, status, code, faults) in
        bad_creates(&a).into_iter().chain(bad_updates(&a, &b)).chain(bad_deletes(&a, &b))
    {
        let answer = shop.ask(method, &shop.path(path), body.clone());
        refused(&answer, why, status, code, faults);
        let dry = shop.ask(method, &shop.path(&format!("{path}?dryRun=true")), body);
        refused(&dry, &format!("{why}, on a dry run"), status, code, faults);
        assert_eq!(all(&shop), before, "{why}: nothing is done");
    }
}

#[test]
fn a_dry_run_shows_the_changes_and_makes_none() {
    let shop = Shop::open();
    let [a, b, _] = three(&shop);
    let (records, before) = (shop.path("/records"), all(&shop));
    let made = shop.ask(
        "POST",
        &shop.path("/records/bulk?dryRun=true"),
        json!({"records": [{"values": {"title": "x", "isbn": "7"}}]}),
    );
    assert_eq!((made.status, made.at("/createdCount"), made.at("/dryRun")), (200, json!(1), json!(true)));
    assert_eq!((made.at("/changes/0/before"), made.at("/changes/0/after/isbn")), (Value::Null, json!("7")));
    assert_eq!(made.at("/changes/0/id"), made.at("/ids/0"));
    let changed = shop.ask(
        "PATCH",
        &format!("{records}?dryRun=true"),
        json!({"records": [{"id": a, "values": {"pages": 10}}, {"id": b, "values": {"pages": 2}}]}),
    );
    assert_eq!((changed.status, changed.at("/modifiedCount")), (200, json!(1)));
    assert_eq!(changed.at("/changes").as_array().unwrap().len(), 1, "only what would change");
    assert_eq!((changed.at("/changes/0/id"), changed.at("/changes/0/before/pages")), (json!(a), json!(1)));
    assert_eq!(changed.at("/changes/0/after/pages"), 10);
    let deleted = shop.ask("DELETE", &format!("{records}?dryRun=true"), json!({"ids": [a, b]}));
    assert_eq!(
        (deleted.status, deleted.at("/deletedCount"), deleted.at("/dryRun")),
        (200, json!(2), json!(true))
    );
    assert_eq!(
        (deleted.at("/changes/1/before/title"), deleted.at("/changes/1/after")),
        (json!("b"), Value::Null)
    );
    assert_eq!(all(&shop), before);
    let number = shop.got(&format!("{records}/{}", shop.record(json!({"title": "next"}))));
    assert_eq!(number.at("/data/values/number"), 4, "a dry run takes no number");
    let many: Vec<_> = (0..150).map(|n| json!({"values": {"title": format!("m{n}")}})).collect();
    let shown = shop.ask("POST", &shop.path("/records/bulk?dryRun=true"), json!({"records": many}));
    assert_eq!(shown.at("/createdCount"), 150);
    assert_eq!(shown.at("/changes").as_array().unwrap().len(), 100, "a hundred are shown");
    let plain = shop.ask("DELETE", &format!("{records}?dryRun=false"), json!({"ids": [a]}));
    assert_eq!(plain.json(), json!({"deletedCount": 1}), "dryRun=false is none");
}

#[test]
fn ten_thousand_are_taken_and_one_more_is_not() {
    let shop = Shop::open();
    let bulk = shop.path("/records/bulk");
    let items = |count: usize| -> Vec<Value> {
        (0..count).map(|n| json!({"values": {"title": "t", "isbn": n.to_string()}})).collect()
    };
    let made = shop.made(&bulk, json!({"records": items(10_000)}));
    assert_eq!(made.at("/createdCount"), 10_000);
    let ids = made.at("/ids");
    let more = |ids: &Value| {
        let mut ids = ids.as_array().unwrap().clone();
        ids.push(json!(nothing("rec")));
        ids
    };
    let patches = |ids: &[Value]| -> Vec<Value> {
        ids.iter().map(|id| json!({"id": id, "values": {"pages": 1}})).collect()
    };
    let records = shop.path("/records");
    for (method, path, body) in [
        ("POST", &bulk, json!({"records": items(10_001)})),
        ("PATCH", &records, json!({"records": patches(&more(&ids))})),
        ("PUT", &records, json!({"on": "isbn", "records": items(10_001)})),
        ("DELETE", &records, json!({"ids": more(&ids)})),
    ] {
        let answer = shop.ask(method, path, body);
        refused(&answer, method, 422, "too_many_records", &[]);
        assert!(answer.text("/detail").contains("10001"), "the count is named: {answer:?}");
    }
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 10_000);
    let changed = shop.ask("PATCH", &records, json!({"records": patches(ids.as_array().unwrap())}));
    assert_eq!(changed.json(), json!({"modifiedCount": 10_000}));
    let deleted = shop.ask("DELETE", &records, json!({"ids": ids}));
    assert_eq!(deleted.json(), json!({"deletedCount": 10_000}));
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 0);
}
