//! The columns that are held, over all tables, within one budget of memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Built, Columns};
use crate::access::InTable;
use crate::error::Result;
use crate::id::TableId;
use crate::kv::Read;
use crate::model::expr::Column;

/// Columns by table. Whoever needs some pulls them to the number of their own snapshot; nobody pushes.
#[derive(Debug)]
pub struct Held {
    /// Bytes.
    budget: usize,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    by_id: HashMap<TableId, Slot>,
    /// Counts uses, to know which was used last.
    clock: u64,
}

#[derive(Debug, Default)]
struct Slot {
    columns: Option<Arc<Columns>>,
    used: u64,
    /// Held by whoever builds or advances: all others wait for that.
    building: Arc<Mutex<()>>,
    /// What did not fit: these columns of so many records. It is not tried again with them and as many records.
    too_large: Option<(u64, Vec<Column>)>,
}

/// What a query asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub place: InTable,
    /// The change number in the query's snapshot, and the number of records.
    pub number: u64,
    pub records: u64,
    pub columns: &'a [Column],
    /// What is built along when the whole table is read anyway: columns that take little memory.
    pub along: &'a [Column],
}

/// What a query gets.
#[derive(Debug)]
pub enum Got {
    Columns(Arc<Columns>),
    /// Others have moved on: take a newer snapshot.
    Ahead,
    /// They do not fit the budget: stream.
    TooLarge,
}

impl Held {
    pub fn new(budget: usize) -> Held {
        Held { budget, tables: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes that are held.
    pub fn memory(&self) -> usize {
        self.lock().memory()
    }

    /// The columns, if they are there at exactly this number.
    pub fn ready(&self, wanted: Wanted<'_>) -> Option<Arc<Columns>> {
        let mut tables = self.lock();
        tables.clock += 1;
        let now = tables.clock;
        let slot = tables.by_id.get_mut(&wanted.place.table())?;
        let columns = slot.columns.clone().filter(|held| held.number == wanted.number)?;
        slot.used = now;
        columns.lacking(wanted.columns).is_empty().then_some(columns)
    }

    /// The columns of a snapshot, brought up to date or built if they have to be.
    pub fn at(&self, read: &(impl Read + ?Sized), wanted: Wanted<'_>) -> Result<Got> {
        let building = {
            let mut tables = self.lock();
            let slot = tables.by_id.entry(wanted.place.table()).or_default();
            let hopeless = slot.too_large.as_ref().is_some_and(|(records, columns)| {
                wanted.records >= *records && columns.iter().all(|column| wanted.columns.contains(column))
            });
            if hopeless {
                return Ok(Got::TooLarge);
            }
            slot.building.clone()
        };
        let _alone = building.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.lock().by_id.get(&wanted.place.table()).and_then(|slot| slot.columns.clone());
        let built = match held {
            Some(held) if held.number > wanted.number => return Ok(Got::Ahead),
            Some(held) if held.number == wanted.number && held.lacking(wanted.columns).is_empty() => {
                return Ok(Got::Columns(held));
            }
            Some(held) => self.beginning_with(read, &held, wanted)?,
            None => self.anew(read, wanted)?,
        };
        Ok(match built {
            Built::Done(columns) => Got::Columns(self.publish(wanted, columns)),
            Built::TooLarge => {
                let mut tables = self.lock();
                let slot = tables.by_id.entry(wanted.place.table()).or_default();
                slot.too_large = Some((wanted.records, wanted.columns.to_vec()));
                Got::TooLarge
            }
        })
    }

    /// From what is held at an earlier number or the same one.
    fn beginning_with(
        &self,
        read: &(impl Read + ?Sized),
        held: &Arc<Columns>,
        wanted: Wanted<'_>,
    ) -> Result<Built> {
        let lacking = held.lacking(wanted.columns);
        let advanced = if held.number == wanted.number {
            Some(Columns::clone(held))
        } else {
            held.advanced(read, wanted.place, wanted.number)?
        };
        let Some(columns) = advanced.filter(|columns| columns.memory() <= self.budget) else {
            return self.anew(read, wanted);
        };
        if lacking.is_empty() {
            return Ok(Built::Done(columns));
        }
        match columns.widened(read, wanted.place, &lacking, self.budget)? {
            Some(Built::Done(columns)) => Ok(Built::Done(columns)),
            // Without those that nobody asks for now they may fit.
            Some(Built::TooLarge) | None => self.anew(read, wanted),
        }
    }

    /// By one reading of the whole table.
    fn anew(&self, read: &(impl Read + ?Sized), wanted: Wanted<'_>) -> Result<Built> {
        let build =
            |columns: &[Column]| Columns::build(read, wanted.place, wanted.number, columns, self.budget);
        let mut columns = wanted.columns.to_vec();
        columns.extend(wanted.along.iter().filter(|column| !wanted.columns.contains(column)));
        match build(&columns)? {
            Built::TooLarge if columns.len() > wanted.columns.len() => build(wanted.columns),
            built => Ok(built),
        }
    }

    /// Holds columns, and lets go of those that were used longest ago until all fit the budget.
    fn publish(&self, wanted: Wanted<'_>, columns: Columns) -> Arc<Columns> {
        let columns = Arc::new(columns);
        let mut tables = self.lock();
        tables.clock += 1;
        let now = tables.clock;
        let slot = tables.by_id.entry(wanted.place.table()).or_default();
        slot.used = now;
        // Two may build at once if the table was let go of meanwhile.
        if slot.columns.as_ref().is_none_or(|held| held.number <= columns.number) {
            slot.columns = Some(columns.clone());
        }
        let held = |column: &Column| columns.place(*column).is_some();
        if slot.too_large.as_ref().is_some_and(|(_, tried)| tried.iter().all(held)) {
            slot.too_large = None;
        }
        while tables.memory() > self.budget {
            let others = tables
                .by_id
                .iter()
                .filter(|(id, slot)| **id != wanted.place.table() && slot.columns.is_some());
            let Some(oldest) = others.min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id) else { break };
            tables.by_id.remove(&oldest);
        }
        columns
    }
}

impl Tables {
    fn memory(&self) -> usize {
        self.by_id.values().filter_map(|slot| slot.columns.as_ref()).map(|columns| columns.memory()).sum()
    }
}
