//! Records, and the bytes they are stored as.
//!
//! ```text
//! format 1 │ flags 1 │ version varint │ sequence varint │ created: time 8, actor 1 or 17 │ updated: likewise, unless
//! flag 1 says that it is the same │ count varint │ count × (field number, as the distance from the one before, varint │
//! length varint) │ the values' bytes, one after another
//! ```
//!
//! Fields stand in the order of their numbers, and an empty one does not stand at all. One field is read without reading
//! the others.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::clock::Time;
use crate::codec::value::Unreadable;
use crate::codec::varint;
use crate::id::{Id, RecordId, TokenId, UserId};
use crate::model::change::{Actor, Stamp};
use crate::model::field::{OpenField, Source};
use crate::model::value::Value;

const FORMAT: u8 = 1;
const NEVER_UPDATED: u8 = 1;

/// A record as it is read: its header, and the bytes of its values.
#[derive(Clone, Debug)]
pub struct Record {
    pub id: RecordId,
    /// 1, 2, …: counts the changes.
    pub version: u32,
    /// Which record of its table it was, counted from 1.
    pub sequence: u32,
    pub created: Stamp,
    pub updated: Stamp,
    bytes: Bytes,
    /// Where the directory begins, after its count, and how many fields it has.
    directory: usize,
    count: u32,
}

/// Where the values of one record stand in its bytes, by field number.
#[derive(Debug, Default)]
pub struct Places(Vec<(u16, std::ops::Range<usize>)>);

/// A record being made or changed: what [`Record`] is read from.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub id: RecordId,
    pub version: u32,
    pub sequence: u32,
    pub created: Stamp,
    pub updated: Stamp,
    /// The bytes of the values that are not empty, by field number.
    pub fields: BTreeMap<u16, Vec<u8>>,
}

impl Draft {
    /// Sets a field; the empty value takes it out.
    pub fn set(&mut self, number: u16, value: &Value<'_>) {
        if value.is_empty() {
            self.fields.remove(&number);
        } else {
            self.fields.insert(number, value.to_bytes());
        }
    }

    /// Bytes of all of its values.
    pub fn size(&self) -> usize {
        self.fields.values().map(Vec::len).sum()
    }

    /// The bytes that are stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(64 + self.fields.values().map(|bytes| bytes.len() + 4).sum::<usize>());
        let same = self.created == self.updated;
        out.extend_from_slice(&[FORMAT, if same { NEVER_UPDATED } else { 0 }]);
        varint::write(self.version, &mut out);
        varint::write(self.sequence, &mut out);
        write_stamp(self.created, &mut out);
        if !same {
            write_stamp(self.updated, &mut out);
        }
        varint::write(length(self.fields.len()), &mut out);
        let mut before = 0;
        for (number, bytes) in &self.fields {
            varint::write(u32::from(number - before), &mut out);
            varint::write(length(bytes.len()), &mut out);
            before = *number;
        }
        self.fields.values().for_each(|bytes| out.extend_from_slice(bytes));
        out
    }

    /// The record that this is once it is stored.
    pub fn into_record(self) -> Result<Record, Unreadable> {
        Record::decode(self.id, Bytes::from(self.encode()))
    }
}

impl Record {
    /// Reads a stored record; its values stay as they are until they are asked for.
    pub fn decode(id: RecordId, bytes: Bytes) -> Result<Record, Unreadable> {
        let short = || Unreadable::Bytes("a record ends too soon".into());
        let mut rest = bytes.as_ref();
        let [format, flags] = *take::<2>(&mut rest).ok_or_else(short)?;
        if format != FORMAT {
            return Err(Unreadable::Format(format));
        }
        let version = varint::read(&mut rest).ok_or_else(short)?;
        let sequence = varint::read(&mut rest).ok_or_else(short)?;
        let created = read_stamp(&mut rest).ok_or_else(short)?;
        let updated =
            if flags & NEVER_UPDATED != 0 { created } else { read_stamp(&mut rest).ok_or_else(short)? };
        let count = varint::read(&mut rest).ok_or_else(short)?;
        let directory = bytes.len() - rest.len();
        Ok(Record { id, version, sequence, created, updated, bytes, directory, count })
    }

    /// The bytes that are stored.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Notes where each value stands, so that any field is found by halving.
    pub fn places(&self, places: &mut Places) {
        places.0.clear();
        let mut directory = self.bytes.get(self.directory..).unwrap_or_default();
        let (mut number, mut at) = (0_u16, 0_usize);
        for _ in 0..self.count {
            let step = varint::read(&mut directory).and_then(|step| u16::try_from(step).ok());
            let (Some(step), Some(length)) = (step, varint::read(&mut directory)) else { break };
            number = number.saturating_add(step);
            places.0.push((number, at..at + length as usize));
            at += length as usize;
        }
        let values = self.bytes.len() - directory.len();
        places.0.iter_mut().for_each(|(_, place)| *place = values + place.start..values + place.end);
    }

    /// The bytes of a field by the places of this record.
    pub fn at(&self, places: &Places, number: u16) -> Option<&[u8]> {
        let found = places.0.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        self.bytes.get(places.0.get(found)?.1.clone())
    }

    /// The fields that are not empty, in the order of their numbers.
    pub fn fields(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut directory = self.bytes.get(self.directory..).unwrap_or_default();
        let mut values = directory;
        for _ in 0..2 * u64::from(self.count) {
            // Damaged bytes may say four billion fields, and end here.
            if varint::read(&mut values).is_none() {
                break;
            }
        }
        let mut number = 0_u16;
        (0..self.count).map_while(move |_| {
            number = number.checked_add(u16::try_from(varint::read(&mut directory)?).ok()?)?;
            let (value, rest) = values.split_at_checked(varint::read(&mut directory)? as usize)?;
            values = rest;
            Some((number, value))
        })
    }

    /// The bytes of one field, if it is not empty.
    pub fn field(&self, number: u16) -> Option<&[u8]> {
        self.fields().find(|(found, _)| *found == number).map(|(_, bytes)| bytes)
    }

    /// The value of a field, computed ones too.
    pub fn value<'a>(&'a self, open: &OpenField) -> Value<'a> {
        match open.of_type.source() {
            Source::Client => self.field(open.field.number).map_or(Value::Empty, |bytes| open.value(bytes)),
            Source::Sequence => Value::Int(i64::from(self.sequence)),
            Source::CreatedAt => Value::Time(self.created.at),
            Source::UpdatedAt => Value::Time(self.updated.at),
        }
    }

    /// A draft with everything as it is.
    pub fn to_draft(&self) -> Draft {
        Draft {
            id: self.id,
            version: self.version,
            sequence: self.sequence,
            created: self.created,
            updated: self.updated,
            fields: self.fields().map(|(number, bytes)| (number, bytes.to_vec())).collect(),
        }
    }
}

fn length(n: usize) -> u32 {
    // A transaction is bounded far below this, so a longer value can't be stored anyway.
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(head)
}

fn write_stamp(stamp: Stamp, out: &mut Vec<u8>) {
    out.extend_from_slice(&stamp.at.millis().to_be_bytes());
    match stamp.by {
        Actor::Operator => out.push(0),
        Actor::User(id) => {
            out.push(1);
            out.extend_from_slice(&id.to_bytes());
        }
        Actor::Token(id) => {
            out.push(2);
            out.extend_from_slice(&id.to_bytes());
        }
    }
}

fn read_stamp(bytes: &mut &[u8]) -> Option<Stamp> {
    let at = Time::from_millis(i64::from_be_bytes(*take::<8>(bytes)?));
    let by = match take::<1>(bytes)? {
        [0] => Actor::Operator,
        [1] => Actor::User(UserId::from_bytes(*take(bytes)?)),
        [2] => Actor::Token(TokenId::from_bytes(*take(bytes)?)),
        _ => return None,
    };
    Some(Stamp { at, by })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn actors() -> impl Strategy<Value = Actor> {
        prop_oneof![
            Just(Actor::Operator),
            any::<[u8; 16]>().prop_map(|id| Actor::User(UserId::from_bytes(id))),
            any::<[u8; 16]>().prop_map(|id| Actor::Token(TokenId::from_bytes(id))),
        ]
    }

    fn stamps() -> impl Strategy<Value = Stamp> {
        (any::<i64>(), actors()).prop_map(|(ms, by)| Stamp { at: Time::from_millis(ms), by })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            id: [u8; 16], version: u32, sequence: u32, created in stamps(), other in stamps(), same: bool,
            fields: BTreeMap<u16, Vec<u8>>,
        ) {
            let updated = if same { created } else { other };
            let draft = Draft { id: RecordId::from_bytes(id), version, sequence, created, updated, fields };
            let record = draft.clone().into_record().unwrap();
            let mut places = Places::default();
            record.places(&mut places);
            for (number, bytes) in &draft.fields {
                prop_assert_eq!(record.field(*number), Some(bytes.as_slice()));
                prop_assert_eq!(record.at(&places, *number), Some(bytes.as_slice()));
            }
            prop_assert_eq!(record.to_draft(), draft);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            read_all(bytes);
        }

        #[test]
        fn no_damage_makes_it_panic(
            created in stamps(), updated in stamps(), fields: BTreeMap<u16, Vec<u8>>,
            damage: Vec<(prop::sample::Index, u8)>, cut: prop::sample::Index,
        ) {
            let id = RecordId::from_bytes([0; 16]);
            let mut bytes = Draft { id, version: 1, sequence: 1, created, updated, fields }.encode();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_all(bytes.clone());
            bytes.truncate(cut.index(bytes.len()));
            read_all(bytes);
        }
    }

    fn read_all(bytes: Vec<u8>) {
        let Ok(record) = Record::decode(RecordId::from_bytes([0; 16]), bytes.into()) else { return };
        let mut places = Places::default();
        record.places(&mut places);
        for (number, _) in record.to_draft().fields {
            let _ = (record.field(number), record.at(&places, number));
        }
    }

    #[test]
    fn a_count_beyond_the_bytes_ends_with_them() {
        let stamp = Stamp { at: Time::from_millis(0), by: Actor::Operator };
        let (id, fields) = (RecordId::from_bytes([0; 16]), BTreeMap::new());
        let draft = Draft { id, version: 1, sequence: 1, created: stamp, updated: stamp, fields };
        let mut bytes = draft.encode();
        bytes.pop();
        crate::codec::varint::write(u32::MAX, &mut bytes);
        // Each of them would count to eight billion.
        (0..100).for_each(|_| read_all(bytes.clone()));
    }
}
