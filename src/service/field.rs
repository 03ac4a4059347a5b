//! Fields: create, get, list, update, delete. A change that does not fit the records that are there is refused with their
//! count and the first of them, and a dry run says what a change would do.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::field_records::records_change;
use super::field_rules::{field_changed, field_new};
use super::once::{Commit, Done, Once, Txn, commit_catalog};
use super::record_edit::Sent;
use crate::access::{Access, InTable, TableRead, TableWrite};
use crate::error::{Code, Error, Result};
use crate::id::{FieldId, RecordId};
use crate::limits::FIELDS_MAX;
use crate::model::field::Definition;
use crate::model::json::{OwnedJson, Pointer};
use crate::model::name::Name;
use crate::model::table::{OpenTable, Table};
use crate::model::value::Value;
use crate::store;

/// A field to be made.
#[derive(Clone, Debug)]
pub struct FieldInput {
    /// `None` if it could not be read, which has its fault already; likewise the type.
    pub name: Option<Name>,
    pub of_type: Option<&'static Definition>,
    pub description: Option<String>,
    pub required: bool,
    pub unique: bool,
    pub default: Option<OwnedJson>,
    pub options: Option<OwnedJson>,
}

/// What is to change; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct FieldPatch {
    pub name: Option<Name>,
    pub of_type: Option<&'static Definition>,
    pub description: Option<Option<String>>,
    pub required: Option<bool>,
    pub unique: Option<bool>,
    pub default: Option<Option<OwnedJson>>,
    pub options: Option<OwnedJson>,
    /// Its place among the fields of the table, from 0; the first one is the primary field.
    pub position: Option<usize>,
}

/// One record of which a change of a field changes the value: what it was, and what it becomes.
#[derive(Clone, Debug)]
pub struct Conversion {
    pub record: RecordId,
    pub before: Value<'static>,
    pub after: Value<'static>,
}

/// A field of a table, and what its change did to records.
#[derive(Clone, Debug)]
pub struct Fielded {
    pub table: Arc<OpenTable>,
    pub field: FieldId,
    /// The table before the change, which says how values before it are read.
    pub before: Option<Arc<OpenTable>>,
    /// Records whose values changed, and the first few of them for a dry run.
    pub converted: usize,
    pub shown: Vec<Conversion>,
    /// Something was left to the sweeper.
    doomed: bool,
}

impl Fielded {
    fn of(table: Arc<OpenTable>, field: FieldId) -> Fielded {
        Fielded { table, field, before: None, converted: 0, shown: Vec::new(), doomed: false }
    }
}

fn not_found() -> Error {
    Error::plain(Code::FieldNotFound)
}

pub async fn field_list(core: &Arc<Core>, access: Access<TableRead>) -> Result<Arc<OpenTable>> {
    table_now(core, *access.place()).await
}

async fn table_now(core: &Arc<Core>, place: InTable) -> Result<Arc<OpenTable>> {
    let find = move |core: &Core| core.catalog(&place)?.table(place).cloned();
    core.door.read(core, Weight::Light, find).await
}

pub async fn field_get(core: &Arc<Core>, access: Access<TableRead>, meant: &str) -> Result<Fielded> {
    let table = field_list(core, access).await?;
    let id = table.field_meant(meant).map(|open| open.field.id).ok_or_else(not_found)?;
    Ok(Fielded::of(table, id))
}

/// Refuses what is neither the id nor the name of a field of a table.
pub async fn field_check(core: &Arc<Core>, place: InTable, meant: &str) -> Result<()> {
    table_now(core, place).await?.field_meant(meant).map(drop).ok_or_else(not_found)
}

/// Adds a field. Its default fills the records that are there; without one it can't be required in a filled table.
pub async fn field_create(
    core: &Arc<Core>,
    access: Access<TableWrite>,
    sent: Sent<FieldInput>,
    dry_run: bool,
    once: Option<Once<Fielded>>,
) -> Result<Done<Fielded>> {
    commit_catalog(core, access, Commit::heavy(once, dry_run), move |txn, access| {
        let place = *access.place();
        let held = txn.catalog.table(place)?.clone();
        let mut table = held.to_stored();
        if table.fields.len() >= FIELDS_MAX {
            return Err(Error::fault("", Code::TooMany, format!("A table has at most {FIELDS_MAX} fields.")));
        }
        let mut faults = sent.faults.clone();
        let made = field_new(txn, &mut table, &sent.content, &Pointer::Root, &mut faults);
        faults.check()?;
        let field = made.ok_or_else(|| Error::internal("a field was refused without a fault"))?;
        let id = field.id;
        table.fields.push(field);
        change(txn, access, &held, table, id)
    })
    .await
}

/// Changes a field. Values are converted to a new type, or the change is refused.
pub async fn field_update(
    core: &Arc<Core>,
    access: Access<TableWrite>,
    meant: String,
    sent: Sent<FieldPatch>,
    dry_run: bool,
) -> Result<Fielded> {
    let done = commit_catalog(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let held = txn.catalog.table(*access.place())?.clone();
        let open = held.field_meant(&meant).ok_or_else(not_found)?;
        let mut table = held.to_stored();
        let (patch, mut faults) = (&sent.content, sent.faults.clone());
        let changed = field_changed(txn, &mut table, open, patch, &mut faults);
        faults.check()?;
        let changed = changed.ok_or_else(|| Error::internal("a field was refused without a fault"))?;
        for field in &mut table.fields {
            if field.id == changed.id {
                *field = changed.clone();
            }
        }
        if let Some(position) = patch.position {
            let from = table.fields.iter().position(|field| field.id == changed.id).unwrap_or_default();
            let field = table.fields.remove(from);
            table.fields.insert(position.min(table.fields.len()), field);
        }
        change(txn, access, &held, table, changed.id)
    });
    let changed = done.await?.fresh()?;
    if changed.doomed {
        // Behind the commit: a sweeper that was woken inside of it could look before there is anything to see.
        core.sweep.notify_one();
    }
    Ok(changed)
}

/// Stores a table one of whose fields is new or changed, and makes its records fit.
fn change(
    txn: &mut Txn<'_>,
    access: &Access<TableWrite>,
    held: &Arc<OpenTable>,
    mut table: Table,
    field: FieldId,
) -> Result<Fielded> {
    let place = *access.place();
    let before = held.to_stored();
    if table != before {
        table.updated_at = txn.now;
        store::table::table_put(txn.write, place, &table, &before)?;
    }
    let table = Arc::new(OpenTable::open(table)?);
    let mut answer = Fielded::of(table.clone(), field);
    answer.before = Some(held.clone());
    let new = table.field(field).ok_or_else(not_found)?;
    records_change(txn, access, &table, held.field(field), new, &mut answer)?;
    let gone: Vec<u16> = held.field(field).and_then(|old| old.field.unique).into_iter().collect();
    let gone: Vec<u16> = gone.into_iter().filter(|index| new.field.unique != Some(*index)).collect();
    if !gone.is_empty() {
        store::table::indexes_doom(txn.write, place, &gone, txn.core.ids.draw(txn.now))?;
        answer.doomed = true;
    }
    Ok(answer)
}

/// Deletes a field with its values. A table keeps at least one field.
pub async fn field_delete(core: &Arc<Core>, access: Access<TableWrite>, meant: String) -> Result<()> {
    let done = commit_catalog(core, access, Commit::light(None), move |txn, access| {
        let place = *access.place();
        let held = txn.catalog.table(place)?.clone();
        let field = held.field_meant(&meant).ok_or_else(not_found)?.field.clone();
        let before = held.to_stored();
        if before.fields.len() == 1 {
            return Err(Error::fault(
                "",
                Code::Required,
                "A table needs at least one field; this is its last one.",
            ));
        }
        let mut table = before.clone();
        table.fields.retain(|other| other.id != field.id);
        table.updated_at = txn.now;
        store::table::table_put(txn.write, place, &table, &before)?;
        if let Some(index) = field.unique {
            store::table::indexes_doom(txn.write, place, &[index], txn.core.ids.draw(txn.now))?;
        }
        Ok(())
    });
    done.await?.fresh()?;
    core.sweep.notify_one();
    Ok(())
}
