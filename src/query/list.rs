//! A table's records in the order of their ids: a page of them, or all that a filter means.

use std::ops::ControlFlow;

use crate::access::InTable;
use crate::error::Result;
use crate::id::RecordId;
use crate::kv::{Read, Way};
use crate::limits::PAGE_BYTES_MAX;
use crate::model::expr::Expr;
use crate::model::record::Record;
use crate::model::table::OpenTable;
use crate::query::lookup::Named;
use crate::query::row::Stored;
use crate::store;

/// Which page is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: Option<RecordId>,
    pub way: Way,
    pub limit: usize,
}

/// Calls `each` with the records of a page; the id to go on after, if there are more. A page ends early where its records
/// are large, since they are all in memory at once.
pub fn list(
    read: &(impl Read + ?Sized),
    place: InTable,
    page: Page,
    mut each: impl FnMut(Record),
) -> Result<Option<RecordId>> {
    let (mut taken, mut bytes) = (0, 0);
    let mut last = None;
    let mut more = false;
    store::record::record_scan(read, place, page.after, page.way, &mut |record| {
        if taken == page.limit || bytes >= PAGE_BYTES_MAX {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        taken += 1;
        bytes += record.size();
        last = Some(record.id);
        each(record);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(last.filter(|_| more))
}

/// Calls `each` with all records that a filter means, until it breaks.
pub fn find_all(
    read: &(impl Read + ?Sized),
    place: InTable,
    table: &OpenTable,
    filter: &Expr,
    mut each: impl FnMut(Record) -> ControlFlow<()>,
) -> Result<()> {
    if let Some(named) = Named::by(filter, table) {
        let meant = named.get(read, place)?.into_iter().filter(|row| filter.holds(row));
        for row in meant {
            if each(row.record).is_break() {
                break;
            }
        }
        return Ok(());
    }
    store::record::record_scan(read, place, None, Way::Up, &mut |record| {
        let row = Stored::of(record);
        Ok(if filter.holds(&row) { each(row.record) } else { ControlFlow::Continue(()) })
    })
}
