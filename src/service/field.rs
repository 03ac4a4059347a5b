//! Fields: create, get, list, update, delete. A change that does not fit the records that are there is refused with their
//! count and the first of them, and a dry run says what a change would do.

use std::sync::Arc;

use super::Core;
use super::field_records::records_change;
use super::once::{Commit, Done, Once, Txn, commit_catalog};
use super::record_edit::Sent;
use crate::access::{Access, TableRead, TableWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::id::{FieldId, RecordId};
use crate::limits::FIELDS_MAX;
use crate::model::field::{Definition, Field, FieldType, OpenField, Options, Source};
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
}

impl Fielded {
    fn of(table: Arc<OpenTable>, field: FieldId) -> Fielded {
        Fielded { table, field, before: None, converted: 0, shown: Vec::new() }
    }
}

fn not_found() -> Error {
    Error::plain(Code::FieldNotFound)
}

/// Names that no field may have, since they name the record's own.
const RESERVED: [&str; 4] = ["id", "version", "createdat", "updatedat"];

/// Makes a field of a table; `None` if there was a fault.
pub(super) fn field_new(
    txn: &Txn<'_>,
    table: &mut Table,
    input: &FieldInput,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Field> {
    let before = faults.count();
    if let Some(name) = &input.name {
        name_check(table, None, name, at, faults);
    }
    let options_at = at.member("options");
    let options = Options {
        json: input.options.as_ref().map(OwnedJson::view),
        at: &options_at,
        held: None,
        draw: &|| txn.core.ids.draw(txn.now),
    };
    let of_type = (input.of_type?.create)(&options, faults)?;
    let number = take_number(table, at, faults)?;
    let unique = unique_read(table, of_type.as_ref(), input.unique, at, faults);
    required_check(of_type.as_ref(), input.required, at, faults);
    let default = default_read(of_type.as_ref(), input.default.as_ref(), unique.is_some(), at, faults);
    let field = Field {
        id: txn.core.ids.draw(txn.now),
        number,
        name: input.name.clone()?,
        description: input.description.clone(),
        of_type: of_type.type_name().to_owned(),
        options: of_type.stored(),
        required: input.required,
        unique,
        default,
    };
    (faults.count() == before).then_some(field)
}

fn take_number(table: &mut Table, at: &Pointer<'_>, faults: &mut Faults) -> Option<u16> {
    let number = table.take_number();
    if number.is_none() {
        faults.add(at, Code::TooMany, "The table has had as many fields as are possible.");
    }
    number
}

fn name_check(table: &Table, field: Option<FieldId>, name: &Name, at: &Pointer<'_>, faults: &mut Faults) {
    let folded = name.folded();
    if RESERVED.contains(&folded.as_str()) {
        let detail = format!("The name `{name}` is the record's own; a field can't have it.");
        faults.add(at.member("name"), Code::InvalidName, detail);
    }
    if table.fields.iter().any(|other| Some(other.id) != field && other.name.folded() == folded) {
        faults.add(at.member("name"), Code::NameTaken, format!("The table has a field `{name}` already."));
    }
}

fn unique_read(
    table: &mut Table,
    of_type: &dyn FieldType,
    wanted: bool,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<u16> {
    if !wanted {
        return None;
    }
    if !of_type.can_be_unique() {
        let detail = format!("Values of a field of the type `{}` can't be made unique.", of_type.type_name());
        faults.add(at.member("unique"), Code::InvalidValue, detail);
        return None;
    }
    take_number(table, at, faults)
}

fn required_check(of_type: &dyn FieldType, required: bool, at: &Pointer<'_>, faults: &mut Faults) {
    if required && of_type.never_empty() {
        let detail =
            format!("A field of the type `{}` is never empty, so it can't be required.", of_type.type_name());
        faults.add(at.member("required"), Code::InvalidValue, detail);
    }
}

/// Reads a default, which must be a value of the field; a unique field can't have one.
fn default_read(
    of_type: &dyn FieldType,
    default: Option<&OwnedJson>,
    unique: bool,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Vec<u8>> {
    let json = default?.view();
    let at = at.member("default");
    if json.is_null() {
        return None;
    }
    if of_type.source() != Source::Client {
        faults.add(
            at,
            Code::ComputedField,
            "The server gives the values of this field, so it takes no default.",
        );
        return None;
    }
    if unique {
        faults.add(
            at,
            Code::InvalidValue,
            "A unique field can't have a default: only one record could hold it.",
        );
        return None;
    }
    let value = of_type.parse(json, &at, faults)?;
    (!value.is_empty()).then(|| value.to_bytes())
}

pub fn field_list(core: &Core, access: &Access<TableRead>) -> Result<Arc<OpenTable>> {
    Ok(core.catalog(access.place())?.table(*access.place())?.clone())
}

pub fn field_get(core: &Core, access: &Access<TableRead>, meant: &str) -> Result<Fielded> {
    let table = field_list(core, access)?;
    let id = table.field_meant(meant).map(|open| open.field.id).ok_or_else(not_found)?;
    Ok(Fielded::of(table, id))
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
    done.await?.fresh()
}

fn field_changed(
    txn: &Txn<'_>,
    table: &mut Table,
    open: &OpenField,
    patch: &FieldPatch,
    faults: &mut Faults,
) -> Option<Field> {
    let at = &Pointer::Root;
    let mut field = open.field.clone();
    if let Some(name) = &patch.name {
        name_check(table, Some(field.id), name, at, faults);
        field.name = name.clone();
    }
    if let Some(description) = &patch.description {
        field.description.clone_from(description);
    }
    let of_type = type_changed(txn, open, patch, faults)?;
    if of_type.kind() != open.of_type.kind()
        || of_type.type_name() != field.of_type && !of_type.holds_all_of(open.of_type.as_ref())
    {
        // A field number is bound to one kind of value for ever, so that no reader can mistake old bytes.
        field.number = take_number(table, at, faults)?;
    }
    let same_type = of_type.type_name() == field.of_type;
    of_type.type_name().clone_into(&mut field.of_type);
    field.options = of_type.stored();
    field.required = patch.required.unwrap_or(field.required);
    required_check(of_type.as_ref(), field.required, at, faults);
    match (patch.unique.unwrap_or(field.unique.is_some()), field.unique) {
        (true, Some(_)) if same_type => {}
        (wanted, _) => field.unique = unique_read(table, of_type.as_ref(), wanted, at, faults),
    }
    field.default = match &patch.default {
        Some(default) => default_read(of_type.as_ref(), default.as_ref(), field.unique.is_some(), at, faults),
        None => default_kept(open, of_type.as_ref(), &field, faults),
    };
    Some(field)
}

/// A default that is not named stays, converted if the type changes.
fn default_kept(
    open: &OpenField,
    of_type: &dyn FieldType,
    field: &Field,
    faults: &mut Faults,
) -> Option<Vec<u8>> {
    let held = open.default_value();
    if held.is_empty() {
        return None;
    }
    if field.unique.is_some() {
        faults.add(
            "/unique",
            Code::InvalidValue,
            "A unique field can't have a default; send `\"default\": null` too.",
        );
        return None;
    }
    if of_type.holds_all_of(open.of_type.as_ref()) {
        return open.field.default.clone();
    }
    let converted = of_type.convert(&held, open.of_type.as_ref());
    if converted.is_none() {
        let detail = "The field's default does not convert; send another one, or `null`.";
        faults.add("/default", Code::InvalidValue, detail);
    }
    converted.filter(|value| !value.is_empty()).map(|value| value.to_bytes())
}

fn type_changed(
    txn: &Txn<'_>,
    open: &OpenField,
    patch: &FieldPatch,
    faults: &mut Faults,
) -> Option<Box<dyn FieldType>> {
    let held = open.of_type.as_ref();
    let definition = match patch.of_type {
        Some(definition) => definition,
        None => Definition::named(held.type_name())?,
    };
    let same = definition.name == held.type_name();
    let options_at = Pointer::Root.member("options");
    let options = Options {
        json: patch.options.as_ref().map(OwnedJson::view),
        at: &options_at,
        held: same.then_some(held),
        draw: &|| txn.core.ids.draw(txn.now),
    };
    let made = (definition.create)(&options, faults)?;
    let computed = |of_type: &dyn FieldType| of_type.source() != Source::Client;
    if !same && (computed(held) || computed(made.as_ref())) {
        let detail = format!(
            "A field can't change between `{}` and `{}`: make a new one.",
            held.type_name(),
            made.type_name()
        );
        faults.add("/type", Code::InvalidValue, detail);
        return None;
    }
    Some(made)
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
        txn.core.sweep.notify_one();
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
