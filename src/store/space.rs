//! Spaces, and the number that every change of their schema raises.

use std::ops::ControlFlow;

use super::schema::{CATALOG_NUMBER, OF_SPACE, SPACE};
use super::{delete, get_one, membership, put, sweep, token};
use crate::access::{InSpace, SpaceKey};
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::{Code, Error, Result};
use crate::id::{DoomId, SpaceId};
use crate::kv::{Read, Way, Write};
use crate::model::change::Actor;
use crate::model::membership::Membership;
use crate::model::space::Space;

/// The key of the catalog's number.
pub fn catalog_number_key(space: InSpace) -> SpaceKey {
    space.key(CATALOG_NUMBER, |key| key)
}

pub fn space_get(read: &(impl Read + ?Sized), space: InSpace) -> Result<Option<Space>> {
    let key = space.key(SPACE, |key| key);
    get_one(read, key.of(), key.as_bytes())
}

/// Several spaces, in the order asked; one that is gone is left out.
pub fn spaces_get(read: &(impl Read + ?Sized), ids: &[SpaceId]) -> Result<Vec<Space>> {
    let keys: Vec<_> = ids.iter().map(|id| Key::new().id(*id)).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (SPACE, key.as_bytes())).collect();
    read.get(&pairs)?.into_iter().filter_map(|bytes| super::decode(bytes).transpose()).collect()
}

/// Every space, in order of their ids. No request asks this: a caller sees only some.
pub fn space_list_all(read: &(impl Read + ?Sized)) -> Result<Vec<Space>> {
    let mut spaces = Vec::new();
    read.scan(SPACE, &[]..Key::new().after_prefix().as_slice(), Way::Up, &mut |_, bytes| {
        spaces.push(value::decode(bytes));
        ControlFlow::Continue(())
    })?;
    Ok(spaces.into_iter().collect::<Result<_, _>>()?)
}

/// Invariant: a space, its catalog number and its first member are written together.
pub fn space_create(txn: &mut dyn Write, space: InSpace, row: &Space, by: Actor) -> Result<()> {
    put(txn, &space.key(SPACE, |key| key), row)?;
    put(txn, &catalog_number_key(space), &1_u64)?;
    membership::membership_put(txn, membership::member_of(by), space, &Membership { since: row.created_at })
}

/// Stores a changed space.
pub fn space_put(txn: &mut dyn Write, space: InSpace, row: &Space) -> Result<()> {
    put(txn, &space.key(SPACE, |key| key), row)?;
    catalog_changed(txn, space)
}

/// Raises the catalog's number: call it once in every transaction that changes a base, table or field.
pub fn catalog_changed(txn: &mut dyn Write, space: InSpace) -> Result<()> {
    let key = catalog_number_key(space);
    let number: u64 =
        get_one(txn, key.of(), key.as_bytes())?.ok_or_else(|| Error::plain(Code::SpaceNotFound))?;
    put(txn, &key, &(number + 1))
}

/// Deletes a space: from this commit on nothing reaches into it, and the sweeper removes what was there.
pub fn space_delete(txn: &mut dyn Write, space: InSpace, doom: DoomId) -> Result<()> {
    for user in membership::membership_users(txn, space)? {
        membership::membership_unlink(txn, user, space.space());
    }
    for row in token::token_list(txn, space)? {
        token::hashes_delete(txn, &row);
    }
    delete(txn, &space.key(SPACE, |key| key));
    delete(txn, &catalog_number_key(space));
    let doomed = OF_SPACE.iter().map(|of| space.key(*of, |key| key));
    sweep::doom(txn, doom, doomed)
}
