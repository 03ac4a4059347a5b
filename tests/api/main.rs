//! The API as its users see it: a real server on port 0, a file for each noun.

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
mod http;
mod http_codings;
mod idempotency;
mod mutation;
mod pages;
mod record;
mod record_bulk;
mod record_list;
mod record_upsert;
mod record_values;
mod space;
mod sweep;
mod table;
mod token;
mod token_limits;
