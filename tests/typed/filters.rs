//! What a document says of filters, sorts and aggregates, against the server.

use serde_json::{Value, json};

use crate::harness::Shop;
use crate::{assert_answer, document, operation, schema, shop};

/// The forms that a schema of the document is one of.
fn forms<'d>(document: &'d Value, name: &str) -> &'d Vec<Value> {
    document["components"]["schemas"][name]["oneOf"].as_array().unwrap()
}

/// Values that a schema allows, of each of its forms.
fn samples(of: &Value) -> Vec<Value> {
    for keyword in ["oneOf", "anyOf"] {
        if let Some(forms) = of[keyword].as_array() {
            return forms.iter().flat_map(samples).collect();
        }
    }
    if let Some(choices) = of["enum"].as_array() {
        return choices.clone();
    }
    match (of["type"].as_str(), of["format"].as_str()) {
        (Some("null"), _) => vec![Value::Null],
        (Some("string"), Some("date")) => vec![json!("2026-01-31")],
        (Some("string"), Some("date-time")) => vec![json!("2026-01-31T09:30:00Z")],
        (Some("string"), _) if of.get("pattern").is_some() => vec![json!("rec00000000000000000000000001")],
        (Some("string"), _) => vec![json!("x")],
        (Some("array"), _) => samples(&of["items"]).into_iter().map(|one| json!([one])).collect(),
        (Some("number" | "integer"), _) => vec![json!(1)],
        _ => vec![json!({"a": 1}), json!("x"), json!(2)],
    }
}

fn strange() -> [Value; 8] {
    [
        json!(null),
        json!(true),
        json!(1),
        json!("nothing of these"),
        json!(""),
        json!([]),
        json!({}),
        json!(["no choice"]),
    ]
}

struct Asked {
    shop: Shop,
    document: Value,
    counts: (usize, usize),
}

impl Asked {
    fn ask(&mut self, id: &str, body: &Value) {
        let (method, path, operation) = operation(&self.document, id);
        let of = operation["requestBody"]["content"]["application/json"]["schema"].clone();
        let allowed = schema::faults(&self.document, &of, body);
        let answer =
            self.shop.server.request(&method, &path).token(&self.shop.token).json(body.clone()).send();
        if allowed.is_empty() {
            self.counts.0 += 1;
            assert_eq!(answer.status, 200, "allowed: {body}: {answer:?}");
            assert_answer(&self.document, &operation, &answer);
        } else {
            self.counts.1 += 1;
            assert_eq!(answer.status, 422, "forbidden: {body}: {allowed:?}: {answer:?}");
        }
    }
}

#[test]
fn every_operator_takes_what_the_document_says() {
    let shop = shop();
    shop.record(
        json!({"title": "Dune", "genre": "novel", "tags": ["new"], "pages": 3, "published": "1965-08-01"}),
    );
    let document = document(&shop.server, &shop.token, &shop.path("/openapi.json"));
    let conditions = forms(&document, "BooksFilterCondition").clone();
    let mut asked = Asked { shop, document, counts: (0, 0) };
    for form in &conditions {
        for field in form["properties"]["field"]["enum"].as_array().unwrap() {
            for op in form["properties"]["op"]["enum"].as_array().unwrap() {
                let values = samples(&form["properties"]["value"]);
                for value in values.into_iter().chain(strange()) {
                    let condition = json!({"field": field, "op": op, "value": value});
                    asked.ask("booksQuery", &json!({"filter": condition}));
                }
                asked.ask("booksQuery", &json!({"filter": {"field": field, "op": op}}));
            }
        }
        let wrong = json!({"field": form["properties"]["field"]["enum"][0], "op": "nothing", "value": "x"});
        asked.ask("booksQuery", &json!({"filter": {"conjunction": "or", "children": [wrong]}}));
    }
    println!("{} filters taken, {} refused", asked.counts.0, asked.counts.1);
    assert!(asked.counts.0 > 200 && asked.counts.1 > 200);
}

#[test]
fn sorts_groups_and_figures_are_those_of_the_document() {
    let shop = shop();
    shop.record(json!({"title": "Dune", "genre": "novel", "pages": 3}));
    let document = document(&shop.server, &shop.token, &shop.path("/openapi.json"));
    let schemas = document["components"]["schemas"].clone();
    let figures = forms(&document, "BooksFigure").clone();
    let mut asked = Asked { shop, document, counts: (0, 0) };
    for key in schemas["BooksQuery"]["properties"]["sort"]["items"]["enum"].as_array().unwrap() {
        asked.ask("booksQuery", &json!({"sort": [key]}));
    }
    for body in [
        json!({"sort": []}),
        json!({"sort": ["extra"]}),
        json!({"sort": ["nothing"]}),
        json!({"sort": ["pages", "pages"]}),
        json!({"limit": 0}),
        json!({"limit": 1001}),
        json!({"search": ""}),
        json!({"nothing": 1}),
        json!({"filter": ""}),
    ] {
        asked.ask("booksQuery", &body);
    }
    let count = json!([{"function": "count"}]);
    for group in schemas["BooksGroupBy"]["oneOf"][0]["enum"].as_array().unwrap() {
        asked.ask("booksAggregate", &json!({"groupBy": [group], "aggregates": count}));
    }
    for field in ["published", "made", "createdAt", "pages", "title"] {
        for unit in ["day", "week", "month", "quarter", "year", "century"] {
            asked.ask(
                "booksAggregate",
                &json!({"groupBy": [{"field": field, "unit": unit}], "aggregates": count}),
            );
        }
    }
    let names: Vec<Value> = figures[1]["properties"]["field"]["enum"].as_array().unwrap().clone();
    for (function, _) in undb::query::aggregate::Function::ALL {
        asked.ask("booksAggregate", &json!({"aggregates": [{"function": function}]}));
        for field in names.iter().chain(&[json!("id"), json!("nothing")]) {
            let figure = json!({"function": function, "field": field});
            asked.ask("booksAggregate", &json!({"aggregates": [figure]}));
        }
    }
    println!("{} questions taken, {} refused", asked.counts.0, asked.counts.1);
    assert!(asked.counts.0 > 80 && asked.counts.1 > 80);
}
