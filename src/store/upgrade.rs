//! The format of a database: written when it is new, checked whenever it is opened. Shapes of older formats are frozen
//! here once there are any.

use super::schema::{FORMAT, META};
use crate::error::{Error, Result};
use crate::kv::{Read, Write};

const KEY: &[u8] = b"format";

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
