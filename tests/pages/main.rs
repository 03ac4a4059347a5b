//! The console over HTTP, as a browser without scripts uses it: pages are opened, and their forms filled in and posted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests may end them too")]

#[path = "../harness/mod.rs"]
mod harness;

mod account;
mod content;
mod door;
mod guard;
mod headers;
mod html;
mod injection;
mod list;
mod look;
mod token;
mod token_life;
mod visitor;
mod weight;
