//! Records: read one by one or as a page, and written together with all that must agree with them.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

use super::schema::{RECORD, UNIQUE};
use super::{change, delete, table};
use crate::access::{InTable, SpaceKey};
use crate::codec::key::Parts;
use crate::codec::value;
use crate::error::{Error, Result};
use crate::id::{RecordId, SpaceId, TableId};
use crate::kv::{Bytes, Read, Way, Write};
use crate::model::change::{Happened, RecordChange, Stamp};
use crate::model::field::{OpenField, Source};
use crate::model::record::{Draft, Record};
use crate::model::table::{Head, OpenTable};

/// The key of a record.
pub fn record_key(place: InTable, record: RecordId) -> SpaceKey {
    place.key(RECORD, |key| key.id(record))
}

/// Reads what stood under a record's key.
pub fn record_read(id: RecordId, bytes: Option<Bytes>) -> Result<Option<Record>> {
    Ok(bytes.map(|bytes| Record::decode(id, bytes)).transpose()?)
}

/// Several records and the table's head, in one round trip.
pub fn records_get(
    read: &(impl Read + ?Sized),
    place: InTable,
    ids: &[RecordId],
) -> Result<(Head, Vec<Option<Record>>)> {
    let head = table::head_key(place);
    let keys: Vec<_> = ids.iter().map(|id| record_key(place, *id)).collect();
    let pairs: Vec<_> = std::iter::once(&head).chain(&keys).map(SpaceKey::as_pair).collect();
    let mut found = read.get(&pairs)?.into_iter();
    let head = super::decode(found.next().flatten())?.unwrap_or_default();
    let records = ids.iter().zip(found).map(|(id, bytes)| record_read(*id, bytes)).collect::<Result<_>>()?;
    Ok((head, records))
}

/// The records after `after` in the order of their ids, until `each` breaks.
pub fn record_scan(
    read: &(impl Read + ?Sized),
    place: InTable,
    after: Option<RecordId>,
    way: Way,
    each: &mut dyn FnMut(Record) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let all = place.key(RECORD, |key| key);
    let (mut from, mut to) = (all.as_bytes().to_vec(), all.after_prefix());
    if let Some(after) = after {
        let mut mark = record_key(place, after).as_bytes().to_vec();
        match way {
            Way::Up => {
                mark.push(0);
                from = mark;
            }
            Way::Down => to = mark,
        }
    }
    let mut failed = Ok(());
    read.scan(RECORD, &from..&to, way, &mut |key, bytes| match record_of(key, bytes).and_then(&mut *each) {
        Ok(flow) => flow,
        Err(error) => {
            failed = Err(error);
            ControlFlow::Break(())
        }
    })?;
    failed
}

fn record_of(key: &[u8], bytes: &[u8]) -> Result<Record> {
    let mut parts = Parts(key);
    let place = parts.id::<SpaceId>().zip(parts.id::<TableId>());
    let id = place.and_then(|_| parts.id()).ok_or_else(|| Error::internal("a record's key is too short"))?;
    Ok(Record::decode(id, Bytes::copy_from_slice(bytes))?)
}

/// The records that hold these values in a unique field, in one round trip.
pub fn unique_get(
    read: &(impl Read + ?Sized),
    place: InTable,
    index: u16,
    values: &[Vec<u8>],
) -> Result<Vec<Option<RecordId>>> {
    let keys: Vec<_> = values.iter().map(|bytes| unique_key(place, index, bytes)).collect();
    super::get_many(read, &keys)
}

fn unique_key(place: InTable, index: u16, bytes: &[u8]) -> SpaceKey {
    place.key(UNIQUE, |key| key.u16(index).last(bytes))
}

/// What is to become of one record.
#[derive(Debug)]
pub struct Edit {
    pub before: Option<Record>,
    /// `None` deletes it.
    pub after: Option<Draft>,
}

/// A unique value that can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Which of the edits wanted it.
    pub edit: usize,
    /// The number of the field.
    pub field: u16,
}

/// Who writes, when, and on which request.
#[derive(Clone, Debug)]
pub struct Writing<'a> {
    pub stamp: Stamp,
    pub request: &'a str,
}

/// Writes records. Invariant: they, their unique keys, the table's head and one number of its change log change
/// together. `Err` with the unique values that others have, and then nothing is written.
pub fn records_write(
    txn: &mut dyn Write,
    place: InTable,
    fields: &OpenTable,
    head: Head,
    edits: &[Edit],
    writing: &Writing<'_>,
) -> Result<Result<(), Vec<Taken>>> {
    let uniques = Uniques::of(place, fields, edits);
    let taken = uniques.taken(txn)?;
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    uniques.write(txn)?;
    rows_write(txn, place, fields, head, edits, writing)?;
    Ok(Ok(()))
}

/// The unique values that edits can't have.
pub fn uniques_taken(
    txn: &dyn Write,
    place: InTable,
    fields: &OpenTable,
    edits: &[Edit],
) -> Result<Vec<Taken>> {
    Uniques::of(place, fields, edits).taken(txn)
}

fn rows_write(
    txn: &mut dyn Write,
    place: InTable,
    fields: &OpenTable,
    mut head: Head,
    edits: &[Edit],
    writing: &Writing<'_>,
) -> Result<()> {
    let held: BTreeSet<u16> = fields.fields.iter().map(|open| open.field.number).collect();
    let mut changes = Vec::with_capacity(edits.len());
    for edit in edits {
        changes.extend(row_write(txn, place, &held, &mut head, edit));
    }
    if changes.is_empty() {
        return Ok(());
    }
    head.change += 1;
    change::change_write(txn, place, head.change, writing.stamp, writing.request, &changes)?;
    table::head_put(txn, place, &head)
}

fn row_write(
    txn: &mut dyn Write,
    place: InTable,
    held: &BTreeSet<u16>,
    head: &mut Head,
    edit: &Edit,
) -> Option<RecordChange> {
    match (&edit.before, &edit.after) {
        (None, None) => None,
        (Some(before), None) => {
            delete(txn, &record_key(place, before.id));
            head.records = head.records.saturating_sub(1);
            let fields = before.fields().map(|(number, _)| number).collect();
            Some(RecordChange {
                record: before.id,
                happened: Happened::Deleted,
                version: before.version,
                fields,
            })
        }
        (before, Some(after)) => {
            let mut after = Cow::Borrowed(after);
            // Values of fields that are gone go with the next write of the record.
            if !after.fields.keys().all(|number| held.contains(number)) {
                after.to_mut().fields.retain(|number, _| held.contains(number));
            }
            let key = record_key(place, after.id);
            txn.put(key.of(), key.as_bytes(), &after.encode());
            let (happened, fields) = match before {
                Some(before) => (Happened::Changed, changed_fields(before, &after)),
                None => {
                    head.records += 1;
                    (Happened::Made, after.fields.keys().copied().collect())
                }
            };
            Some(RecordChange { record: after.id, happened, version: after.version, fields })
        }
    }
}

/// Numbers of the fields in which two states of a record differ.
pub fn changed_fields(before: &Record, after: &Draft) -> Vec<u16> {
    let old: HashMap<u16, &[u8]> = before.fields().collect();
    let gone = old.keys().filter(|number| !after.fields.contains_key(number));
    let new = after.fields.iter().filter(|(number, bytes)| old.get(number) != Some(&bytes.as_slice()));
    let mut numbers: Vec<u16> = new.map(|(number, _)| *number).chain(gone.copied()).collect();
    numbers.sort_unstable();
    numbers
}

/// The unique values that edits claim and release.
struct Uniques {
    claims: Vec<Claim>,
    releases: Vec<(SpaceKey, RecordId)>,
}

struct Claim {
    key: SpaceKey,
    record: RecordId,
    from: Taken,
}

impl Uniques {
    fn of(place: InTable, fields: &OpenTable, edits: &[Edit]) -> Uniques {
        let mut uniques = Uniques { claims: Vec::new(), releases: Vec::new() };
        let indexed = fields.fields.iter().filter_map(|open| open.field.unique.map(|index| (open, index)));
        for (open, index) in indexed.filter(|(open, _)| open.of_type.source() == Source::Client) {
            for (n, edit) in edits.iter().enumerate() {
                uniques.add(place, open, index, n, edit);
            }
        }
        uniques
    }

    fn add(&mut self, place: InTable, open: &OpenField, index: u16, edit_number: usize, edit: &Edit) {
        let number = open.field.number;
        let bytes_of = |bytes: &[u8]| open.value(bytes).unique_bytes();
        let before = edit.before.as_ref().and_then(|record| record.field(number)).and_then(bytes_of);
        let after = edit.after.as_ref().and_then(|draft| draft.fields.get(&number)).and_then(|b| bytes_of(b));
        if before == after {
            return;
        }
        if let (Some(bytes), Some(record)) = (&before, &edit.before) {
            self.releases.push((unique_key(place, index, bytes), record.id));
        }
        if let (Some(bytes), Some(draft)) = (&after, &edit.after) {
            let from = Taken { edit: edit_number, field: number };
            self.claims.push(Claim { key: unique_key(place, index, bytes), record: draft.id, from });
        }
    }

    /// The claims on what another record has and does not release, and those made twice.
    fn taken(&self, txn: &dyn Write) -> Result<Vec<Taken>> {
        if self.claims.is_empty() {
            return Ok(Vec::new());
        }
        let released: HashSet<&[u8]> = self.releases.iter().map(|(key, _)| key.as_bytes()).collect();
        let pairs: Vec<_> = self.claims.iter().map(|claim| claim.key.as_pair()).collect();
        let held = txn.get(&pairs)?;
        let mut claimed = HashSet::with_capacity(self.claims.len());
        let mut taken = Vec::new();
        for (claim, holder) in self.claims.iter().zip(held) {
            let twice = !claimed.insert(claim.key.as_bytes());
            let elsewhere = holder.is_some() && !released.contains(claim.key.as_bytes());
            if twice || elsewhere {
                taken.push(claim.from.clone());
            }
        }
        Ok(taken)
    }

    fn write(&self, txn: &mut dyn Write) -> Result<()> {
        for (key, _) in &self.releases {
            delete(txn, key);
        }
        for claim in &self.claims {
            txn.put(claim.key.of(), claim.key.as_bytes(), &value::encode(&claim.record)?);
        }
        Ok(())
    }
}

/// Fills the index of a field that has just become unique; the records whose value another one has already.
pub fn unique_fill(
    txn: &mut dyn Write,
    place: InTable,
    open: &OpenField,
    records: &[Record],
) -> Result<Result<(), Vec<RecordId>>> {
    let Some(index) = open.field.unique else { return Ok(Ok(())) };
    let mut seen = HashSet::new();
    let mut doubled = Vec::new();
    for record in records {
        let Some(bytes) = record.value(open).unique_bytes() else { continue };
        let key = unique_key(place, index, &bytes);
        txn.put(key.of(), key.as_bytes(), &value::encode(&record.id)?);
        if !seen.insert(bytes) {
            doubled.push(record.id);
        }
    }
    Ok(if doubled.is_empty() { Ok(()) } else { Err(doubled) })
}
