//! Who is shown what.

use serde_json::{Value, json};

use crate::harness::ALL_SCOPES;
use crate::structure::assert_sound;
use crate::{SPACE, document, operation_ids, operations, shop, table, token_of};

fn tables_in(document: &Value) -> Vec<String> {
    let tags = document["tags"].as_array().unwrap().iter();
    tags.filter(|tag| tag.get("x-undb-table").is_some())
        .map(|tag| tag["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn only_what_a_scope_allows_is_shown() {
    let shop = shop();
    for (scopes, shown, there, absent) in [
        (
            &["records:read"][..],
            true,
            &["booksList", "booksQuery", "ownTokenGet"][..],
            &["booksCreate", "tableGet"][..],
        ),
        (&["records:write"], true, &["booksList", "booksUpsert"], &["tableGet", "tokenList"]),
        (&["schema:read"], true, &["tableGet", "fieldList", "ownTokenGet"], &["booksList", "tableCreate"]),
        (&["schema:write"], true, &["tableGet", "tableCreate"], &["booksList"]),
        (&["tokens:manage"], false, &["tokenList", "ownTokenGet"], &["booksList", "tableList"]),
        (&["audit:read"], false, &["ownSpaceGet"], &["booksList", "tokenList"]),
    ] {
        let token = token_of(&shop, scopes, &json!({}));
        let document = document(&shop.server, &token, SPACE);
        assert_sound(&document);
        let ids = operation_ids(&document);
        assert!(there.iter().all(|id| ids.contains(*id)), "{scopes:?}: {ids:?}");
        assert!(absent.iter().all(|id| !ids.contains(*id)), "{scopes:?}: {ids:?}");
        assert_eq!(!tables_in(&document).is_empty(), shown, "{scopes:?}");
        assert_eq!(document["components"]["schemas"].get("BooksValues").is_some(), shown, "{scopes:?}");
        assert_eq!(document.to_string().contains("isbn"), shown, "{scopes:?}");
        let one = shop.server.get(&shop.path("/openapi.json")).token(&token).send();
        assert_eq!(one.status, if shown { 200 } else { 403 }, "{scopes:?}");
    }
}

/// Every operation that is shown can be called, and none that can be is missing: compared with what the server says to a
/// call without a body.
#[test]
fn what_is_shown_is_what_may_be_called() {
    let shop = shop();
    let sibling = table(&shop, "sibling", &json!([{"name": "a", "type": "string"}]));
    let whole = document(&shop.server, &shop.token, SPACE);
    for narrowing in [json!({}), json!({"tables": [shop.table]}), json!({"bases": [shop.base]})] {
        for scope in ALL_SCOPES {
            let token = token_of(&shop, &[scope], &narrowing);
            let ids = operation_ids(&document(&shop.server, &token, SPACE));
            for (method, path, operation) in operations(&whole) {
                let id = operation["operationId"].as_str().unwrap();
                let path = path
                    .replace("{base}", &shop.base)
                    .replace("{table}", &shop.table)
                    .replace("{space}", &shop.space)
                    .replace("{record}", "rec00000000000000000000000001")
                    .replace("{field}", "nothing")
                    .replace("{token}", "tok00000000000000000000000001");
                // What could be done is kept from being done by a parameter that nobody knows.
                let answer = shop.server.request(&method, &(path.clone() + "?no=1")).token(&token).send();
                let hidden =
                    narrowing.get("tables").is_some() && path.contains(&sibling) && answer.status == 404;
                let may = answer.status != 403 && !hidden;
                assert_eq!(may, ids.contains(id), "{scope} {narrowing} {id}: {answer:?}");
            }
        }
    }
}

#[test]
fn a_narrowed_token_sees_its_tables_only() {
    let shop = shop();
    let secret = table(&shop, "zebra plans", &json!([{"name": "hidden field", "type": "string"}]));
    for narrowing in [json!({"tables": [shop.table]})] {
        let token = token_of(&shop, &ALL_SCOPES, &narrowing);
        let document = document(&shop.server, &token, SPACE);
        assert_sound(&document);
        assert_eq!(tables_in(&document), ["books"]);
        let text = document.to_string();
        for word in [secret.as_str(), "zebra", "hidden field", "Zebra"] {
            assert!(!text.contains(word), "{word}");
        }
        for tail in ["openapi.json", "schema.json"] {
            let path = format!("/api/openapi/bases/{}/tables/{secret}/{tail}", shop.base);
            assert_eq!(shop.server.get(&path).token(&token).send().code(), "table_not_found");
        }
    }
}

/// Not even that there is something: the whole answer stays the same, its version and entity tag too.
#[test]
fn what_is_hidden_comes_and_goes_unseen() {
    let shop = shop();
    let token = token_of(&shop, &ALL_SCOPES, &json!({"tables": [shop.table]}));
    let paths = [SPACE.to_owned(), shop.path("/openapi.json"), shop.path("/schema.json")];
    let ask = |path: &String| {
        let answer = shop.server.get(path).token(&token).send();
        (answer.header("etag").unwrap().to_owned(), answer.bytes)
    };
    let before: Vec<_> = paths.iter().map(ask).collect();
    let whole = || document(&shop.server, &shop.token, SPACE)["info"]["version"].clone();
    let version = whole();
    let hidden = table(&shop, "zebra plans", &json!([{"name": "hidden field", "type": "string"}]));
    let made = whole();
    assert_ne!(made, version, "who sees it sees another version");
    assert_eq!(paths.iter().map(ask).collect::<Vec<_>>(), before);
    let path = format!("/api/openapi/bases/{}/tables/{hidden}", shop.base);
    assert_eq!(shop.server.request("DELETE", &path).token(&shop.token).send().status, 204);
    assert_eq!(paths.iter().map(ask).collect::<Vec<_>>(), before);
    assert_eq!(whole(), version, "and what is seen is as it was");
    shop.server.patch(&shop.path("")).token(&shop.token).json(json!({"name": "novels"})).send();
    assert!(paths.iter().map(ask).zip(&before).all(|(now, before)| now.0 != before.0 && now.1 != before.1));
}

#[test]
fn a_session_names_its_space() {
    let shop = shop();
    let ask = || shop.server.get(SPACE).cookie(&shop.cookie);
    assert_eq!(ask().send().code(), "space_required");
    let named = ask().header("x-undb-space", &shop.space).send();
    assert_eq!(named.json(), document(&shop.server, &shop.token, SPACE), "all scopes, as a session has");
    assert_eq!(ask().header("x-undb-space", "nowhere").send().code(), "space_not_found");
    let unknown = shop.server.get(&format!("{SPACE}?no=1")).token(&shop.token).send();
    assert_eq!(unknown.faults(), [("no".to_owned(), "unknown_parameter".to_owned())]);
}
