//! Records on the wire, one at a time and in pages.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody, EmptyKeyedBody, NoBody};
use super::call::Call;
use super::problem::Problem;
use super::query::{NoQuery, Query};
use super::record_json::{RecordView, RecordWriter};
use super::record_query::{GetQuery, KeysQuery};
use super::record_tags::{etag, expected, is_known};
use crate::access::{RecordsRead, RecordsWrite};
use crate::error::{Code, Error, Faults};
use crate::id::{FieldId, Id, RecordId};
use crate::model::field::Keys;
use crate::model::json::{Json, Members, OwnedJson, Pointer};
use crate::service;
use crate::service::record::Recorded;
use crate::service::record_edit::{RecordInput, Sent};
use crate::service::record_list::fields_meant;
use crate::service::search::Form;
use crate::store::kept::Answer;

/// One record.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordData)]
pub struct RecordDataView {
    data: RecordView,
}

/// A record to be made.
#[derive(ToSchema)]
pub struct RecordCreate {
    /// An id of the client's own, for instance of a record that was deleted. Left out, the server makes one.
    #[schema(value_type = Option<String>, nullable = false)]
    pub id: Option<RecordId>,
    /// Values by the names of the fields, or by their ids with `keys=id`. A field that is left out gets its default.
    #[schema(value_type = Object)]
    pub values: Option<OwnedJson>,
}

impl RecordCreate {
    /// Reads a record that stands anywhere in a body.
    pub fn read_at(
        members: &mut Members<'_>,
        bytes: &Bytes,
        at: &Pointer<'_>,
        faults: &mut Faults,
    ) -> RecordCreate {
        let id = members.take("id").and_then(|json| record_id_read(json, &at.member("id"), faults));
        let values = members.require("values", at, faults).map(|json| OwnedJson::of(json, bytes));
        RecordCreate { id, values }
    }

    pub fn into_input(self) -> RecordInput {
        RecordInput { id: self.id, values: self.values }
    }
}

/// Reads the id of a record from a body.
pub fn record_id_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<RecordId> {
    let text = json.text(at, faults)?;
    let id = RecordId::parse(&text);
    if id.is_none() {
        faults.add(at, Code::InvalidValue, "Expected the id of a record: `rec` and 26 characters.");
    }
    id
}

impl Body for RecordCreate {
    const DEFERS: bool = true;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordCreate> {
        Some(RecordCreate::read_at(members, bytes, &Pointer::Root, faults))
    }
}

/// Values to be changed. Fields that are not named stay as they are; `null` empties one.
#[derive(ToSchema)]
pub struct RecordUpdate {
    #[schema(value_type = Object)]
    values: OwnedJson,
}

impl Body for RecordUpdate {
    const DEFERS: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordUpdate> {
        let values = members.require("values", &Pointer::Root, faults)?;
        Some(RecordUpdate { values: OwnedJson::of(values, bytes) })
    }
}

/// The id in the path; one that can't be a record's is not there.
fn record_meant<P, Q: Query, B: Body>(call: &Call<P, Q, B>) -> crate::error::Result<RecordId>
where
    P: crate::access::Permission<Place = crate::access::InTable>,
{
    RecordId::parse(call.part("record")).ok_or_else(|| Error::plain(Code::RecordNotFound))
}

fn one(recorded: &Recorded, keys: Keys, fields: Option<&[FieldId]>) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.extend_from_slice(b"{\"data\":");
    RecordWriter::new(&recorded.table, keys, fields).write(&recorded.record, &mut out);
    out.push(b'}');
    out
}

fn ok(recorded: &Recorded, keys: Keys, fields: Option<&[FieldId]>) -> HttpResponse {
    let mut response = answer::json_ok(one(recorded, keys, fields));
    if let Ok(etag) = HeaderValue::from_str(&etag(recorded)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn created(keys: Keys) -> impl Fn(&Recorded) -> Answer + Send + Sync + Clone + 'static {
    move |recorded| {
        let (base, table, id) = (recorded.table.base, recorded.table.id, recorded.record.id);
        let location = format!("/api/openapi/bases/{base}/tables/{table}/records/{id}");
        let headers = vec![("location".into(), location), ("etag".into(), etag(recorded))];
        answer::rendered(201, headers, one(recorded, keys, None))
    }
}

/// Create a record
///
/// Makes a record and answers it as it is stored. With an `Idempotency-Key` the call can be repeated safely.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordCreate", tag = "records",
    request_body(content = RecordCreate, example = json!({"values": {
        "name": "Grace Hopper", "age": 45, "status": "active", "tags": ["referral"]
    }})),
    responses((status = 201, description = "The new record.", body = RecordDataView))
)]
pub async fn record_create(
    mut call: Call<RecordsWrite, KeysQuery, RecordCreate>,
) -> Result<HttpResponse, Problem> {
    let render = created(call.query.keys);
    let once = call.once(render.clone());
    let faults = std::mem::take(&mut call.faults);
    let sent = Sent { content: call.body.into_input(), faults };
    let done = service::record::record_create(&call.core, call.access, sent, call.query.keys, once).await;
    answer::done(done, render)
}

/// Get a record
///
/// With `If-None-Match` and the `ETag` of an earlier answer, what would be answered as before is answered by 304.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/records/{record}", operation_id = "recordGet",
    tag = "records",
    responses(
        (status = 200, description = "The record.", body = RecordDataView),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn record_get(call: Call<RecordsRead, GetQuery, NoBody>) -> Result<HttpResponse, Problem> {
    let id = record_meant(&call)?;
    let recorded = service::record::record_get(&call.core, call.access, id).await?;
    let mut faults = call.query.faults;
    let names = call.query.fields.as_deref();
    let fields = fields_meant(&recorded.table, names, Form::Parameters, &mut faults);
    faults.check()?;
    if is_known(call.request.headers(), &recorded)? {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag(&recorded))).finish());
    }
    Ok(ok(&recorded, call.query.keys, fields.as_deref()))
}

/// Update a record
///
/// Changes the values that are named; `null` empties a field. With `If-Match` and the `ETag` of the record, a change that
/// someone else has made meanwhile is not overwritten: the answer is 412.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}/tables/{table}/records/{record}", operation_id = "recordUpdate",
    tag = "records", request_body(content = RecordUpdate, example = json!({"values": {"status": "paused", "age": 37}})),
    responses((status = 200, description = "The record as it is now.", body = RecordDataView))
)]
pub async fn record_update(
    call: Call<RecordsWrite, KeysQuery, RecordUpdate>,
) -> Result<HttpResponse, Problem> {
    let id = record_meant(&call)?;
    let expected = expected(call.request.headers());
    let (sent, keys) = (Sent { content: call.body.values, faults: call.faults }, call.query.keys);
    let recorded = service::record::record_update(&call.core, call.access, id, sent, keys, expected).await?;
    Ok(ok(&recorded, keys, None))
}

/// Delete a record
///
/// To undo it, create a record with the same id. `If-Match` is as with an update.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}/tables/{table}/records/{record}", operation_id = "recordDelete",
    tag = "records",
    responses((status = 204, description = "It is gone."))
)]
pub async fn record_delete(call: Call<RecordsWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    let id = record_meant(&call)?;
    let expected = expected(call.request.headers());
    service::record::record_delete(&call.core, call.access, id, expected).await?;
    Ok(answer::no_content())
}

/// Duplicate a record
///
/// Makes a copy of a record. Unique fields stay empty in it; one that is required refuses the copy.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records/{record}/duplicate",
    operation_id = "recordDuplicate", tag = "records",
    responses((status = 201, description = "The copy.", body = RecordDataView))
)]
pub async fn record_duplicate(
    mut call: Call<RecordsWrite, KeysQuery, EmptyKeyedBody>,
) -> Result<HttpResponse, Problem> {
    let id = record_meant(&call)?;
    let render = created(call.query.keys);
    let once = call.once(render.clone());
    answer::done(service::record::record_duplicate(&call.core, call.access, id, once).await, render)
}
