//! Records that a filter finds, changed, deleted or copied together: all of them, or none.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Core;
use super::once::{Commit, Done, Once, Txn, commit_once};
use super::record::copy_of;
use super::record_bulk::{Changed, shown_of, write_changed};
use super::record_edit::{Layout, Sound, draft_changed, edits_write, values_read};
use super::search::{FilterInput, Form, filter_read};
use crate::access::{Access, InTable, RecordsWrite};
use crate::error::{Code, Error, Faults, Result};
use crate::limits::{DRY_RUN_CHANGES_MAX, FOUND_RECORDS_MAX};
use crate::model::expr::{Context, Expr};
use crate::model::field::Keys;
use crate::model::json::{OwnedJson, Pointer};
use crate::model::record::Record;
use crate::model::table::{Head, OpenTable};
use crate::query::list::find_all;
use crate::store;
use crate::store::record::Edit;

/// Which records are meant, and the faults that the body has besides.
#[derive(Clone, Debug)]
pub struct Meant {
    /// `None` if it could not be read, which has its fault already.
    pub filter: Option<FilterInput>,
    pub faults: Faults,
}

/// Changes all records that are found in the same way.
pub async fn record_update_found(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    meant: Meant,
    values: Option<OwnedJson>,
    keys: Keys,
    dry_run: bool,
) -> Result<Changed> {
    let done = commit_once(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let mut faults = meant.faults.clone();
        let filter = filter_of(txn, &table, meant.filter.as_ref(), &mut faults);
        let at = Pointer::Root;
        let sound = values_read(&table, values.as_ref(), keys, &at.member("values"), &mut faults);
        let named = sound.and_then(Sound::whole);
        faults.check()?;
        let (head, found) = found(txn, *access.place(), &table, filter)?;
        let named = named.unwrap_or_default();
        // A value of a unique field fits one record only, which the index finds out.
        let stamp = txn.writing(access).stamp;
        let mut edits = Vec::with_capacity(found.len());
        for before in found {
            let after = draft_changed(&before, &named, stamp);
            edits.push(Edit { before: Some(before), after });
        }
        write_changed(txn, access, table, head, edits, Layout::one(keys), dry_run)
    });
    done.await?.fresh()
}

/// Deletes all records that are found.
pub async fn record_delete_found(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    meant: Meant,
    dry_run: bool,
) -> Result<Changed> {
    let done = commit_once(core, access, Commit::heavy(None, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let (head, found) = found_alone(txn, *access.place(), &table, &meant)?;
        let ids = found.iter().map(|record| record.id).collect();
        let edits: Vec<_> =
            found.into_iter().map(|before| Edit { before: Some(before), after: None }).collect();
        edits_write(txn, access, &table, head, &edits, Layout::one(Keys::Name))?;
        let deleted = edits.len();
        let shown = if dry_run { shown_of(edits)? } else { Vec::new() };
        Ok(Changed { table, created: 0, modified: 0, deleted, ids, shown })
    });
    done.await?.fresh()
}

/// Makes a copy of each record that is found; unique fields stay empty in it, which a required one refuses.
pub async fn record_duplicate_found(
    core: &Arc<Core>,
    access: Access<RecordsWrite>,
    meant: Meant,
    dry_run: bool,
    once: Option<Once<Changed>>,
) -> Result<Done<Changed>> {
    commit_once(core, access, Commit::heavy(once, dry_run), move |txn, access| {
        let table = txn.catalog.table(*access.place())?.clone();
        let (mut head, found) = found_alone(txn, *access.place(), &table, &meant)?;
        let mut edits = Vec::with_capacity(found.len());
        for original in &found {
            let copy = copy_of(txn, access, &table, original, &mut head)?;
            edits.push(Edit { before: None, after: Some(copy) });
        }
        edits_write(txn, access, &table, head, &edits, Layout::one(Keys::Name))?;
        let ids = edits.iter().filter_map(|edit| edit.after.as_ref()).map(|copy| copy.id).collect();
        let (created, shown) = (edits.len(), edits.into_iter().filter_map(|edit| edit.after));
        let shown = shown.take(if dry_run { DRY_RUN_CHANGES_MAX } else { 0 });
        let shown = shown.map(|draft| Ok((None, Some(draft.into_record()?)))).collect::<Result<_>>()?;
        Ok(Changed { table, created, modified: 0, deleted: 0, ids, shown })
    })
    .await
}

/// The filter of a change. One that says nothing is refused: whoever means all records says so.
fn filter_of(
    txn: &Txn<'_>,
    table: &OpenTable,
    filter: Option<&FilterInput>,
    faults: &mut Faults,
) -> Option<Expr> {
    let filter = filter?;
    let context = Context { table, now: txn.now };
    let expr = filter_read(Some(filter), Form::Body, &context, faults)?;
    if expr == Expr::TRUE && matches!(filter, FilterInput::Json(_)) {
        let detail = "A filter without conditions means all records; if that is meant, send `\"true\"`.";
        faults.add("/filter", Code::Required, detail);
        return None;
    }
    Some(expr)
}

/// All records of a change whose body says nothing but which.
fn found_alone(
    txn: &Txn<'_>,
    place: InTable,
    table: &OpenTable,
    meant: &Meant,
) -> Result<(Head, Vec<Record>)> {
    let mut faults = meant.faults.clone();
    let filter = filter_of(txn, table, meant.filter.as_ref(), &mut faults);
    faults.check()?;
    found(txn, place, table, filter)
}

/// All records that a filter means, within the transaction.
fn found(
    txn: &Txn<'_>,
    place: InTable,
    table: &OpenTable,
    filter: Option<Expr>,
) -> Result<(Head, Vec<Record>)> {
    let filter = filter.ok_or_else(|| Error::internal("a fault was not named"))?;
    let head = store::table::head_get(&*txn.write, place)?;
    let (mut found, mut count) = (Vec::new(), 0_u64);
    find_all(&*txn.write, place, table, &filter, |record| {
        count += 1;
        if count <= FOUND_RECORDS_MAX {
            found.push(record);
        }
        ControlFlow::Continue(())
    })?;
    if count > FOUND_RECORDS_MAX {
        let detail =
            format!("The filter finds {count} records; one call may change at most {FOUND_RECORDS_MAX}.");
        return Err(Error::new(Code::TooManyRecords, detail));
    }
    Ok((head, found))
}
