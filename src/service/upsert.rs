//! Upsert: which records of a request are there already, and what becomes of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::once::Txn;
use super::record_bulk::{Changed, UpsertOn, write_changed};
use super::record_edit::{
    Layout, Named, RecordInput, Sent, draft_changed, draft_new, missing_check, values_read,
};
use crate::access::{Access, InTable, RecordsWrite};
use crate::error::{Code, Error, Faults, Result, Shown};
use crate::id::RecordId;
use crate::kv::Write;
use crate::model::field::{Keys, OpenField};
use crate::model::record::Record;
use crate::model::table::{Head, OpenTable};
use crate::store::record::{Edit, records_get, unique_get};

pub(super) fn upsert(
    txn: &mut Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &Arc<OpenTable>,
    sent: &Sent<Vec<RecordInput>>,
    on: &UpsertOn,
    keys: Keys,
    dry_run: bool,
) -> Result<Changed> {
    let (inputs, mut faults) = (sent.content.as_slice(), sent.faults.clone());
    let named = read_all(table, inputs, keys, &mut faults);
    let by = recognise(table, inputs, &named, on, keys, &mut faults);
    faults.check()?;
    let by = by.ok_or_else(|| Error::internal("records were not recognised, without a fault"))?;
    let (mut head, found) = by.find(txn.write, *access.place())?;
    let (stamp, layout) = (txn.writing(access).stamp, Layout::list(keys));
    let mut faults = Faults::default();
    let mut edits = Vec::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, ((input, named), before)) in inputs.iter().zip(named.into_iter().flatten()).zip(found).enumerate()
    {
        let after = match &before {
            Some(before) => draft_changed(before, &named, stamp),
            None => layout.at(n, |at| {
                missing_check(table, &named, keys, at, &mut faults);
                let id = input.id.unwrap_or_else(|| txn.core.ids.draw(txn.now));
                Some(draft_new(table, id, &named, &mut head, stamp))
            }),
        };
        ids.extend(before.as_ref().map(|record| record.id).or(after.as_ref().map(|draft| draft.id)));
        edits.push(Edit { before, after });
    }
    faults.check()?;
    let changed = write_changed(txn, access, table.clone(), head, edits, layout, dry_run)?;
    Ok(Changed { ids, ..changed })
}

/// The values of each record; `None` for one whose values have a fault.
fn read_all<'t>(
    table: &'t OpenTable,
    inputs: &[RecordInput],
    keys: Keys,
    faults: &mut Faults,
) -> Vec<Option<Named<'t>>> {
    let read = inputs.iter().enumerate().map(|(n, input)| {
        Layout::list(keys)
            .at(n, |at| values_read(table, input.values.as_ref(), keys, &at.member("values"), faults))
    });
    read.collect()
}

/// By what the records of a request are recognised.
enum By {
    Id(Vec<RecordId>),
    /// The number of the index, and a value for each record.
    Value(u16, Vec<Vec<u8>>),
}

impl By {
    /// The records that are there.
    fn find(&self, txn: &dyn Write, place: InTable) -> Result<(Head, Vec<Option<Record>>)> {
        match self {
            By::Id(ids) => records_get(txn, place, ids),
            By::Value(index, values) => {
                let holders = unique_get(txn, place, *index, values)?;
                let ids: Vec<RecordId> = holders.iter().flatten().copied().collect();
                let (head, records) = records_get(txn, place, &ids)?;
                let mut records = records.into_iter();
                let found = holders.iter().map(|holder| holder.and_then(|_| records.next().flatten()));
                Ok((head, found.collect()))
            }
        }
    }
}

/// What each record is recognised by, which has to be there, and there once.
fn recognise(
    table: &OpenTable,
    inputs: &[RecordInput],
    named: &[Option<Named<'_>>],
    on: &UpsertOn,
    keys: Keys,
    faults: &mut Faults,
) -> Option<By> {
    match on {
        UpsertOn::Id => Some(By::Id(ids_read(inputs, named, faults))),
        UpsertOn::Field(name) => {
            let open = unique_field(table, name, keys, faults)?;
            let values = field_values(inputs, named, open, keys, faults);
            Some(By::Value(open.field.unique?, values))
        }
    }
}

fn unique_field<'t>(
    table: &'t OpenTable,
    name: &str,
    keys: Keys,
    faults: &mut Faults,
) -> Option<&'t OpenField> {
    let Some(open) = table.field_keyed(name, keys) else {
        let hint = table.suggest_field(name);
        let detail = format!("The table has no field `{}`.{hint}", Shown(name));
        faults.add("/on", Code::UnknownField, detail);
        return None;
    };
    if open.field.unique.is_none() {
        let detail = format!("The field `{name}` is not unique, so it can't tell records apart.");
        faults.add("/on", Code::InvalidValue, detail);
        return None;
    }
    Some(open)
}

fn ids_read(inputs: &[RecordInput], named: &[Option<Named<'_>>], faults: &mut Faults) -> Vec<RecordId> {
    let mut seen = HashMap::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, (input, named)) in inputs.iter().zip(named).enumerate() {
        let at = format!("/records/{n}/id");
        let Some(id) = input.id else {
            // One that could not be read as a whole has its fault already.
            if named.is_some() {
                faults.add(at, Code::Required, "Records that are recognised by their id need one.");
            }
            continue;
        };
        if let Some(first) = seen.insert(id, n) {
            faults.add(at, Code::InvalidValue, format!("The id is there twice, first at /records/{first}."));
        }
        ids.push(id);
    }
    ids
}

fn field_values(
    inputs: &[RecordInput],
    named: &[Option<Named<'_>>],
    open: &OpenField,
    keys: Keys,
    faults: &mut Faults,
) -> Vec<Vec<u8>> {
    let (name, key) = (open.field.name.as_str(), open.key_text(keys));
    let mut seen = HashMap::with_capacity(named.len());
    let mut values = Vec::with_capacity(named.len());
    for (n, (input, named)) in inputs.iter().zip(named).enumerate() {
        Layout::list(keys).at(n, |at| {
            if input.id.is_some() {
                let detail =
                    format!("Records are recognised by the field `{name}` here, so they take no id.");
                faults.add(at.member("id"), Code::InvalidValue, detail);
            }
            // Values that have a fault are no reason to ask for one of them.
            let Some(named) = named else { return };
            let at = at.member("values");
            let value = named.iter().find(|(other, _)| other.field.number == open.field.number);
            let Some(bytes) = value.and_then(|(_, value)| value.unique_bytes()) else {
                let detail = format!("Records are recognised by `{name}`, so each needs a value in it.");
                faults.add(at.member(&key), Code::Required, detail);
                return;
            };
            if let Some(first) = seen.insert(bytes.clone(), n) {
                let detail = format!("The value is there twice, first at /records/{first}.");
                faults.add(at.member(&key), Code::InvalidValue, detail);
            }
            values.push(bytes);
        });
    }
    values
}
