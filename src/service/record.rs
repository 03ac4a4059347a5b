//! Records: create, get, list, update, delete, duplicate, in ones and in bulk.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::once::{Commit, Done, Once, Txn, commit_once};
use super::record_edit::{
    Layout, RecordInput, Sent, draft_changed, draft_new, edits_write, faults_check, missing_check,
    values_read,
};
use crate::access::{Access, InTable, Inside, RecordsRead, RecordsWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::id::{Id, RecordId};
use crate::kv::Bytes;
use crate::model::field::{Keys, Source};
use crate::model::json::{OwnedJson, Pointer};
use crate::model::record::{Draft, Record};
use crate::model::table::{Head, OpenTable};
use crate::query::catalog::Catalog;
use crate::store;
use crate::store::record::{Edit, records_get};

/// One record, and the table that says how it is read.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub table: Arc<OpenTable>,
    pub record: Record,
}

/// `If-Match`: the states of the record that the caller has seen.
#[derive(Clone, Debug)]
pub enum Expected {
    /// `*`: whatever it is, if it is there.
    Any,
    /// Sequence and version: the version alone begins anew where a record is made under the id of a deleted one.
    States(Vec<(u32, u32)>),
}

impl Expected {
    fn check(&self, record: &Record) -> Result<()> {
        match self {
            Expected::Any => Ok(()),
            Expected::States(states) if states.contains(&(record.sequence, record.version)) => Ok(()),
            Expected::States(_) => Err(Error::new(
                Code::PreconditionFailed,
                format!("The record has the version {}, and `If-Match` has no tag of it.", record.version),
            )),
        }
    }
}

fn not_found() -> Error {
    Error::plain(Code::RecordNotFound)
}

/// Reads one record: one look for it and its table's schema.
pub async fn record_get(core: &Arc<Core>, access: Access<RecordsRead>, id: RecordId) -> Result<Recorded> {
    core.door.read(core, Weight::Light, move |core: &Core| record_find(core, *access.place(), id)).await
}

fn record_find(core: &Core, place: InTable, id: RecordId) -> Result<Recorded> {
    let (engine, catalogs) = (core.engine.as_ref(), &core.known.catalogs);
    let key = store::record::record_key(place, id);
    let alone = || Ok(engine.get(&[key.as_pair()])?.into_iter().next().flatten());
    let (catalog, found) = match catalogs.with_held(engine, place.in_space(), alone)? {
        Some(held) => held,
        None => {
            let number = store::space::catalog_number_key(place.in_space());
            if engine.waits_on_network() {
                // Of one moment, as a snapshot is; what is held of the catalog mostly fits it.
                let mut found = engine.get(&[number.as_pair(), key.as_pair()])?.into_iter();
                let number = store::catalog_number(found.next().flatten())?;
                if let Some(catalog) = catalogs.held_at(place.in_space(), number) {
                    return recorded(&catalog, place, id, found.next().flatten());
                }
            }
            let (read, found) = engine.read_with(&[number.as_pair(), key.as_pair()])?;
            let mut found = found.into_iter();
            let number = store::catalog_number(found.next().flatten())?;
            (catalogs.at(read.as_ref(), place.in_space(), number)?, found.next().flatten())
        }
    };
    recorded(&catalog, place, id, found)
}

fn recorded(catalog: &Catalog, place: InTable, id: RecordId, found: Option<Bytes>) -> Result<Recorded> {
    let table = catalog.table(place)?.clone();
    let record = store::record::record_read(id, found)?;
    Ok(Recorded { table, record: record.ok_or_else(not_found)? })
}

/// Refuses what is the id of no record of a table.
pub async fn record_check(core: &Arc<Core>, place: InTable, text: &str) -> Result<()> {
    let id = RecordId::parse(text).ok_or_else(not_found)?;
    let find = move |core: &Core| {
        let found = core.engine.get(&[store::record::record_key(place, id).as_pair()])?;
        Ok(found.into_iter().next().flatten())
    };
    core.door.read(core, Weight::Light, find).await?.map(drop).ok_or_else(not_found)
}

/// Makes a record, under the id sent or one that the server draws.
pub async fn record_create(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    sent: Sent<RecordInput>,
    keys: Keys,
    once: Option<Once<Recorded>>,
) -> Result<Done<Recorded>> {
    let commit = Commit::light(once).with_head_of(*access.place());
    commit_once(core, access, commit, move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let mut made = create(
            txn,
            access,
            &table,
            std::slice::from_ref(&sent.content),
            Layout::one(keys),
            sent.faults.clone(),
        )?;
        let draft = made.pop().ok_or_else(|| Error::internal("no record was made"))?;
        Ok(Recorded { table, record: draft.into_record()? })
    })
    .await
}

pub(super) fn create(
    txn: &mut Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &OpenTable,
    inputs: &[RecordInput],
    layout: Layout,
    mut faults: Faults,
) -> Result<Vec<Draft>> {
    let sent: Vec<RecordId> = inputs.iter().filter_map(|input| input.id).collect();
    let (head, found) = match txn.head.take() {
        Some(head) if sent.is_empty() => (head, Vec::new()),
        _ => records_get(&*txn.write, *access.place(), &sent)?,
    };
    let in_use = found.into_iter().flatten().map(|record| record.id).collect();
    ids_check(inputs, in_use, layout, &mut faults);
    let mut counted = head.clone();
    let mut edits = Vec::with_capacity(inputs.len());
    for (n, input) in inputs.iter().enumerate() {
        let after = layout
            .at(n, |at| create_one(txn, access, table, input, layout.keys, &mut counted, at, &mut faults));
        edits.push(Edit { before: None, after });
    }
    faults_check(txn, access, table, &edits, layout, faults)?;
    edits_write(txn, access, table, counted, &edits, layout)?;
    Ok(edits.into_iter().filter_map(|edit| edit.after).collect())
}

#[expect(clippy::too_many_arguments, reason = "one record of a bulk: all of it is the bulk's")]
fn create_one(
    txn: &Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &OpenTable,
    input: &RecordInput,
    keys: Keys,
    head: &mut Head,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Draft> {
    let sound = values_read(table, input.values.as_ref(), keys, &at.member("values"), faults)?;
    let id = input.id.unwrap_or_else(|| txn.core.ids.draw(txn.now));
    missing_check(table, &sound, keys, at, faults);
    Some(draft_new(table, id, &sound.named, head, txn.writing(access).stamp))
}

fn ids_check(
    inputs: &[RecordInput],
    mut in_use: std::collections::HashSet<RecordId>,
    layout: Layout,
    faults: &mut Faults,
) {
    for (n, input) in inputs.iter().enumerate() {
        let Some(id) = input.id else { continue };
        if !in_use.insert(id) {
            layout.at(n, |at| {
                faults.add(at.member("id"), Code::IdTaken, format!("The id {id} is in use in this table."));
            });
        }
    }
}

/// Changes the named fields of a record; the rest stays. A fault of `If-Match` counts once the record is found.
pub async fn record_update(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    id: RecordId,
    sent: Sent<OwnedJson>,
    keys: Keys,
    expected: Result<Option<Expected>>,
) -> Result<Recorded> {
    let done = commit_once(core, access, Commit::light(None), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let (head, found) = records_get(&*txn.write, *access.place(), &[id])?;
        let before = found.into_iter().next().flatten().ok_or_else(not_found)?;
        let expected = expected.clone()?;
        let mut faults = sent.faults.clone();
        let at = Pointer::Root;
        let sound = values_read(&table, Some(&sent.content), keys, &at.member("values"), &mut faults);
        let stamp = txn.writing(access).stamp;
        let Some(after) = draft_changed(&before, &sound.unwrap_or_default().named, stamp) else {
            faults.check()?;
            expected.as_ref().map_or(Ok(()), |expected| expected.check(&before))?;
            return Ok(Recorded { table, record: before });
        };
        let edits = [Edit { before: Some(before.clone()), after: Some(after) }];
        faults_check(txn, access, &table, &edits, Layout::one(keys), faults)?;
        expected.as_ref().map_or(Ok(()), |expected| expected.check(&before))?;
        edits_write(txn, access, &table, head, &edits, Layout::one(keys))?;
        let [Edit { after, .. }] = edits;
        let after = after.ok_or_else(|| Error::internal("a changed record was lost"))?;
        Ok(Recorded { table, record: after.into_record()? })
    });
    done.await?.fresh()
}

/// Deletes a record. A fault of `If-Match` counts once the record is found.
pub async fn record_delete(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    id: RecordId,
    expected: Result<Option<Expected>>,
) -> Result<()> {
    let done = commit_once(core, access, Commit::light(None), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let (head, found) = records_get(&*txn.write, *access.place(), &[id])?;
        let before = found.into_iter().next().flatten().ok_or_else(not_found)?;
        expected.clone()?.map_or(Ok(()), |expected| expected.check(&before))?;
        edits_write(
            txn,
            access,
            &table,
            head,
            &[Edit { before: Some(before), after: None }],
            Layout::one(Keys::Name),
        )
    });
    done.await?.fresh()
}

/// Makes a copy of a record; unique fields stay empty in it, which a required one refuses.
pub async fn record_duplicate(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    id: RecordId,
    once: Option<Once<Recorded>>,
) -> Result<Done<Recorded>> {
    commit_once(core, access, Commit::light(once), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let (mut head, found) = records_get(&*txn.write, *access.place(), &[id])?;
        let original = found.into_iter().next().flatten().ok_or_else(not_found)?;
        let copy = copy_of(txn, access, &table, &original, &mut head)?;
        let edits = [Edit { before: None, after: Some(copy.clone()) }];
        edits_write(txn, access, &table, head, &edits, Layout::one(Keys::Name))?;
        Ok(Recorded { table, record: copy.into_record()? })
    })
    .await
}

pub(super) fn copy_of(
    txn: &Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &OpenTable,
    original: &Record,
    head: &mut Head,
) -> Result<Draft> {
    let stamp = txn.writing(access).stamp;
    head.sequence = head.sequence.saturating_add(1);
    let mut copy =
        Draft { id: txn.core.ids.draw(txn.now), version: 1, sequence: head.sequence, ..original.to_draft() };
    (copy.created, copy.updated) = (stamp, stamp);
    let mut faults = Faults::default();
    for open in table.fields.iter().filter(|open| open.field.unique.is_some()) {
        copy.fields.remove(&open.field.number);
        if open.field.required && open.of_type.source() == Source::Client {
            let (name, values) = (&open.field.name, Pointer::Root.member("values"));
            let detail =
                format!("The field `{name}` is unique and required, so a record with it can't be copied.");
            faults.add(values.member(name.as_str()), Code::Required, detail);
        }
    }
    faults.check()?;
    Ok(copy)
}
