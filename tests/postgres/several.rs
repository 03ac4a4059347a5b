//! Several servers on one store: what one acknowledged, all the others know at once.

use std::sync::Arc;

use serde_json::json;
use undb::kv::Engine;
use undb::kv::postgres::Postgres;

use crate::harness::pg_schema::Schema;
use crate::harness::{Answer, Server, Setup, Shop};

fn engine(schema: &Schema) -> Arc<dyn Engine> {
    Arc::new(Postgres::open(schema.address()).unwrap())
}

fn two(schema: &Schema) -> (Shop, Server) {
    let shop = Shop::with(Setup { engine: Some(engine(schema)), ..Setup::default() });
    let other = Server::with(Setup { engine: Some(engine(schema)), ..Setup::default() });
    (shop, other)
}

fn got(shop: &Shop, tail: &str) -> Answer {
    shop.server.get(&shop.path(tail)).token(&shop.token).send()
}

#[test]
fn first_starts_at_once_make_one_database() {
    let Some(schema) = crate::schema() else { return };
    let starts: Vec<Server> = std::thread::scope(|scope| {
        let start = || Server::with(Setup { engine: Some(engine(&schema)), ..Setup::default() });
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let keys: Vec<_> = starts.iter().map(|server| *server.core.cursor_key()).collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "one instance");
    let cookie = starts[0].owner();
    assert!(starts.iter().all(|server| server.get("/api/auth/me").cookie(&cookie).send().status == 200));
}

#[test]
fn a_write_at_one_is_read_at_the_other() {
    let Some(schema) = crate::schema() else { return };
    let (shop, other) = two(&schema);
    for round in 0..30 {
        let (here, there) = if round % 2 == 0 { (&shop.server, &other) } else { (&other, &shop.server) };
        let made = here
            .post(&shop.path("/records"))
            .token(&shop.token)
            .json(json!({"values": {"title": format!("t{round}"), "pages": round}}))
            .send();
        assert_eq!(made.status, 201, "{made:?}");
        let record = shop.path(&format!("/records/{}", made.text("/data/id")));
        assert_eq!(there.get(&record).token(&shop.token).send().at("/data/values/pages"), round);
        let filter = shop.path(&format!("/records?filter=pages%20%3D%20{round}"));
        let found = there.get(&filter).token(&shop.token).send();
        assert_eq!(found.at("/records").as_array().unwrap().len(), 1, "{found:?}");
        let field = json!({"name": format!("f{round}"), "type": "string"});
        let fields = shop.path("/fields");
        assert_eq!(here.post(&fields).token(&shop.token).json(field).send().status, 201);
        let change = json!({"values": {format!("f{round}"): "new"}});
        assert_eq!(there.patch(&record).token(&shop.token).json(change).send().status, 200);
    }
    assert_eq!(got(&shop, "/records").at("/records").as_array().unwrap().len(), 30);
}

#[test]
fn a_token_revoked_at_one_is_dead_at_the_other_at_once() {
    let Some(schema) = crate::schema() else { return };
    let (shop, other) = two(&schema);
    for _ in 0..10 {
        let (id, secret) =
            shop.server.token(&shop.cookie, &shop.space, json!({"name": "short", "scopes": ["schema:read"]}));
        for server in [&other, &shop.server] {
            assert_eq!(server.get("/api/openapi/bases").token(&secret).send().status, 200);
        }
        let path = format!("/api/spaces/{}/tokens/{id}", shop.space);
        assert!(shop.server.delete(&path).cookie(&shop.cookie).send().status < 300);
        assert_eq!(other.get("/api/openapi/bases").token(&secret).send().status, 401);
    }
}

#[test]
fn unique_values_stay_unique_and_numbers_are_drawn_once_when_two_write_at_once() {
    let Some(schema) = crate::schema() else { return };
    let (shop, other) = two(&schema);
    let create = |server: &Server, n: u32| {
        let values = json!({"values": {"title": "x", "isbn": format!("i{n}")}});
        server.post(&shop.path("/records")).token(&shop.token).json(values).send().status
    };
    let create = &create;
    let made: Vec<u16> = std::thread::scope(|scope| {
        let servers = [&shop.server, &other, &shop.server, &other];
        let threads: Vec<_> = servers
            .into_iter()
            .map(|server| scope.spawn(move || (0..40).map(|n| create(server, n)).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|status| **status == 201).count(), 40, "{made:?}");
    assert!(made.iter().all(|status| [201, 409].contains(status)), "{made:?}");
    let listed = got(&shop, "/records?limit=100");
    let listed = listed.at("/records");
    let number = |record: &serde_json::Value| record["values"]["number"].to_string();
    let numbers: std::collections::BTreeSet<_> = listed.as_array().unwrap().iter().map(number).collect();
    assert_eq!(numbers.len(), 40, "a number was drawn twice");
}
