//! Records, many at a time: all of a call is done, or nothing.

use std::collections::HashMap;
use std::sync::Arc;

use super::Core;
use super::once::{Commit, Done, Once, Txn, commit_once};
use super::record::create;
use super::record_edit::{
    Layout, RecordInput, Sent, Sound, draft_changed, edits_write, faults_check, values_read,
};
use crate::access::{Access, InTable, RecordsWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::id::RecordId;
use crate::limits::{CHANGED_RECORDS_MAX, DRY_RUN_CHANGES_MAX};
use crate::model::field::Keys;
use crate::model::record::{Draft, Record};
use crate::model::table::{Head, OpenTable};
use crate::store::record::{Edit, records_get};

/// What a change of many records did.
#[derive(Clone, Debug)]
pub struct Changed {
    pub table: Arc<OpenTable>,
    pub created: usize,
    pub modified: usize,
    pub deleted: usize,
    /// The records in the order of the request.
    pub ids: Vec<RecordId>,
    /// The first few, before and after, for a dry run.
    pub shown: Vec<(Option<Record>, Option<Record>)>,
}

/// Makes many records, or none.
pub async fn record_create_bulk(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    sent: Sent<Vec<RecordInput>>,
    keys: Keys,
    dry_run: bool,
    once: Option<Once<Changed>>,
) -> Result<Done<Changed>> {
    let commit = Commit::heavy(once, dry_run).with_head_of(*access.place());
    commit_once(core, access, commit, move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let made = create(txn, access, &table, &sent.content, Layout::list(keys), sent.faults.clone())?;
        let ids = made.iter().map(|draft| draft.id).collect();
        let created = made.len();
        let shown = made.into_iter().take(if dry_run { DRY_RUN_CHANGES_MAX } else { 0 });
        let shown = shown.map(|draft| Ok((None, Some(draft.into_record()?)))).collect::<Result<_>>()?;
        Ok(Changed { table, created, modified: 0, deleted: 0, ids, shown })
    })
    .await
}

/// Changes many records, each in its own way, or none.
pub async fn record_update_bulk(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    sent: Sent<Vec<RecordInput>>,
    keys: Keys,
    dry_run: bool,
) -> Result<Changed> {
    let done = commit_once(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let mut faults = sent.faults.clone();
        let sound = read_all(&table, &sent.content, keys, &mut faults);
        let ids: Vec<Option<RecordId>> = sent.content.iter().map(|input| input.id).collect();
        twice_check(ids.iter().copied(), "records", "/id", &mut faults);
        let stamp = txn.writing(access).stamp;
        let edit = |(before, sound): (Option<Record>, &Option<Sound<'_>>)| {
            let after = before.as_ref().zip(sound.as_ref());
            let after = after.and_then(|(before, sound)| draft_changed(before, &sound.named, stamp));
            Edit { before: before.filter(|_| after.is_some()), after }
        };
        if !faults.is_empty() {
            let (_, found) = records_get(&*txn.write, *access.place(), &flat(&ids))?;
            let edits: Vec<_> = aligned(&ids, found).into_iter().zip(&sound).map(edit).collect();
            faults_check(txn, access, &table, &edits, Layout::list(keys), faults)?;
        }
        let ids = flat(&ids);
        let (head, found) = found_all(txn, *access.place(), &ids, "records", "/id")?;
        let edits = found.into_iter().map(Some).zip(&sound).map(edit).collect();
        let changed = write_changed(txn, access, table, head, edits, Layout::list(keys), dry_run)?;
        Ok(Changed { ids, ..changed })
    });
    done.await?.fresh()
}

/// The values of each record; `None` for one that has none.
pub(super) fn read_all<'t>(
    table: &'t OpenTable,
    inputs: &[RecordInput],
    keys: Keys,
    faults: &mut Faults,
) -> Vec<Option<Sound<'t>>> {
    let read = inputs.iter().enumerate().map(|(n, input)| {
        Layout::list(keys)
            .at(n, |at| values_read(table, input.values.as_ref(), keys, &at.member("values"), faults))
    });
    read.collect()
}

/// Those that could be read.
pub(super) fn flat<K: Clone>(keys: &[Option<K>]) -> Vec<K> {
    keys.iter().flatten().cloned().collect()
}

/// What was found by [`flat`] keys, in the places of the keys.
pub(super) fn aligned<K, V>(keys: &[Option<K>], found: Vec<Option<V>>) -> Vec<Option<V>> {
    let mut found = found.into_iter();
    keys.iter().map(|key| key.as_ref().and_then(|_| found.next().flatten())).collect()
}

/// Writes those edits that change something, and leaves it to the caller to say whose ids they are; faults point at the places that the edits have in the request.
pub(super) fn write_changed(
    txn: &mut Txn<'_>,
    access: &Access<RecordsWrite>,
    table: Arc<OpenTable>,
    head: Head,
    edits: Vec<Edit>,
    layout: Layout,
    dry_run: bool,
) -> Result<Changed> {
    // An edit that changes nothing keeps its place with neither state, which writes nothing.
    let edits: Vec<Edit> = edits
        .into_iter()
        .map(|edit| if edit.after.is_some() { edit } else { Edit { before: None, after: None } })
        .collect();
    edits_write(txn, access, &table, head, &edits, layout)?;
    let created = edits.iter().filter(|edit| edit.before.is_none() && edit.after.is_some()).count();
    let modified = edits.iter().filter(|edit| edit.before.is_some() && edit.after.is_some()).count();
    let shown = if dry_run { shown_of(edits)? } else { Vec::new() };
    Ok(Changed { table, created, modified, deleted: 0, ids: Vec::new(), shown })
}

pub(super) fn shown_of(edits: Vec<Edit>) -> Result<Vec<(Option<Record>, Option<Record>)>> {
    let real = edits.into_iter().filter(|edit| edit.before.is_some() || edit.after.is_some());
    let states = real.map(|edit| Ok((edit.before, edit.after.map(Draft::into_record).transpose()?)));
    states.take(DRY_RUN_CHANGES_MAX).collect()
}

/// A fault for each record that is named once more.
fn twice_check(ids: impl Iterator<Item = Option<RecordId>>, list: &str, tail: &str, faults: &mut Faults) {
    let mut seen = HashMap::new();
    for (n, id) in ids.enumerate() {
        let Some(id) = id else { continue };
        if let Some(first) = seen.insert(id, n) {
            let detail = format!("The record {id} is named twice, first at /{list}/{first}.");
            faults.add(format!("/{list}/{n}{tail}"), Code::InvalidValue, detail);
        }
    }
}

/// Reads records that must all be there.
fn found_all(
    txn: &Txn<'_>,
    place: InTable,
    ids: &[RecordId],
    list: &str,
    tail: &str,
) -> Result<(Head, Vec<Record>)> {
    let (head, found) = records_get(&*txn.write, place, ids)?;
    let mut missing = Faults::default();
    for (n, (id, _)) in ids.iter().zip(&found).enumerate().filter(|(_, (_, record))| record.is_none()) {
        missing.add(format!("/{list}/{n}{tail}"), Code::RecordNotFound, format!("There is no record {id}."));
    }
    if !missing.is_empty() {
        let detail = match missing.count() {
            1 => "One of the records is not there.".to_owned(),
            count => format!("{count} of the records are not there."),
        };
        return Err(Error::with_faults(Code::RecordNotFound, detail, missing));
    }
    Ok((head, found.into_iter().flatten().collect()))
}

/// Deletes many records, or none. An id that could not be read keeps its place, and has its fault already.
pub async fn record_delete_bulk(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    sent: Sent<Vec<Option<RecordId>>>,
    dry_run: bool,
) -> Result<Changed> {
    let done = commit_once(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let mut faults = sent.faults.clone();
        twice_check(sent.content.iter().copied(), "ids", "", &mut faults);
        faults.check()?;
        let ids: Vec<RecordId> = sent.content.iter().copied().flatten().collect();
        let (head, found) = found_all(txn, *access.place(), &ids, "ids", "")?;
        let edits: Vec<_> =
            found.into_iter().map(|before| Edit { before: Some(before), after: None }).collect();
        edits_write(txn, access, &table, head, &edits, Layout::list(Keys::Name))?;
        let deleted = edits.len();
        let shown = if dry_run { shown_of(edits)? } else { Vec::new() };
        Ok(Changed { table, created: 0, modified: 0, deleted, ids, shown })
    });
    done.await?.fresh()
}

/// By what an upsert recognises records.
#[derive(Clone, Debug)]
pub enum UpsertOn {
    Id,
    /// A unique field, by name, or by id with `keys=id`.
    Field(String),
}

/// Changes the records that are there and makes those that are not, or does nothing.
pub async fn record_upsert(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    sent: Sent<Vec<RecordInput>>,
    on: UpsertOn,
    keys: Keys,
    dry_run: bool,
) -> Result<Changed> {
    let done = commit_once(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        super::upsert::upsert(txn, access, &table, &sent, &on, keys, dry_run)
    });
    done.await?.fresh()
}

/// Refuses no records, and more than one call may name; `faults` are those that the body has besides.
pub fn count_check(count: usize, at: &str, faults: &Faults) -> Result<()> {
    if count == 0 {
        let mut faults = faults.clone();
        faults.add(at, Code::Required, "The list is empty.");
        return Err(faults.into());
    }
    if count > CHANGED_RECORDS_MAX {
        let detail = format!("The call names {count} records; at most {CHANGED_RECORDS_MAX} are possible.");
        return Err(Error::new(Code::TooManyRecords, detail));
    }
    Ok(())
}
