//! From the values of a body to records that can be stored: every fault named, with its place in the body.

use std::collections::HashSet;

use crate::access::Access;
use crate::access::RecordsWrite;
use crate::error::{Code, Faults, Result, Shown};
use crate::id::RecordId;
use crate::limits::RECORD_BYTES_MAX;
use crate::model::change::Stamp;
use crate::model::field::{Keys, OpenField, Source};
use crate::model::json::{Json, OwnedJson, Pointer};
use crate::model::record::{Draft, Record};
use crate::model::table::{Head, OpenTable};
use crate::model::value::Value;
use crate::store::record::{self, Edit, Taken};

use super::once::Txn;

/// Where in a body a record's members stand, at its root or in the list `records`, and how its fields are called there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    listed: bool,
    pub keys: Keys,
}

impl Layout {
    pub const fn one(keys: Keys) -> Layout {
        Layout { listed: false, keys }
    }

    pub const fn list(keys: Keys) -> Layout {
        Layout { listed: true, keys }
    }

    /// Hands `f` the pointer of record `n`.
    pub fn at<T>(self, n: usize, f: impl FnOnce(&Pointer<'_>) -> T) -> T {
        let root = Pointer::Root;
        if self.listed { f(&root.member("records").item(n)) } else { f(&root) }
    }
}

/// A record as a body has it: values still unparsed, since only the schema can tell what they are.
#[derive(Clone, Debug)]
pub struct RecordInput {
    pub id: Option<RecordId>,
    /// `None` if they are not there, which has its fault already.
    pub values: Option<OwnedJson>,
}

/// The records of a body, and the faults that were found before the schema was known.
#[derive(Clone, Debug)]
pub struct Sent<T> {
    pub content: T,
    pub faults: Faults,
}

/// What was not sent in a body, and so has no faults.
impl<T> From<T> for Sent<T> {
    fn from(content: T) -> Sent<T> {
        Sent { content, faults: Faults::default() }
    }
}

/// Values that a body names, by the field they are for.
pub type Named<'t> = Vec<(&'t OpenField, Value<'static>)>;

/// The values of a record: those that are sound, and what is known of the others.
#[derive(Default)]
pub struct Sound<'t> {
    pub named: Named<'t>,
    /// The numbers of the fields whose values have a fault.
    faulty: Vec<u16>,
    /// Whether a field is named that the table does not have: it may be any.
    unknown: bool,
    /// Whether there was no fault at all.
    whole: bool,
}

impl<'t> Sound<'t> {
    /// The values, if all are sound.
    pub fn whole(self) -> Option<Named<'t>> {
        self.whole.then_some(self.named)
    }

    pub const fn is_whole(&self) -> bool {
        self.whole
    }
}

/// Reads the member `values` of a record, each value by itself, so that what is sound can be judged further beside what
/// is not. `None` if there are no values at all.
pub fn values_read<'t>(
    table: &'t OpenTable,
    values: Option<&OwnedJson>,
    keys: Keys,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Sound<'t>> {
    let before = faults.count();
    let (mut named, mut faulty, mut unknown) = (Named::new(), Vec::new(), false);
    for (key, json) in values?.view().members(at, faults)? {
        let at = at.member(&key);
        let Some(open) = table.field_keyed(&key, keys) else {
            let detail = unknown_field(table, &key, keys, faults);
            faults.add(at, Code::UnknownField, detail);
            unknown = true;
            continue;
        };
        match value_read(open, json, &at, faults) {
            Some(value) => named.push((open, value)),
            None => faulty.push(open.field.number),
        }
    }
    Some(Sound { named, faulty, unknown, whole: faults.count() == before })
}

/// That a field is not there, and what was probably meant.
fn unknown_field(table: &OpenTable, key: &str, keys: Keys, faults: &mut Faults) -> String {
    if keys == Keys::Name {
        let hint = faults.hint(key, table.fields.iter().map(|open| open.field.name.as_str()));
        return format!("The table has no field `{}`.{hint}", Shown(key));
    }
    match table.field_keyed(key, Keys::Name) {
        Some(open) => {
            format!("With `keys=id` fields are called by their ids: `{key}` is `{}`.", open.field.id)
        }
        None => {
            format!("With `keys=id` fields are called by their ids; no field has the id `{}`.", Shown(key))
        }
    }
}

/// Reads the value of one field; `null` is the empty value.
pub fn value_read(
    open: &OpenField,
    json: Json<'_>,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<Value<'static>> {
    if open.of_type.source() != Source::Client {
        faults.add(at, Code::ComputedField, format!("The server gives the values of `{}`.", open.field.name));
        return None;
    }
    let value = if json.is_null() { Value::Empty } else { open.of_type.parse(json, at, faults)? };
    if value.is_empty() && open.field.required && !open.of_type.never_empty() {
        faults.add(at, Code::Required, format!("The field `{}` is required.", open.field.name));
        return None;
    }
    Some(value)
}

/// A new record of the table's next number. Fields that are not named get their default.
pub fn draft_new(table: &OpenTable, id: RecordId, named: &Named<'_>, head: &mut Head, stamp: Stamp) -> Draft {
    head.sequence = head.sequence.saturating_add(1);
    let mut draft = Draft {
        id,
        version: 1,
        sequence: head.sequence,
        created: stamp,
        updated: stamp,
        fields: std::collections::BTreeMap::new(),
    };
    for open in table.fields.iter().filter(|open| open.of_type.source() == Source::Client) {
        let given = named.iter().find(|(named, _)| named.field.number == open.field.number);
        let default = open.default_value();
        let value = given.map_or(&default, |(_, value)| value);
        draft.set(open.field.number, value);
    }
    draft
}

/// A fault for each required field of a new record that neither the body nor a default gives a value.
pub fn missing_check(
    table: &OpenTable,
    sound: &Sound<'_>,
    keys: Keys,
    at: &Pointer<'_>,
    faults: &mut Faults,
) {
    // Which of the required ones are there can't be told while some are called by unknown names.
    if sound.unknown {
        return;
    }
    let required = |open: &&OpenField| {
        open.field.required && open.of_type.source() == Source::Client && !open.of_type.never_empty()
    };
    for open in table.fields.iter().filter(required) {
        let number = open.field.number;
        let given = sound.named.iter().any(|(named, _)| named.field.number == number);
        if !given && !sound.faulty.contains(&number) && open.default_value().is_empty() {
            let at = at.member("values");
            let key = open.key_text(keys);
            faults.add(
                at.member(&key),
                Code::Required,
                format!("The field `{}` is required.", open.field.name),
            );
        }
    }
}

/// A record with some values changed; `None` if that changes nothing, and then its version stays.
pub fn draft_changed(before: &Record, named: &Named<'_>, stamp: Stamp) -> Option<Draft> {
    let mut draft = before.to_draft();
    for (open, value) in named {
        draft.set(open.field.number, value);
    }
    if record::changed_fields(before, &draft).is_empty() {
        return None;
    }
    draft.version = draft.version.saturating_add(1);
    draft.updated = stamp;
    Some(draft)
}

/// A fault for each record that holds more than a record may.
fn sizes_check(table: &OpenTable, edits: &[Edit], layout: Layout) -> Result<()> {
    let mut faults = Faults::default();
    // Values of fields that are gone are not written again.
    let written = |draft: &Draft| -> usize {
        let bytes = table.fields.iter().filter_map(|open| draft.fields.get(&open.field.number));
        bytes.map(Vec::len).sum()
    };
    let too_large = |draft: &Draft| draft.size() > RECORD_BYTES_MAX && written(draft) > RECORD_BYTES_MAX;
    for (n, edit) in edits.iter().enumerate() {
        if edit.after.as_ref().is_some_and(too_large) {
            let detail = format!("The values of a record take at most {} MiB.", RECORD_BYTES_MAX >> 20);
            layout.at(n, |at| faults.add(at.member("values"), Code::OutOfRange, detail));
        }
    }
    faults.check()
}

/// Writes edits, or says which of them are too large or at which of them unique values are taken.
pub fn edits_write(
    txn: &mut Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &OpenTable,
    head: Head,
    edits: &[Edit],
    layout: Layout,
) -> Result<()> {
    sizes_check(table, edits, layout)?;
    let writing = txn.writing(access);
    let written = record::records_write(txn.write, *access.place(), table, head, edits, &writing)?;
    written.map_err(|taken| {
        let mut faults = Faults::default();
        taken_add(table, edits, &taken, layout, &mut faults);
        faults.into()
    })
}

/// The error of a body that has faults, with one more for each sound value in it that is taken; `Ok` if it has none.
pub fn faults_check(
    txn: &Txn<'_>,
    access: &Access<RecordsWrite>,
    table: &OpenTable,
    edits: &[Edit],
    layout: Layout,
    mut faults: Faults,
) -> Result<()> {
    if faults.is_empty() {
        return Ok(());
    }
    let taken = record::uniques_taken(&*txn.write, *access.place(), table, edits)?;
    taken_add(table, edits, &taken, layout, &mut faults);
    faults.check()
}

fn taken_add(table: &OpenTable, edits: &[Edit], taken: &[Taken], layout: Layout, faults: &mut Faults) {
    let mut named = HashSet::new();
    for Taken { edit, field } in taken {
        // All records of a change by filter get their values from one place in the body.
        if !layout.listed && !named.insert(*field) {
            continue;
        }
        let Some(open) = table.fields.iter().find(|open| open.field.number == *field) else { continue };
        let name = open.field.name.as_str();
        let bytes =
            edits.get(*edit).and_then(|edit| edit.after.as_ref()).and_then(|draft| draft.fields.get(field));
        let shown = bytes.map(|bytes| open.of_type.to_text(&open.value(bytes))).unwrap_or_default();
        let shown: String = shown.chars().take(80).collect();
        layout.at(*edit, |at| {
            let at = at.member("values");
            let key = open.key_text(layout.keys);
            faults.add(
                at.member(&key),
                Code::ValueTaken,
                format!("Another record has `{shown}` in the unique field `{name}`."),
            );
        });
    }
}
