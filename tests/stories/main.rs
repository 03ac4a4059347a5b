//! The way of a newcomer through the console in a real Chromium, with `UNDB_BROWSER=1`: with scripts, without, and by the
//! keyboard alone; what axe-core finds, with the path of its file in `UNDB_AXE`; and a picture of every page.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may end them too")]

#[path = "../harness/browser.rs"]
mod browser;
#[path = "../harness/process.rs"]
mod process;

mod home;
mod injection;
mod keyboard;
mod newcomer;
mod sights;
mod without_scripts;
