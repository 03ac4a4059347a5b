//! What is judged first of a call about one record that has several things wrong, and headers that come in several lines.

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused};
use crate::harness::{Answer, Shop};

fn raw(shop: &Shop, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = shop.server.request(method, path).token(&shop.token);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    if body.is_empty() { request.send() } else { request.raw("application/json", body.into()).send() }
}

#[test]
fn a_record_that_is_not_there_comes_before_all_that_is_wrong_with_the_rest() {
    let shop = Shop::open();
    let large = format!("{{{}", " ".repeat(1 << 20));
    for id in [nothing("rec"), "abc".to_owned()] {
        let path = shop.path(&format!("/records/{id}"));
        for (why, method, tail, headers, body) in [
            ("a body that can't be read", "PATCH", "", &[][..], "{"),
            ("a body that is no object", "PATCH", "", &[], "[]"),
            ("a body without values", "PATCH", "", &[], "{}"),
            ("a value that does not fit", "PATCH", "", &[], r#"{"values": {"pages": "x"}}"#),
            ("a body that is too large", "PATCH", "", &[], &large),
            ("a precondition that can't be read", "PATCH", "", &[("if-match", "7")], r#"{"values": {}}"#),
            ("a precondition that can't be read", "DELETE", "", &[("if-match", "7")], ""),
            ("a body where none is taken", "DELETE", "", &[], r#"{"x": 1}"#),
            ("a parameter", "GET", "?keys=x", &[], ""),
            ("a field to answer", "GET", "?fields=x", &[], ""),
            ("a parameter of a copy", "POST", "/duplicate?keys=x", &[], ""),
            ("a key that is none", "POST", "/duplicate", &[("idempotency-key", "a b")], ""),
            ("a key where none is taken", "DELETE", "", &[("idempotency-key", "k")], ""),
        ] {
            let answer = raw(&shop, method, &format!("{path}{tail}"), headers, body);
            refused(&answer, &format!("{method}: {why}"), 404, "record_not_found", &[]);
        }
    }
}

#[test]
fn so_does_a_field_that_is_not_there() {
    let shop = Shop::open();
    for field in [nothing("fld"), "no such field".replace(' ', "%20")] {
        let path = shop.path(&format!("/fields/{field}"));
        for (why, method, query, body) in [
            ("a body that can't be read", "PATCH", "", "{"),
            ("a member that is not known", "PATCH", "", r#"{"nmae": "x"}"#),
            ("a parameter", "PATCH", "?dryRun=maybe", r#"{"name": "x"}"#),
            ("a body where none is taken", "DELETE", "", r#"{"x": 1}"#),
            ("a parameter that is not known", "GET", "?x=1", ""),
        ] {
            let answer = raw(&shop, method, &format!("{path}{query}"), &[], body);
            refused(&answer, &format!("{method}: {why}"), 404, "field_not_found", &[]);
        }
    }
}

#[test]
fn what_does_not_fit_comes_before_the_precondition() {
    let shop = Shop::open();
    shop.record(json!({"title": "Dune", "isbn": "1"}));
    let path = shop.path(&format!("/records/{}", shop.record(json!({"title": "Emma"}))));
    let old = &[("if-match", "\"7\"")][..];
    for (why, headers, body, status, code, faults) in [
        ("a body that can't be read", old, "{", 400, "invalid_json", &[][..]),
        (
            "a value that does not fit",
            old,
            r#"{"values": {"pages": "x"}}"#,
            422,
            "invalid_input",
            &["/values/pages wrong_type"],
        ),
        (
            "a precondition that can't be read",
            &[("if-match", "7")],
            r#"{"values": {}}"#,
            400,
            "invalid_header",
            &["if-match invalid_header"],
        ),
        ("nothing would change", old, r#"{"values": {}}"#, 412, "precondition_failed", &[]),
        ("a value that is taken", old, r#"{"values": {"isbn": "1"}}"#, 412, "precondition_failed", &[]),
    ] {
        let answer = raw(&shop, "PATCH", &path, headers, body);
        refused(&answer, why, status, code, faults);
    }
    assert_eq!(shop.got(&path).at("/data/version"), 1);
}

#[test]
fn entity_tags_in_several_lines_are_one_list() {
    let shop = Shop::open();
    let path = shop.path(&format!("/records/{}", shop.record(json!({"title": "Dune"}))));
    let body = json!({"values": {"pages": 1}}).to_string();
    let tag = shop.got(&path).header("etag").unwrap().to_owned();
    let (one, two) = ("\"7\"", tag.as_str());
    for (lines, status) in [([one, two], 304), ([two, one], 304), ([one, one], 200), ([two, "1"], 400)] {
        let headers = lines.map(|line| ("if-none-match", line));
        assert_eq!(raw(&shop, "GET", &path, &headers, "").status, status, "If-None-Match: {lines:?}");
    }
    for (lines, status) in [([one, one], 412), ([two, "1"], 400), ([one, two], 200)] {
        let headers = lines.map(|line| ("if-match", line));
        assert_eq!(raw(&shop, "PATCH", &path, &headers, &body).status, status, "If-Match: {lines:?}");
    }
    let tag = tag.replace("-1-", "-2-");
    let headers = [("if-match", "\"9\""), ("if-match", tag.as_str())];
    assert_eq!(raw(&shop, "DELETE", &path, &headers, "").status, 204);
}

#[test]
fn what_a_change_and_a_copy_answer_is_in_the_keys_asked_for() {
    let shop = Shop::open();
    let record = shop.path(&format!("/records/{}", shop.record(json!({"title": "Dune"}))));
    let named = shop.ask("PATCH", &record, json!({"values": {"pages": 1}}));
    assert_eq!(named.at("/data/values/title"), "Dune");
    let title = shop.got(&shop.path("/fields/title")).text("/id");
    let keyed = shop.ask("PATCH", &format!("{record}?keys=id"), json!({"values": {&title: "Emma"}}));
    assert_eq!(keyed.at(&format!("/data/values/{title}")), "Emma");
    let copy = shop.made(&format!("{record}/duplicate?keys=id"), Value::Null);
    assert_eq!(copy.at(&format!("/data/values/{title}")), "Emma");
    let got = shop.got(&format!("{}?keys=id", copy.header("location").unwrap()));
    assert_eq!(got.at("/data"), copy.at("/data"), "the Location of a copy works");
}

#[test]
fn an_empty_list_is_no_value_of_a_required_field() {
    let shop = Shop::open();
    let choices = json!({"multiple": true, "choices": [{"name": "a"}]});
    let table = shop.table(
        "strict",
        json!([
            {"name": "name", "type": "string"},
            {"name": "tags", "type": "select", "required": true, "options": choices},
            {"name": "state", "type": "string", "required": true, "default": "new"},
            {"name": "extra", "type": "json", "required": true}
        ]),
    );
    let records = format!("{table}/records");
    let made = shop.made(&records, json!({"values": {"tags": ["a"], "extra": 0}}));
    assert_eq!(made.at("/data/values/state"), "new", "a default is a value");
    let path = made.header("location").unwrap();
    for (why, values, fault) in [
        ("an empty list", json!({"tags": []}), "/values/tags required"),
        ("null", json!({"tags": null}), "/values/tags required"),
        ("null, where there is a default", json!({"state": null}), "/values/state required"),
        ("the empty text, where there is a default", json!({"state": ""}), "/values/state required"),
        ("an empty JSON list", json!({"extra": []}), "/values/extra required"),
        ("null in JSON", json!({"extra": null}), "/values/extra required"),
    ] {
        let mut whole = json!({"tags": ["a"], "extra": false});
        whole.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        let values = json!({"values": values});
        refused(&shop.ask("POST", &records, json!({"values": whole})), why, 422, "invalid_input", &[fault]);
        refused(&shop.ask("PATCH", path, values), why, 422, "invalid_input", &[fault]);
    }
    assert_eq!(shop.got(path).at("/data"), made.at("/data"));
    assert_eq!(shop.got(&table).at("/recordCount"), 1);
}
