//! Examples: made from the options, or from records where that is asked for and may be.

use serde_json::json;

use crate::harness::Shop;
use crate::structure::assert_sound;
use crate::{SPACE, assert_answer, document, operation, shop, token_of};

#[test]
fn records_stand_in_a_document_only_if_asked_for() {
    let shop = shop();
    let record = shop.record(json!({"title": "A zebra", "isbn": "zebra-isbn", "genre": "poetry"}));
    let made = document(&shop.server, &shop.token, SPACE);
    assert!(!made.to_string().contains("zebra"));
    let answer = shop.server.get(&format!("{SPACE}?examples=data")).token(&shop.token).send();
    let read = answer.json();
    assert_sound(&read);
    let values = &read["components"]["schemas"]["BooksValues"]["properties"];
    assert_eq!(values["title"]["examples"], json!(["A zebra"]));
    let (_, _, get) = operation(&read, "booksGet");
    let parameter =
        get["parameters"].as_array().unwrap().iter().find(|of| of["name"] == "record").unwrap().clone();
    assert_eq!(parameter["example"], record);
    let (_, _, create) = operation(&read, "booksCreate");
    let example = &create["requestBody"]["content"]["application/json"]["example"]["values"];
    assert_eq!(example["title"], "A zebra");
    assert_ne!(example["isbn"], "zebra-isbn", "which is taken");
    shop.record(json!({"title": "Another"}));
    let wrong = shop.server.get(&format!("{SPACE}?examples=none")).token(&shop.token).send();
    assert_eq!((wrong.status, wrong.code().as_str()), (400, "invalid_parameter"));
    let blind = token_of(&shop, &["schema:write"], &json!({}));
    for path in [SPACE.to_owned(), shop.path("/openapi.json")] {
        let refused = shop.server.get(&format!("{path}?examples=data")).token(&blind).send();
        assert_eq!((refused.status, refused.code().as_str()), (403, "scope_missing"));
    }
}

/// Every example is good as it stands, and the answer is what the document says.
#[test]
fn examples_work() {
    for query in ["", "?examples=data"] {
        for id in [
            "booksCreate",
            "booksCreateBulk",
            "booksUpsert",
            "booksQuery",
            "booksAggregate",
            "booksUpdateBulk",
            "booksUpdate",
            "booksList",
            "booksGet",
            "booksDuplicateBulk",
            "booksDeleteBulk",
            "booksDelete",
        ] {
            let shop: Shop = shop();
            let record = shop.record(json!({"title": "Dune", "genre": "novel"}));
            let document = document(&shop.server, &shop.token, &format!("{SPACE}{query}"));
            let (method, path, operation) = operation(&document, id);
            let request = shop.server.request(&method, &path.replace("{record}", &record)).token(&shop.token);
            let example = operation.pointer("/requestBody/content/application~1json/example");
            let answer = match example {
                Some(example) => request.json(example.clone()).send(),
                None => request.send(),
            };
            assert!((200..300).contains(&answer.status), "{id}{query}: {example:?} {answer:?}");
            assert_answer(&document, &operation, &answer);
        }
    }
}
