//! What the server writes for itself, about databases and processes.

use undb::store::copy::{Copied, Progress};
use undb::store::lease::Lease;

use super::*;

#[test]
fn what_the_server_writes_for_itself() {
    let mut golden = Golden::default();
    golden.same("Progress, emptying", &Progress::Emptying, PROGRESS_EMPTYING);
    let copied = Copied { source: [1; 32], rows: 70_000, bytes: 300, hash: [2; 32] };
    golden.same("Progress", &Progress::Copying(copied), PROGRESS);
    golden.same("failed attempts", &vec![AT, LATER], LOGIN);
    golden.same("Lease", &Lease { holder: [5; 16], renewals: 300 }, LEASE);
    golden.check();
}
