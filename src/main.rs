//! The program: everything it does is in the library, so that tests and embedders can do it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    undb::cli::run()
}
