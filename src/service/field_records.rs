//! What a field's change makes of the records that are there: their values are converted, its index is filled, or the
//! change is refused with their count and the first of them.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::field::{Conversion, Fielded};
use super::once::Txn;
use crate::access::{Access, InTable, TableWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::id::RecordId;
use crate::kv::{Read, Way};
use crate::limits::{DRY_RUN_CHANGES_MAX, FAULTS_MAX, FOUND_RECORDS_MAX};
use crate::model::change::Stamp;
use crate::model::field::{Keys, OpenField, Source};
use crate::model::name::Name;
use crate::model::record::{Draft, Record};
use crate::model::table::OpenTable;
use crate::model::value::Value;
use crate::store;
use crate::store::record::{Edit, record_scan, records_write, unique_fill};

/// What a field's change asks of the records that are there.
struct Work<'a> {
    old: Option<&'a OpenField>,
    new: &'a OpenField,
    converts: bool,
    requires: bool,
    indexes: bool,
}

/// Makes the records of a table fit a field that is new or changed.
pub(super) fn records_change(
    txn: &mut Txn<'_>,
    access: &Access<TableWrite>,
    table: &OpenTable,
    old: Option<&OpenField>,
    new: &OpenField,
    answer: &mut Fielded,
) -> Result<()> {
    let fills = old.is_none() && new.field.default.is_some();
    let work = Work {
        old,
        new,
        converts: fills || old.is_some_and(|old| !new.of_type.holds_all_of(old.of_type.as_ref())),
        requires: new.field.required && !old.is_some_and(|old| old.field.required),
        indexes: new.field.unique.is_some() && old.is_none_or(|old| old.field.unique != new.field.unique),
    };
    let requires = work.requires || (work.converts && new.field.required);
    if !(work.converts || requires || work.indexes) || new.of_type.source() != Source::Client {
        return Ok(());
    }
    let place = *access.place();
    let head = store::table::head_get(&*txn.write, place)?;
    if head.records > FOUND_RECORDS_MAX {
        let detail = format!(
            "The table has {} records; a change that concerns their values is possible for {FOUND_RECORDS_MAX} at most.",
            head.records
        );
        return Err(Error::new(Code::TooManyRecords, detail));
    }
    let records = records_all(&*txn.write, place)?;
    let (mut edits, mut unfit) = work.edits(&records, txn.writing(access).stamp);
    let after: Vec<Record> =
        edits.iter().map(|(_, draft)| draft.clone().into_record()).collect::<Result<_, _>>()?;
    unfit.doubled = work.fill_index(txn, place, &records, after)?;
    unfit.check(&new.field.name)?;
    answer.converted = edits.len();
    answer.shown =
        edits.iter().take(DRY_RUN_CHANGES_MAX).map(|(record, draft)| work.shown(record, draft)).collect();
    let edits: Vec<Edit> = edits
        .drain(..)
        .map(|(before, after)| Edit { before: Some(before.clone()), after: Some(after) })
        .collect();
    // The index of the changed field is filled already, so its values must not be claimed once more.
    let mut plain = OpenTable::open(table.to_stored())?;
    plain
        .fields
        .iter_mut()
        .filter(|open| open.field.id == new.field.id)
        .for_each(|open| open.field.unique = None);
    let writing = txn.writing(access);
    let written = records_write(txn.write, place, &plain, head, &edits, &writing)?;
    written.map_err(|_| Error::internal("a change of one field took a unique value of another"))
}

fn records_all(read: &(impl Read + ?Sized), place: InTable) -> Result<Vec<Record>> {
    let mut records = Vec::new();
    record_scan(read, place, None, Way::Up, &mut |record| {
        records.push(record);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(records)
}

impl Work<'_> {
    /// The records that the change rewrites, and those that can't be.
    fn edits<'r>(&self, records: &'r [Record], stamp: Stamp) -> (Vec<(&'r Record, Draft)>, Unfit) {
        let mut unfit = Unfit::default();
        let mut edits = Vec::new();
        for record in records {
            let Some(value) = self.value_of(record) else {
                unfit.add(record.id, self.unfit_at(record), &self.shown_text(record));
                continue;
            };
            if value.is_empty() && self.new.field.required && !self.new.of_type.never_empty() {
                unfit.empty(record.id);
                continue;
            }
            if self.converts {
                edits.extend(self.draft_of(record, &value, stamp).map(|draft| (record, draft)));
            }
        }
        (edits, unfit)
    }

    /// What in the request a value does not fit: the type, or what became of the options of the same one.
    fn unfit_at(&self, record: &Record) -> &'static str {
        let Some(old) = self.old.filter(|old| old.of_type.type_name() == self.new.of_type.type_name()) else {
            return "/type";
        };
        let several = matches!(record.value(old), Value::Choices(choices) if choices.len() > 1);
        if several && self.new.of_type.options(Keys::Id).get("multiple") == Some(&false.into()) {
            "/options/multiple"
        } else {
            "/options/choices"
        }
    }

    /// The value that a record has after the change; `None` if it does not convert.
    fn value_of(&self, record: &Record) -> Option<Value<'static>> {
        let Some(old) = self.old else { return Some(self.new.default_value().into_owned()) };
        let value = record.value(old);
        if !self.converts {
            return Some(value.into_owned());
        }
        if value.is_empty() && !old.of_type.never_empty() {
            return Some(Value::Empty);
        }
        self.new.of_type.convert(&value, old.of_type.as_ref())
    }

    fn draft_of(&self, record: &Record, value: &Value<'_>, stamp: Stamp) -> Option<Draft> {
        let mut draft = record.to_draft();
        if let Some(old) = self.old.filter(|old| old.field.number != self.new.field.number) {
            draft.fields.remove(&old.field.number);
        }
        draft.set(self.new.field.number, value);
        if store::record::changed_fields(record, &draft).is_empty() {
            return None;
        }
        draft.version = draft.version.saturating_add(1);
        draft.updated = stamp;
        Some(draft)
    }

    fn fill_index(
        &self,
        txn: &mut Txn<'_>,
        place: InTable,
        records: &[Record],
        after: Vec<Record>,
    ) -> Result<Vec<RecordId>> {
        if !self.indexes {
            return Ok(Vec::new());
        }
        let changed: HashMap<RecordId, Record> =
            after.into_iter().map(|record| (record.id, record)).collect();
        let all: Vec<Record> =
            records.iter().map(|record| changed.get(&record.id).unwrap_or(record).clone()).collect();
        Ok(unique_fill(txn.write, place, self.new, &all)?.err().unwrap_or_default())
    }

    fn shown_text(&self, record: &Record) -> String {
        let text = self.old.map(|old| old.of_type.to_text(&record.value(old))).unwrap_or_default();
        text.chars().take(80).collect()
    }

    fn shown(&self, record: &Record, draft: &Draft) -> Conversion {
        let before = self.old.map_or(Value::Empty, |old| record.value(old).into_owned());
        let after = draft.fields.get(&self.new.field.number);
        let after = after.map_or(Value::Empty, |bytes| self.new.value(bytes).into_owned());
        Conversion { record: record.id, before, after }
    }
}

/// Records that a field's change leaves without a value that fits.
#[derive(Default)]
struct Unfit {
    count: usize,
    empty: usize,
    /// Those whose value another one has already, where it has to be unique.
    doubled: Vec<RecordId>,
    faults: Faults,
}

impl Unfit {
    fn add(&mut self, record: RecordId, at: &str, text: &str) {
        self.count += 1;
        if self.count <= FAULTS_MAX {
            self.faults.add(at, Code::InvalidValue, format!("The record {record} has `{text}`."));
        }
    }

    fn empty(&mut self, record: RecordId) {
        self.empty += 1;
        if self.empty <= FAULTS_MAX {
            self.faults.add("/required", Code::Required, format!("The record {record} has no value."));
        }
    }

    /// The code is that of the reason if there is one alone: 409 where values are taken, else 422.
    fn check(mut self, name: &Name) -> Result<()> {
        for id in &self.doubled {
            let detail = format!("The record {id} has the same value as another one.");
            self.faults.add("/unique", Code::ValueTaken, detail);
        }
        let code = match (self.count, self.empty, self.doubled.len()) {
            (0, 0, 0) => return Ok(()),
            (0, 0, _) => Code::ValueTaken,
            (0, _, 0) => Code::Required,
            (0, _, _) => Code::InvalidInput,
            _ => Code::ValuesDoNotConvert,
        };
        let reasons = [
            (self.count, "holds a value", "hold a value", " that does not convert"),
            (self.empty, "has no value", "have no value", ""),
            (self.doubled.len(), "has a value", "have a value", " that another one has already"),
        ];
        let reasons = reasons.into_iter().filter(|(count, ..)| *count > 0).map(|(count, one, many, why)| {
            if count == 1 {
                format!("1 record {one} in `{name}`{why}")
            } else {
                format!("{count} records {many} in `{name}`{why}")
            }
        });
        let detail = reasons.collect::<Vec<_>>().join(", and ") + ".";
        Err(Error::with_faults(code, detail, self.faults))
    }
}
