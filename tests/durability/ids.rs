//! Ids strictly increase over restarts, wherever the clock has gone meanwhile.

use std::sync::Arc;

use serde_json::json;
use undb::clock::{Clock, Time};
use undb::kv::Engine;
use undb::kv::memory::Memory;

use crate::harness::{Server, Setup, Shop};

#[test]
fn ids_increase_over_restarts_and_when_the_clock_goes_back() {
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let noon = Time::parse("2026-11-24T12:00:00Z").unwrap();
    let setup = |hours: i64| {
        let clock = Clock::manual(noon.plus_seconds(hours * 3600));
        Setup { engine: Some(engine.clone()), clock, ..Setup::default() }
    };
    let shop = Shop::with(setup(0));
    let (token, path) = (shop.token.clone(), shop.path("/records/bulk"));
    let mut server = shop.server;
    let mut ids = Vec::new();
    // Forwards, back, far back, far ahead, and back again.
    for hours in [0, 1, -1, -24 * 365, 48, 47, -1] {
        server.stop();
        server = Server::with(setup(hours));
        for step in [0, 1, -3_600_000] {
            server.core.clock.advance_millis(step);
            let body = json!({"records": [{"values": {"title": "a"}}, {"values": {"title": "b"}}]});
            let made = server.post(&path).token(&token).json(body).send();
            assert_eq!(made.status, 201, "{made:?}");
            ids.extend(made.at("/ids").as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()));
        }
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    assert_eq!(ids.len(), 42);
}
