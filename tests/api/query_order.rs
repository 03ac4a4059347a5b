//! Cursors of lists whose table has changed meanwhile, columns that are no values, and letters whose case is not simple.

use serde_json::json;

use crate::ask::{Ask, refused};
use crate::calls::escaped;
use crate::harness::Shop;
use crate::query::{contacts, names};

#[test]
fn a_cursor_ends_with_the_order_that_it_is_of() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let list = |cursor: Option<&str>| {
        let more = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        shop.ask("GET", &format!("{path}/records?sort=status&limit=2{more}"), json!(null))
    };
    let cursor = list(None).text("/nextCursor");
    assert_eq!(list(Some(&cursor)).status, 200);
    let choices = json!({"options": {"choices": [{"name": "paused"}, {"name": "active"}, {"name": "lead"}]}});
    assert_eq!(shop.ask("PATCH", &format!("{path}/fields/status"), choices).status, 200);
    refused(&list(Some(&cursor)), "another order", 400, "invalid_cursor", &["cursor invalid_cursor"]);
    let cursor = list(None).text("/nextCursor");
    let renamed = json!({"name": "state"});
    assert_eq!(shop.ask("PATCH", &format!("{path}/fields/status"), renamed).status, 200);
    let made = json!({"name": "status", "type": "number"});
    assert_eq!(shop.ask("POST", &format!("{path}/fields"), made).status, 201);
    refused(&list(Some(&cursor)), "another field", 400, "invalid_cursor", &["cursor invalid_cursor"]);
}

#[test]
fn a_list_goes_on_by_parameters_and_by_a_body() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let first = shop.ask("GET", &format!("{path}/records?sort=-age,name&limit=2"), json!(null));
    let cursor = first.text("/nextCursor");
    let body = json!({"sort": ["-age", "name"], "cursor": cursor});
    let rest = shop.ask("POST", &format!("{path}/records/query"), body);
    assert_eq!([names(&first), names(&rest)].concat(), ["Grace", "Alan", "Ada", "ÖZGE", "nobody"]);
}

#[test]
fn an_id_is_never_empty() {
    let shop = Shop::open();
    let path = contacts(&shop);
    for filter in ["id is empty", "id is empty and age > 3", "not id is not empty"] {
        let answer = shop.ask("GET", &format!("{path}/records?filter={}", escaped(filter)), json!(null));
        assert!(answer.status == 422 || answer.at("/total") == 0, "{filter}: {answer:?}");
    }
}

#[test]
fn a_capital_sigma_is_found_at_the_end_of_what_is_sought() {
    let shop = Shop::open();
    let path = contacts(&shop);
    shop.made(&format!("{path}/records"), json!({"values": {"name": "ΟΔΥΣΣΕΥΣ"}}));
    for filter in ["name contains \"ΟΔΥΣ\"", "name ends with \"Σ\"", "name starts with \"οδυσ\""] {
        let answer = shop.ask("GET", &format!("{path}/records?filter={}", escaped(filter)), json!(null));
        assert_eq!(answer.at("/total"), 1, "{filter}: {answer:?}");
    }
}

#[test]
fn a_field_is_grouped_by_once() {
    let shop = Shop::open();
    let path = contacts(&shop);
    let twice = json!([{"field": "since", "unit": "year"}, {"field": "since", "unit": "month"}]);
    let body = json!({"groupBy": twice, "aggregates": [{"function": "count"}]});
    let answer = shop.ask("POST", &format!("{path}/records/aggregate"), body);
    refused(&answer, "twice", 422, "invalid_input", &["/groupBy/1 invalid_value"]);
}
