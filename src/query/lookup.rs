//! Filters that name their records: by id, or by the value of a unique field. These are looked up, however many records
//! the table has.

use super::row::Stored;
use crate::access::InTable;
use crate::error::Result;
use crate::id::{Id, RecordId};
use crate::kv::Read;
use crate::limits::LOOKUPS_MAX;
use crate::model::expr::{Among, Expr, Slot, Test};
use crate::model::table::OpenTable;
use crate::model::value::Value;
use crate::store::record;

/// The records that can be meant, of which the whole filter still has to hold.
#[derive(Debug)]
pub enum Named {
    Ids(Vec<RecordId>),
    /// Values of a unique field, as they stand in the index of this number.
    Unique(u16, Vec<Vec<u8>>),
}

impl Named {
    /// What a filter names, if all of its records have to be among that.
    pub fn by(expr: &Expr, table: &OpenTable) -> Option<Named> {
        match expr {
            Expr::All(parts) => parts.iter().find_map(|part| Named::by(part, table)),
            Expr::Test(column, Test::Id(Among::OneOf(ids))) if column.slot == Slot::Id => {
                let ids = ids.iter().map(|id| RecordId::from_number(*id));
                (ids.len() <= LOOKUPS_MAX).then(|| Named::Ids(ids.collect()))
            }
            Expr::Test(column, test) => {
                let Slot::Field(number) = column.slot else { return None };
                let open = table.fields.iter().find(|open| open.field.number == number)?;
                let index = open.field.unique?;
                let values: Vec<Value<'_>> = match test {
                    Test::Text(Among::OneOf(texts)) => {
                        texts.iter().map(|text| Value::Text(text.as_str().into())).collect()
                    }
                    Test::Float(Among::OneOf(numbers)) => numbers.iter().copied().map(Value::Float).collect(),
                    _ => return None,
                };
                let keys: Option<Vec<_>> = values.iter().map(Value::unique_bytes).collect();
                keys.filter(|keys| keys.len() <= LOOKUPS_MAX).map(|keys| Named::Unique(index, keys))
            }
            Expr::Any(_) | Expr::Not(_) | Expr::Compare(..) => None,
        }
    }

    /// The records, in the order of their ids.
    pub fn get(&self, read: &(impl Read + ?Sized), place: InTable) -> Result<Vec<Stored>> {
        let mut ids = match self {
            Named::Ids(ids) => ids.clone(),
            Named::Unique(index, values) => {
                record::unique_get(read, place, *index, values)?.into_iter().flatten().collect()
            }
        };
        ids.sort_unstable();
        ids.dedup();
        let (_, found) = record::records_get(read, place, &ids)?;
        Ok(found.into_iter().flatten().map(Stored::of).collect())
    }
}
