//! Names of bases and tables: unique within their parent without regard to case.

use super::schema::NAME;
use super::{delete, get_one};
use crate::access::{InSpace, SpaceKey};
use crate::codec::value;
use crate::error::{Code, Error, Result};
use crate::id::Id;
use crate::kv::Write;
use crate::model::name::Name;

/// The key that two names share which differ in case only.
fn key_of(space: InSpace, parent: impl Id, name: &Name) -> SpaceKey {
    space.key(NAME, |key| name.end_key(key.id(parent)))
}

/// Takes a name; a fault at `/name` if it is in use.
pub fn name_take(
    txn: &mut dyn Write,
    space: InSpace,
    parent: impl Id,
    name: &Name,
    id: impl Id,
) -> Result<()> {
    let key = key_of(space, parent, name);
    match get_one::<[u8; 16]>(txn, key.of(), key.as_bytes())? {
        Some(holder) if holder != id.to_bytes() => {
            Err(Error::fault("/name", Code::NameTaken, format!("The name `{name}` is in use.")))
        }
        _ => {
            txn.put(key.of(), key.as_bytes(), &value::encode(&id.to_bytes())?);
            Ok(())
        }
    }
}

/// Frees a name.
pub fn name_free(txn: &mut dyn Write, space: InSpace, parent: impl Id, name: &Name) {
    delete(txn, &key_of(space, parent, name));
}

/// Takes another name in the place of one.
pub fn name_change(
    txn: &mut dyn Write,
    space: InSpace,
    parent: impl Id,
    (from, to): (&Name, &Name),
    id: impl Id,
) -> Result<()> {
    name_take(txn, space, parent, to, id)?;
    if from.folded() != to.folded() {
        name_free(txn, space, parent, from);
    }
    Ok(())
}
