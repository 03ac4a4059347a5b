//! The format of a database: written when it is new, checked whenever it is opened. Shapes of older formats are frozen
//! here once there are any.

use super::schema::{FORMAT, META};
use crate::error::{Code, Error, Result};
use crate::kv::{Read, Write};

pub(super) const KEY: &[u8] = b"format";
/// What an unfinished copy has for a format: no release gets that far.
const UNFINISHED: u32 = u32::MAX;

/// What a database turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing is in it yet.
    New,
    Current,
    /// Written by a later release, which this one must not touch.
    Newer(u32),
}

/// Looks, and changes nothing.
pub fn format_get(read: &(impl Read + ?Sized)) -> Result<Found> {
    let Some(bytes) = read.get(&[(META, KEY)])?.into_iter().next().flatten() else { return Ok(Found::New) };
    let number = <[u8; 4]>::try_from(bytes.as_ref())
        .map_err(|_| Error::internal("the format number can't be read"))?;
    match u32::from_be_bytes(number) {
        0 => Err(Error::internal("the database has the format 0, which never was")),
        FORMAT => Ok(Found::Current),
        newer => Ok(Found::Newer(newer)),
    }
}

/// Writes the current format into a new database.
pub fn format_put(txn: &mut dyn Write) {
    txn.put(META, KEY, &FORMAT.to_be_bytes());
}

/// Holds every release off until [`format_put`].
pub(super) fn unfinished_put(txn: &mut dyn Write) {
    txn.put(META, KEY, &UNFINISHED.to_be_bytes());
}

/// Looks, and refuses what this release must not touch.
pub(super) fn format_openable(read: &(impl Read + ?Sized)) -> Result<Found> {
    match format_get(read)? {
        Found::Newer(number) => Err(Error::new(
            Code::Unavailable,
            format!(
                "The database has the format {number}, written by a newer undb; this one reads up to {FORMAT}. It was left untouched."
            ),
        )),
        found => Ok(found),
    }
}
