//! The API as its users see it: a real server on port 0, a file for each noun.

#[path = "../harness/mod.rs"]
mod harness;

mod record;
