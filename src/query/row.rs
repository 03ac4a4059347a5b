//! A stored record as expressions see it.

use crate::id::RecordId;
use crate::model::expr::{Column, Row, Slot};
use crate::model::record::{Places, Record};
use crate::model::value::{Kind, Value};

/// A record whose values have been found.
#[derive(Debug)]
pub struct Stored {
    pub record: Record,
    places: Places,
}

impl Stored {
    pub fn of(record: Record) -> Stored {
        Stored::with(record, Places::default())
    }

    fn with(record: Record, mut places: Places) -> Stored {
        record.places(&mut places);
        Stored { record, places }
    }

    /// The value of a column as it is compared: the id is no value.
    fn value_of(&self, column: Column) -> Value<'_> {
        let record = &self.record;
        match column.slot {
            Slot::Id => Value::Empty,
            Slot::Version => Value::Int(i64::from(record.version)),
            Slot::Sequence => Value::Int(i64::from(record.sequence)),
            Slot::CreatedAt => Value::Time(record.created.at),
            Slot::UpdatedAt => Value::Time(record.updated.at),
            Slot::Field(number) => {
                let read = |kind| record.at(&self.places, number).and_then(|bytes| Value::read(kind, bytes));
                match (column.kind, column.kind.and_then(read)) {
                    (_, Some(value)) => value,
                    (Some(Kind::Bool), None) => Value::Bool(false),
                    (_, None) => Value::Empty,
                }
            }
        }
    }
}

/// One record after another, found in the same memory.
#[derive(Debug, Default)]
pub struct Reused(Option<Stored>);

impl Reused {
    pub fn of(&mut self, record: Record) -> &Stored {
        let places = self.0.take().map(|held| held.places).unwrap_or_default();
        self.0.insert(Stored::with(record, places))
    }
}

impl Row for Stored {
    fn id(&self) -> RecordId {
        self.record.id
    }

    fn value(&self, column: Column) -> Value<'_> {
        self.value_of(column)
    }
}
