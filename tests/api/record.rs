//! Records, one at a time: made, read, changed, deleted, copied.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::{Answer, Shop};

#[test]
fn a_record_is_made_read_changed_and_deleted() {
    let shop = Shop::open();
    let made = shop.made(
        &shop.path("/records"),
        json!({"values": {"title": "Dune", "isbn": "1", "pages": 412, "tags": ["new"]}}),
    );
    let path = made.header("location").unwrap().to_owned();
    assert!(path.starts_with("/api/openapi/bases/"), "a path without host: {path}");
    let tag = made.header("etag").unwrap();
    assert!(tag.starts_with("\"1-1-") && tag.len() == 22, "{tag}");
    let got = shop.got(&path);
    assert_eq!(got.at("/data"), made.at("/data"), "the Location works");
    assert_eq!(got.at("/data/values/shelf"), "A1", "the default");
    assert_eq!((got.header("etag"), got.at("/data/version")), (Some(tag), json!(1)));
    let changed = shop.ask("PATCH", &path, json!({"values": {"pages": null, "shelf": "B2"}}));
    assert_eq!((changed.status, changed.at("/data/version")), (200, json!(2)));
    assert_eq!(changed.header("etag"), Some(tag.replace("-1-", "-2-").as_str()));
    assert_eq!(changed.at("/data/values/pages"), Value::Null);
    assert_eq!(changed.at("/data/values/title"), "Dune", "what is not named stays");
    assert_eq!(changed.at("/data/createdAt"), got.at("/data/createdAt"));
    assert_eq!(shop.ask("DELETE", &path, Value::Null).status, 204);
    for method in ["GET", "DELETE"] {
        refused(&shop.ask(method, &path, Value::Null), method, 404, "record_not_found", &[]);
    }
    refused(&shop.ask("PATCH", &path, json!({"values": {}})), "it is deleted", 404, "record_not_found", &[]);
}

#[test]
fn a_write_that_changes_nothing_keeps_the_version() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune", "pages": 3, "tags": ["new"], "extra": {"a": 1}}));
    let path = shop.path(&format!("/records/{id}"));
    let before = shop.got(&path);
    for (why, values) in [
        ("nothing is named", json!({})),
        ("the same values", json!({"title": "Dune", "pages": 3.0, "tags": ["new"], "extra": {"a": 1}})),
        ("an empty field is emptied", json!({"notes": "", "contact": null})),
        ("a checkbox that is not checked", json!({"sold": false})),
        ("a checkbox that is emptied", json!({"sold": null})),
    ] {
        let after = shop.ask("PATCH", &path, json!({"values": values}));
        assert_eq!(
            (after.status, after.at("/data"), after.header("etag")),
            (200, before.at("/data"), before.header("etag")),
            "{why}"
        );
    }
}

#[test]
fn etags_guard_what_is_read_and_written() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let path = shop.path(&format!("/records/{id}"));
    let send = |method: &str, header: &str, tags: &str, body: Value| -> Answer {
        let request = shop.server.request(method, &path).token(&shop.token).header(header, tags);
        crate::ask::with_body(request, body).send()
    };
    let first = shop.got(&path).header("etag").unwrap().to_owned();
    let of = |version: u32| first.replace("-1-", &format!("-{version}-"));
    for (tags, status) in [
        (first.as_str(), 304),
        (&format!("W/{first}"), 304),
        ("*", 304),
        (&format!("\"7\", {first}"), 304),
        (&of(2), 200),
        ("\"another server's\"", 200),
        ("\"1\"", 200),
        ("\"1-1\"", 200),
        (&first.replace("\"1-", "\"01-"), 200),
        (&first.to_uppercase(), if first == first.to_uppercase() { 304 } else { 200 }),
        ("1", 400),
        ("\"1", 400),
        ("", 400),
    ] {
        let got = send("GET", "if-none-match", tags, Value::Null);
        assert_eq!(got.status, status, "If-None-Match: {tags}: {got:?}");
        match status {
            304 => assert_eq!((got.bytes.len(), got.header("etag")), (0, Some(first.as_str())), "{tags}"),
            400 => refused(&got, tags, 400, "invalid_header", &["if-none-match invalid_header"]),
            _ => {}
        }
    }
    let mut pages = 0;
    for (tags, status) in [
        (first.as_str(), 200),
        (first.as_str(), 412),
        (&format!("{}, {}", of(3), of(2)), 200),
        (&format!("W/{}", of(3)), 412),
        ("\"3\"", 412),
        ("*", 200),
        ("\"another server's\"", 412),
        ("4", 400),
        (&format!("{},", of(4)), 400),
        (&of(4), 200),
    ] {
        pages += 1;
        let before = shop.got(&path).at("/data");
        let got = send("PATCH", "if-match", tags, json!({"values": {"pages": pages}}));
        assert_eq!(got.status, status, "If-Match: {tags}: {got:?}");
        if status != 200 {
            assert_eq!(shop.got(&path).at("/data"), before, "If-Match: {tags} changes nothing");
        }
        match status {
            412 => refused(&got, tags, 412, "precondition_failed", &[]),
            400 => refused(&got, tags, 400, "invalid_header", &["if-match invalid_header"]),
            _ => {}
        }
    }
    refused(&send("DELETE", "if-match", &of(4), Value::Null), "old", 412, "precondition_failed", &[]);
    assert_eq!(send("DELETE", "if-match", &of(5), Value::Null).status, 204);
    refused(&send("PATCH", "if-match", "*", json!({"values": {}})), "gone", 404, "record_not_found", &[]);
}

#[test]
fn the_etag_of_a_deleted_record_fits_none_that_is_made_under_its_id() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let path = shop.path(&format!("/records/{id}"));
    let seen = shop.got(&path).header("etag").unwrap().to_owned();
    let send = |method: &str, header: &str, body: Value| {
        let request = shop.server.request(method, &path).token(&shop.token).header(header, &seen);
        crate::ask::with_body(request, body).send()
    };
    assert_eq!(send("DELETE", "if-match", Value::Null).status, 204);
    let again = shop.made(&shop.path("/records"), json!({"id": id, "values": {"title": "Emma"}}));
    assert_eq!(again.at("/data/version"), 1);
    assert_eq!(send("GET", "if-none-match", Value::Null).at("/data/values/title"), "Emma");
    let values = json!({"values": {"title": "Dune Messiah"}});
    refused(&send("PATCH", "if-match", values), "another record", 412, "precondition_failed", &[]);
    refused(&send("DELETE", "if-match", Value::Null), "another record", 412, "precondition_failed", &[]);
}

#[test]
fn a_new_name_of_a_field_is_read_and_overwrites_nothing() {
    let shop = Shop::open();
    let path = shop.path(&format!("/records/{}", shop.record(json!({"title": "Dune", "genre": "novel"}))));
    let seen = shop.got(&path).header("etag").unwrap().to_owned();
    let choices = json!({"options": {"choices": [{"name": "novel"}, {"name": "verse"}]}});
    for (why, field, change) in
        [("a field's name", "pages", json!({"name": "sheets"})), ("its choices", "genre", choices)]
    {
        let before = shop.got(&path).header("etag").unwrap().to_owned();
        let changed = shop.ask("PATCH", &shop.path(&format!("/fields/{field}")), change);
        assert_eq!(changed.status, 200, "{why}: {changed:?}");
        let got = shop.server.get(&path).token(&shop.token).header("if-none-match", &before).send();
        assert_eq!((got.status, got.at("/data/version")), (200, json!(1)), "{why}");
        assert_ne!(got.header("etag"), Some(before.as_str()), "{why}");
    }
    let request = shop.server.patch(&path).token(&shop.token).header("if-match", &seen);
    assert_eq!(
        request.json(json!({"values": {"sheets": 3}})).send().status,
        200,
        "the values are as they were"
    );
}

#[test]
fn an_id_of_ones_own_is_taken_where_it_is_free() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let id = "rec01jd0000000000000000000001";
    let sent = |path: &str, id: &str| shop.ask("POST", path, json!({"id": id, "values": {"title": "Dune"}}));
    let made = sent(&records, id);
    assert_eq!((made.status, made.text("/data/id")), (201, id.to_owned()));
    refused(&sent(&records, id), "it is in use", 409, "id_taken", &["/id id_taken"]);
    assert_eq!(shop.ask("DELETE", &format!("{records}/{id}"), Value::Null).status, 204);
    let again = sent(&records, id);
    assert_eq!((again.status, again.at("/data/version")), (201, json!(1)), "the id of a deleted record");
    let other = shop.table("other", json!([{"name": "title", "type": "string"}]));
    assert_eq!(sent(&format!("{other}/records"), id).status, 201, "other tables are not looked at");
    let later = shop.record(json!({"title": "Emma"}));
    let listed = shop.got(&records);
    let ids: Vec<_> = listed.at("/records").as_array().unwrap().iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, [json!(id), json!(later)], "it takes its place by its value");
    for wrong in [
        "tbl01jd0000000000000000000001",
        "REC01JD0000000000000000000001",
        "rec01jd000000000000000000000",
        "rec01jd00000000000000000000011",
        "reci1jd0000000000000000000001",
        "rec81jd0000000000000000000001",
        "",
    ] {
        refused(&sent(&records, wrong), wrong, 422, "invalid_input", &["/id invalid_value"]);
    }
    let number = shop.ask("POST", &records, json!({"id": 3, "values": {"title": "x"}}));
    refused(&number, "an id is text", 422, "invalid_input", &["/id wrong_type"]);
    for wrong in ["abc", &shop.table, &nothing("rec"), "REC01JD0000000000000000000001"] {
        let got = shop.ask("GET", &format!("{records}/{wrong}"), Value::Null);
        refused(&got, wrong, 404, "record_not_found", &[]);
    }
}

#[test]
fn a_copy_leaves_unique_fields_empty() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune", "isbn": "1", "tags": ["new"], "shelf": null}));
    let original = shop.got(&shop.path(&format!("/records/{id}")));
    let path = shop.path(&format!("/records/{id}/duplicate"));
    let copy = shop.made(&path, Value::Null);
    let copied = copy.text("/data/id");
    assert!(copied > id, "a copy is a new record");
    assert_eq!(copy.header("location").unwrap(), shop.path(&format!("/records/{copied}")));
    let values = copy.at("/data/values");
    assert_eq!(values["isbn"], Value::Null);
    assert_eq!(values["shelf"], Value::Null, "what was emptied gets no default");
    assert_eq!((&values["title"], &values["tags"]), (&json!("Dune"), &json!(["new"])));
    assert_eq!(values["number"], json!(original.at("/data/values/number").as_i64().unwrap() + 1));
    assert_eq!(copy.at("/data/version"), 1);
    refused(
        &shop.ask("POST", &shop.path(&format!("/records/{}/duplicate", nothing("rec"))), Value::Null),
        "no such record",
        404,
        "record_not_found",
        &[],
    );
    let strict =
        shop.table("strict", json!([{"name": "a/~b", "type": "string", "required": true, "unique": true}]));
    let made = shop.made(&format!("{strict}/records"), json!({"values": {"a/~b": "x"}}));
    let refusal =
        shop.ask("POST", &format!("{strict}/records/{}/duplicate", made.text("/data/id")), Value::Null);
    refused(&refusal, "a required unique field", 422, "invalid_input", &["/values/a~1~0b required"]);
    assert_eq!(shop.got(&strict).at("/recordCount"), 1);
}

#[test]
fn numbers_of_a_table_are_never_given_twice() {
    let shop = Shop::open();
    let number = |id: &str| shop.got(&shop.path(&format!("/records/{id}"))).at("/data/values/number");
    let first = shop.record(json!({"title": "a"}));
    let second = shop.record(json!({"title": "b"}));
    assert_eq!((number(&first), number(&second)), (json!(1), json!(2)));
    refused(
        &shop.ask("POST", &shop.path("/records"), json!({"values": {}})),
        "it is refused and takes no number",
        422,
        "invalid_input",
        &["/values/title required"],
    );
    assert_eq!(shop.ask("DELETE", &shop.path(&format!("/records/{second}")), Value::Null).status, 204);
    let third = shop.record(json!({"title": "c"}));
    assert_eq!(number(&third), json!(3), "that of a deleted record stays its own");
    let bulk = shop.made(
        &shop.path("/records/bulk"),
        json!({"records": [{"values": {"title": "d"}}, {"values": {"title": "e"}}]}),
    );
    assert_eq!((number(&bulk.text("/ids/0")), number(&bulk.text("/ids/1"))), (json!(4), json!(5)));
    let extended = shop.made(&shop.path("/fields"), json!({"name": "count", "type": "autoIncrement"}));
    assert_eq!(extended.status, 201);
    let got = shop.got(&shop.path(&format!("/records/{third}")));
    assert_eq!(got.at("/data/values/count"), json!(3), "a second such field shows the same number");
}
