//! The change log of a table: what was done to which records, by whom, under consecutive numbers.

use std::ops::ControlFlow;

use super::put;
use super::schema::CHANGE;
use crate::access::InTable;
use crate::codec::key::Parts;
use crate::codec::value;
use crate::error::Result;
use crate::id::{SpaceId, TableId};
use crate::kv::{Read, Way, Write};
use crate::limits::CHANGE_PAGE_MAX;
use crate::model::change::{ChangePage, RecordChange, Stamp};

/// Writes change `number` in pages of [`CHANGE_PAGE_MAX`] records.
pub fn change_put(
    txn: &mut dyn Write,
    place: InTable,
    number: u64,
    stamp: Stamp,
    request: &str,
    records: &[RecordChange],
) -> Result<()> {
    for (page, records) in records.chunks(CHANGE_PAGE_MAX).enumerate() {
        let page_number = u16::try_from(page).unwrap_or(u16::MAX);
        let key = place.key(CHANGE, |key| key.u64(number).u16(page_number));
        put(txn, &key, &ChangePage { stamp, request: request.to_owned(), records: records.to_vec() })?;
    }
    Ok(())
}

/// The pages of all changes after `after`, with their numbers, oldest first, until `each` breaks.
pub fn change_list(
    read: &(impl Read + ?Sized),
    place: InTable,
    after: u64,
    each: &mut dyn FnMut(u64, ChangePage) -> ControlFlow<()>,
) -> Result<()> {
    let first = place.key(CHANGE, |key| key.u64(after.saturating_add(1)));
    let end = place.key(CHANGE, |key| key).after_prefix();
    let mut failed = None;
    read.scan(CHANGE, first.as_bytes()..&end, Way::Up, &mut |key, bytes| match (
        number_of(key),
        value::decode(bytes),
    ) {
        (Some(number), Ok(page)) => each(number, page),
        (_, Err(error)) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
        (None, Ok(_)) => ControlFlow::Continue(()),
    })?;
    failed.map_or(Ok(()), |error| Err(error.into()))
}

fn number_of(key: &[u8]) -> Option<u64> {
    let mut parts = Parts(key);
    parts.id::<SpaceId>()?;
    parts.id::<TableId>()?;
    parts.u64()
}
