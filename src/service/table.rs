//! Tables.

use std::sync::Arc;

use super::Core;
use super::base::reorder;
use super::door::Weight;
use super::field::FieldInput;
use super::field_rules::field_new;
use super::once::{Commit, Done, Once, Txn, commit_catalog};
use super::record_edit::Sent;
use crate::access::{Access, BaseRead, BaseWrite, BasesRead, InSpace, Inside, TableRead, TableWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::limits::{FIELDS_MAX, TABLES_MAX};
use crate::model::json::Pointer;
use crate::model::name::Name;
use crate::model::table::{OpenTable, Table};
use crate::store;

/// A table to be made.
#[derive(Clone, Debug)]
pub struct TableInput {
    /// `None` if it could not be read, which has its fault already.
    pub name: Option<Name>,
    pub description: Option<String>,
    /// `None` if they could not be read, which has its fault already.
    pub fields: Option<Vec<FieldInput>>,
}

/// What is to change; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct TablePatch {
    pub name: Option<Name>,
    pub description: Option<Option<String>>,
    /// Its place among the tables of the base, from 0; one past the end is the end.
    pub position: Option<usize>,
}

/// A table and the count of its records.
#[derive(Clone, Debug)]
pub struct Tabled {
    pub table: Arc<OpenTable>,
    pub records: u64,
}

pub async fn table_create(
    core: &Arc<Core>,
    access: Access<BaseWrite>,
    sent: Sent<TableInput>,
    once: Option<Once<Tabled>>,
) -> Result<Done<Tabled>> {
    commit_catalog(core, access, Commit::light(once), move |txn, access| {
        let base = txn.catalog.base(*access.place())?.clone();
        if base.tables.len() >= TABLES_MAX {
            return Err(Error::fault("", Code::TooMany, format!("A base has at most {TABLES_MAX} tables.")));
        }
        let mut faults = sent.faults.clone();
        let mut table = Table {
            id: txn.core.ids.draw(txn.now),
            base: base.id,
            // Any name while the fields are judged: without one of its own the table is refused below.
            name: sent.content.name.clone().unwrap_or_else(|| base.name.clone()),
            description: sent.content.description.clone(),
            created_at: txn.now,
            updated_at: txn.now,
            next_number: 1,
            fields: Vec::new(),
        };
        if let Some(fields) = &sent.content.fields {
            fields_read(txn, fields, &mut table, &mut faults);
        }
        faults.check()?;
        if sent.content.name.is_none() {
            return Err(Error::internal("a table was refused without a fault"));
        }
        store::table::table_create(txn.write, *access.place(), base, &table)?;
        Ok(Tabled { table: Arc::new(OpenTable::open(table)?), records: 0 })
    })
    .await
}

fn fields_read(txn: &Txn<'_>, inputs: &[FieldInput], table: &mut Table, faults: &mut Faults) {
    let root = Pointer::Root;
    let at = root.member("fields");
    if inputs.is_empty() {
        faults.add(at, Code::Required, "A table needs at least one field.");
    }
    if inputs.len() > FIELDS_MAX {
        faults.add(at, Code::TooMany, format!("A table has at most {FIELDS_MAX} fields."));
    }
    for (n, input) in inputs.iter().take(FIELDS_MAX).enumerate() {
        let made = field_new(txn, table, input, &at.item(n), faults);
        table.fields.extend(made);
    }
}

/// The tables of a base that the caller sees, in the order of the base.
pub async fn table_list(core: &Arc<Core>, access: Access<BaseRead>) -> Result<Vec<Tabled>> {
    let list = move |core: &Core| {
        let place = *access.place();
        let catalog = core.catalog(&place)?;
        let base = catalog.base(place)?;
        let tables = catalog.tables_of(base);
        let seen: Vec<_> =
            tables.filter(|table| access.reach().sees_table(base.id, table.id)).cloned().collect();
        tabled(core, place.in_space(), seen)
    };
    core.door.read(core, Weight::Light, list).await
}

/// Tables of a space with the counts of their records. One that is deleted meanwhile has none.
fn tabled(core: &Core, place: InSpace, tables: Vec<Arc<OpenTable>>) -> Result<Vec<Tabled>> {
    let ids: Vec<_> = tables.iter().map(|table| table.id).collect();
    let heads = store::table::heads_get(core.engine.read()?.as_ref(), place, &ids)?;
    Ok(tables.into_iter().zip(heads).map(|(table, head)| Tabled { table, records: head.records }).collect())
}

/// All tables of a space that the caller sees, in the order of its bases and theirs.
pub async fn table_list_all(core: &Arc<Core>, access: Access<BasesRead>) -> Result<Vec<Tabled>> {
    let list = move |core: &Core| {
        let (place, catalog) = (*access.place(), core.catalog(access.place())?);
        let tables = catalog.bases.iter().flat_map(|base| catalog.tables_of(base));
        let seen: Vec<_> =
            tables.filter(|table| access.reach().sees_table(table.base, table.id)).cloned().collect();
        tabled(core, place, seen)
    };
    // There may be a million of them.
    core.door.read(core, Weight::Heavy, list).await
}

pub async fn table_get(core: &Arc<Core>, access: Access<TableRead>) -> Result<Tabled> {
    let find = move |core: &Core| {
        let place = *access.place();
        let table = core.catalog(&place)?.table(place)?.clone();
        let head = core.engine.get(&[store::table::head_key(place).as_pair()])?;
        Ok(Tabled { table, records: store::head(head.into_iter().next().flatten())?.records })
    };
    core.door.read(core, Weight::Light, find).await
}

pub async fn table_update(core: &Arc<Core>, access: Access<TableWrite>, patch: TablePatch) -> Result<Tabled> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let place = *access.place();
        let before = txn.catalog.table(place)?.to_stored();
        let TablePatch { name, description, position } = patch.clone();
        let mut table = before.clone();
        table.name = name.unwrap_or(table.name);
        table.description = description.unwrap_or(table.description);
        if table != before {
            table.updated_at = txn.now;
            store::table::table_put(txn.write, place, &table, &before)?;
        }
        let held = txn.catalog.base(place.in_base())?;
        let mut base = held.clone();
        if position.is_some_and(|position| reorder(&mut base.tables, table.id, position)) {
            store::base::base_put(txn.write, place.in_space(), &base, held)?;
        }
        let records = store::table::head_get(&*txn.write, place)?.records;
        Ok(Tabled { table: Arc::new(OpenTable::open(table)?), records })
    });
    done.await?.fresh()
}

/// Deletes a table with its records, in one step.
pub async fn table_delete(core: &Arc<Core>, access: Access<TableWrite>) -> Result<()> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let place = *access.place();
        let table = txn.catalog.table(place)?.to_stored();
        let base = txn.catalog.base(place.in_base())?.clone();
        store::table::table_delete(txn.write, place, base, &table, txn.core.ids.draw(txn.now))
    });
    done.await?.fresh()?;
    core.sweep.notify_one();
    Ok(())
}
