//! Records on the wire, many at a time. All of a call is done, or nothing.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer;
use super::body::Body;
use super::call::Call;
use super::field::DRY_RUN;
use super::problem::Problem;
use super::query::{ParamDoc, Params, Query};
use super::record::{RecordCreate, record_id_read};
use super::record_json::RecordWriter;
use super::record_query::{KEYS, keys_read};
use crate::access::RecordsWrite;
use crate::error::{Code, Faults};
use crate::id::RecordId;
use crate::limits::{BULK_BODY_BYTES_MAX, CHANGED_RECORDS_MAX};
use crate::model::field::Keys;
use crate::model::json::{Json, Members, OwnedJson, Pointer};
use crate::model::record::Record;
use crate::service;
use crate::service::record_bulk::{Changed, UpsertOn, count_check};
use crate::service::record_edit::{RecordInput, Sent};
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

/// Reads a list of records: more than a call may have are counted and not read.
fn list_read<'a, T>(
    members: &mut Members<'a>,
    name: &'static str,
    faults: &mut Faults,
    mut read: impl FnMut(Json<'a>, &Pointer<'_>, &mut Faults) -> T,
) -> Option<(Vec<T>, usize)> {
    let root = Pointer::Root;
    let at = root.member(name);
    let items = members.require(name, &root, faults)?.items(&at, faults)?;
    let count = items.len();
    if count > CHANGED_RECORDS_MAX {
        return Some((Vec::new(), count));
    }
    let read = items.into_iter().enumerate().map(|(n, item)| read(item, &at.item(n), faults)).collect();
    Some((read, count))
}

/// One record of a list. It keeps its place even if it is none, so that the others keep theirs.
fn record_at(json: Json<'_>, bytes: &Bytes, at: &Pointer<'_>, faults: &mut Faults) -> RecordInput {
    let Some(mut members) = Members::read(json, at, faults) else {
        return RecordInput { id: None, values: None };
    };
    let record = RecordCreate::read_at(&mut members, bytes, at, faults);
    members.finish(at, faults);
    record.into_input()
}

/// Records to be made.
#[derive(ToSchema)]
pub struct RecordsCreate {
    #[schema(min_items = 1, max_items = 10_000, example = json!([
        {"values": {"name": "Alan Turing", "email": "alan@example.com"}},
        {"values": {"name": "Katherine Johnson", "email": "katherine@example.com", "status": "lead"}}
    ]))]
    #[schema(value_type = Vec<RecordCreate>)]
    records: Vec<RecordInput>,
    #[schema(ignore)]
    count: usize,
    #[schema(ignore)]
    faults: Faults,
}

impl Body for RecordsCreate {
    const LIMIT: usize = BULK_BODY_BYTES_MAX;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsCreate> {
        let read =
            list_read(members, "records", faults, |json, at, faults| record_at(json, bytes, at, faults));
        let (records, count) = read?;
        Some(RecordsCreate { records, count, faults: Faults::default() })
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

/// One record and what is to change of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document; it is read as any other record of a list")]
pub struct RecordPatch {
    #[schema(value_type = String, example = "rec01jd00000000000000000000c1")]
    id: RecordId,
    #[schema(value_type = Object)]
    values: Option<OwnedJson>,
}

/// Records to be changed, each in its own way.
#[derive(ToSchema)]
pub struct RecordsUpdate {
    #[schema(min_items = 1, max_items = 10_000, example = json!([
        {"id": "rec01jd00000000000000000000c1", "values": {"status": "paused"}}
    ]))]
    #[schema(value_type = Vec<RecordPatch>)]
    records: Vec<RecordInput>,
    #[schema(ignore)]
    count: usize,
    #[schema(ignore)]
    faults: Faults,
}

impl Body for RecordsUpdate {
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsUpdate> {
        let read = list_read(members, "records", faults, |json, at, faults| {
            let record = record_at(json, bytes, at, faults);
            if record.id.is_none() && record.values.is_some() {
                faults.add(at.member("id"), Code::Required, "A record that is to be changed needs its id.");
            }
            record
        });
        let (records, count) = read?;
        Some(RecordsUpdate { records, count, faults: Faults::default() })
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

/// Records to be changed where they are there, and made where they are not.
#[derive(ToSchema)]
pub struct RecordsUpsert {
    #[schema(min_items = 1, max_items = 10_000, example = json!([
        {"values": {"email": "margaret@example.com", "name": "Margaret Hamilton", "status": "active"}}
    ]))]
    #[schema(value_type = Vec<RecordCreate>)]
    records: Vec<RecordInput>,
    /// The unique field by which records are recognised, or `id`.
    #[schema(example = "email")]
    on: String,
    #[schema(ignore)]
    count: usize,
    #[schema(ignore)]
    faults: Faults,
}

impl Body for RecordsUpsert {
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsUpsert> {
        let root = Pointer::Root;
        let read =
            list_read(members, "records", faults, |json, at, faults| record_at(json, bytes, at, faults));
        let on = members.require("on", &root, faults).and_then(|json| json.text(&root.member("on"), faults));
        let (records, count) = read?;
        Some(RecordsUpsert { records, on: on?.into_owned(), count, faults: Faults::default() })
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

/// Records to be deleted.
#[derive(ToSchema)]
pub struct RecordsDelete {
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 10_000, example = json!(["rec01jd00000000000000000000c1"]))]
    ids: Vec<Option<RecordId>>,
    #[schema(ignore)]
    count: usize,
    #[schema(ignore)]
    faults: Faults,
}

impl Body for RecordsDelete {
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<RecordsDelete> {
        let (ids, count) = list_read(members, "ids", faults, record_id_read)?;
        Some(RecordsDelete { ids, count, faults: Faults::default() })
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
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
    count_check(call.body.count, "/records", &call.body.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let render = move |changed: &Changed| -> Answer {
        let view = ChangedView::of(changed, Counts::Created, keys, dry_run);
        answer::rendered(
            if dry_run { 200 } else { 201 },
            Vec::new(),
            serde_json::to_vec(&view).unwrap_or_default(),
        )
    };
    let once = call.once(render);
    let sent = Sent { content: call.body.records, faults: call.body.faults };
    let done =
        service::record_bulk::record_create_bulk(&call.core, call.access, sent, keys, dry_run, once).await;
    answer::done(done, render)
}

/// Update records
///
/// Changes up to 10,000 records, each in its own way, or none.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordUpdateBulk",
    tag = "records", request_body = RecordsUpdate,
    responses((status = 200, description = "How many were changed.", body = ChangedView))
)]
pub async fn record_update_bulk(
    call: Call<RecordsWrite, BulkQuery, RecordsUpdate>,
) -> Result<HttpResponse, Problem> {
    count_check(call.body.count, "/records", &call.body.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let sent = Sent { content: call.body.records, faults: call.body.faults };
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
    count_check(call.body.count, "/records", &call.body.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let RecordsUpsert { records, on, faults, .. } = call.body;
    // No field can be called `id`, so this can't mean anything else.
    let on = if on == "id" { UpsertOn::Id } else { UpsertOn::Field(on) };
    let sent = Sent { content: records, faults };
    let changed =
        service::record_bulk::record_upsert(&call.core, call.access, sent, on, keys, dry_run).await?;
    answer::ok(&ChangedView::of(&changed, Counts::Upserted, keys, dry_run))
}

/// Delete records
///
/// Deletes up to 10,000 records, or none.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordDeleteBulk",
    tag = "records", request_body = RecordsDelete,
    responses((status = 200, description = "How many were deleted.", body = ChangedView))
)]
pub async fn record_delete_bulk(
    call: Call<RecordsWrite, BulkQuery, RecordsDelete>,
) -> Result<HttpResponse, Problem> {
    count_check(call.body.count, "/ids", &call.body.faults)?;
    let BulkQuery { keys, dry_run } = call.query;
    let sent = Sent { content: call.body.ids, faults: call.body.faults };
    let changed = service::record_bulk::record_delete_bulk(&call.core, call.access, sent, dry_run).await?;
    answer::ok(&ChangedView::of(&changed, Counts::Deleted, keys, dry_run))
}
