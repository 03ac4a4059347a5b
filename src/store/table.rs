//! Tables: rows of a space, in the order that their base lists them, with the head that every write to one changes.

use super::schema::{BASE, HEAD, OF_TABLE, TABLE, UNIQUE};
use super::{delete, get_many, get_one, name, put, space, sweep};
use crate::access::{InBase, InSpace, InTable, Inside, SpaceKey};
use crate::error::Result;
use crate::id::{DoomId, TableId};
use crate::kv::{Read, Write};
use crate::model::base::Base;
use crate::model::table::{Head, Table};

pub fn head_key(place: InTable) -> SpaceKey {
    place.key(HEAD, |key| key)
}

pub fn table_get(read: &(impl Read + ?Sized), place: InSpace, table: TableId) -> Result<Option<Table>> {
    let key = place.key(TABLE, |key| key.id(table));
    get_one(read, key.of(), key.as_bytes())
}

/// The tables of a base in its order.
pub fn table_list(read: &(impl Read + ?Sized), place: InSpace, base: &Base) -> Result<Vec<Table>> {
    tables_get(read, place, &base.tables)
}

/// Several tables, in the order asked; one that is gone is left out.
pub fn tables_get(read: &(impl Read + ?Sized), place: InSpace, tables: &[TableId]) -> Result<Vec<Table>> {
    let keys: Vec<_> = tables.iter().map(|table| place.key(TABLE, |key| key.id(*table))).collect();
    Ok(get_many(read, &keys)?.into_iter().flatten().collect())
}

/// The heads of several tables of a space, in the order asked; of one that is gone, that of an empty one. One round trip.
pub fn heads_get(read: &(impl Read + ?Sized), place: InSpace, tables: &[TableId]) -> Result<Vec<Head>> {
    let keys: Vec<_> = tables.iter().map(|table| place.key(HEAD, |key| key.id(*table))).collect();
    Ok(get_many(read, &keys)?.into_iter().map(Option::unwrap_or_default).collect())
}

pub fn head_get(read: &(impl Read + ?Sized), place: InTable) -> Result<Head> {
    let key = head_key(place);
    Ok(get_one(read, key.of(), key.as_bytes())?.unwrap_or_default())
}

pub fn head_put(txn: &mut dyn Write, place: InTable, head: &Head) -> Result<()> {
    put(txn, &head_key(place), head)
}

/// Invariant: a table has its row, its head, its name and its place in the base's list, or none of them.
pub fn table_create(txn: &mut dyn Write, place: InBase, mut base: Base, table: &Table) -> Result<()> {
    let of = place.in_space();
    name::name_take(txn, of, base.id, &table.name, table.id)?;
    base.tables.push(table.id);
    put(txn, &of.key(BASE, |key| key.id(base.id)), &base)?;
    head_put(txn, place.in_table(table.id), &Head::default())?;
    put(txn, &of.key(TABLE, |key| key.id(table.id)), table)?;
    space::catalog_changed(txn, of)
}

/// Stores a changed table; `before` is the table as it was.
pub fn table_put(txn: &mut dyn Write, place: InTable, table: &Table, before: &Table) -> Result<()> {
    let of = place.in_space();
    if table.name != before.name {
        name::name_change(txn, of, table.base, (&before.name, &table.name), table.id)?;
    }
    put(txn, &of.key(TABLE, |key| key.id(table.id)), table)?;
    space::catalog_changed(txn, of)
}

/// Deletes a table: nothing reaches it from this commit on, and the sweeper removes its records.
pub fn table_delete(
    txn: &mut dyn Write,
    place: InTable,
    mut base: Base,
    table: &Table,
    doom: DoomId,
) -> Result<()> {
    let of = place.in_space();
    unlink(txn, place, table);
    base.tables.retain(|id| *id != table.id);
    put(txn, &of.key(BASE, |key| key.id(base.id)), &base)?;
    space::catalog_changed(txn, of)?;
    sweep::doom(txn, doom, prefixes(place))
}

/// Takes away a table's row and name.
pub(super) fn unlink(txn: &mut dyn Write, place: InTable, table: &Table) {
    name::name_free(txn, place.in_space(), table.base, &table.name);
    delete(txn, &place.in_space().key(TABLE, |key| key.id(table.id)));
}

/// Where everything of a table stands.
pub(super) fn prefixes(place: InTable) -> impl Iterator<Item = SpaceKey> {
    OF_TABLE.iter().map(move |of| place.key(*of, |key| key))
}

/// Dooms the keys of unique indexes that no field has any more.
pub fn indexes_doom(txn: &mut dyn Write, place: InTable, indexes: &[u16], doom: DoomId) -> Result<()> {
    sweep::doom(txn, doom, indexes.iter().map(|index| place.key(UNIQUE, |key| key.u16(*index))))
}
