//! Questions about many records, asked through the use cases and answered three ways that must agree: over columns, from
//! the store record by record, and by a reference that knows the contract and plain JSON values only.
//!
//! `UNDB_LONG=1` asks many times more.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the helpers of tests may end them too"
)]

mod budget;
mod concurrent;
mod figures;
mod fill;
mod interleaved;
mod plan;
mod random;
mod reference;
mod same;
mod world;

/// `few` of something, or `many` of it if there is time.
pub fn few_or_many(few: usize, many: usize) -> usize {
    if std::env::var("UNDB_LONG").is_ok_and(|long| long == "1") { many } else { few }
}
