//! What tables are called, when that is not easy.

use serde_json::json;

use crate::structure::assert_sound;
use crate::{SPACE, document, operation_ids, shop, table};

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
    for id in ["listTableList", "t2024Q1Get", "abCreate", "booksCreate"] {
        assert!(ids.contains(id), "{id}: {ids:?}");
    }
    let later = table(&shop, "A  b", &fields);
    let after = document(&shop.server, &shop.token, SPACE);
    assert_sound(&after);
    assert!(operation_ids(&after).is_superset(&ids), "a table that comes changes no other's name");
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
    assert_eq!(tags, ["Shop / books", "Archive / books"]);
    assert!(operation_ids(&document).contains("booksList"), "the older one keeps its name");
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
