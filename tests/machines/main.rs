//! Several processes on one PostgreSQL, each request to another of them: what one was told holds at all of them.
//!
//! Runs where `UNDB_TEST_POSTGRES` names a PostgreSQL. `UNDB_LONG=1` makes more histories, and `UNDB_SEED` repeats a run as
//! far as processes let it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod at_once;
mod checker;
#[path = "../harness/mod.rs"]
mod harness;
mod history;
mod kills;
mod machines;
#[path = "../harness/process.rs"]
mod process;

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use harness::pg_schema;
use process::{number, seed};

fn is_long() -> bool {
    number("UNDB_LONG") == Some(1)
}

/// PostgreSQL is everyone's; whoever takes it away from under the others has to be alone.
static POSTGRES: RwLock<()> = RwLock::new(());

fn is_there() -> bool {
    let there = pg_schema::address().is_some();
    if !there {
        println!("skipped: {} names no PostgreSQL", pg_schema::VARIABLE);
    }
    there
}

/// A share of the PostgreSQL to run on, if there is one.
fn postgres() -> Option<RwLockReadGuard<'static, ()>> {
    is_there().then(|| POSTGRES.read().unwrap_or_else(PoisonError::into_inner))
}

/// All of it.
fn postgres_alone() -> Option<RwLockWriteGuard<'static, ()>> {
    is_there().then(|| POSTGRES.write().unwrap_or_else(PoisonError::into_inner))
}
