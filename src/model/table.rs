//! Tables: fields, and what is needed to read and write their records.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::codec::value::{self, Unreadable};
use crate::error::did_you_mean;
use crate::id::{BaseId, FieldId, Id, TableId};
use crate::model::field::{Field, Keys, OpenField};
use crate::model::name::Name;

/// A table, as it is stored. It has at least one field; the first one is the primary one, which names a record to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    pub id: TableId,
    pub base: BaseId,
    pub name: Name,
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// The next number of a field or of a unique index; numbers are never reused.
    pub next_number: u16,
    pub fields: Vec<Field>,
}

impl Table {
    /// A number that no field or index of the table has had; `None` after 65,535 of them.
    pub fn take_number(&mut self) -> Option<u16> {
        let next = self.next_number.checked_add(1)?;
        Some(std::mem::replace(&mut self.next_number, next))
    }
}

/// What changes with every write to a table: a value of its own, so that schema and records don't contend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Records in the table.
    pub records: u64,
    /// The number of the last change.
    pub change: u64,
    /// The last number given to a record by the sequence.
    pub sequence: u32,
}

/// A table with its field types opened, shared by all requests that use it.
#[derive(Debug)]
pub struct OpenTable {
    pub id: TableId,
    pub base: BaseId,
    pub name: Name,
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub next_number: u16,
    pub fields: Vec<OpenField>,
    /// A hash of all of it: two states of a schema in which the same record reads differently never share it.
    pub digest: u64,
}

impl OpenTable {
    pub fn open(table: Table) -> Result<OpenTable, Unreadable> {
        let digest = blake3::hash(&value::encode(&table)?);
        let digest = digest.as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        let Table { id, base, name, description, created_at, updated_at, next_number, fields } = table;
        let fields = fields.into_iter().map(OpenField::open).collect::<Result<_, _>>()?;
        Ok(OpenTable { id, base, name, description, created_at, updated_at, next_number, fields, digest })
    }

    /// The stored form again, to be changed and stored.
    pub fn to_stored(&self) -> Table {
        Table {
            id: self.id,
            base: self.base,
            name: self.name.clone(),
            description: self.description.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
            next_number: self.next_number,
            fields: self.fields.iter().map(|open| open.field.clone()).collect(),
        }
    }

    /// The field that a member of `values` means.
    pub fn field_keyed(&self, key: &str, keys: Keys) -> Option<&OpenField> {
        match keys {
            Keys::Name => self.fields.iter().find(|open| open.field.name.as_str() == key),
            Keys::Id => FieldId::parse(key).and_then(|id| self.field(id)),
        }
    }

    pub fn field(&self, id: FieldId) -> Option<&OpenField> {
        self.fields.iter().find(|open| open.field.id == id)
    }

    /// The field that a path or parameter means, by id or by name.
    pub fn field_meant(&self, text: &str) -> Option<&OpenField> {
        match FieldId::parse(text) {
            Some(id) => self.field(id),
            None => self.field_keyed(text, Keys::Name),
        }
    }

    /// ` Did you mean …?` for a field that is not there.
    pub fn suggest_field(&self, key: &str) -> String {
        did_you_mean(key, self.fields.iter().map(|open| open.field.name.as_str()))
    }
}
