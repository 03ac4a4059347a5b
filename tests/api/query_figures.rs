//! Aggregates over HTTP, and questions that take too long.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::harness::{Answer, Setup, Shop};
use crate::query::contacts;

fn figures(shop: &Shop, path: &str, body: Value) -> Answer {
    shop.ask("POST", &format!("{path}/records/aggregate"), body)
}

#[test]
fn groups_come_in_order_with_their_figures() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let body = json!({
        "groupBy": ["status"],
        "aggregates": [{"function": "count"}, {"field": "score", "function": "avg"}, {"field": "age", "function": "max", "as": "oldest"}]
    });
    let answer = figures(&shop, &path, body.clone());
    assert_eq!(
        answer.json(),
        json!({"groups": [
            {"group": {"status": "lead"}, "values": {"count": 1, "avg_score": 50, "oldest": 29}},
            {"group": {"status": "active"}, "values": {"count": 2, "avg_score": 80.25, "oldest": 41}},
            {"group": {"status": "paused"}, "values": {"count": 1, "avg_score": null, "oldest": 85}},
            {"group": {"status": null}, "values": {"count": 1, "avg_score": null, "oldest": null}}
        ], "nextCursor": null})
    );
    let mut page = body;
    page["limit"] = json!(3);
    let first = figures(&shop, &path, page.clone());
    page["cursor"] = first.at("/nextCursor");
    let second = figures(&shop, &path, page.clone());
    assert_eq!(second.at("/groups"), json!([answer.at("/groups/3")]));
    page["groupBy"] = json!(["since"]);
    refused(&figures(&shop, &path, page), "another", 400, "invalid_cursor", &["/cursor invalid_cursor"]);
    let none = figures(
        &shop,
        &path,
        json!({"filter": "age > 1000", "aggregates": [
        {"function": "count"}, {"field": "age", "function": "sum"}, {"field": "age", "function": "avg"}]}),
    );
    assert_eq!(
        none.at("/groups"),
        json!([{"group": {}, "values": {"count": 0, "sum_age": 0, "avg_age": null}}])
    );
    let months = figures(
        &shop,
        &path,
        json!({
        "groupBy": [{"field": "since", "unit": "year"}], "explain": true,
        "aggregates": [{"function": "count"}, {"field": "since", "function": "latest"}]}),
    );
    assert_eq!(
        months.at("/groups"),
        json!([
            {"group": {"since": "2024-01-01"}, "values": {"count": 1, "latest_since": "2024-12-31"}},
            {"group": {"since": "2025-01-01"}, "values": {"count": 2, "latest_since": "2025-03-01"}},
            {"group": {"since": null}, "values": {"count": 2, "latest_since": null}}
        ])
    );
    assert_eq!(months.text("/plan/way"), "columns");
}

#[test]
fn faults_of_an_aggregate_have_their_pointers() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let count = json!([{"function": "count"}]);
    for (body, faults) in [
        (json!({}), vec!["/aggregates required"]),
        (json!({"aggregates": []}), vec!["/aggregates required"]),
        (json!({"aggregates": [{"function": "cuont"}]}), vec!["/aggregates/0/function invalid_value"]),
        (json!({"aggregates": [{"function": "sum"}]}), vec!["/aggregates/0/field required"]),
        (
            json!({"aggregates": [{"function": "sum", "field": "name"}]}),
            vec!["/aggregates/0/function invalid_value"],
        ),
        (
            json!({"aggregates": [{"function": "min", "field": "since"}]}),
            vec!["/aggregates/0/function invalid_value"],
        ),
        (
            json!({"aggregates": [{"function": "checked", "field": "age"}]}),
            vec!["/aggregates/0/function invalid_value"],
        ),
        (
            json!({"aggregates": [{"function": "sum", "field": "agee"}]}),
            vec!["/aggregates/0/field unknown_field"],
        ),
        (
            json!({"aggregates": [{"function": "sum", "field": "age"}, {"function": "sum", "field": "age"}]}),
            vec!["/aggregates/1/as invalid_value"],
        ),
        (json!({"groupBy": ["extra"], "aggregates": count}), vec!["/groupBy/0 invalid_value"]),
        (json!({"groupBy": ["nmae"], "aggregates": count}), vec!["/groupBy/0 unknown_field"]),
        (
            json!({"groupBy": [{"field": "nmae", "unit": "day"}], "aggregates": count}),
            vec!["/groupBy/0/field unknown_field"],
        ),
        (
            json!({"groupBy": [{"field": "age", "unit": "day"}], "aggregates": count}),
            vec!["/groupBy/0/unit invalid_value"],
        ),
        (
            json!({"groupBy": [{"field": "since", "unit": "dya"}], "aggregates": count}),
            vec!["/groupBy/0/unit invalid_value"],
        ),
        (
            json!({"groupBy": ["name", "age", "score", "status"], "aggregates": count}),
            vec!["/groupBy too_many"],
        ),
        (json!({"groupBy": ["age", "age"], "aggregates": count}), vec!["/groupBy/1 invalid_value"]),
        (json!({"filter": "age = \"x\"", "aggregates": count}), vec!["/filter invalid_filter"]),
        (json!({"limit": 0, "aggregates": count}), vec!["/limit out_of_range"]),
        (json!({"sort": ["age"], "aggregates": count}), vec!["/sort unknown_member"]),
    ] {
        let answer = figures(&shop, &path, body.clone());
        if body["aggregates"][0]["field"] == "name" {
            assert!(answer.text("/errors/0/detail").contains("numbers"), "{answer:?}");
        }
        refused(&answer, &body.to_string(), 422, "invalid_input", &faults);
    }
    let hint = figures(&shop, &path, json!({"groupBy": ["nmae"], "aggregates": count}));
    assert!(hint.text("/errors/0/detail").contains("Did you mean `name`?"), "{hint:?}");
}

#[test]
fn a_question_that_takes_too_long_is_refused_and_others_go_on() {
    for memory_budget in [None, Some(0)] {
        let setup = Setup { query_timeout: Some(Duration::from_nanos(1)), memory_budget, ..Setup::default() };
        let shop = Shop::with(setup);
        let records: Vec<_> = (0..3000).map(|n| json!({"values": {"title": format!("t{n}")}})).collect();
        let ids = shop.made(&shop.path("/records/bulk"), json!({"records": records})).at("/ids");
        for tail in ["/records?filter=title%20contains%20%22t1%22", "/records?sort=-title"] {
            let answer = shop.ask("GET", &shop.path(tail), Value::Null);
            assert_eq!((answer.status, answer.code()), (503, "query_too_expensive".into()), "{tail}");
            assert_eq!(answer.header("retry-after"), Some("1"), "{answer:?}");
            assert!(answer.text("/detail").contains("Narrow its filter"), "{answer:?}");
        }
        let body =
            json!({"groupBy": ["genre"], "aggregates": [{"field": "title", "function": "countDistinct"}]});
        let answer = shop.ask("POST", &shop.path("/records/aggregate"), body);
        assert_eq!((answer.status, answer.code()), (503, "query_too_expensive".into()));
        assert_eq!(shop.got(&shop.path("/records?limit=1")).at("/total"), 3000);
        let one = shop.got(&shop.path(&format!("/records/{}", ids[7].as_str().unwrap())));
        assert_eq!(one.text("/data/values/title"), "t7");
        shop.record(json!({"title": "one more"}));
    }
}
