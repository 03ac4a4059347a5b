//! The columns of a table in memory: some of its values, by column, at exactly one change number.
//!
//! They are built by one scan of a snapshot, and brought up to date from the table's change log: what changed is copied, a
//! [`Chunk`] at a time, and all else is shared with what they were before. Rows stand in the order of their ids.

mod bits;
mod cells;
mod chunk;
mod filter;
mod held;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

pub use self::bits::Bits;
pub use self::cells::Cells;
pub use self::chunk::Chunk;
pub use self::filter::Filter;
pub use self::held::{Got, Held, Wanted};

use self::bits::ROWS;
use self::chunk::{Edit, Open};
use super::row::{Reused, Stored};
use crate::access::InTable;
use crate::error::Result;
use crate::id::{Id, RecordId};
use crate::kv::{Read, Way};
use crate::limits::COLUMNS_ADVANCED_MAX;
use crate::model::expr::{Column, Slot};
use crate::store;

/// Some columns of a table at one number.
#[derive(Clone, Debug)]
pub struct Columns {
    /// The table's change number whose state this is.
    pub number: u64,
    held: Vec<Column>,
    chunks: Vec<Chunk>,
    memory: usize,
}

/// How building ended.
#[derive(Debug)]
pub enum Built {
    Done(Columns),
    /// They would take more memory than is left; so many bytes at least.
    TooLarge,
}

impl Columns {
    fn of(number: u64, columns: Vec<Column>, chunks: Vec<Chunk>) -> Columns {
        let memory = chunks.iter().map(Chunk::memory).sum();
        Columns { number, held: columns, chunks, memory }
    }

    /// Builds columns from a snapshot in which the table has this change number, within `budget` bytes.
    pub fn build(
        read: &(impl Read + ?Sized),
        place: InTable,
        number: u64,
        columns: &[Column],
        budget: usize,
    ) -> Result<Built> {
        let (mut chunks, mut open, mut memory) = (Vec::new(), Open::new(columns), 0);
        let mut rows = Reused::default();
        store::record::record_scan(read, place, None, Way::Up, &mut |record| {
            open.push(columns, rows.of(record));
            if open.rows() == ROWS {
                let chunk = std::mem::replace(&mut open, Open::new(columns)).close();
                memory += chunk.memory();
                chunks.push(chunk);
            }
            Ok(if memory > budget { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if open.rows() > 0 && memory <= budget {
            let chunk = open.close();
            memory += chunk.memory();
            chunks.push(chunk);
        }
        if memory > budget {
            return Ok(Built::TooLarge);
        }
        Ok(Built::Done(Columns::of(number, columns.to_vec(), chunks)))
    }

    /// The same with more columns, from a snapshot in which the table has the same change number. `None` if the snapshot
    /// has other rows after all.
    fn widened(
        &self,
        read: &(impl Read + ?Sized),
        place: InTable,
        more: &[Column],
        budget: usize,
    ) -> Result<Option<Built>> {
        let mut chunks: Vec<Chunk> = Vec::with_capacity(self.chunks.len());
        let (mut open, mut memory, mut fits) = (Open::new(more), 0, true);
        let mut rows = Reused::default();
        store::record::record_scan(read, place, None, Way::Up, &mut |record| {
            open.push(more, rows.of(record));
            let Some(held) = self.chunks.get(chunks.len()) else {
                fits = false;
                return Ok(ControlFlow::Break(()));
            };
            if open.rows() == held.rows() {
                let part = std::mem::replace(&mut open, Open::new(more)).close();
                let Some(chunk) = held.with(part) else {
                    fits = false;
                    return Ok(ControlFlow::Break(()));
                };
                memory += chunk.memory();
                chunks.push(chunk);
            }
            Ok(if memory > budget { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if memory > budget {
            return Ok(Some(Built::TooLarge));
        }
        if !fits || open.rows() > 0 || chunks.len() != self.chunks.len() {
            return Ok(None);
        }
        let columns = self.held.iter().chain(more).copied().collect();
        Ok(Some(Built::Done(Columns::of(self.number, columns, chunks))))
    }

    /// The same at a later number, by the change log of a snapshot in which the table has that number. `None` if the log
    /// does not reach back that far, or holds so much that building anew is less work.
    fn advanced(&self, read: &(impl Read + ?Sized), place: InTable, to: u64) -> Result<Option<Columns>> {
        let Some(changes) = Changes::between(read, place, self.number, to, self.rows())? else {
            return Ok(None);
        };
        let mut chunks = self.chunks.clone();
        // From the end, so that the places of chunks that are still to change stay right.
        for (place, edits) in self.by_chunk(changes.edits).into_iter().rev() {
            let made = match chunks.get(place) {
                Some(chunk) => chunk.edited(&self.held, &edits, |column| changes.slots.touch(column)),
                None => fresh(&self.held, &edits),
            };
            chunks.splice(place..(place + 1).min(chunks.len()), made);
        }
        Ok(Some(Columns::of(to, self.held.clone(), chunks)))
    }

    /// Each edit at the chunk that its id belongs in: the last one that does not begin behind it. What comes after the
    /// rows of a full last chunk gets one of its own.
    fn by_chunk(&self, edits: Vec<Edit>) -> BTreeMap<usize, Vec<Edit>> {
        let mut by_chunk: BTreeMap<usize, Vec<Edit>> = BTreeMap::new();
        let last = self.chunks.last().filter(|chunk| chunk.rows() >= ROWS);
        let end = last.and_then(|chunk| chunk.ids().last().copied());
        for edit in edits {
            let begins_before = |chunk: &Chunk| chunk.ids().first().is_some_and(|first| *first <= edit.id);
            let place = self.chunks.partition_point(begins_before).saturating_sub(1);
            let place = if end.is_some_and(|end| edit.id > end) { self.chunks.len() } else { place };
            by_chunk.entry(place).or_default().push(edit);
        }
        by_chunk
    }

    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    pub fn rows(&self) -> usize {
        self.chunks.iter().map(Chunk::rows).sum()
    }

    /// Bytes in memory.
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// The place of a column among those that are held.
    pub fn place(&self, column: Column) -> Option<usize> {
        self.held.iter().position(|held| *held == column)
    }

    /// Those of `wanted` that are not held.
    fn lacking(&self, wanted: &[Column]) -> Vec<Column> {
        wanted.iter().copied().filter(|column| self.place(*column).is_none()).collect()
    }
}

/// Chunks of records that come behind all others.
fn fresh(columns: &[Column], edits: &[Edit]) -> Vec<Chunk> {
    let records: Vec<&Stored> = edits.iter().filter_map(|edit| edit.now.as_ref()).collect();
    let chunks = records.chunks(ROWS).map(|records| {
        let mut open = Open::new(columns);
        records.iter().for_each(|record| open.push(columns, record));
        open.close()
    });
    chunks.collect()
}

/// What the change log says between two numbers.
struct Changes {
    /// In the order of their ids, each once.
    edits: Vec<Edit>,
    slots: Touched,
}

/// Which columns may have changed.
#[derive(Default)]
struct Touched(BTreeSet<u16>);

impl Touched {
    fn touch(&self, column: Column) -> bool {
        match column.slot {
            Slot::Field(number) => self.0.contains(&number),
            // Those that no change of a record leaves, and what a record made again under its id may have another of.
            Slot::Id | Slot::Version | Slot::UpdatedAt | Slot::Sequence | Slot::CreatedAt => true,
        }
    }
}

impl Changes {
    fn between(
        read: &(impl Read + ?Sized),
        place: InTable,
        from: u64,
        to: u64,
        rows: usize,
    ) -> Result<Option<Changes>> {
        let most = COLUMNS_ADVANCED_MAX.min(rows / 4 + 1000);
        let (mut ids, mut slots, mut reached) = (BTreeSet::new(), Touched::default(), from);
        let (mut whole, mut next_page) = (true, 0);
        store::change::change_list(read, place, from, &mut |(number, page_number), page| {
            // The first pages of a change go before the last ones when the log is trimmed.
            whole = if number == reached {
                page_number == next_page
            } else {
                (number, page_number) == (reached + 1, 0)
            };
            next_page = page_number.saturating_add(1);
            if !whole || number > to {
                return ControlFlow::Break(());
            }
            reached = number;
            for change in page.records {
                ids.insert(change.record);
                slots.0.extend(change.fields);
            }
            if ids.len() > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if !whole || reached != to || ids.len() > most {
            return Ok(None);
        }
        let ids: Vec<RecordId> = ids.into_iter().collect();
        let (_, found) = store::record::records_get(read, place, &ids)?;
        let edits = ids.iter().zip(found);
        let edits = edits.map(|(id, record)| Edit { id: id.to_number(), now: record.map(Stored::of) });
        Ok(Some(Changes { edits: edits.collect(), slots }))
    }
}
