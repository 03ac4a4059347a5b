//! undb: a self-hosted no-code database in one binary.
//!
//! The source is a house of floors; each may use the floors below it and never one above. They are listed here from the
//! ground up. `ARCHITECTURE.md` tells what each is for.

// 0: any floor may use these.
pub mod clock;
pub mod error;
pub mod id;
pub mod limits;
// 1: bytes.
pub mod kv;
// 2: bytes to values and back.
pub mod codec;
// 3: pure data and rules.
pub mod model;
// 4: who is calling and what they may.
pub mod access;
// 5: nouns to keys and back.
pub mod store;
// 6: reading with the help of memory.
pub mod query;
// 7: use cases.
pub mod service;
// 8: what the wire says.
pub mod http;
// 9: the process, which may use all of these.
pub mod cli;
pub mod config;
pub mod server;
pub mod telemetry;

pub use server::{App, Running, Spawned};
