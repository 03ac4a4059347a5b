//! Upsert: which records of a request are there already, and what becomes of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::once::Txn;
use super::record::{Changed, UpsertOn, write_changed};
use super::record_edit::{Layout, Named, RecordInput, Sent, draft_changed, draft_new, values_read};
use crate::access::{Access, InTable, RecordsWrite};
use crate::error::{Code, Error, Faults, Result};
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
    let named: Vec<Named<'_>> = read_all(table, inputs, keys, &mut faults);
    faults.check()?;
    let (mut head, found) = match on {
        UpsertOn::Id => by_id(txn.write, *access.place(), inputs)?,
        UpsertOn::Field(name) => {
            let open = unique_field(table, name, keys)?;
            by_field(txn.write, *access.place(), inputs, &named, open)?
        }
    };
    let stamp = txn.writing(access).stamp;
    let mut faults = Faults::default();
    let mut edits = Vec::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, ((input, named), before)) in inputs.iter().zip(named).zip(found).enumerate() {
        let after = match &before {
            Some(before) => draft_changed(before, &named, stamp),
            None => Layout::List.at(n, |at| {
                let id = input.id.unwrap_or_else(|| txn.core.ids.draw(txn.now));
                Some(draft_new(table, id, named, &mut head, stamp, at, &mut faults))
            }),
        };
        ids.extend(before.as_ref().map(|record| record.id).or(after.as_ref().map(|draft| draft.id)));
        edits.push(Edit { before, after });
    }
    faults.check()?;
    write_changed(txn, access, table.clone(), head, edits, ids, dry_run)
}

fn read_all<'t>(
    table: &'t OpenTable,
    inputs: &[RecordInput],
    keys: Keys,
    faults: &mut Faults,
) -> Vec<Named<'t>> {
    let read = inputs.iter().enumerate().map(|(n, input)| {
        Layout::List.at(n, |at| values_read(table, input.values.as_ref(), keys, &at.member("values"), faults))
    });
    read.map(Option::unwrap_or_default).collect()
}

fn unique_field<'t>(table: &'t OpenTable, name: &str, keys: Keys) -> Result<&'t OpenField> {
    let Some(open) = table.field_keyed(name, keys) else {
        let hint = table.suggest_field(name);
        return Err(Error::fault(
            "/on",
            Code::UnknownField,
            format!("The table has no field `{name}`.{hint}"),
        ));
    };
    if open.field.unique.is_none() {
        let detail = format!("The field `{name}` is not unique, so it can't tell records apart.");
        return Err(Error::fault("/on", Code::InvalidValue, detail));
    }
    Ok(open)
}

fn by_id(txn: &dyn Write, place: InTable, inputs: &[RecordInput]) -> Result<(Head, Vec<Option<Record>>)> {
    let mut faults = Faults::default();
    let mut seen = HashMap::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, input) in inputs.iter().enumerate() {
        let at = format!("/records/{n}/id");
        let Some(id) = input.id else {
            faults.add(at, Code::Required, "Records that are recognised by their id need one.");
            continue;
        };
        if let Some(first) = seen.insert(id, n) {
            faults.add(at, Code::InvalidValue, format!("The id is there twice, first at /records/{first}."));
        }
        ids.push(id);
    }
    faults.check()?;
    records_get(txn, place, &ids)
}

fn by_field(
    txn: &dyn Write,
    place: InTable,
    inputs: &[RecordInput],
    named: &[Named<'_>],
    open: &OpenField,
) -> Result<(Head, Vec<Option<Record>>)> {
    let values = field_values(inputs, named, open)?;
    let holders = unique_get(txn, place, open.field.unique.unwrap_or_default(), &values)?;
    let ids: Vec<RecordId> = holders.iter().flatten().copied().collect();
    let (head, records) = records_get(txn, place, &ids)?;
    let mut records = records.into_iter();
    Ok((head, holders.iter().map(|holder| holder.and_then(|_| records.next().flatten())).collect()))
}

/// The value of `open` in each record, which has to be there, and there once.
fn field_values(inputs: &[RecordInput], named: &[Named<'_>], open: &OpenField) -> Result<Vec<Vec<u8>>> {
    let name = open.field.name.as_str();
    let mut faults = Faults::default();
    let mut seen = HashMap::with_capacity(named.len());
    let mut values = Vec::with_capacity(named.len());
    for (n, (input, named)) in inputs.iter().zip(named).enumerate() {
        if input.id.is_some() {
            let detail = format!("Records are recognised by the field `{name}` here, so they take no id.");
            faults.add(format!("/records/{n}/id"), Code::InvalidValue, detail);
        }
        let value = named.iter().find(|(other, _)| other.field.number == open.field.number);
        let at = format!("/records/{n}/values/{name}");
        let Some(bytes) = value.and_then(|(_, value)| value.unique_bytes()) else {
            faults.add(
                at,
                Code::Required,
                format!("Records are recognised by `{name}`, so each needs a value in it."),
            );
            continue;
        };
        if let Some(first) = seen.insert(bytes.clone(), n) {
            faults.add(
                at,
                Code::InvalidValue,
                format!("The value is there twice, first at /records/{first}."),
            );
        }
        values.push(bytes);
    }
    faults.check()?;
    Ok(values)
}
