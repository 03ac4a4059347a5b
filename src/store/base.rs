//! Bases: rows of a space, in the order that their space lists them.

use super::schema::BASE;
use super::{delete, get_many, get_one, name, put, space, sweep, table};
use crate::access::{InBase, InSpace, Inside};
use crate::error::Result;
use crate::id::{BaseId, DoomId};
use crate::kv::{Read, Write};
use crate::model::base::Base;
use crate::model::space::Space;

pub fn base_get(read: &(impl Read + ?Sized), place: InSpace, base: BaseId) -> Result<Option<Base>> {
    let key = place.key(BASE, |key| key.id(base));
    get_one(read, key.of(), key.as_bytes())
}

/// The bases of a space in its order.
pub fn base_list(read: &(impl Read + ?Sized), place: InSpace, row: &Space) -> Result<Vec<Base>> {
    let keys: Vec<_> = row.bases.iter().map(|base| place.key(BASE, |key| key.id(*base))).collect();
    Ok(get_many(read, &keys)?.into_iter().flatten().collect())
}

/// Invariant: a base has its row, its name and its place in the space's list, or none of them.
pub fn base_create(txn: &mut dyn Write, place: InSpace, mut row: Space, base: &Base) -> Result<()> {
    name::name_take(txn, place, place.space(), &base.name, base.id)?;
    row.bases.push(base.id);
    put(txn, &place.key(BASE, |key| key.id(base.id)), base)?;
    space::space_put(txn, place, &row)
}

/// Stores a changed base; `before` is the base as it was.
pub fn base_put(txn: &mut dyn Write, place: InSpace, base: &Base, before: &Base) -> Result<()> {
    if base.name != before.name {
        name::name_change(txn, place, place.space(), (&before.name, &base.name), base.id)?;
    }
    put(txn, &place.key(BASE, |key| key.id(base.id)), base)?;
    space::catalog_changed(txn, place)
}

/// Deletes a base with its tables: nothing reaches them from this commit on, and the sweeper removes their records.
pub fn base_delete(
    txn: &mut dyn Write,
    place: InBase,
    mut row: Space,
    base: &Base,
    doom: DoomId,
) -> Result<()> {
    let of = place.in_space();
    let mut doomed = Vec::new();
    for held in table::table_list(txn, of, base)? {
        let of_table = place.in_table(held.id);
        table::unlink(txn, of_table, &held);
        doomed.extend(table::prefixes(of_table));
    }
    name::name_free(txn, of, of.space(), &base.name);
    delete(txn, &of.key(BASE, |key| key.id(base.id)));
    row.bases.retain(|id| *id != base.id);
    space::space_put(txn, of, &row)?;
    sweep::doom(txn, doom, doomed)
}
