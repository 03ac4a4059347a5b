//! The API as its users see it: a real server on port 0, a file for each noun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]
#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are sent")]

#[path = "../harness/calls.rs"]
mod calls;
#[path = "../harness/mod.rs"]
mod harness;

mod ask;
mod auth;
mod bad_input;
mod base;
mod engine;
mod field;
mod field_change;
mod field_rules;
mod http;
mod http_codings;
mod idempotency;
mod idempotency_bounds;
mod lease;
mod limits;
mod log;
mod login;
mod model;
mod mutation;
mod pages;
mod password;
mod query;
mod query_bulk;
mod query_figures;
mod query_order;
mod record;
mod record_bulk;
mod record_bulk_limits;
mod record_list;
mod record_model;
mod record_order;
mod record_race;
mod record_upsert;
mod record_values;
mod session;
mod space;
mod sweep;
mod table;
mod token;
mod token_limits;
mod usage;
