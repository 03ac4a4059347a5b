//! Records in pages: edges of `limit`, cursors, the total, and lists that change while they are read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ask::{Ask, refused};
use crate::harness::{Answer, Shop};

fn fill(shop: &Shop, count: usize) -> Vec<String> {
    let records: Vec<_> = (0..count).map(|n| json!({"values": {"title": format!("t{n}")}})).collect();
    let made = shop.made(&shop.path("/records/bulk"), json!({"records": records}));
    ids_at(&made, "/ids")
}

fn ids_at(answer: &Answer, pointer: &str) -> Vec<String> {
    let items = answer.at(pointer);
    let id = |item: &Value| item.as_str().or_else(|| item["id"].as_str()).unwrap().to_owned();
    items.as_array().unwrap().iter().map(id).collect()
}

/// All pages of a list, one after another; `between` runs before each further page.
fn walk(shop: &Shop, query: &str, limits: &[usize], mut between: impl FnMut(usize)) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        let limit = limits[page % limits.len()];
        let got = shop.got(&shop.path(&format!("/records?limit={limit}{query}{cursor}")));
        let ids = ids_at(&got, "/records");
        assert!(ids.len() <= limit);
        found.extend(ids);
        match got.at("/nextCursor") {
            Value::Null => return found,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
        between(page);
    }
    unreachable!()
}

#[test]
fn pages_join_to_the_whole_list_in_both_orders() {
    let shop = Shop::open();
    let empty = shop.got(&shop.path("/records"));
    assert_eq!(empty.json(), json!({"total": 0, "records": [], "nextCursor": null}));
    let ids = fill(&shop, 105);
    assert!(ids.is_sorted(), "ids of one bulk increase");
    let newest: Vec<_> = ids.iter().rev().cloned().collect();
    for limits in [&[1000][..], &[7], &[1, 50, 3], &[105], &[104]] {
        assert_eq!(walk(&shop, "", limits, |_| {}), ids, "{limits:?}");
        assert_eq!(walk(&shop, "&sort=id", limits, |_| {}), ids, "{limits:?}");
        assert_eq!(walk(&shop, "&sort=-id&total=false", limits, |_| {}), newest, "{limits:?}");
    }
    let first = shop.got(&shop.path("/records"));
    assert_eq!(ids_at(&first, "/records"), ids[..100], "a hundred if nothing is said");
    assert_eq!(first.at("/total"), 105, "all records, whatever the page");
    let without = shop.got(&shop.path("/records?total=false"));
    assert!(without.json().get("total").is_none());
    let last = shop.got(&shop.path("/records?limit=105"));
    assert_eq!(last.at("/nextCursor"), Value::Null, "a page that is just full is the last one");
}

#[test]
fn parameters_have_edges() {
    let shop = Shop::open();
    fill(&shop, 2);
    for (query, fault) in [
        ("limit=1", None),
        ("limit=1000", None),
        ("sort=-id", None),
        ("total=true", None),
        ("limit=0", Some("limit invalid_parameter")),
        ("limit=1001", Some("limit invalid_parameter")),
        ("limit=-1", Some("limit invalid_parameter")),
        ("limit=1.5", Some("limit invalid_parameter")),
        ("limit=99999999999999999999", Some("limit invalid_parameter")),
        ("limit=", Some("limit invalid_parameter")),
        ("limit=1&limit=1", Some("limit repeated_parameter")),
        ("total=TRUE", Some("total invalid_parameter")),
        ("sort=title", None),
        ("sort=titel", Some("sort invalid_parameter")),
        ("sort=id,-id", Some("sort invalid_parameter")),
        ("cursor=", Some("cursor invalid_parameter")),
        ("limt=3", Some("limt unknown_parameter")),
        ("Limit=3", Some("Limit unknown_parameter")),
    ] {
        let got = shop.ask("GET", &shop.path(&format!("/records?{query}")), Value::Null);
        match fault {
            None => assert_eq!(got.status, 200, "{query}"),
            Some(fault) => refused(&got, query, 400, "invalid_parameter", &[fault]),
        }
    }
    let meant = shop.ask("GET", &shop.path("/records?limt=3"), Value::Null);
    assert!(meant.text("/errors/0/detail").contains("`limit`"), "{meant:?}");
}

#[test]
fn a_cursor_fits_its_own_list_only() {
    let shop = Shop::open();
    fill(&shop, 3);
    let other = shop.table("other", json!([{"name": "title", "type": "string"}]));
    let page = shop.got(&shop.path("/records?limit=1"));
    let cursor = page.text("/nextCursor");
    let with = |path: &str, cursor: &str| {
        let sign = if path.contains('?') { '&' } else { '?' };
        shop.ask("GET", &format!("{path}{sign}cursor={cursor}"), Value::Null)
    };
    let records = shop.path("/records");
    assert_eq!(with(&records, &cursor).status, 200);
    assert_eq!(with(&format!("{records}?limit=2&fields=title&total=false"), &cursor).status, 200);
    for (why, path) in [
        ("another order", format!("{records}?sort=-id")),
        ("another table", format!("{other}/records")),
        ("another list", shop.path("/fields")),
    ] {
        refused(&with(&path, &cursor), why, 400, "invalid_cursor", &["cursor invalid_cursor"]);
    }
    for place in 0..cursor.len() {
        for other in ['A', 'B', '_'] {
            let mut altered = cursor.clone();
            altered.replace_range(place..=place, other.encode_utf8(&mut [0; 4]));
            if altered != cursor {
                refused(
                    &with(&records, &altered),
                    &format!("{place}"),
                    400,
                    "invalid_cursor",
                    &["cursor invalid_cursor"],
                );
            }
        }
    }
    let (shorter, longer) = (&cursor[..cursor.len() - 1], format!("{cursor}A"));
    for altered in [shorter, &longer, "x", "%F0%9F%99%82", "null", &shop.table] {
        refused(&with(&records, altered), altered, 400, "invalid_cursor", &["cursor invalid_cursor"]);
    }
}

#[test]
fn a_cursor_is_spelled_in_one_way() {
    let shop = Shop::open();
    let ids = fill(&shop, 4);
    let records = shop.path("/records");
    let with = |query: &str, cursor: &str| {
        shop.ask("GET", &format!("{records}?{query}&cursor={cursor}"), Value::Null)
    };
    let up = shop.got(&format!("{records}?limit=2")).text("/nextCursor");
    let down = shop.got(&format!("{records}?limit=2&sort=-id")).text("/nextCursor");
    assert_eq!(ids_at(&with("sort=id", &up), "/records"), ids[2..], "`sort=id` is what it is without");
    assert_eq!(ids_at(&with("sort=-id", &down), "/records"), [ids[1].clone(), ids[0].clone()]);
    for sort in ["sort=id", "keys=name"] {
        refused(&with(sort, &down), sort, 400, "invalid_cursor", &["cursor invalid_cursor"]);
    }
    // The last character stands for fewer bits than it could hold, so that others might be read as the same.
    let alphabet = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_', '=', '.', '~', '!']);
    for other in alphabet {
        for altered in
            [format!("{}{other}", &up[..up.len() - 1]), format!("{up}{other}"), format!("{other}{up}")]
        {
            if altered != up {
                refused(
                    &with("limit=1", &altered),
                    &altered,
                    400,
                    "invalid_cursor",
                    &["cursor invalid_cursor"],
                );
            }
        }
    }
    for altered in [up.to_lowercase(), up.to_uppercase(), up.repeat(2), "A".repeat(4000), format!("{up}%0A")]
    {
        refused(&with("limit=1", &altered), &altered, 400, "invalid_cursor", &["cursor invalid_cursor"]);
    }
    assert_eq!(shop.ask("DELETE", &format!("{records}/{}", ids[1]), Value::Null).status, 204);
    assert_eq!(
        ids_at(&with("limit=9", &up), "/records"),
        ids[2..],
        "it outlives the record that it stands behind"
    );
    for id in &ids[2..] {
        assert_eq!(shop.ask("DELETE", &format!("{records}/{id}"), Value::Null).status, 204);
    }
    let end = with("limit=9", &up);
    assert_eq!(end.json(), json!({"total": 1, "records": [], "nextCursor": null}), "and all that follow");
}

#[test]
fn records_that_come_and_go_make_the_list_neither_skip_nor_repeat() {
    let shop = Shop::open();
    fill(&shop, 40);
    for query in ["", "&sort=-id"] {
        let current = ids_at(&shop.got(&shop.path("/records?limit=1000")), "/records");
        let mut gone = BTreeSet::new();
        let found = walk(&shop, query, &[3], |page| {
            // One from the front, one from the back, and the one where the next page begins or the last one ended.
            shop.record(json!({"title": "new"}));
            for place in [page * 3 + 2, (current.len() - 1).saturating_sub(page * 3)] {
                let Some(id) = current.get(place).filter(|_| page < 4) else { continue };
                if gone.insert(id.clone()) {
                    let path = shop.path(&format!("/records/{id}"));
                    assert_eq!(shop.ask("DELETE", &path, Value::Null).status, 204);
                }
            }
        });
        let unique: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(unique.len(), found.len(), "{query}: nothing comes twice");
        for id in current.iter().filter(|id| !gone.contains(*id)) {
            assert!(unique.contains(id), "{query}: {id} was there all the time");
        }
    }
}
