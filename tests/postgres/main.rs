//! What only a store over a network can show: connections that break, a database that goes away and comes back, several
//! servers on one store. All of it is skipped, and said so, where the environment names no PostgreSQL.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may end them too")]

#[path = "../harness/mod.rs"]
mod harness;
#[path = "../harness/process.rs"]
mod process;

mod away;
#[path = "../harness/copies.rs"]
mod copies;
mod copy;
mod cut;
mod hang;
mod proxy;
mod several;
mod starts;
mod trips;
mod turns;

use harness::pg_schema::{self, Schema};

/// A schema of one's own, or nothing if there is no PostgreSQL.
pub fn schema() -> Option<Schema> {
    if pg_schema::address().is_none() {
        eprintln!("skipped: {} names no PostgreSQL", pg_schema::VARIABLE);
        return None;
    }
    Some(Schema::make())
}
