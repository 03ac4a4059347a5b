//! Filters, sorts, searches, queries in a body and aggregates over HTTP: what they answer and how they refuse.

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::calls::escaped;
use crate::harness::{Answer, Setup, Shop};

/// A table like the demo's contacts: its path.
pub fn contacts(shop: &Shop) -> String {
    let path = shop.table(
        "Contacts",
        json!([
            {"name": "name", "type": "string"},
            {"name": "email", "type": "email", "unique": true},
            {"name": "age", "type": "number"},
            {"name": "score", "type": "number"},
            {"name": "status", "type": "select", "options": {"choices": [{"name": "lead"}, {"name": "active"}, {"name": "paused"}]}},
            {"name": "tags", "type": "select", "options": {"multiple": true, "choices": [{"name": "vip"}, {"name": "beta"}]}},
            {"name": "since", "type": "date"},
            {"name": "First name", "type": "string"},
            {"name": "done", "type": "checkbox"},
            {"name": "extra", "type": "json"}
        ]),
    );
    let records = json!([
        {"values": {"name": "Ada Lovelace", "email": "ada@example.com", "age": 36, "score": 90, "status": "active", "tags": ["vip"], "since": "2025-02-03", "First name": "Ada", "done": true, "extra": {"a": 1}}},
        {"values": {"name": "Alan Turing", "email": "alan@example.com", "age": 41, "score": 70.5, "status": "active", "tags": ["beta", "vip"], "since": "2025-03-01"}},
        {"values": {"name": "ÖZGE Çelik", "age": 29, "score": 50, "status": "lead", "tags": ["beta"], "since": "2024-12-31"}},
        {"values": {"name": "Grace Hopper", "email": "grace@example.com", "age": 85, "status": "paused"}},
        {"values": {"name": "nobody"}}
    ]);
    shop.made(&format!("{path}/records/bulk"), json!({"records": records}));
    path
}

pub fn names(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    let all = answer.at("/records");
    let name =
        |record: &Value| record["values"]["name"].as_str().unwrap().split(' ').next().unwrap().to_owned();
    all.as_array().unwrap().iter().map(name).collect()
}

fn listed(shop: &Shop, path: &str, query: &[(&str, &str)]) -> Answer {
    let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    shop.ask("GET", &format!("{path}/records?{}", pairs.join("&")), Value::Null)
}

fn queried(shop: &Shop, path: &str, body: Value) -> Answer {
    shop.ask("POST", &format!("{path}/records/query"), body)
}

#[test]
fn the_examples_of_the_description_run() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let document = shop.got("/api/openapi.json").json();
    let list = &document["paths"]["/api/openapi/bases/{base}/tables/{table}/records"]["get"];
    let text = list["description"].as_str().unwrap();
    let examples: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|code| code.contains('"')).collect();
    assert_eq!(examples.len(), 4, "{text}");
    for filter in examples {
        assert_eq!(listed(&shop, &path, &[("filter", filter)]).status, 200, "{filter}");
    }
    let first =
        listed(&shop, &path, &[("filter", "status = \"active\" and (age > 30 or tags has \"beta\")")]);
    assert_eq!(names(&first), ["Ada", "Alan"]);
    let third = listed(&shop, &path, &[("filter", "since between \"2025-01-01\" and today and score >= 50")]);
    assert_eq!(names(&third), ["Ada", "Alan"]);
}

#[test]
fn lists_and_queries_answer_the_same() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let filter = "not (name = \"nobody\") and status != \"paused\"";
    let json_form = json!({"conjunction": "and", "children": [
        {"field": "name", "op": "neq", "value": "nobody"}, {"field": "status", "op": "neq", "value": "paused"}]});
    let by_get = listed(
        &shop,
        &path,
        &[
            ("filter", filter),
            ("sort", "-score,{First name}"),
            ("limit", "2"),
            ("fields", "name,{First name}"),
        ],
    );
    assert_eq!(names(&by_get), ["Ada", "Alan"]);
    assert_eq!(by_get.at("/records/0/values"), json!({"name": "Ada Lovelace", "First name": "Ada"}));
    let body = |filter: Value| json!({"filter": filter, "sort": ["-score", "First name"], "limit": 2, "fields": ["name", "First name"]});
    for filter in [json!(filter), json_form.clone()] {
        let by_post = queried(&shop, &path, body(filter));
        assert_eq!(
            (by_post.at("/records"), by_post.at("/total")),
            (by_get.at("/records"), by_get.at("/total"))
        );
    }
    let as_json = listed(&shop, &path, &[("filter", &json_form.to_string()), ("sort", "-score")]);
    assert_eq!(names(&as_json), ["Ada", "Alan", "ÖZGE"]);
    let second = {
        let first = queried(&shop, &path, body(json_form.clone()));
        let mut next = body(json_form);
        next["cursor"] = first.at("/nextCursor");
        queried(&shop, &path, next)
    };
    assert_eq!((names(&second), second.at("/nextCursor")), (vec!["ÖZGE".to_owned()], Value::Null));
    let by_id = listed(&shop, &path, &[("filter", "status = \"lead\""), ("keys", "id")]);
    let values = by_id.at("/records/0/values");
    assert!(values.as_object().unwrap().keys().all(|key| key.starts_with("fld")), "{values}");
    let without = queried(&shop, &path, json!({"total": false}));
    assert!(without.json().get("total").is_none() && without.json().get("plan").is_none());
}

#[test]
fn a_search_looks_at_all_words_in_whatever_case() {
    let shop = Shop::open();
    let path = contacts(&shop);
    for (search, wanted) in [
        ("ada", vec!["Ada"]),
        ("LOVELACE ada", vec!["Ada"]),
        ("ada turing", vec![]),
        ("example.com hopper", vec!["Grace"]),
        ("özge", vec!["ÖZGE"]),
        ("ÇELİK", vec![]),
        ("çelik", vec!["ÖZGE"]),
        ("active", vec![]),
        ("  a  ", vec!["Ada", "Alan", "Grace"]),
    ] {
        assert_eq!(names(&listed(&shop, &path, &[("search", search)])), wanted, "{search}");
    }
    let words =
        vec!["x"; 21].iter().enumerate().map(|(n, x)| format!("{x}{n}")).collect::<Vec<_>>().join(" ");
    refused(
        &listed(&shop, &path, &[("search", &words)]),
        "words",
        422,
        "invalid_input",
        &["search too_many"],
    );
    refused(
        &queried(&shop, &path, json!({"search": ""})),
        "empty",
        422,
        "invalid_input",
        &["/search invalid_value"],
    );
}

#[test]
fn faults_say_where_and_what() {
    let shop = Shop::open();
    let path = contacts(&shop);
    for (filter, code, detail) in [
        ("nmae = \"x\"", "unknown_field", "Character 1, at `nmae"),
        ("nmae = \"x\"", "unknown_field", "Did you mean `name`?"),
        ("age = \"x\"", "wrong_type", "Character 7, at `\"x\"`"),
        ("tags = \"vip\"", "invalid_filter", "has \"a\""),
        ("age == 3", "invalid_filter", "Character 5, at `=="),
        ("name = 3", "wrong_type", "a text in `\"`"),
        ("status = \"actve\"", "unknown_choice", "active"),
        ("name = \"\"", "invalid_value", "is empty"),
        ("since = \"soon\"", "invalid_value", "2026-01-31"),
        ("done is empty", "invalid_filter", "never empty"),
        ("age > 3 and", "invalid_filter", "Character 12"),
        ("", "invalid_parameter", ""),
    ] {
        let answer = listed(&shop, &path, &[("filter", filter)]);
        assert!([400, 422].contains(&answer.status), "{filter}: {answer:?}");
        let fault = answer.at("/errors/0");
        assert_eq!(fault["pointer"], "filter", "{filter}");
        let known = [code, "invalid_filter", "invalid_parameter"];
        assert!(known.contains(&fault["code"].as_str().unwrap()), "{filter}: {fault}");
        assert!(fault["detail"].as_str().unwrap().contains(detail), "{filter}: {fault}");
    }
    let both = listed(&shop, &path, &[("filter", "nmae = 1 and age = \"x\"")]);
    assert_eq!(both.at("/errors").as_array().unwrap().len(), 2, "{both:?}");
    for (sort, detail) in [
        ("nmae", "Did you mean `name`?"),
        ("extra", "JSON"),
        ("name,-name", "already"),
        ("id,name", "after it decides nothing"),
        ("name,,age", "Expected names"),
        ("a,b,c,d,e,f,g,h,i", "at most 8"),
    ] {
        let answer = listed(&shop, &path, &[("sort", sort)]);
        refused(&answer, sort, 400, "invalid_parameter", &["sort invalid_parameter"]);
        assert!(answer.text("/errors/0/detail").contains(detail), "{answer:?}");
    }
    let fields = listed(&shop, &path, &[("fields", "nmae")]);
    refused(&fields, "fields", 400, "invalid_parameter", &["fields invalid_parameter"]);
}

#[test]
fn faults_of_a_body_have_their_pointers() {
    let shop = Shop::open();
    let path = contacts(&shop);
    for (body, faults) in [
        (json!({"filter": 3}), vec!["/filter wrong_type"]),
        (json!({"sort": ["nmae"]}), vec!["/sort/0 unknown_field"]),
        (json!({"sort": ["age", "extra"]}), vec!["/sort/1 invalid_value"]),
        (json!({"sort": []}), vec!["/sort invalid_value"]),
        (json!({"sort": "age"}), vec!["/sort wrong_type"]),
        (json!({"fields": ["name", "nmae"]}), vec!["/fields/1 unknown_field"]),
        (json!({"limit": 0}), vec!["/limit out_of_range"]),
        (json!({"limit": 1001}), vec!["/limit out_of_range"]),
        (json!({"limit": 1.5}), vec!["/limit out_of_range"]),
        (json!({"total": 1}), vec!["/total wrong_type"]),
        (json!({"serach": "x"}), vec!["/serach unknown_member"]),
        (json!({"filter": {"field": "nmae", "op": "eq", "value": 1}}), vec!["/filter/field unknown_field"]),
        (
            json!({"filter": {"conjunction": "and", "children": [
                {"field": "age", "op": "contains", "value": "x"}, {"field": "age", "op": "gt", "value": "x"},
                {"field": "status", "op": "eq", "value": "actve"}]}}),
            vec!["/filter/children/0/op", "/filter/children/1/value", "/filter/children/2/value"],
        ),
    ] {
        let answer = queried(&shop, &path, body.clone());
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        let found: Vec<_> =
            answer.faults().into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect();
        assert_eq!(found.len(), faults.len(), "{body}: {answer:?}");
        for (found, wanted) in found.iter().zip(&faults) {
            assert!(found.starts_with(wanted), "{body}: {found}, not {wanted}");
        }
    }
    let page = queried(&shop, &path, json!({"sort": ["age"], "limit": 1}));
    let cursor = page.text("/nextCursor");
    let other = queried(&shop, &path, json!({"sort": ["score"], "cursor": cursor}));
    refused(&other, "of another query", 400, "invalid_cursor", &["/cursor invalid_cursor"]);
    let altered = queried(&shop, &path, json!({"sort": ["age"], "cursor": format!("{cursor}A")}));
    refused(&altered, "altered", 400, "invalid_cursor", &["/cursor invalid_cursor"]);
    assert_eq!(queried(&shop, &path, json!({"sort": ["age"], "cursor": cursor, "limit": 9})).status, 200);
}

#[test]
fn an_explained_question_says_its_way() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let way = |query: &[(&str, &str)]| {
        let mut all = vec![("explain", "true")];
        all.extend(query);
        let answer = listed(&shop, &path, &all);
        let plan = answer.at("/plan");
        assert!(
            plan["records"] == 5 && plan["recordsExamined"].is_u64() && plan["milliseconds"].is_f64(),
            "{plan}"
        );
        plan["way"].as_str().unwrap().to_owned()
    };
    assert_eq!(way(&[]), "range");
    assert_eq!(way(&[("sort", "-id")]), "range");
    assert_eq!(way(&[("filter", "email = \"ada@example.com\" and age > 1")]), "lookup");
    assert_eq!(way(&[("filter", "age > 1")]), "columns");
    assert_eq!(way(&[("sort", "age")]), "columns");
    let poor = Shop::with(Setup { memory_budget: Some(0), ..Setup::default() });
    let path = contacts(&poor);
    let answer = listed(&poor, &path, &[("explain", "true"), ("sort", "age")]);
    assert_eq!(answer.text("/plan/way"), "stream");
    assert_eq!(names(&answer), ["ÖZGE", "Ada", "Alan", "Grace", "nobody"]);
}

#[test]
fn tokens_that_may_not_read_are_refused() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let of = |body: Value| shop.server.token(&shop.cookie, &shop.space, body).1;
    let blind = of(json!({"name": "blind", "scopes": ["schema:write"]}));
    let narrow = of(json!({"name": "narrow", "scopes": ["records:read"], "tables": [shop.table]}));
    for (tail, body) in [
        ("query", json!({"filter": "age > 1"})),
        ("aggregate", json!({"aggregates": [{"function": "count"}]})),
    ] {
        let ask = |token: &str| {
            shop.server.post(&format!("{path}/records/{tail}")).token(token).json(body.clone()).send()
        };
        assert_eq!((ask(&blind).status, ask(&blind).code()), (403, "scope_missing".into()));
        assert_eq!((ask(&narrow).status, ask(&narrow).code()), (404, "table_not_found".into()));
        assert_eq!(ask(&shop.token).status, 200);
    }
}
