//! Calls at the same time: of those that exclude each other one is done, and nobody sees half of one.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::ask::{Ask, with_body};
use crate::harness::{Answer, Shop};

/// Makes calls at the same time, and hands back how each was answered.
fn together(count: usize, call: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let call = &call;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..count).map(|n| scope.spawn(move || call(n))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Of these answers one is `done`, and all others are refused in this way.
#[track_caller]
fn one_of(answers: &[Answer], done: u16, code: &str) {
    let (fine, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == done);
    assert_eq!(fine.len(), 1, "{answers:?}");
    assert!(refused.iter().all(|answer| answer.code() == code), "{answers:?}");
}

#[test]
fn of_calls_that_exclude_each_other_one_is_done() {
    let shop = Shop::open();
    let records = shop.path("/records");
    for round in 0..5 {
        let isbn = format!("isbn {round}");
        let values = |n: usize| json!({"title": format!("t{n}"), "isbn": isbn});
        let answers = together(8, |n| match n % 2 {
            0 => shop.ask("POST", &records, json!({"values": values(n)})),
            _ => {
                let bulk = json!({"records": [{"values": {"title": "beside"}}, {"values": values(n)}]});
                shop.ask("POST", &shop.path("/records/bulk"), bulk)
            }
        });
        one_of(&answers, 201, "value_taken");
        let id = format!("rec01jd{round:0>22}");
        let answers = together(8, |n| {
            shop.ask("POST", &records, json!({"id": id, "values": {"title": format!("t{n}")}}))
        });
        one_of(&answers, 201, "id_taken");
        let path = format!("{records}/{id}");
        let tag = shop.got(&path).header("etag").unwrap().to_owned();
        let tagged = |method: &str, body: Value| {
            let request = shop.server.request(method, &path).token(&shop.token).header("if-match", &tag);
            with_body(request, body).send()
        };
        one_of(
            &together(8, |n| tagged("PATCH", json!({"values": {"pages": n + 1}}))),
            200,
            "precondition_failed",
        );
        one_of(&together(8, |_| shop.ask("DELETE", &path, Value::Null)), 204, "record_not_found");
    }
    let upsert = json!({"on": "isbn", "records": [{"values": {"isbn": "up", "title": "once"}}]});
    let answers = together(8, |_| shop.ask("PUT", &records, upsert.clone()));
    let created: u64 = answers.iter().map(|answer| answer.at("/createdCount").as_u64().unwrap()).sum();
    assert_eq!(created, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.at("/ids") == answers[0].at("/ids")), "{answers:?}");
}

#[test]
fn no_change_is_lost_where_everyone_says_what_they_saw() {
    let shop = Shop::open();
    let path = shop.path(&format!("/records/{}", shop.record(json!({"title": "count", "pages": 0}))));
    together(6, |_| {
        let mut done = 0;
        loop {
            let seen = shop.got(&path);
            if done == 10 {
                return seen;
            }
            let pages = seen.at("/data/values/pages").as_u64().unwrap() + 1;
            let request = shop.server.patch(&path).token(&shop.token);
            let request = request.header("if-match", seen.header("etag").unwrap());
            let answer = request.json(json!({"values": {"pages": pages}})).send();
            assert!([200, 412].contains(&answer.status), "{answer:?}");
            done += usize::from(answer.status == 200);
        }
    });
    let got = shop.got(&path);
    assert_eq!((got.at("/data/values/pages"), got.at("/data/version")), (json!(60), json!(61)));
}

/// Lets others stop, also when a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn nobody_sees_half_of_a_bulk() {
    let shop = Shop::open();
    let (records, bulk) = (shop.path("/records"), shop.path("/records/bulk"));
    let items: Vec<_> = (0..50).map(|n| json!({"values": {"title": n.to_string(), "pages": 0}})).collect();
    let ids = shop.made(&bulk, json!({"records": items})).at("/ids");
    let ids = ids.as_array().unwrap();
    let stop = AtomicBool::new(false);
    let look = || {
        let mut seen = 0;
        while !stop.load(Ordering::SeqCst) || seen == 0 {
            let page = shop.got(&format!("{records}?limit=1000"));
            let found = page.at("/records");
            let found = found.as_array().unwrap();
            assert_eq!(page.at("/total"), found.len(), "the total is of the same moment as the records");
            assert!([50, 70].contains(&found.len()), "all of the twenty or none");
            let old: Vec<_> = found.iter().filter(|record| ids.contains(&record["id"])).collect();
            assert_eq!(old.len(), 50);
            assert!(old.iter().all(|record| record["values"]["pages"] == old[0]["values"]["pages"]));
            seen += 1;
        }
    };
    std::thread::scope(|scope| {
        let readers = [scope.spawn(look), scope.spawn(look)];
        let stopping = Stop(&stop);
        for round in 1..=15 {
            let patch: Vec<_> = ids.iter().map(|id| json!({"id": id, "values": {"pages": round}})).collect();
            assert_eq!(shop.ask("PATCH", &records, json!({"records": patch})).status, 200);
            let more: Vec<_> = (0..20).map(|_| json!({"values": {"title": "more"}})).collect();
            let made = shop.made(&bulk, json!({"records": more})).at("/ids");
            assert_eq!(shop.ask("DELETE", &records, json!({"ids": made})).status, 200);
        }
        drop(stopping);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}
