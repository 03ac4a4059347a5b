//! The lease of the server's own jobs, where several processes share a store: who holds it, and that they live.
//!
//! A row has no time in it, since clocks of machines differ. Who holds the lease counts it up; who waits sees by its own
//! clock for how long it has stood still.

use serde::{Deserialize, Serialize};

use super::get_one;
use super::schema::LEASE;
use crate::codec::value;
use crate::error::Result;
use crate::kv::{Outcome, Read, Write};

const JOBS: &[u8] = b"jobs";

/// A process, as it calls itself for as long as it lives.
pub type Holder = [u8; 16];

/// Who holds the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub holder: Holder,
    /// Grows with each renewal.
    pub renewals: u64,
}

/// What a look at the lease came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It was taken or renewed.
    Held,
    /// Another process has it.
    Other(Lease),
}

pub fn lease_get(read: &(impl Read + ?Sized)) -> Result<Option<Lease>> {
    get_one(read, LEASE, JOBS)
}

/// Renews the lease, or takes it if nobody has it, or the one who has it stands still: the row is as it was seen to be for
/// too long, `stale`. Whoever renewed it since then keeps it.
pub fn lease_step(txn: &mut dyn Write, own: Holder, stale: Option<&Lease>) -> Result<(Outcome, Step)> {
    let renewals = match lease_get(&*txn)? {
        None => 0,
        Some(found) if found.holder == own || Some(&found) == stale => found.renewals.wrapping_add(1),
        Some(found) => return Ok((Outcome::Drop, Step::Other(found))),
    };
    txn.put(LEASE, JOBS, &value::encode(&Lease { holder: own, renewals })?);
    Ok((Outcome::Keep, Step::Held))
}

/// Gives the lease up, if it is still held.
pub fn lease_delete(txn: &mut dyn Write, own: Holder) -> Result<()> {
    if lease_get(&*txn)?.is_some_and(|found| found.holder == own) {
        txn.delete(LEASE, JOBS);
    }
    Ok(())
}
