//! Ids strictly increase over restarts, wherever the clock has gone meanwhile.

use std::sync::Arc;

use serde_json::json;
use undb::clock::{Clock, Time};
use undb::id::{Id, RecordId};
use undb::kv::Engine;
use undb::kv::memory::Memory;
use undb::limits::ID_MARK_AHEAD_MS;
use undb::service::{Core, CoreOptions};

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

#[test]
fn many_restarts_do_not_take_the_ids_further_ahead() {
    const RESTARTS: i64 = 1000;
    let engine: Arc<dyn Engine> = Arc::new(Memory::new());
    let noon = Time::parse("2026-11-24T12:00:00Z").unwrap();
    let mut ids: Vec<RecordId> = Vec::new();
    for restart in 0..RESTARTS {
        // The clock stands, and now and then it is an hour behind.
        let now = if restart % 7 == 3 { noon.plus_seconds(-3600) } else { noon };
        let options = CoreOptions { clock: Clock::manual(now), ..CoreOptions::default() };
        let core = Core::open(engine.clone(), options).unwrap();
        // What is drawn long after the mark was written last is of the mark's time.
        let late = now.plus_seconds(24 * 3600);
        ids.extend([now, now, late, now].map(|at| core.ids.draw::<RecordId>(at)));
    }
    assert!(ids.is_sorted_by(|a, b| a < b));
    let bytes = ids.last().unwrap().to_bytes();
    let last = i64::try_from(u128::from_be_bytes(bytes) >> 80).unwrap();
    assert!(last <= noon.millis() + ID_MARK_AHEAD_MS + RESTARTS, "{} ms ahead", last - noon.millis());
}
