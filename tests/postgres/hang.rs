//! The database hangs: what is sent to it is neither answered nor refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use undb::kv::postgres::{Address, Postgres};

use crate::harness::pg_schema::Schema;
use crate::harness::{EMAIL, PASSWORD, Request, Setup, Shop, agent};
use crate::proxy::Proxy;

/// A shop whose database can be made to hang.
fn shop(schema: &Schema) -> (Shop, Proxy) {
    let (proxy, through) = Proxy::of(schema);
    let engine = Arc::new(Postgres::open(Address::parse(&through).unwrap()).unwrap());
    (Shop::with(Setup { engine: Some(engine), ..Setup::default() }), proxy)
}

/// Everything that reads, by a token and in a browser.
fn reads(shop: &Shop) -> Vec<Request<'_>> {
    let (server, space) = (&shop.server, &shop.space);
    let id = server.get("/api/openapi/token").token(&shop.token).send().text("/id");
    let record = shop.record(json!({"title": "Dune"}));
    let by_token = [
        "/api/openapi/space".to_owned(),
        "/api/openapi/token".into(),
        "/api/openapi/bases".into(),
        "/api/openapi/openapi.json".into(),
        "/api/openapi/openapi.json?examples=data".into(),
        format!("/api/openapi/bases/{}", shop.base),
        format!("/api/openapi/bases/{}/tables", shop.base),
        shop.path(""),
        shop.path("/fields"),
        shop.path("/fields/title"),
        shop.path("/fields/title?wrong=1"),
        shop.path("/records"),
        shop.path("/records?filter=pages%3D1"),
        shop.path(&format!("/records/{record}")),
        shop.path(&format!("/records/{record}?wrong=1")),
        format!("/api/spaces/{space}"),
        format!("/api/spaces/{space}/tokens"),
        format!("/api/spaces/{space}/tokens/{id}"),
        format!("/api/spaces/{space}/tokens/{id}?wrong=1"),
        format!("/api/spaces/{space}/tokens/{id}/usage"),
    ];
    let by_session = [
        "/api/auth/me".to_owned(),
        "/api/auth/sessions".into(),
        "/api/spaces".into(),
        "/spaces".into(),
        "/spaces/new".into(),
        "/account".into(),
        format!("/spaces/{space}"),
        format!("/spaces/{space}/settings"),
        format!("/spaces/{space}/settings/tokens"),
        format!("/spaces/{space}/settings/tokens/{id}"),
        format!("/spaces/{space}/bases/{}", shop.base),
        format!("/spaces/{space}/bases/{}/tables/{}", shop.base, shop.table),
        format!("/spaces/{space}/bases/{}/tables/{}/api", shop.base, shop.table),
        format!("/spaces/{space}/bases/{}/tables/{}/settings", shop.base, shop.table),
    ];
    let mut all: Vec<_> = by_token.iter().map(|path| server.get(path).token(&shop.token)).collect();
    all.extend(by_session.iter().map(|path| server.get(path).cookie(&shop.cookie)));
    all.extend(["/", "/login", "/setup", "/readyz"].map(|path| server.get(path)));
    all.push(server.post("/api/auth/login").json(json!({"email": EMAIL, "password": PASSWORD})));
    all
}

#[test]
fn no_worker_waits_for_a_database_that_hangs() {
    let Some(schema) = crate::schema() else { return };
    let (shop, proxy) = shop(&schema);
    // Once while all is well: a handler that waits where it must not panics, and nothing else here is a 500.
    for request in reads(&shop) {
        let answer = request.send();
        assert!(answer.status < 500, "{answer:?}");
    }
    let asked = reads(&shop);
    proxy.hold(true);
    std::thread::scope(|scope| {
        for request in asked {
            scope.spawn(move || request.send());
        }
        std::thread::sleep(Duration::from_millis(500));
        for _ in 0..10 {
            let began = Instant::now();
            // On a connection of its own each time, so that every worker gets some of them.
            let answer = shop.server.get("/healthz").by(&agent()).send();
            assert_eq!(answer.status, 200);
            assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
        }
        let began = Instant::now();
        assert_eq!(shop.server.get("/readyz").send().status, 503, "it is of no use meanwhile");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        proxy.hold(false);
    });
}
