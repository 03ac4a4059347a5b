//! Records on the wire, many at a time. All of a call is done, or nothing.

mod bodies;

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use self::bodies::{RecordsCreate, RecordsDelete, RecordsDuplicate, RecordsUpdate, RecordsUpsert};
use super::answer;
use super::call::Call;
use super::field::DRY_RUN;
use super::problem::Problem;
use super::query::{ParamDoc, Params, Query};
use super::record_json::RecordWriter;
use super::record_query::{KEYS, keys_read};
use crate::access::RecordsWrite;
use crate::model::field::Keys;
use crate::model::record::Record;
use crate::service;
use crate::service::record_bulk::{Changed, UpsertOn, count_check};
use crate::service::record_edit::Sent;
use crate::service::record_found::{self, Meant};
use crate::store::kept::Answer;

/// How fields are called, and whether only to say what the call would do.
#[derive(Debug)]
pub struct BulkQuery {
    keys: Keys,
    dry_run: bool,
}

impl Query for BulkQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS, DRY_RUN];

    fn read(params: &mut Params) -> BulkQuery {
        BulkQuery { keys: keys_read(params), dry_run: params.flag("dryRun", false) }
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}

/// What a call has done to records, or would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordsChanged)]
pub struct ChangedView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    created_count: Option<usize>,
    /// Records in which something changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    modified_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    deleted_count: Option<usize>,
    /// The records in the order of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    ids: Option<Vec<String>>,
    /// There, and true, on a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// On a dry run: the first hundred changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    changes: Option<Vec<RecordChangeView>>,
}

/// What a dry run would make of one record.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordChange)]
pub struct RecordChangeView {
    id: String,
    /// Its values before; null if it would be made.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// Its values after; null if it would be deleted.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
}

/// Which counts an operation answers.
#[derive(Clone, Copy)]
enum Counts {
    Created,
    Modified,
    Upserted,
    Deleted,
}

impl ChangedView {
    fn of(changed: &Changed, counts: Counts, keys: Keys, dry_run: bool) -> ChangedView {
        let (created, modified, deleted) = match counts {
            Counts::Created => (true, false, false),
            Counts::Modified => (false, true, false),
            Counts::Upserted => (true, true, false),
            Counts::Deleted => (false, false, true),
        };
        let ids = || changed.ids.iter().map(ToString::to_string).collect();
        ChangedView {
            created_count: created.then_some(changed.created),
            modified_count: modified.then_some(changed.modified),
            deleted_count: deleted.then_some(changed.deleted),
            ids: created.then(ids),
            dry_run: dry_run.then_some(true),
            changes: dry_run.then(|| changes(changed, keys)),
        }
    }
}

fn changes(changed: &Changed, keys: Keys) -> Vec<RecordChangeView> {
    let mut writer = RecordWriter::new(&changed.table, keys, None);
    let mut values = |record: &Record| {
        let (mut out, mut shown) = (Vec::new(), Vec::new());
        writer.write_values(record, &mut out, &mut shown);
        String::from_utf8(out).ok().and_then(|text| RawValue::from_string(text).ok())
    };
    let mut views = Vec::with_capacity(changed.shown.len());
    for (before, after) in &changed.shown {
        let id = before.as_ref().or(after.as_ref()).map(|record| record.id.to_string()).unwrap_or_default();
        let (before, after) = (before.as_ref().and_then(&mut values), after.as_ref().and_then(&mut values));
        views.push(RecordChangeView { id, before, after });
    }
    views
}

/// How the answer to a call that made records is rendered.
fn created(keys: Keys, dry_run: bool) -> impl Fn(&Changed) -> Answer + Send + Sync + Copy + 'static {
    move |changed| {
        let view = ChangedView::of(changed, Counts::Created, keys, dry_run);
        let status = if dry_run { 200 } else { 201 };
        answer::rendered(status, Vec::new(), serde_json::to_vec(&view).unwrap_or_default())
    }
}

/// Create records
///
/// Makes up to 10,000 records, or none. With an `Idempotency-Key` the call can be repeated safely.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records/bulk", operation_id = "recordCreateBulk",
    tag = "records", request_body = RecordsCreate,
    responses(
        (status = 201, description = "How many were made, and their ids in the order sent.", body = ChangedView),
        (status = 200, description = "What the call would do, on a dry run.", body = ChangedView)
    )
)]
pub async fn record_create_bulk(
    mut call: Call<RecordsWrite, BulkQuery, RecordsCreate>,
) -> Result<HttpResponse, Problem> {
    count_check(call.body.count, "/records", &call.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let render = created(keys, dry_run);
    let once = call.once(render);
    let sent = Sent { content: call.body.records, faults: call.faults };
    let done =
        service::record_bulk::record_create_bulk(&call.core, call.access, sent, keys, dry_run, once).await;
    answer::done(done, render)
}

/// Update records
///
/// Changes up to 10,000 records, each in its own way, or none. With `filter` and `values` instead of `records`, all records
/// that the filter finds get the same values, up to 100,000 of them; `"filter": "true"` says all.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordUpdateBulk",
    tag = "records", request_body = RecordsUpdate,
    responses((status = 200, description = "How many were changed.", body = ChangedView))
)]
pub async fn record_update_bulk(
    call: Call<RecordsWrite, BulkQuery, RecordsUpdate>,
) -> Result<HttpResponse, Problem> {
    let BulkQuery { keys, dry_run } = call.query;
    let RecordsUpdate { records, filter, values, by_filter, count } = call.body;
    let faults = call.faults;
    if by_filter {
        let meant = Meant { filter, faults };
        let changed =
            record_found::record_update_found(&call.core, call.access, meant, values, keys, dry_run).await?;
        return answer::ok(&ChangedView::of(&changed, Counts::Modified, keys, dry_run));
    }
    count_check(count, "/records", &faults)?;
    let sent = Sent { content: records, faults };
    let changed =
        service::record_bulk::record_update_bulk(&call.core, call.access, sent, keys, dry_run).await?;
    answer::ok(&ChangedView::of(&changed, Counts::Modified, keys, dry_run))
}

/// Upsert records
///
/// Changes those of up to 10,000 records that are there and makes the others, or does nothing. Records are recognised by a
/// unique field or by their id.
#[utoipa::path(
    put, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordUpsert", tag = "records",
    request_body = RecordsUpsert,
    responses((status = 200, description = "How many were made and changed, and their ids in the order sent.", body = ChangedView))
)]
pub async fn record_upsert(
    call: Call<RecordsWrite, BulkQuery, RecordsUpsert>,
) -> Result<HttpResponse, Problem> {
    count_check(call.body.count, "/records", &call.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let RecordsUpsert { records, on, .. } = call.body;
    // No field can be called `id`, so this can't mean anything else.
    let on = if on == "id" { UpsertOn::Id } else { UpsertOn::Field(on) };
    let sent = Sent { content: records, faults: call.faults };
    let changed =
        service::record_bulk::record_upsert(&call.core, call.access, sent, on, keys, dry_run).await?;
    answer::ok(&ChangedView::of(&changed, Counts::Upserted, keys, dry_run))
}

/// Delete records
///
/// Deletes up to 10,000 records by their ids, or none. With `filter` instead of `ids`, all records that it finds, up to
/// 100,000; `"filter": "true"` says all.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordDeleteBulk",
    tag = "records", request_body = RecordsDelete,
    responses((status = 200, description = "How many were deleted.", body = ChangedView))
)]
pub async fn record_delete_bulk(
    call: Call<RecordsWrite, BulkQuery, RecordsDelete>,
) -> Result<HttpResponse, Problem> {
    let BulkQuery { keys, dry_run } = call.query;
    let RecordsDelete { ids, filter, by_filter, count } = call.body;
    let faults = call.faults;
    if by_filter {
        let meant = Meant { filter, faults };
        let changed = record_found::record_delete_found(&call.core, call.access, meant, dry_run).await?;
        return answer::ok(&ChangedView::of(&changed, Counts::Deleted, keys, dry_run));
    }
    count_check(count, "/ids", &faults)?;
    let sent = Sent { content: ids, faults };
    let changed = service::record_bulk::record_delete_bulk(&call.core, call.access, sent, dry_run).await?;
    answer::ok(&ChangedView::of(&changed, Counts::Deleted, keys, dry_run))
}

/// Duplicate records
///
/// Makes a copy of each record that the filter finds, up to 100,000, or none. Unique fields stay empty in the copies; one
/// that is required refuses them.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records/duplicate", operation_id = "recordDuplicateBulk",
    tag = "records", request_body = RecordsDuplicate,
    responses(
        (status = 201, description = "How many were made, and their ids.", body = ChangedView),
        (status = 200, description = "What the call would do, on a dry run.", body = ChangedView)
    )
)]
pub async fn record_duplicate_bulk(
    mut call: Call<RecordsWrite, BulkQuery, RecordsDuplicate>,
) -> Result<HttpResponse, Problem> {
    let BulkQuery { keys, dry_run } = call.query;
    let render = created(keys, dry_run);
    let once = call.once(render);
    let meant = Meant { filter: call.body.filter, faults: call.faults };
    let done = record_found::record_duplicate_found(&call.core, call.access, meant, dry_run, once).await;
    answer::done(done, render)
}
