//! How many of a thing there can be: one more is refused, and says so.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::kv::memory::Memory;
use undb::limits::{CHOICES_MAX, FIELDS_MAX, SPACES_MAX, TOKENS_MAX};

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
