//! `undb`: a self-hosted no-code database in one binary. Each module is a floor that knows only those below it.
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]

pub mod kv;
pub mod limits;
