//! Entity tags: the same while nothing has changed for the caller, another one as soon as something has.

use serde_json::json;

use crate::harness::{ALL_SCOPES, Shop};
use crate::{SPACE, shop, table, token_of};

fn tag(shop: &Shop, token: &str, path: &str) -> String {
    let answer = shop.server.get(path).token(token).send();
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    answer.header("etag").unwrap().to_owned()
}

#[test]
fn a_document_is_the_same_until_the_schema_changes() {
    let shop = shop();
    for path in [SPACE.to_owned(), shop.path("/openapi.json"), shop.path("/schema.json")] {
        let before = tag(&shop, &shop.token, &path);
        shop.record(json!({"title": "Dune"}));
        let again = shop.server.get(&path).token(&shop.token).header("if-none-match", &before).send();
        assert_eq!((again.status, again.bytes.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(before.as_str()));
        assert_eq!(again.header("cache-control"), Some("private, no-cache"));
        let name = format!("{:x}", rand::random::<u64>());
        let body = json!({"name": name, "type": "number"});
        let made = shop.server.post(&shop.path("/fields")).token(&shop.token).json(body).send();
        assert_eq!(made.status, 201);
        let now = shop.server.get(&path).token(&shop.token).header("if-none-match", &before).send();
        assert_eq!(now.status, 200);
        assert!(String::from_utf8_lossy(&now.bytes).contains(&name), "the new field is there at once");
        assert_ne!(now.header("etag"), Some(before.as_str()));
    }
}

/// How long a large space takes is printed and not asserted: it is what the machine has to do besides.
#[test]
fn a_large_space_is_made_once() {
    let shop = shop();
    let fields: Vec<_> = (0..50)
        .map(|n| json!({"name": format!("field {n}"), "type": (["string", "number", "date", "email", "checkbox"][n % 5])}))
        .collect();
    for n in 0..99 {
        table(&shop, &format!("table {n}"), &json!(fields));
    }
    let ask = |known: &str| {
        let began = std::time::Instant::now();
        let answer = shop.server.get(SPACE).token(&shop.token).header("if-none-match", known).send();
        (answer, began.elapsed())
    };
    // What documents are made of is taken apart with the first one.
    assert_eq!(shop.server.get(&shop.path("/openapi.json")).token(&shop.token).send().status, 200);
    let (first, made) = ask("\"none\"");
    let (second, held) = ask("\"none\"");
    let (third, known) = ask(first.header("etag").unwrap());
    assert!(first.status == 200 && first.bytes == second.bytes && third.status == 304);
    println!("{} bytes; made in {made:?}, held {held:?}, not modified {known:?}", first.bytes.len());
}

#[test]
fn a_document_is_another_one_for_other_rights() {
    let shop = shop();
    table(&shop, "other", &json!([{"name": "a", "type": "string"}]));
    let tokens = [
        shop.token.clone(),
        token_of(&shop, &["records:read"], &json!({})),
        token_of(&shop, &["records:write"], &json!({})),
        token_of(&shop, &ALL_SCOPES, &json!({"tables": [shop.table]})),
        token_of(&shop, &ALL_SCOPES, &json!({"bases": [shop.base]})),
    ];
    let mut tags: Vec<_> = tokens.iter().map(|token| tag(&shop, token, SPACE)).collect();
    for (token, held) in tokens.iter().zip(&tags) {
        assert_eq!(&tag(&shop, token, SPACE), held, "asked for again");
    }
    assert_eq!(
        tag(&shop, &token_of(&shop, &ALL_SCOPES, &json!({})), SPACE),
        tags[0],
        "another token of the same rights"
    );
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), tokens.len());
}
