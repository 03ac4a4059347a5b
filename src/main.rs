//! The program: everything it does is in the library, so that tests and embedders can do it too.

use std::process::ExitCode;

/// Takes a third off the time of a write beside the system's allocator, at the same memory: see ARCHITECTURE.md.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    undb::cli::run()
}
