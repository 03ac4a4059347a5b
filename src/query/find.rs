//! A page of the records that a filter means, in the order of a sort: planned, then found in the quickest way that the
//! table and what is held of it allow. All ways answer the same.

use std::cmp::Ordering;

use super::columns::{Chunk, Columns, Filter};
use super::lookup::Named;
use super::order::{Position, Smallest, compare, compare_positions, rank, ties};
use super::row::Stored;
use super::stop::Stop;
use super::{list, stream};
use crate::access::InTable;
use crate::error::{Error, Result};
use crate::id::{Id, RecordId};
use crate::kv::{Read, Way};
use crate::limits::PAGE_BYTES_MAX;
use crate::model::expr::{Column, Expr, Slot, SortKey};
use crate::model::record::Record;
use crate::model::table::OpenTable;
use crate::store;

/// Records that are read from the store at once.
const FETCHED_AT_ONCE: usize = 128;
/// Chunks between two looks at whether to stop.
pub const STOP_EVERY: usize = 16;

/// What is asked of one table.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    pub place: InTable,
    pub filter: &'a Expr,
    pub sort: &'a [SortKey],
    pub after: Option<&'a Position>,
    /// Records of the page, at least one.
    pub limit: usize,
    pub total: bool,
    pub stop: &'a Stop,
}

/// A page, and what it took.
#[derive(Debug)]
pub struct Found {
    pub records: Vec<Record>,
    /// All records that are meant, whatever the page, if that was asked for.
    pub total: Option<u64>,
    pub next: Option<Position>,
    /// Records that were looked at.
    pub examined: u64,
}

impl Found {
    /// From the records of the page and, if there is one, the one behind it.
    pub fn of(search: &Search<'_>, mut page: Vec<Stored>, total: Option<u64>, examined: u64) -> Found {
        let more = page.len() > search.limit;
        page.truncate(search.limit);
        Found::of_page(search, page, more, total, examined)
    }

    /// From the records of the page, and whether there are more behind them.
    pub fn of_page(
        search: &Search<'_>,
        page: Vec<Stored>,
        more: bool,
        total: Option<u64>,
        examined: u64,
    ) -> Found {
        let last = page.last().filter(|_| more);
        let next = last.map(|row| Position::of(row, search.sort));
        Found { next, records: page.into_iter().map(|row| row.record).collect(), total, examined }
    }
}

impl Search<'_> {
    /// The way of a list whose order is that of the ids.
    fn order_of_ids(&self) -> Option<Way> {
        match self.sort.first() {
            None => Some(Way::Up),
            Some(key) if key.column == Column::ID => Some(if key.descending { Way::Down } else { Way::Up }),
            Some(_) => None,
        }
    }

    /// The columns that filter and sort look at.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = Vec::new();
        let mut add = |column: Column| {
            if column.slot != Slot::Id && !columns.contains(&column) {
                columns.push(column);
            }
        };
        self.filter.columns(&mut add);
        self.sort.iter().for_each(|key| add(key.column));
        columns
    }

    /// Roughly, what is asked of each row, in thirds of a nanosecond.
    pub fn cost(&self) -> u64 {
        let sort = if self.order_of_ids().is_some() { 1 } else { 12 };
        self.filter.cost() + sort
    }

    /// The page if it can be had without looking at all records: by a range of the store, or by look-ups.
    pub fn quick(
        &self,
        read: &(impl Read + ?Sized),
        table: &OpenTable,
        records: u64,
    ) -> Result<Option<(&'static str, Found)>> {
        if let (Some(way), true) = (self.order_of_ids(), *self.filter == Expr::TRUE) {
            return self.range(read, way, records).map(|found| Some(("range", found)));
        }
        let Some(named) = Named::by(self.filter, table) else { return Ok(None) };
        let rows = named.get(read, self.place)?;
        Ok(Some(("lookup", self.among(rows))))
    }

    fn range(&self, read: &(impl Read + ?Sized), way: Way, records: u64) -> Result<Found> {
        let page = list::Page { after: self.after.map(|after| after.id), way, limit: self.limit };
        let mut found = Vec::with_capacity(self.limit.min(128));
        let next = list::list(read, self.place, page, |record| found.push(record))?;
        let empty = |_: &SortKey| crate::model::value::Value::Empty;
        let next = next.map(|id| Position { values: self.sort.iter().map(empty).collect(), id });
        let examined = found.len() as u64;
        Ok(Found { records: found, total: self.total.then_some(records), next, examined })
    }

    /// The page among a few records.
    fn among(&self, rows: Vec<Stored>) -> Found {
        let examined = rows.len() as u64;
        let meant = rows.into_iter().filter(|row| self.filter.holds(row));
        let mut meant: Vec<_> = meant.map(|row| (Position::of(&row, self.sort), row)).collect();
        let total = meant.len() as u64;
        meant.sort_by(|a, b| compare_positions(&a.0, &b.0, self.sort));
        let is_past = |at: &Position| {
            self.after.is_none_or(|after| compare_positions(after, at, self.sort) == Ordering::Less)
        };
        let page = meant.into_iter().filter(|(at, _)| is_past(at)).map(|(_, row)| row);
        Found::of(self, page.take(self.limit + 1).collect(), self.total.then_some(total), examined)
    }

    /// The page by looking at every record of the store.
    pub fn streamed(&self, read: &(impl Read + ?Sized)) -> Result<Found> {
        match self.order_of_ids() {
            Some(way) => stream::in_order(read, self, way),
            None => stream::sorted(read, self),
        }
    }

    /// The page by columns of exactly the state of the snapshot, which the records are read from.
    pub fn in_columns(&self, read: &(impl Read + ?Sized), columns: &Columns) -> Result<Found> {
        let scan = Scan { search: self, columns, filter: Filter::new(self.filter, columns)? };
        let picked = match self.order_of_ids() {
            Some(way) => scan.in_order(way)?,
            None => scan.sorted()?,
        };
        let more = picked.rows.len() > self.limit;
        let ids: Vec<_> = picked.rows.iter().take(self.limit).map(|(chunk, row)| chunk.id(*row)).collect();
        let found = self.fetched(read, &ids)?;
        let more = more || found.len() < ids.len();
        Ok(Found::of_page(self, found, more, self.total.then_some(picked.total), picked.examined))
    }

    /// The records of a page, fewer where they are large: they are all in memory at once.
    pub fn fetched(&self, read: &(impl Read + ?Sized), ids: &[RecordId]) -> Result<Vec<Stored>> {
        let (mut page, mut bytes) = (Vec::with_capacity(ids.len()), 0);
        for ids in ids.chunks(FETCHED_AT_ONCE) {
            for record in store::record::records_get(read, self.place, ids)?.1 {
                let lacking = || Error::internal("a record is known that the snapshot lacks");
                let record = record.ok_or_else(lacking)?;
                if bytes >= PAGE_BYTES_MAX {
                    return Ok(page);
                }
                bytes += record.size();
                page.push(Stored::of(record));
            }
        }
        Ok(page)
    }
}

/// A search over columns.
struct Scan<'a> {
    search: &'a Search<'a>,
    columns: &'a Columns,
    filter: Filter<'a>,
}

/// The rows of a page and the one behind it.
struct Picked<'a> {
    rows: Vec<(&'a Chunk, usize)>,
    total: u64,
    examined: u64,
}

/// A row that may be in the page.
#[derive(Clone, Copy)]
struct Candidate {
    rank: u64,
    chunk: u32,
    row: u32,
}

impl<'a> Scan<'a> {
    fn in_order(&self, way: Way) -> Result<Picked<'a>> {
        let after = self.search.after.map(|after| after.id.to_number());
        let want = self.search.limit + 1;
        let mut picked = Picked { rows: Vec::with_capacity(want.min(1024)), total: 0, examined: 0 };
        let chunks = self.columns.chunks();
        for n in 0..chunks.len() {
            let place = if way == Way::Up { n } else { chunks.len() - 1 - n };
            let Some(chunk) = chunks.get(place) else { break };
            if n.is_multiple_of(STOP_EVERY) {
                self.search.stop.check()?;
            }
            let is_past =
                |id: &u128| after.is_none_or(|after| if way == Way::Up { *id > after } else { *id < after });
            let ends = [chunk.ids().first(), chunk.ids().last()];
            let reaches = ends.into_iter().flatten().any(is_past);
            if !self.search.total && !reaches {
                continue;
            }
            let meant = self.filter.rows(chunk);
            picked.examined += chunk.rows() as u64;
            picked.total += meant.count() as u64;
            if reaches && picked.rows.len() < want {
                let take = want - picked.rows.len();
                let past = meant.rows().filter(|row| chunk.ids().get(*row).is_some_and(is_past));
                let pair = |row| (chunk, row);
                if way == Way::Up {
                    picked.rows.extend(past.take(take).map(pair));
                } else {
                    let past: Vec<usize> = past.collect();
                    picked.rows.extend(past.into_iter().rev().take(take).map(pair));
                }
            }
            if !self.search.total && picked.rows.len() == want {
                break;
            }
        }
        Ok(picked)
    }

    fn sorted(&self) -> Result<Picked<'a>> {
        let sort = self.search.sort;
        let (Some(first), Some(place)) =
            (sort.first(), sort.first().and_then(|key| self.columns.place(key.column)))
        else {
            return Err(Error::internal("a column of the sort is not held"));
        };
        let places: Vec<Option<usize>> = sort.iter().map(|key| self.columns.place(key.column)).collect();
        let chunks = self.columns.chunks();
        let order =
            |a: &Candidate, b: &Candidate| a.rank.cmp(&b.rank).then_with(|| self.compare(&places, *a, *b));
        let mut smallest = Smallest::new(self.search.limit + 1, order);
        let (mut total, mut examined) = (0, 0);
        for (n, chunk) in chunks.iter().enumerate() {
            if n.is_multiple_of(STOP_EVERY) {
                self.search.stop.check()?;
            }
            let meant = self.filter.rows(chunk);
            total += meant.count() as u64;
            examined += chunk.rows() as u64;
            let Some(cells) = chunk.cells(place) else { continue };
            let mut bound = smallest.bound().map_or(u64::MAX, |bound| bound.rank);
            for row in meant.rows() {
                let rank = rank(first, cells, row);
                if rank > bound || !self.is_past(&places, chunk, row) {
                    continue;
                }
                smallest.add(Candidate { rank, chunk: index(n), row: index(row) });
                bound = smallest.bound().map_or(u64::MAX, |bound| bound.rank);
            }
        }
        let rows = smallest.into_sorted().into_iter();
        let rows = rows.filter_map(|row| Some((chunks.get(row.chunk as usize)?, row.row as usize))).collect();
        Ok(Picked { rows, total, examined })
    }

    fn compare(&self, places: &[Option<usize>], a: Candidate, b: Candidate) -> Ordering {
        let chunks = self.columns.chunks();
        let (Some(left), Some(right)) = (chunks.get(a.chunk as usize), chunks.get(b.chunk as usize)) else {
            return Ordering::Equal;
        };
        for (key, place) in self.search.sort.iter().zip(places) {
            let Some(place) = place else { continue };
            let order =
                compare(key, &left.value(*place, a.row as usize), &right.value(*place, b.row as usize));
            if order != Ordering::Equal {
                return order;
            }
        }
        ties(self.search.sort, (a.chunk, a.row).cmp(&(b.chunk, b.row)))
    }

    /// Whether a row comes behind where the page begins.
    fn is_past(&self, places: &[Option<usize>], chunk: &Chunk, row: usize) -> bool {
        let Some(after) = self.search.after else { return true };
        for ((key, place), value) in self.search.sort.iter().zip(places).zip(&after.values) {
            let Some(place) = place else { continue };
            match compare(key, value, &chunk.value(*place, row)) {
                Ordering::Less => return true,
                Ordering::Greater => return false,
                Ordering::Equal => {}
            }
        }
        ties(self.search.sort, after.id.cmp(&chunk.id(row))) == Ordering::Less
    }
}

/// A place among fewer than four billion.
fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
