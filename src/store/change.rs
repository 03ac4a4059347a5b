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
use crate::limits::{CHANGE_PAGE_MAX, CHANGES_KEPT, CHANGES_TRIM_EVERY};
use crate::model::change::{ChangePage, RecordChange, Stamp};

/// Writes change `number` in pages of [`CHANGE_PAGE_MAX`] records.
fn change_put(
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

/// Writes change `number`, and removes what the log does not keep.
///
/// Invariant: twice as many pages go as have come since the last look, as long as there are old ones, so that the log does
/// not grow without end. A change of several pages looks by itself.
pub fn change_write(
    txn: &mut dyn Write,
    place: InTable,
    number: u64,
    stamp: Stamp,
    request: &str,
    records: &[RecordChange],
) -> Result<()> {
    change_put(txn, place, number, stamp, request, records)?;
    let pages = records.len().div_ceil(CHANGE_PAGE_MAX);
    let due = number.is_multiple_of(CHANGES_TRIM_EVERY) || pages > 1;
    if due && number > CHANGES_KEPT {
        let since = pages + usize::try_from(CHANGES_TRIM_EVERY).unwrap_or(usize::MAX);
        change_trim(txn, place, number - CHANGES_KEPT, since.saturating_mul(2))?;
    }
    Ok(())
}

/// Removes the pages of changes up to `last`, `most` of them at most: another write removes the rest.
fn change_trim(txn: &mut dyn Write, place: InTable, last: u64, most: usize) -> Result<()> {
    let first = place.key(CHANGE, |key| key);
    let end = place.key(CHANGE, |key| key.u64(last.saturating_add(1)));
    let mut keys = Vec::new();
    txn.scan(CHANGE, first.as_bytes()..end.as_bytes(), Way::Up, &mut |key, _| {
        keys.push(key.to_vec());
        if keys.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    keys.iter().for_each(|key| txn.delete(CHANGE, key));
    Ok(())
}

/// The pages of all changes after `after`, with the numbers of change and page, oldest first, until `each` breaks.
pub fn change_list(
    read: &(impl Read + ?Sized),
    place: InTable,
    after: u64,
    each: &mut dyn FnMut((u64, u16), ChangePage) -> ControlFlow<()>,
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

fn number_of(key: &[u8]) -> Option<(u64, u16)> {
    let mut parts = Parts(key);
    parts.id::<SpaceId>()?;
    parts.id::<TableId>()?;
    Some((parts.u64()?, parts.u16()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Operator, RecordsWrite};
    use crate::clock::Time;
    use crate::id::{BaseId, Id, RecordId};
    use crate::kv::memory::Memory;
    use crate::kv::{Engine, Outcome};
    use crate::model::change::{Actor, Happened};

    fn numbers(engine: &dyn Engine, place: InTable) -> Vec<u64> {
        let mut seen = Vec::new();
        change_list(engine.read().unwrap().as_ref(), place, 0, &mut |(number, _), _| {
            seen.push(number);
            ControlFlow::Continue(())
        })
        .unwrap();
        seen
    }

    fn place() -> InTable {
        let (space, base, table) =
            (SpaceId::from_bytes([1; 16]), BaseId::from_bytes([2; 16]), TableId::from_bytes([3; 16]));
        *Operator::assume().table::<RecordsWrite>(space, base, table).place()
    }

    fn stamp() -> Stamp {
        Stamp { at: Time::from_millis(0), by: Actor::Operator }
    }

    fn one(n: u8) -> RecordChange {
        let (record, fields) = (RecordId::from_bytes([n; 16]), Vec::new());
        RecordChange { record, happened: Happened::Made, version: 1, fields }
    }

    fn run(engine: &dyn Engine, body: impl Fn(&mut dyn Write) -> Result<()> + Send + 'static) {
        let receipt = engine.transact(b"", move |txn| body(txn).map(|()| (Outcome::Keep, ())));
        receipt.wait().unwrap().unwrap();
    }

    #[test]
    fn old_changes_go_and_the_newest_stay() {
        let memory = Memory::default();
        let engine: &dyn Engine = &memory;
        let place = place();
        let many: Vec<_> = (0..=250).cycle().take(CHANGE_PAGE_MAX + 1).map(one).collect();
        run(engine, move |txn| {
            (1..=5).try_for_each(|n| {
                change_put(txn, place, n, stamp(), "r", if n == 2 { &many } else { &many[..1] })
            })
        });
        assert_eq!(numbers(engine, place), [1, 2, 2, 3, 4, 5], "a large change has several pages");
        run(engine, move |txn| change_trim(txn, place, 3, 100));
        assert_eq!(numbers(engine, place), [4, 5]);
        run(engine, move |txn| change_trim(txn, place, 0, 100));
        assert_eq!(numbers(engine, place), [4, 5]);
    }
    #[test]
    fn the_log_does_not_grow_when_every_change_is_large() {
        let memory = Memory::default();
        let engine: &dyn Engine = &memory;
        let place = place();
        let large: Vec<_> = (0..250).cycle().take(10 * CHANGE_PAGE_MAX).map(one).collect();
        let written = large.clone();
        let write = |number| {
            let large = written.clone();
            run(engine, move |txn| change_write(txn, place, number, stamp(), "r", &large));
            numbers(engine, place).len()
        };
        // Ten old changes of ten pages, and then as many new ones.
        run(engine, move |txn| (1..=10).try_for_each(|n| change_put(txn, place, n, stamp(), "r", &large)));
        let before = numbers(engine, place).len();
        for number in CHANGES_KEPT + 11..CHANGES_KEPT + 21 {
            assert!(write(number) <= before, "{number}");
        }
        assert!(numbers(engine, place).iter().all(|number| *number > CHANGES_KEPT));
    }
}
