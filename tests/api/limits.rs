//! How many of a thing there can be: one more is refused, and says so.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::kv::memory::Memory;
use undb::limits::{
    CHOICES_MAX, FIELDS_MAX, LONG_BYTES_MAX, PAGE_BYTES_MAX, RECORD_BYTES_MAX, SPACES_MAX, TOKENS_MAX,
};

use crate::ask::{Ask, refused};
use crate::harness::{Setup, Shop};

fn shop() -> Shop {
    Shop::with(Setup { engine: Some(Arc::new(Memory::new())), ..Setup::default() })
}

#[test]
fn a_table_has_so_many_fields() {
    let shop = shop();
    let fields: Vec<_> =
        (0..FIELDS_MAX).map(|n| json!({"name": format!("f{n}"), "type": "string"})).collect();
    let table = shop.table("wide", Value::from(fields));
    let more = json!({"name": "more", "type": "string"});
    let answer = shop.ask("POST", &format!("{table}/fields"), more.clone());
    refused(&answer, "one more", 422, "invalid_input", &[" too_many"]);
    assert!(answer.text("/detail").contains(&FIELDS_MAX.to_string()), "the limit is named: {answer:?}");
    assert_eq!(shop.ask("DELETE", &format!("{table}/fields/f7"), Value::Null).status, 204);
    shop.made(&format!("{table}/fields"), more);
    let values = json!({"f0": "a", "f499": "b", "more": "c"});
    let made = shop.made(&format!("{table}/records"), json!({"values": values}));
    assert_eq!(made.at("/data/values").as_object().unwrap().len(), FIELDS_MAX);
}

/// A table of long texts, and values that fill some of them.
fn long_table(shop: &Shop) -> (String, impl Fn(usize) -> Value) {
    let fields: Vec<_> = (0..10).map(|n| json!({"name": format!("f{n}"), "type": "longText"})).collect();
    let text = "x".repeat(LONG_BYTES_MAX);
    let values = move |count: usize| {
        let named = (0..count).map(|n| (format!("f{n}"), Value::from(text.as_str())));
        Value::from(named.collect::<serde_json::Map<_, _>>())
    };
    (shop.table("long", Value::from(fields)), values)
}

#[test]
fn a_record_holds_so_many_bytes() {
    let shop = shop();
    let (table, values) = long_table(&shop);
    let (records, bulk) = (format!("{table}/records"), format!("{table}/records/bulk"));
    let full = RECORD_BYTES_MAX / LONG_BYTES_MAX;
    let answer = shop.ask("POST", &bulk, json!({"records": [{"values": {}}, {"values": values(full + 1)}]}));
    refused(&answer, "one text more", 422, "invalid_input", &["/records/1/values out_of_range"]);
    assert!(answer.text("/detail").contains("4 MiB"), "the limit is named: {answer:?}");
    let id = shop.made(&bulk, json!({"records": [{"values": values(full)}]})).text("/ids/0");
    let one = format!("{records}/{id}");
    let more = json!({"values": {"f9": "y"}});
    refused(
        &shop.ask("PATCH", &one, more.clone()),
        "one byte",
        422,
        "invalid_input",
        &["/values out_of_range"],
    );
    let item = json!({"id": id, "values": {"f9": "y"}});
    for (method, body) in
        [("PATCH", json!({"records": [item]})), ("PUT", json!({"on": "id", "records": [item]}))]
    {
        let answer = shop.ask(method, &records, body);
        refused(&answer, method, 422, "invalid_input", &["/records/0/values out_of_range"]);
    }
    assert_eq!(shop.got(&format!("{one}?fields=f9")).at("/data/version"), 1);
    assert_eq!(shop.ask("DELETE", &format!("{table}/fields/f0"), Value::Null).status, 204);
    assert_eq!(shop.ask("PATCH", &one, more).status, 200, "what is gone with its field counts no more");
}

#[test]
fn a_page_ends_after_so_many_bytes() {
    let shop = shop();
    let (table, values) = long_table(&shop);
    let full = RECORD_BYTES_MAX / LONG_BYTES_MAX;
    let mut ids = Vec::new();
    for _ in 0..6 {
        let made =
            shop.made(&format!("{table}/records/bulk"), json!({"records": [{"values": values(full)}]}));
        ids.push(made.at("/ids/0"));
    }
    let list = format!("{table}/records?fields=f9&limit=1000");
    let first = shop.got(&list);
    let of = |answer: &crate::harness::Answer| -> Vec<Value> {
        answer.at("/records").as_array().unwrap().iter().map(|record| record["id"].clone()).collect()
    };
    assert_eq!(
        (of(&first), first.at("/total")),
        (ids[..PAGE_BYTES_MAX / RECORD_BYTES_MAX].to_vec(), json!(6))
    );
    let second = shop.got(&format!("{list}&cursor={}", first.text("/nextCursor")));
    assert_eq!((of(&second), second.at("/nextCursor")), (ids[4..].to_vec(), Value::Null));
}

#[test]
fn a_select_has_so_many_choices() {
    let shop = shop();
    let field = |count: usize| {
        let choices: Vec<_> = (0..count).map(|n| json!({"name": format!("c{n}")})).collect();
        json!({"name": format!("s{count}"), "type": "select", "options": {"choices": choices}})
    };
    let path = shop.path("/fields");
    shop.made(&path, field(CHOICES_MAX));
    let answer = shop.ask("POST", &path, field(CHOICES_MAX + 1));
    refused(&answer, "one more", 422, "invalid_input", &["/options/choices too_many"]);
}

#[test]
fn a_person_makes_so_many_spaces() {
    let shop = shop();
    for _ in 1..SPACES_MAX {
        shop.server.space(&shop.cookie, "Same");
    }
    let more = || shop.server.post("/api/spaces").cookie(&shop.cookie).json(json!({"name": "x"})).send();
    refused(&more(), "one more", 422, "invalid_input", &[" too_many"]);
    let stranger = shop.server.person("stranger@example.com");
    shop.server.space(&stranger, "Theirs");
    let gone = shop.server.delete(&format!("/api/spaces/{}?confirm=Main", shop.space)).cookie(&shop.cookie);
    assert_eq!(gone.send().status, 204);
    assert_eq!(more().status, 201, "there is room again");
}

#[test]
fn a_space_has_so_many_tokens() {
    let shop = shop();
    let mut last = String::new();
    for _ in 1..TOKENS_MAX {
        last = shop.server.token(&shop.cookie, &shop.space, json!({"name": "same"})).0;
    }
    let path = format!("/api/spaces/{}/tokens", shop.space);
    let more = || shop.ask("POST", &path, json!({"name": "x"}));
    refused(&more(), "one more", 422, "invalid_input", &[" too_many"]);
    assert_eq!(shop.ask("DELETE", &format!("{path}/{last}"), Value::Null).status, 204);
    assert_eq!(more().status, 201, "a revoked one does not count");
}
