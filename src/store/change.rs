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
use crate::limits::{CHANGE_PAGE_MAX, SWEEP_KEYS_MAX};
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

/// Removes the pages of changes up to `last`, some of them at least: another write removes the rest.
pub fn change_trim(txn: &mut dyn Write, place: InTable, last: u64) -> Result<()> {
    let first = place.key(CHANGE, |key| key);
    let end = place.key(CHANGE, |key| key.u64(last.saturating_add(1)));
    let mut keys = Vec::new();
    txn.scan(CHANGE, first.as_bytes()..end.as_bytes(), Way::Up, &mut |key, _| {
        keys.push(key.to_vec());
        if keys.len() < SWEEP_KEYS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    keys.iter().for_each(|key| txn.delete(CHANGE, key));
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
        change_list(engine.read().unwrap().as_ref(), place, 0, &mut |number, _| {
            seen.push(number);
            ControlFlow::Continue(())
        })
        .unwrap();
        seen
    }

    #[test]
    fn old_changes_go_and_the_newest_stay() {
        let memory = Memory::default();
        let engine: &dyn Engine = &memory;
        let (space, base, table) =
            (SpaceId::from_bytes([1; 16]), BaseId::from_bytes([2; 16]), TableId::from_bytes([3; 16]));
        let place = *Operator::assume().table::<RecordsWrite>(space, base, table).place();
        let stamp = Stamp { at: Time::from_millis(0), by: Actor::Operator };
        let one = |n: u8| RecordChange {
            record: RecordId::from_bytes([n; 16]),
            happened: Happened::Made,
            version: 1,
            fields: Vec::new(),
        };
        let many: Vec<_> = (0..=250).cycle().take(CHANGE_PAGE_MAX + 1).map(one).collect();
        let run = |body: &dyn Fn(&mut dyn Write) -> Result<()>| {
            engine
                .transact(b"", |txn| body(txn).map(|()| (Outcome::Keep, ())))
                .unwrap()
                .wait()
                .unwrap()
                .unwrap();
        };
        run(&|txn| {
            (1..=5).try_for_each(|n| {
                change_put(txn, place, n, stamp, "r", if n == 2 { &many } else { &many[..1] })
            })
        });
        assert_eq!(numbers(engine, place), [1, 2, 2, 3, 4, 5], "a large change has several pages");
        run(&|txn| change_trim(txn, place, 3));
        assert_eq!(numbers(engine, place), [4, 5]);
        run(&|txn| change_trim(txn, place, 0));
        assert_eq!(numbers(engine, place), [4, 5]);
    }
}
