//! What a record's values may be, and how each is answered.

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::harness::Shop;

#[test]
fn values_come_back_as_the_contract_says() {
    let shop = Shop::open();
    let when = shop.made(&shop.path("/fields"), json!({"name": "when", "type": "dateTime"}));
    let link = shop.made(&shop.path("/fields"), json!({"name": "link", "type": "url"}));
    assert_eq!((when.status, link.status), (201, 201));
    let unique = &mut 0;
    for (field, sent, answered) in [
        ("title", json!(" Dune\t🙂 "), json!(" Dune\t🙂 ")),
        ("isbn", json!(""), Value::Null),
        ("isbn", Value::Null, Value::Null),
        ("pages", json!(3.0), json!(3)),
        ("pages", json!(-0.5), json!(-0.5)),
        ("pages", json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_992_u64)),
        ("pages", json!(0.1), json!(0.1)),
        ("pages", Value::Null, Value::Null),
        ("sold", json!(true), json!(true)),
        ("sold", Value::Null, json!(false)),
        ("genre", json!("novel"), json!("novel")),
        ("genre", json!(""), Value::Null),
        ("tags", json!(["signed", "new"]), json!(["signed", "new"])),
        ("tags", json!([]), Value::Null),
        ("published", json!("2024-02-29"), json!("2024-02-29")),
        ("published", json!(""), Value::Null),
        ("contact", json!("Ann@Example.com"), json!("Ann@Example.com")),
        ("shelf", Value::Null, Value::Null),
        ("shelf", json!(""), Value::Null),
        ("shelf", json!("B"), json!("B")),
        ("notes", json!("a\nb"), json!("a\nb")),
        ("notes", json!(""), Value::Null),
        ("extra", json!({"b": 1, "a": [true, null, "x"]}), json!({"b": 1, "a": [true, null, "x"]})),
        ("extra", json!([]), Value::Null),
        ("extra", json!(false), json!(false)),
        ("when", json!("2026-11-24T10:30:00.5+01:00"), json!("2026-11-24T09:30:00.500Z")),
        ("link", json!("https://example.com/a?b"), json!("https://example.com/a?b")),
    ] {
        *unique += 1;
        let mut values = json!({"title": format!("t{unique}")});
        values[field] = sent.clone();
        let made = shop.made(&shop.path("/records"), json!({"values": values}));
        assert_eq!(made.at(&format!("/data/values/{field}")), answered, "{field}: {sent}");
        let got = shop.got(made.header("location").unwrap());
        assert_eq!(got.at("/data"), made.at("/data"), "{field}: {sent}");
    }
    let made = shop.made(&shop.path("/records"), json!({"values": {"title": "defaults"}}));
    assert_eq!(made.at("/data/values/shelf"), "A1", "absent is not null: it gets the default");
    assert_eq!(made.at("/data/values/sold"), false, "a checkbox is never empty");
    assert_eq!(made.at("/data/values/made"), made.at("/data/createdAt"));
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune", "isbn": "1"}));
    let (records, one) = (shop.path("/records"), shop.path(&format!("/records/{id}")));
    let before = shop.got(&one).at("/data");
    let long = "x".repeat(10_001);
    for (why, values, fault) in [
        ("text is no number: values are never coerced", json!({"pages": "3"}), "/values/pages wrong_type"),
        ("a number is no text", json!({"title": 3}), "/values/title wrong_type"),
        ("a list is no text", json!({"notes": []}), "/values/notes wrong_type"),
        ("a number is no boolean", json!({"sold": 1}), "/values/sold wrong_type"),
        ("null is no value of a required field", json!({"title": null}), "/values/title required"),
        ("the empty text is null", json!({"title": ""}), "/values/title required"),
        ("a text beyond its limit", json!({"title": long}), "/values/title out_of_range"),
        ("NUL in a text", json!({"title": "a\0b"}), "/values/title invalid_value"),
        ("no such choice", json!({"genre": "novels"}), "/values/genre unknown_choice"),
        ("choices are told apart by case", json!({"genre": "Novel"}), "/values/genre unknown_choice"),
        ("one of several choices", json!({"tags": ["new", "old"]}), "/values/tags/1 unknown_choice"),
        ("a choice twice", json!({"tags": ["new", "new"]}), "/values/tags/1 invalid_value"),
        ("one choice is no list", json!({"tags": "new"}), "/values/tags wrong_type"),
        ("no day of the calendar", json!({"published": "2023-02-29"}), "/values/published invalid_value"),
        ("a time is no day", json!({"published": "2023-02-28T00:00:00Z"}), "/values/published invalid_value"),
        ("no address", json!({"contact": "ann"}), "/values/contact invalid_value"),
        ("the server gives numbers", json!({"number": 7}), "/values/number computed_field"),
        ("and times", json!({"made": null}), "/values/made computed_field"),
        ("no such field", json!({"titel": "x"}), "/values/titel unknown_field"),
        ("names are told apart by case", json!({"Title": "x"}), "/values/Title unknown_field"),
        ("`/` and `~` are escaped in a pointer", json!({"a/~b": 1}), "/values/a~1~0b unknown_field"),
    ] {
        let mut whole = values.clone();
        if whole.get("title").is_none() {
            whole["title"] = "Emma".into();
        }
        for (method, path, body) in
            [("POST", &records, json!({"values": whole})), ("PATCH", &one, json!({"values": values}))]
        {
            refused(&shop.ask(method, path, body), why, 422, "invalid_input", &[fault]);
        }
    }
    let suggested = shop.ask("PATCH", &one, json!({"values": {"titel": "x"}}));
    assert!(suggested.text("/errors/0/detail").contains("`title`"), "{suggested:?}");
    refused(
        &shop.ask("POST", &records, json!({"values": {"title": "Emma", "isbn": "1"}})),
        "another record has it",
        409,
        "value_taken",
        &["/values/isbn value_taken"],
    );
    assert_eq!(shop.got(&one).at("/data"), before);
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 1);
}

#[test]
fn numbers_that_cannot_be_held_exactly_are_refused() {
    let shop = Shop::open();
    for (literal, fault) in [
        ("9007199254740993", "/values/pages not_exact"),
        ("100000000000000000000000000000000000001", "/values/pages not_exact"),
        ("1e999", "/values/pages out_of_range"),
        ("-1e999", "/values/pages out_of_range"),
    ] {
        let body = format!(r#"{{"values": {{"title": "a", "pages": {literal}}}}}"#);
        let request = shop.server.post(&shop.path("/records")).token(&shop.token);
        let answer = request.raw("application/json", body.into_bytes()).send();
        refused(&answer, literal, 422, "invalid_input", &[fault]);
    }
    for (literal, answered) in [
        ("9007199254740993.0", "9007199254740992"),
        ("1e2", "100"),
        ("-0", "0"),
        ("1e-400", "0"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("1e300", "1e+300"),
    ] {
        let body = format!(r#"{{"values": {{"title": "a", "pages": {literal}}}}}"#);
        let request = shop.server.post(&shop.path("/records")).token(&shop.token);
        let answer = request.raw("application/json", body.into_bytes()).send();
        assert_eq!(answer.status, 201, "{answer:?}");
        let found = answer.at("/data/values/pages");
        assert_eq!(found, serde_json::from_str::<Value>(answered).unwrap(), "{literal}");
    }
}

#[test]
fn every_fault_of_a_body_is_named_at_once() {
    let shop = Shop::open();
    let strict = shop.table(
        "strict",
        json!([
            {"name": "name", "type": "string", "required": true},
            {"name": "code", "type": "string", "unique": true, "required": true},
            {"name": "age", "type": "number"}
        ]),
    );
    let id = shop
        .made(&format!("{strict}/records"), json!({"values": {"name": "a", "code": "1"}}))
        .text("/data/id");
    for (method, path, faults) in [
        (
            "POST",
            format!("{strict}/records"),
            &["/extra unknown_member", "/values/age wrong_type", "/values/nmae unknown_field"][..],
        ),
        (
            "PATCH",
            format!("{strict}/records/{id}"),
            &["/extra unknown_member", "/values/age wrong_type", "/values/nmae unknown_field"],
        ),
    ] {
        let answer = shop.ask(method, &path, json!({"extra": 1, "values": {"nmae": "x", "age": "old"}}));
        refused(&answer, method, 422, "invalid_input", faults);
    }
    let answer = shop.ask("POST", &format!("{strict}/records"), json!({"id": "x", "values": {"age": 3}}));
    refused(
        &answer,
        "two required fields and an id",
        422,
        "invalid_input",
        &["/id invalid_value", "/values/code required", "/values/name required"],
    );
    let answer = shop.ask("POST", &format!("{strict}/records"), json!({"id": "x", "values": []}));
    refused(&answer, "values of no use", 422, "invalid_input", &["/id invalid_value", "/values wrong_type"]);
    let answer = shop.ask("POST", &format!("{strict}/records"), json!({"valeus": {}}));
    refused(
        &answer,
        "a mistyped member",
        422,
        "invalid_input",
        &["/values required", "/valeus unknown_member"],
    );
    assert!(answer.json()["errors"].to_string().contains("Did you mean `values`?"), "{answer:?}");
    let query = shop.ask("GET", &format!("{strict}/records?limit=0&sotr=id&total=yes&keys="), Value::Null);
    refused(
        &query,
        "parameters",
        400,
        "invalid_parameter",
        &[
            "limit invalid_parameter",
            "sotr unknown_parameter",
            "total invalid_parameter",
            "keys invalid_parameter",
        ],
    );
}

/// Parameters that can't be read, and names that the table does not have, in one answer.
#[test]
fn parameters_and_what_the_schema_says_of_them_are_judged_together() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let one = shop.ask("GET", &shop.path(&format!("/records/{id}?foo=1&fields=zz,yy&keys=q")), Value::Null);
    let (foo, keys, fields) = ("foo unknown_parameter", "keys invalid_parameter", "fields invalid_parameter");
    refused(&one, "a record", 400, "invalid_parameter", &[foo, keys, fields, fields]);
    let query = "?foo=1&limit=0&fields=zz&sort=yy&filter=xx%3D1&cursor=x";
    let list = shop.ask("GET", &shop.path(&format!("/records{query}")), Value::Null);
    assert_eq!((list.status, list.code().as_str()), (400, "invalid_parameter"), "{list:?}");
    let mut pointers: Vec<_> = list.faults().into_iter().map(|(pointer, _)| pointer).collect();
    pointers.sort();
    assert_eq!(pointers, ["fields", "filter", "foo", "limit", "sort"], "{list:?}");
    let cursor = "cursor invalid_cursor";
    for path in
        [shop.path("/records"), "/api/openapi/bases".into(), format!("/api/spaces/{}/tokens", shop.space)]
    {
        let answer = shop.ask("GET", &format!("{path}?foo=1&cursor=x"), Value::Null);
        refused(&answer, &path, 400, "invalid_parameter", &[foo, cursor]);
        let alone = shop.ask("GET", &format!("{path}?cursor=x"), Value::Null);
        refused(&alone, &path, 400, "invalid_cursor", &[cursor]);
    }
    let tables = format!("/api/openapi/bases/{}/tables", shop.base);
    shop.table("second", json!([{"name": "a", "type": "string"}]));
    let page = shop.ask("GET", &format!("{tables}?limit=1"), Value::Null);
    let gone = format!("{tables}/{}", page.text("/tables/0/id"));
    assert_eq!(shop.ask("DELETE", &gone, Value::Null).status, 204);
    let next = format!("{tables}?cursor={}", page.text("/nextCursor"));
    refused(&shop.ask("GET", &next, Value::Null), "its table is gone", 400, "invalid_cursor", &[cursor]);
}

/// Values that are taken are named beside all else that is wrong.
#[test]
fn taken_values_are_listed_beside_other_faults() {
    let shop = Shop::open();
    let used = shop.record(json!({"title": "Dune", "isbn": "1"}));
    let other = shop.record(json!({"title": "Emma", "isbn": "2"}));
    let records = shop.path("/records");
    let body = json!({"id": used, "values": {"title": "x", "isbn": "1"}});
    let faults = ["/id id_taken", "/values/isbn value_taken"];
    refused(&shop.ask("POST", &records, body), "id and value", 409, "conflict", &faults);
    let wrong = json!({"isbn": "1", "pages": "many"});
    let create = ["/values/title required", "/values/pages wrong_type", "/values/isbn value_taken"];
    refused(&shop.ask("POST", &records, json!({"values": wrong})), "create", 422, "invalid_input", &create);
    let patch = shop.ask("PATCH", &format!("{records}/{other}"), json!({"values": wrong}));
    refused(&patch, "patch", 422, "invalid_input", &create[1..]);
    let listed = ["/records/0/values/isbn value_taken", "/records/1/values/pages wrong_type"];
    let bulk = json!({"records": [
        {"values": {"title": "a", "isbn": "1"}}, {"values": {"title": "b", "pages": "many"}}
    ]});
    refused(&shop.ask("POST", &format!("{records}/bulk"), bulk), "bulk", 422, "invalid_input", &listed);
    let bulk = json!({"records": [
        {"id": other, "values": {"isbn": "1"}}, {"id": used, "values": {"pages": "many"}}
    ]});
    refused(&shop.ask("PATCH", &records, bulk), "bulk patch", 422, "invalid_input", &listed);
    let upsert = json!({"on": "id", "records": [
        {"id": other, "values": {"isbn": "1"}}, {"id": used, "values": {"pages": "many"}}, {"values": {"isbn": "2"}}
    ]});
    let listed = [listed[0], listed[1], "/records/2/id required"];
    refused(&shop.ask("PUT", &records, upsert), "upsert", 422, "invalid_input", &listed);
    assert_eq!(shop.got(&records).at("/total"), 2);
}

#[test]
fn keys_by_id_work_both_ways() {
    let shop = Shop::open();
    let fields = shop.got(&shop.path("")).at("/fields");
    let field = |name: &str| {
        let found = fields.as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
        (found["id"].as_str().unwrap().to_owned(), found["options"].clone())
    };
    let ((title, _), (tags, options), (isbn, _)) = (field("title"), field("tags"), field("isbn"));
    let choice = options["choices"][1]["id"].clone();
    let records = shop.path("/records");
    let sent = json!({"values": {title.clone(): "Dune", tags.clone(): [choice], isbn.clone(): "1"}});
    let made = shop.made(&format!("{records}?keys=id"), sent.clone());
    assert_eq!(made.at(&format!("/data/values/{tags}")), json!([choice]));
    assert_eq!(made.at(&format!("/data/displayValues/{tags}")), "signed");
    let path = shop.path(&format!("/records/{}", made.text("/data/id")));
    let named = shop.got(&path);
    assert_eq!(named.at("/data/values/tags"), json!(["signed"]));
    assert_eq!(named.at("/data/displayValues"), json!({"tags": "signed"}), "only where the text differs");
    assert_eq!(shop.got(&format!("{path}?keys=id")).at("/data"), made.at("/data"));
    let mixed = shop.ask("PATCH", &path, json!({"values": {"tags": [choice, "new"]}}));
    assert_eq!(mixed.at("/data/values/tags"), json!(["signed", "new"]), "writing accepts either");
    let answer = shop.ask("POST", &records, sent.clone());
    let pointers: Vec<String> =
        [&title, &tags, &isbn].iter().map(|id| format!("/values/{id} unknown_field")).collect();
    // Which of the required ones are there can't be told while some are called by unknown names.
    let pointers: Vec<&str> = pointers.iter().map(String::as_str).collect();
    refused(&answer, "ids are no names", 422, "invalid_input", &pointers);
    let named = shop.ask("POST", &format!("{records}?keys=id"), json!({"values": {"title": "x"}}));
    assert!(named.text("/detail").contains(&format!("`title` is `{title}`")), "{named:?}");
    let answer = shop.ask("POST", &format!("{records}?keys=id"), json!({"values": {}}));
    refused(
        &answer,
        "a pointer is one into the body that was sent",
        422,
        "invalid_input",
        &[&format!("/values/{title} required")],
    );
    let answer = shop.ask("POST", &format!("{records}?keys=id"), sent);
    refused(
        &answer,
        "so it is for a value that is taken",
        409,
        "value_taken",
        &[&format!("/values/{isbn} value_taken")],
    );
    refused(
        &shop.ask("GET", &format!("{records}?keys=both"), Value::Null),
        "neither",
        400,
        "invalid_parameter",
        &["keys invalid_parameter"],
    );
}

#[test]
fn only_the_fields_that_are_wanted_are_answered() {
    let shop = Shop::open();
    let made =
        shop.made(&shop.path("/fields"), json!({"name": "First, {name}", "type": "string", "default": "x"}));
    let (id, record) = (made.text("/id"), shop.record(json!({"title": "Dune", "tags": ["new"]})));
    for path in [shop.path(&format!("/records/{record}")), shop.path("/records")] {
        let root = if path.ends_with("records") { "/records/0" } else { "/data" };
        for (fields, answered) in [
            ("title", json!({"title": "Dune"})),
            ("pages,title", json!({"title": "Dune", "pages": null})),
            ("%7BFirst,%20%7Bname%7D%7D%7D", json!({"First, {name}": "x"})),
            (&id, json!({"First, {name}": "x"})),
        ] {
            let got = shop.got(&format!("{path}?fields={fields}"));
            assert_eq!(got.at(&format!("{root}/values")), answered, "{fields}");
            assert_eq!(got.at(&format!("{root}/displayValues")), json!({}), "{fields}");
        }
        for (fields, why) in [
            ("titel", "no such field"),
            ("title,", "a comma too many"),
            ("%7Btitle", "a brace too few"),
            ("", "empty"),
        ] {
            let got = shop.ask("GET", &format!("{path}?fields={fields}"), Value::Null);
            refused(&got, why, 400, "invalid_parameter", &["fields invalid_parameter"]);
        }
    }
}
