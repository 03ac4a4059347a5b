//! Pages of a table's records in the order of their ids.

use std::ops::ControlFlow;

use crate::access::InTable;
use crate::error::Result;
use crate::id::RecordId;
use crate::kv::{Read, Way};
use crate::limits::PAGE_BYTES_MAX;
use crate::model::record::Record;
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
