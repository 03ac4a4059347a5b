//! Upsert: which records of a request are there already, and what becomes of each.

use std::collections::HashMap;
use std::sync::Arc;

use super::once::Txn;
use super::record_bulk::{Changed, UpsertOn, aligned, flat, read_all, write_changed};
use super::record_edit::{
    Layout, RecordInput, Sent, Sound, draft_changed, draft_new, faults_check, missing_check,
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
    let sound = read_all(table, inputs, keys, &mut faults);
    let Some(by) = recognise(table, inputs, &sound, on, keys, &mut faults) else {
        faults.check()?;
        return Err(Error::internal("records were not recognised, without a fault"));
    };
    let (mut head, found) = by.find(txn.write, *access.place())?;
    let (stamp, layout) = (txn.writing(access).stamp, Layout::list(keys));
    let mut edits = Vec::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, ((input, sound), before)) in inputs.iter().zip(&sound).zip(found).enumerate() {
        // What can't be told to be new or there is neither.
        let Some(sound) = sound.as_ref().filter(|_| before.is_some() || by.recognises(n)) else {
            edits.push(Edit { before: None, after: None });
            continue;
        };
        let after = match &before {
            Some(before) => draft_changed(before, &sound.named, stamp),
            None => layout.at(n, |at| {
                missing_check(table, sound, keys, at, &mut faults);
                let id = input.id.unwrap_or_else(|| txn.core.ids.draw(txn.now));
                Some(draft_new(table, id, &sound.named, &mut head, stamp))
            }),
        };
        ids.extend(before.as_ref().map(|record| record.id).or(after.as_ref().map(|draft| draft.id)));
        // Without a state after it would be a deletion.
        edits.push(Edit { before: before.filter(|_| after.is_some()), after });
    }
    faults_check(txn, access, table, &edits, layout, faults)?;
    let changed = write_changed(txn, access, table.clone(), head, edits, layout, dry_run)?;
    Ok(Changed { ids, ..changed })
}

/// By what the records of a request are recognised.
enum By {
    Id(Vec<Option<RecordId>>),
    /// The number of the index, and a value for each record.
    Value(u16, Vec<Option<Vec<u8>>>),
}

impl By {
    /// Whether the record in this place says what it is recognised by.
    fn recognises(&self, place: usize) -> bool {
        match self {
            By::Id(ids) => ids.get(place).is_some_and(Option::is_some),
            By::Value(_, values) => values.get(place).is_some_and(Option::is_some),
        }
    }

    /// The records that are there.
    fn find(&self, txn: &dyn Write, place: InTable) -> Result<(Head, Vec<Option<Record>>)> {
        match self {
            By::Id(ids) => {
                let (head, found) = records_get(txn, place, &flat(ids))?;
                Ok((head, aligned(ids, found)))
            }
            By::Value(index, values) => {
                let holders = aligned(values, unique_get(txn, place, *index, &flat(values))?);
                let (head, records) = records_get(txn, place, &flat(&holders))?;
                Ok((head, aligned(&holders, records)))
            }
        }
    }
}

/// What each record is recognised by, which has to be there, and there once.
fn recognise(
    table: &OpenTable,
    inputs: &[RecordInput],
    sound: &[Option<Sound<'_>>],
    on: &UpsertOn,
    keys: Keys,
    faults: &mut Faults,
) -> Option<By> {
    match on {
        UpsertOn::Id => Some(By::Id(ids_read(inputs, sound, faults))),
        UpsertOn::Field(name) => {
            let open = unique_field(table, name, keys, faults)?;
            let values = field_values(inputs, sound, open, keys, faults);
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

fn ids_read(
    inputs: &[RecordInput],
    sound: &[Option<Sound<'_>>],
    faults: &mut Faults,
) -> Vec<Option<RecordId>> {
    let mut seen = HashMap::with_capacity(inputs.len());
    let mut ids = Vec::with_capacity(inputs.len());
    for (n, (input, sound)) in inputs.iter().zip(sound).enumerate() {
        let at = format!("/records/{n}/id");
        ids.push(input.id);
        let Some(id) = input.id else {
            // One that could not be read as a whole has its fault already.
            if is_whole(sound.as_ref()) {
                faults.add(at, Code::Required, "Records that are recognised by their id need one.");
            }
            continue;
        };
        if let Some(first) = seen.insert(id, n) {
            faults.add(at, Code::InvalidValue, format!("The id is there twice, first at /records/{first}."));
        }
    }
    ids
}

fn is_whole(sound: Option<&Sound<'_>>) -> bool {
    sound.is_some_and(Sound::is_whole)
}

fn field_values(
    inputs: &[RecordInput],
    sound: &[Option<Sound<'_>>],
    open: &OpenField,
    keys: Keys,
    faults: &mut Faults,
) -> Vec<Option<Vec<u8>>> {
    let (name, key) = (open.field.name.as_str(), open.key_text(keys));
    let mut seen = HashMap::with_capacity(sound.len());
    let mut values = Vec::with_capacity(sound.len());
    for (n, (input, sound)) in inputs.iter().zip(sound).enumerate() {
        values.push(Layout::list(keys).at(n, |at| {
            if input.id.is_some() {
                let detail =
                    format!("Records are recognised by the field `{name}` here, so they take no id.");
                faults.add(at.member("id"), Code::InvalidValue, detail);
            }
            let at = at.member("values");
            let value =
                sound.as_ref()?.named.iter().find(|(other, _)| other.field.number == open.field.number);
            let Some(bytes) = value.and_then(|(_, value)| value.unique_bytes()) else {
                // Values that have a fault are no reason to ask for one of them.
                if is_whole(sound.as_ref()) {
                    let detail = format!("Records are recognised by `{name}`, so each needs a value in it.");
                    faults.add(at.member(&key), Code::Required, detail);
                }
                return None;
            };
            if let Some(first) = seen.insert(bytes.clone(), n) {
                let detail = format!("The value is there twice, first at /records/{first}.");
                faults.add(at.member(&key), Code::InvalidValue, detail);
            }
            Some(bytes)
        }));
    }
    values
}
