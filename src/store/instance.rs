//! The instance, and the mark above which no id has been drawn.

use super::get_one;
use super::schema::META;
use crate::clock::Time;
use crate::codec::value;
use crate::error::Result;
use crate::kv::{Keyspace, Read, Write};
use crate::model::instance::Instance;

pub(super) const INSTANCE: &[u8] = b"instance";
const ID_MARK: &[u8] = b"id mark";

/// Where the instance is: the one key that every database has.
pub const fn instance_key() -> (Keyspace, &'static [u8]) {
    (META, INSTANCE)
}

pub fn instance_get(read: &(impl Read + ?Sized)) -> Result<Option<Instance>> {
    get_one(read, META, INSTANCE)
}

pub fn instance_put(txn: &mut dyn Write, instance: &Instance) -> Result<()> {
    txn.put(META, INSTANCE, &value::encode(instance)?);
    Ok(())
}

/// The time that no id has passed.
pub fn id_mark_get(read: &(impl Read + ?Sized)) -> Result<Option<Time>> {
    get_one(read, META, ID_MARK)
}

pub fn id_mark_put(txn: &mut dyn Write, mark: Time) -> Result<()> {
    txn.put(META, ID_MARK, &value::encode(&mark)?);
    Ok(())
}
