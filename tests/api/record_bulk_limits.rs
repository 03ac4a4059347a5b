//! Bulk calls at their limits: faults past those that are listed, changes too large for one transaction, and every fault
//! of a body in one answer.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::kv::memory::Memory;
use undb::limits::{CHANGED_RECORDS_MAX, FAULTS_BYTES_MAX, FAULTS_MAX, LONG_BYTES_MAX, NAME_CHARS_MAX};

use crate::ask::{Ask, nothing, refused};
use crate::harness::{Setup, Shop};

fn shop() -> Shop {
    Shop::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

#[test]
fn faults_past_the_last_that_is_listed_count_as_well() {
    let shop = shop();
    let id = shop.record(json!({"title": "Dune"}));
    let taken = json!({"id": id, "values": {"title": "again"}});
    let mut items = vec![taken; FAULTS_MAX + 200];
    let bulk = |items: &[Value]| shop.ask("POST", &shop.path("/records/bulk"), json!({"records": items}));
    let answer = bulk(&items);
    assert_eq!((answer.status, answer.code().as_str()), (409, "id_taken"), "only ids that are taken");
    assert_eq!(answer.faults().len(), FAULTS_MAX);
    assert!(answer.text("/detail").contains(&(FAULTS_MAX + 200).to_string()), "all are counted");
    items.push(json!({"values": {"title": 7}}));
    let answer = bulk(&items);
    let why = "the last one does not fit, though it is not listed";
    assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_input"), "{why}");
    assert!(answer.text("/detail").contains(&(FAULTS_MAX + 201).to_string()));
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 1);
}

#[test]
fn a_body_can_not_ask_for_an_answer_many_times_its_size() {
    let shop = shop();
    let send = |body: String| {
        let request = shop.server.post(&shop.path("/records")).token(&shop.token);
        request.raw("application/json", body.into_bytes()).send()
    };
    // One long name, which would stand in the pointer of every fault below it.
    let name = "x".repeat(900 << 10);
    let twice = r#""a":0,"#.repeat(2000);
    let answer = send(format!(r#"{{"values":{{"extra":{{"{name}":{{{twice}"a":0}}}}}}}}"#));
    assert_eq!((answer.status, answer.code().as_str()), (422, "invalid_input"));
    assert!(answer.bytes.len() < 2 * FAULTS_BYTES_MAX, "{}", answer.bytes.len());
    let (pointer, code) = answer.faults().remove(0);
    let cut = "x".repeat(NAME_CHARS_MAX);
    assert_eq!((pointer, code.as_str()), (format!("/values/extra/{cut}…/a"), "repeated_member"));
    assert!(answer.text("/detail").contains(" faults, of which the first "), "{answer:?}");
    // Long names that are sound enough to be names: the bytes of all that is listed have an end.
    let many: Vec<_> = (0..900).map(|n| format!(r#""{n:0255}":0"#)).collect();
    let answer = send(format!(r#"{{"values":{{"title":"t",{}}}}}"#, many.join(",")));
    assert!(answer.bytes.len() < 2 * FAULTS_BYTES_MAX, "{}", answer.bytes.len());
    assert!(answer.text("/detail").starts_with("900 faults, of which the first "));
    assert!((100..900).contains(&answer.faults().len()));
}

#[test]
fn a_change_too_large_for_one_transaction_is_refused_as_a_whole() {
    let shop = shop();
    let (records, bulk) = (shop.path("/records"), shop.path("/records/bulk"));
    let mut ids = Vec::new();
    for _ in 0..9 {
        let large = json!({"values": {"title": "t", "notes": "x".repeat(LONG_BYTES_MAX)}});
        let made = shop.made(&bulk, json!({"records": vec![large; 16]}));
        ids.extend(made.at("/ids").as_array().unwrap().clone());
    }
    let patch = |ids: &[Value], pages: usize| {
        let items: Vec<_> = ids.iter().map(|id| json!({"id": id, "values": {"pages": pages}})).collect();
        shop.ask("PATCH", &records, json!({"records": items}))
    };
    refused(&patch(&ids, 1), "72 MiB in 144 records", 422, "too_many_records", &[]);
    for id in [&ids[0], &ids[143]] {
        let got = shop.got(&format!("{records}/{}?fields=pages", id.as_str().unwrap()));
        assert_eq!((got.at("/data/values/pages"), got.at("/data/version")), (Value::Null, json!(1)));
    }
    assert_eq!(patch(&ids[..100], 2).json(), json!({"modifiedCount": 100}), "50 MiB fit");
    let deleted = shop.ask("DELETE", &records, json!({"ids": ids}));
    assert_eq!(deleted.json(), json!({"deletedCount": 144}), "what is deleted needs no room");
}

#[test]
fn a_bulk_delete_names_every_fault_at_once() {
    let shop = shop();
    let (a, b) = (shop.record(json!({"title": "a"})), shop.record(json!({"title": "b"})));
    let records = shop.path("/records");
    let missing = nothing("rec");
    for (why, body, faults) in [
        (
            "nothing to delete, and a member that is not known",
            json!({"ids": [], "x": 1}),
            &["/ids required", "/x unknown_member"][..],
        ),
        (
            "no id, a record twice, and a member that is not known",
            json!({"ids": [a, "x", a, b, 3, b], "dryRun": true}),
            &[
                "/ids/1 invalid_value",
                "/ids/2 invalid_value",
                "/ids/4 wrong_type",
                "/ids/5 invalid_value",
                "/dryRun unknown_member",
            ],
        ),
        (
            "what does not fit comes before what is not there",
            json!({"ids": [missing, "x"]}),
            &["/ids/1 invalid_value"],
        ),
        ("one that is not there, twice", json!({"ids": [missing, missing]}), &["/ids/1 invalid_value"]),
    ] {
        refused(&shop.ask("DELETE", &records, body), why, 422, "invalid_input", faults);
    }
    let too_many = vec![json!(a); CHANGED_RECORDS_MAX + 1];
    refused(
        &shop.ask("DELETE", &records, json!({"ids": too_many})),
        "too many",
        422,
        "too_many_records",
        &[],
    );
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 2);
}

#[test]
fn ids_that_are_sent_and_ids_that_are_drawn_stand_in_the_order_sent() {
    let shop = shop();
    let sent = |n: usize| format!("rec01jd{n:0>22}");
    let item = |id: Option<String>| match id {
        Some(id) => json!({"id": id, "values": {"title": "t"}}),
        None => json!({"values": {"title": "t"}}),
    };
    let items = [item(Some(sent(9))), item(None), item(Some(sent(3))), item(None)];
    let made = shop.made(&shop.path("/records/bulk"), json!({"records": items}));
    assert_eq!((made.text("/ids/0"), made.text("/ids/2")), (sent(9), sent(3)));
    assert!(made.text("/ids/1") < made.text("/ids/3"));
    let number = |at: &str| {
        shop.got(&shop.path(&format!("/records/{}", made.text(at)))).at("/data/values/number").as_u64()
    };
    assert_eq!(["/ids/0", "/ids/1", "/ids/2", "/ids/3"].map(number), [1, 2, 3, 4].map(Some));
}

#[test]
fn fields_may_be_called_by_their_ids_in_every_bulk_call() {
    let shop = shop();
    let fields = shop.got(&shop.path("")).at("/fields");
    let id_of = |name: &str| {
        let found = fields.as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    };
    let (title, isbn, pages) = (id_of("title"), id_of("isbn"), id_of("pages"));
    let (records, bulk) = (shop.path("/records?keys=id"), shop.path("/records/bulk?keys=id"));
    let made = shop.made(&bulk, json!({"records": [{"values": {&title: "a", &isbn: "1"}}]}));
    let id = made.text("/ids/0");
    let changed = shop.ask("PATCH", &records, json!({"records": [{"id": id, "values": {&pages: 3}}]}));
    assert_eq!(changed.json(), json!({"modifiedCount": 1}));
    for (why, method, path, body, status, code, faults) in [
        (
            "a value that does not fit, one that is missing, and a name",
            "POST",
            &bulk,
            json!({"records": [{"values": {&title: 1}}, {"values": {}}, {"values": {"title": "x"}}]}),
            422,
            "invalid_input",
            vec![
                format!("/records/0/values/{title} wrong_type"),
                format!("/records/1/values/{title} required"),
                "/records/2/values/title unknown_field".to_owned(),
            ],
        ),
        (
            "a value that is taken",
            "POST",
            &bulk,
            json!({"records": [{"values": {&title: "b"}}, {"values": {&title: "c", &isbn: "1"}}]}),
            409,
            "value_taken",
            vec![format!("/records/1/values/{isbn} value_taken")],
        ),
        (
            "what is changed",
            "PATCH",
            &records,
            json!({"records": [7, {"id": id, "values": {&pages: "3"}}]}),
            422,
            "invalid_input",
            vec!["/records/0 wrong_type".to_owned(), format!("/records/1/values/{pages} wrong_type")],
        ),
        (
            "what an upsert recognises by",
            "PUT",
            &records,
            json!({"on": isbn, "records": [{"values": {&title: "x"}}]}),
            422,
            "invalid_input",
            vec![format!("/records/0/values/{isbn} required")],
        ),
    ] {
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        refused(&shop.ask(method, path, body), why, status, code, &faults);
    }
    let dry = shop.ask(
        "PATCH",
        &format!("{records}&dryRun=true"),
        json!({"records": [{"id": id, "values": {&pages: 4}}]}),
    );
    assert_eq!(dry.at(&format!("/changes/0/after/{pages}")), 4, "a dry run answers in the same keys");
}
