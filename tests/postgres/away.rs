//! The database goes away and comes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use undb::kv::Engine;
use undb::kv::postgres::{Address, Postgres};

use crate::harness::{Answer, Setup, Shop, pg_schema};
use crate::proxy::Proxy;

/// Asks until the answer has a status, for as long as a server may take to find its database.
fn until(status: u16, ask: impl Fn() -> Answer) -> Answer {
    let began = Instant::now();
    loop {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{answer:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn while_every_snapshot_is_taken_the_server_is_ready_and_finds_records() {
    let Some(schema) = crate::schema() else { return };
    let engine: Arc<dyn Engine> = Arc::new(Postgres::open(schema.address()).unwrap());
    let shop = Shop::with(Setup { engine: Some(engine.clone()), ..Setup::default() });
    let record = shop.path(&format!("/records/{}", shop.record(json!({"title": "Dune"}))));
    let find = || shop.server.get(&record).token(&shop.token).send().status;
    assert_eq!(find(), 200);
    let _taken: Vec<_> = (0..pg_schema::POOL).map(|_| engine.read().unwrap()).collect();
    let began = Instant::now();
    assert_eq!((shop.server.get("/readyz").send().status, find()), (200, 200));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[test]
fn while_the_database_is_away_requests_end_soon_in_503_and_all_is_well_once_it_is_back() {
    let Some(schema) = crate::schema() else { return };
    let (proxy, through) = Proxy::of(&schema);
    let engine = Arc::new(Postgres::open(Address::parse(&through).unwrap()).unwrap());
    let shop = Shop::with(Setup { engine: Some(engine), ..Setup::default() });
    let id = shop.record(json!({"title": "Dune"}));
    let record = shop.path(&format!("/records/{id}"));
    for round in 1..4 {
        proxy.close(true);
        for (method, path, body) in [
            ("GET", record.clone(), None),
            ("GET", shop.path("/records"), None),
            ("PATCH", record.clone(), Some(json!({"values": {"pages": 1}}))),
            ("POST", shop.path("/records"), Some(json!({"values": {"title": "lost"}}))),
        ] {
            let began = Instant::now();
            let request = shop.server.request(method, &path).token(&shop.token);
            let answer = body.map_or_else(
                || shop.server.request(method, &path).token(&shop.token).send(),
                |body| request.json(body).send(),
            );
            assert_eq!(answer.code(), "unavailable", "{method} {path}");
            assert!(answer.status == 503 && answer.header("retry-after").is_some(), "{answer:?}");
            assert!(began.elapsed() < Duration::from_secs(10), "{method} {path}");
        }
        until(503, || shop.server.get("/readyz").send());
        assert_eq!(shop.server.get("/healthz").send().status, 200);
        proxy.close(false);
        until(200, || shop.server.get("/readyz").send());
        let answer = until(200, || shop.server.get(&record).token(&shop.token).send());
        assert_eq!(answer.at("/data/version"), round, "nothing was done meanwhile");
        let pages = json!({"values": {"pages": 10 + round}});
        until(200, || shop.server.patch(&record).token(&shop.token).json(pages.clone()).send());
    }
    let listed = until(200, || shop.server.get(&shop.path("/records")).token(&shop.token).send());
    assert_eq!(listed.at("/records").as_array().unwrap().len(), 1);
}
