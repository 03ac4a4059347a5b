//! What tables are called, when that is not easy.

use std::collections::BTreeMap;

use serde_json::json;

use crate::structure::assert_sound;
use crate::{SPACE, document, operation_ids, operations, shop, table};

#[test]
fn hard_names_are_told_apart() {
    let shop = shop();
    let fields = json!([{"name": "a", "type": "string"}]);
    let names = [
        "list",
        "用户",
        "2024 Q1",
        "🙂",
        "a b",
        "A-B",
        "record",
        "Problem",
        "books create",
        "own space",
        "tables",
    ];
    for name in names {
        table(&shop, name, &fields);
    }
    let before = document(&shop.server, &shop.token, SPACE);
    assert_sound(&before);
    let ids = operation_ids(&before);
    for id in ["listTableList", "t2024Q1Get"] {
        assert!(ids.contains(id), "{id}: {ids:?}");
    }
    // Of those that would be called the same, none is.
    for id in ["abCreate", "booksCreate", "booksGet"] {
        assert!(!ids.contains(id), "{id}: {ids:?}");
    }
    let later = table(&shop, "list!", &fields);
    let after = document(&shop.server, &shop.token, SPACE);
    assert_sound(&after);
    assert!(!operation_ids(&after).contains("listTableList"));
    let path = format!("/api/openapi/bases/{}/tables/{later}", shop.base);
    assert_eq!(shop.server.delete(&path).token(&shop.token).send().status, 204);
    assert_eq!(operation_ids(&document(&shop.server, &shop.token, SPACE)), ids);
}

#[test]
fn two_tables_of_one_name_have_their_bases_beside_it() {
    let shop = shop();
    let base =
        shop.server.post("/api/openapi/bases").token(&shop.token).json(json!({"name": "Archive"})).send();
    let body = json!({"name": "books", "fields": [{"name": "a", "type": "string"}]});
    let path = format!("/api/openapi/bases/{}/tables", base.text("/id"));
    assert_eq!(shop.server.post(&path).token(&shop.token).json(body).send().status, 201);
    let document = document(&shop.server, &shop.token, SPACE);
    assert_sound(&document);
    let tags: Vec<_> =
        document["tags"].as_array().unwrap().iter().take(2).map(|tag| tag["name"].clone()).collect();
    assert_eq!(tags, ["books (Shop)", "books (Archive)"]);
    assert!(!operation_ids(&document).contains("booksList"), "neither is called so");
}

/// A client that was made before a rename finds an operation gone, and never one that works on another table.
#[test]
fn no_identifier_moves_to_another_table() {
    let shop = shop();
    let fields = json!([{"name": "a", "type": "string"}]);
    let [first, second] = ["Things", "Other"].map(|name| table(&shop, name, &fields));
    let owners = || {
        let document = document(&shop.server, &shop.token, SPACE);
        assert_sound(&document);
        let paths = operations(&document).into_iter().filter(|(_, path, _)| path.contains("/records"));
        let owner = |path: &str| path.split('/').nth(6).unwrap().to_owned();
        let named = paths.map(|(_, path, of)| (of["operationId"].as_str().unwrap().to_owned(), owner(&path)));
        named.collect::<BTreeMap<_, _>>()
    };
    let rename = |table: &str, name: &str| {
        let path = format!("/api/openapi/bases/{}/tables/{table}", shop.base);
        let renamed = shop.server.patch(&path).token(&shop.token).json(json!({"name": name})).send();
        assert_eq!(renamed.status, 200, "{renamed:?}");
    };
    let mut before = owners();
    assert_eq!(before["thingsList"], first);
    for (table, name) in [(&second, "things!"), (&first, "THINGS"), (&first, "Old"), (&second, "thing s")] {
        rename(table, name);
        let after = owners();
        for (id, owner) in &after {
            assert!(before.get(id).is_none_or(|other| other == owner), "{id} moved by {name}");
        }
        before = after;
    }
}

/// Readers of documents make paths of tags.
#[test]
fn no_tag_has_a_slash() {
    let shop = shop();
    table(&shop, "a/b", &json!([{"name": "a", "type": "string"}]));
    let document = document(&shop.server, &shop.token, SPACE);
    assert_sound(&document);
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.iter().any(|tag| tag["name"] == "a\u{2215}b"), "{tags:?}");
    assert!(tags.iter().all(|tag| !tag["name"].as_str().unwrap().contains('/')), "{tags:?}");
}

/// A new name breaks no client: the paths stay.
#[test]
fn paths_hold_ids() {
    let shop = shop();
    let paths = || {
        let document = document(&shop.server, &shop.token, &shop.path("/openapi.json"));
        document["paths"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    let before = paths();
    let renamed = shop.server.patch(&shop.path("")).token(&shop.token).json(json!({"name": "tomes"})).send();
    assert_eq!(renamed.status, 200);
    assert_eq!(paths(), before);
}
