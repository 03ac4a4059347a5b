//! Queries answered from the store, one record after another: what columns answer without them, and the same.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::find::{Found, Search};
use super::order::{Position, Smallest, compare_positions};
use super::row::Stored;
use crate::error::Result;
use crate::id::RecordId;
use crate::kv::{Read, Way};
use crate::limits::PAGE_BYTES_MAX;
use crate::model::expr::Row;
use crate::store;

/// Records between two looks at whether to stop.
const STOP_EVERY: u64 = 1024;

/// Calls `each` with every record, until it breaks; answers how many there were.
pub fn each_record(
    read: &(impl Read + ?Sized),
    search: &Search<'_>,
    after: Option<RecordId>,
    way: Way,
    mut each: impl FnMut(Stored) -> ControlFlow<()>,
) -> Result<u64> {
    let mut seen = 0;
    store::record::record_scan(read, search.place, after, way, &mut |record| {
        seen += 1;
        if seen % STOP_EVERY == 0 {
            search.stop.check()?;
        }
        Ok(each(Stored::of(record)))
    })?;
    Ok(seen)
}

/// A list in the order of ids.
pub fn in_order(read: &(impl Read + ?Sized), search: &Search<'_>, way: Way) -> Result<Found> {
    let after = search.after.map(|after| after.id);
    // A total takes a look at all records, those before the page too.
    let (begin, mut total) = (if search.total { None } else { after }, 0);
    let (mut page, mut bytes, mut more): (Vec<Stored>, usize, bool) = (Vec::new(), 0, false);
    let examined = each_record(read, search, begin, way, |row| {
        if !search.filter.holds(&row) {
            return ControlFlow::Continue(());
        }
        total += 1;
        let is_past = after.is_none_or(|after| match way {
            Way::Up => row.id() > after,
            Way::Down => row.id() < after,
        });
        if is_past && (page.len() == search.limit || bytes >= PAGE_BYTES_MAX) {
            more = true;
        } else if is_past {
            bytes += row.record.size();
            page.push(row);
        }
        if !search.total && more { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(Found::of_page(search, page, more, search.total.then_some(total), examined))
}

/// A sorted list.
pub fn sorted(read: &(impl Read + ?Sized), search: &Search<'_>) -> Result<Found> {
    let mut total = 0;
    let mut smallest =
        Smallest::new(search.limit + 1, |a: &Position, b: &Position| compare_positions(a, b, search.sort));
    let examined = each_record(read, search, None, Way::Up, |row| {
        if !search.filter.holds(&row) {
            return ControlFlow::Continue(());
        }
        total += 1;
        let at = Position::of(&row, search.sort);
        if search.after.is_none_or(|after| compare_positions(after, &at, search.sort) == Ordering::Less) {
            smallest.add(at);
        }
        ControlFlow::Continue(())
    })?;
    let ids: Vec<RecordId> = smallest.into_sorted().into_iter().map(|at| at.id).collect();
    let page = search.fetched(read, ids.get(..search.limit.min(ids.len())).unwrap_or_default())?;
    let more = page.len() < ids.len();
    Ok(Found::of_page(search, page, more, search.total.then_some(total), examined))
}
