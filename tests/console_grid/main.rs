//! The grid of the console as a person uses it, mostly by the keyboard. A real Chromium opens it with `UNDB_BROWSER=1`;
//! what the page names is asked for in any case.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends where something is not as it should be"
)]

#[path = "../harness/browser.rs"]
mod browser;
#[path = "../harness/mod.rs"]
mod harness;

mod daily;
mod desk;
mod million;
mod trouble;
