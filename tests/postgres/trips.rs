//! Round trips of each use case, with the caches warm: what the database is asked in truth.

use std::sync::Arc;

use serde_json::{Value, json};
use undb::kv::Engine;
use undb::kv::postgres::Postgres;

use crate::harness::{Setup, Shop};

/// Of each the third run counts, and the least of three: the server's own jobs ask the database too.
fn trips(shop: &Shop, name: &str, most: u64, run: impl Fn(&Shop)) {
    let once = || {
        let before = shop.server.core.engine.stats().round_trips;
        run(shop);
        shop.server.core.engine.stats().round_trips - before
    };
    let _warm = [once(), once()];
    let least = (0..3).map(|_| once()).min().unwrap();
    eprintln!("{name}: {least} round trips, at most {most}");
    assert!(least <= most, "{name}: {least} round trips, at most {most}");
}

fn ask(shop: &Shop, method: &str, tail: &str, body: Option<Value>) {
    let request = shop.server.request(method, &shop.path(tail)).token(&shop.token);
    let answer = body.map_or_else(
        || shop.server.request(method, &shop.path(tail)).token(&shop.token).send(),
        |body| request.json(body).send(),
    );
    assert!(answer.status < 300, "{answer:?}");
}

fn unique() -> Value {
    json!({"values": {"title": "t", "isbn": format!("{:032x}", rand::random::<u128>())}})
}

#[test]
fn each_use_case_keeps_to_its_round_trips() {
    let Some(schema) = crate::schema() else { return };
    let engine: Arc<dyn Engine> = Arc::new(Postgres::open(schema.address()).unwrap());
    let shop = Shop::with(Setup { engine: Some(engine), ..Setup::default() });
    let many = || (0..1000).map(|_| unique()).collect::<Vec<_>>();
    ask(&shop, "POST", "/records/bulk", Some(json!({"records": many()})));
    let id = shop.record(json!({"title": "Dune"}));
    let record = format!("/records/{id}");
    trips(&shop, "get by id", 2, |shop| ask(shop, "GET", &record, None));
    trips(&shop, "create", 3, |shop| ask(shop, "POST", "/records", Some(unique())));
    trips(&shop, "list of 30", 3, |shop| ask(shop, "GET", "/records?limit=30", None));
    let change = json!({"values": {"pages": 2}});
    trips(&shop, "change", 3, |shop| ask(shop, "PATCH", &record, Some(change.clone())));
    trips(&shop, "bulk of 1,000", 10, |shop| {
        ask(shop, "POST", "/records/bulk", Some(json!({"records": many()})));
    });
}
