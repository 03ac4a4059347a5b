//! Records on the wire, one at a time and in pages.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody, EmptyKeyedBody, NoBody};
use super::call::Call;
use super::problem::Problem;
use super::query::{NoQuery, ParamDoc, ParamType, Params, Query};
use super::record_json::{RecordView, RecordWriter};
use super::space::{CURSOR, LIMIT};
use crate::access::{RecordsRead, RecordsWrite};
use crate::error::{Code, Error, Faults};
use crate::id::{FieldId, Id, RecordId};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::model::field::Keys;
use crate::model::json::{Json, Members, OwnedJson, Pointer};
use crate::model::table::OpenTable;
use crate::query::cursor::Bound;
use crate::query::list::Page;
use crate::service;
use crate::service::record::{Expected, RecordPage, Recorded};
use crate::service::record_edit::{RecordInput, Sent};
use crate::store::kept::Answer;

/// One record.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordData)]
pub struct RecordDataView {
    data: RecordView,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordList)]
pub struct RecordListView {
    /// How many records there are, whatever the page. Not there with `total=false`.
    #[schema(nullable = false)]
    total: Option<u64>,
    records: Vec<RecordView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
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
    #[schema(ignore)]
    faults: Faults,
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
        RecordCreate { id, values, faults: Faults::default() }
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
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordCreate> {
        Some(RecordCreate::read_at(members, bytes, &Pointer::Root, faults))
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

/// Values to be changed. Fields that are not named stay as they are; `null` empties one.
#[derive(ToSchema)]
pub struct RecordUpdate {
    #[schema(value_type = Object)]
    values: OwnedJson,
    #[schema(ignore)]
    faults: Faults,
}

impl Body for RecordUpdate {
    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordUpdate> {
        let values = members.require("values", &Pointer::Root, faults)?;
        Some(RecordUpdate { values: OwnedJson::of(values, bytes), faults: Faults::default() })
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

pub const KEYS: ParamDoc = ParamDoc {
    name: "keys",
    about: "Whether fields and choices are called by their names or by their ids, in what is sent and in the answer.",
    of: ParamType::OneOf(&["name", "id"]),
};

/// How fields are called.
#[derive(Debug)]
pub struct KeysQuery {
    pub keys: Keys,
}

impl Query for KeysQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS];

    fn read(params: &mut Params) -> KeysQuery {
        KeysQuery { keys: keys_read(params) }
    }
}

/// Reads the parameter `keys`.
pub fn keys_read(params: &mut Params) -> Keys {
    match params.text("keys").as_deref() {
        None | Some("name") => Keys::Name,
        Some("id") => Keys::Id,
        Some(_) => {
            params.wrong("keys", "`name` or `id`");
            Keys::Name
        }
    }
}

const FIELDS: ParamDoc = ParamDoc {
    name: "fields",
    about: "The fields to answer, by name or id, with commas between them; a name with other characters than letters, digits and `_` stands in braces. Left out, all.",
    of: ParamType::Text,
};

/// One record as it is wanted.
#[derive(Debug)]
pub struct GetQuery {
    keys: Keys,
    fields: Option<Vec<String>>,
}

impl Query for GetQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS, FIELDS];

    fn read(params: &mut Params) -> GetQuery {
        GetQuery { keys: keys_read(params), fields: fields_read(params) }
    }
}

/// A page as it is wanted.
#[derive(Debug)]
pub struct RecordListQuery {
    limit: usize,
    cursor: Option<String>,
    keys: Keys,
    fields: Option<Vec<String>>,
    total: bool,
    descending: bool,
}

impl Query for RecordListQuery {
    const PARAMS: &'static [ParamDoc] = &[
        LIMIT,
        CURSOR,
        FIELDS,
        KEYS,
        ParamDoc {
            name: "total",
            about: "Whether to answer how many records there are.",
            of: ParamType::Flag { default: true },
        },
        ParamDoc {
            name: "sort",
            about: "`id` for the order of creation, `-id` for the newest first.",
            of: ParamType::OneOf(&["id", "-id"]),
        },
    ];

    fn read(params: &mut Params) -> RecordListQuery {
        let descending = match params.text("sort").as_deref() {
            None | Some("id") => false,
            Some("-id") => true,
            Some(_) => {
                params.wrong("sort", "`id` or `-id`");
                false
            }
        };
        RecordListQuery {
            limit: params.integer("limit", 1, PAGE_MAX, PAGE_DEFAULT),
            cursor: params.text("cursor"),
            keys: keys_read(params),
            fields: fields_read(params),
            total: params.flag("total", true),
            descending,
        }
    }
}

/// Reads the parameter `fields`: names with commas between them, in braces where they need it.
fn fields_read(params: &mut Params) -> Option<Vec<String>> {
    let text = params.text("fields")?;
    let names = names_split(&text);
    if names.is_none() {
        params.wrong(
            "fields",
            "names with commas between them; one with other characters in braces: `name,{First name}`",
        );
    }
    names
}

fn names_split(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (name, after) = match rest.strip_prefix('{') {
            Some(inside) => braced(inside)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end)?;
                (name.trim().to_owned(), after)
            }
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(names);
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// A name up to its closing brace, where `}}` stands for one of the name's own.
fn braced(inside: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = inside;
    loop {
        let end = rest.find('}')?;
        name.push_str(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match rest.strip_prefix('}') {
            Some(after) => {
                name.push('}');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

/// The fields that are meant; a fault for each that the table does not have.
fn fields_meant(table: &OpenTable, names: Option<&[String]>) -> crate::error::Result<Option<Vec<FieldId>>> {
    let Some(names) = names else { return Ok(None) };
    let mut faults = Faults::default();
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        match table.field_meant(name) {
            Some(open) => ids.push(open.field.id),
            None => {
                let hint = table.suggest_field(name);
                faults.add(
                    "fields",
                    Code::InvalidParameter,
                    format!("The table has no field `{name}`.{hint}"),
                );
            }
        }
    }
    faults.check().map(|()| Some(ids))
}

/// The id in the path; one that can't be a record's is not there.
fn record_meant<P, Q: Query, B: Body>(call: &Call<P, Q, B>) -> crate::error::Result<RecordId>
where
    P: crate::access::Permission<Place = crate::access::InTable>,
{
    RecordId::parse(call.part("record")).ok_or_else(|| Error::plain(Code::RecordNotFound))
}

fn etag(version: u32) -> String {
    format!("\"{version}\"")
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
    if let Ok(etag) = HeaderValue::from_str(&etag(recorded.record.version)) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn created(keys: Keys) -> impl Fn(&Recorded) -> Answer + Send + Sync + Clone + 'static {
    move |recorded| {
        let (base, table, id) = (recorded.table.base, recorded.table.id, recorded.record.id);
        let location = format!("/api/openapi/bases/{base}/tables/{table}/records/{id}");
        let headers = vec![("location".into(), location), ("etag".into(), etag(recorded.record.version))];
        answer::rendered(201, headers, one(recorded, keys, None))
    }
}

/// Reads a list of entity tags (RFC 9110, section 8.8.3). `None` if the header is not there.
fn tags_read(headers: &HeaderMap, name: &header::HeaderName) -> crate::error::Result<Option<Tags>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let bad = || {
        let detail = "Expected `*` or entity tags such as `\"3\"`, with commas between them.";
        Error::fault(name, Code::InvalidHeader, detail)
    };
    let text = value.to_str().map_err(|_| bad())?.trim();
    if text == "*" {
        return Ok(Some(Tags::Any));
    }
    let mut tags = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        let (weak, quoted) = part.strip_prefix("W/").map_or((false, part), |rest| (true, rest));
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(bad)?;
        tags.push((weak, inside.parse::<u32>().ok().filter(|version| version.to_string() == inside)));
    }
    Ok(Some(Tags::Listed(tags)))
}

/// Entity tags: whether each is weak, and the version it speaks of, if it can be one of ours.
enum Tags {
    Any,
    Listed(Vec<(bool, Option<u32>)>),
}

/// `If-Match` compares strongly: a weak tag never fits.
fn expected(headers: &HeaderMap) -> crate::error::Result<Option<Expected>> {
    Ok(tags_read(headers, &header::IF_MATCH)?.map(|tags| match tags {
        Tags::Any => Expected::Any,
        Tags::Listed(tags) => Expected::Versions(
            tags.into_iter().filter(|(weak, _)| !weak).filter_map(|(_, version)| version).collect(),
        ),
    }))
}

/// Whether `If-None-Match` holds, by weak comparison: the client has this version already.
fn is_known(headers: &HeaderMap, version: u32) -> crate::error::Result<bool> {
    Ok(match tags_read(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|(_, tag)| *tag == Some(version)),
    })
}

/// List records
///
/// The records of a table in the order of their creation, a page at a time. Take `nextCursor` of each page as `cursor` of
/// the next one. A record that is made or changed meanwhile makes the list neither skip nor repeat another one.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordList", tag = "records",
    responses((status = 200, description = "A page of records.", body = RecordListView))
)]
pub async fn record_list(call: Call<RecordsRead, RecordListQuery>) -> Result<HttpResponse, Problem> {
    let RecordListQuery { limit, cursor, keys, fields, total, descending } = call.query;
    let query = format!("records of {} {descending}", call.access.place().table());
    let bound = Bound { key: call.core.cursor_key(), query: query.as_bytes() };
    let after = cursor.as_deref().map(|cursor| bound.read(cursor)).transpose()?;
    let page = Page { after, way: service::record::way(descending), limit };
    let names = fields.clone();
    let check = move |table: &OpenTable| fields_meant(table, names.as_deref()).map(drop);
    let page = service::record::record_list(&call.core, call.access, page, total, check).await?;
    let fields = fields_meant(&page.table, fields.as_deref())?;
    Ok(answer::json_ok(page_json(&page, keys, fields.as_deref(), page.next.map(|id| bound.write(id)))))
}

fn page_json(page: &RecordPage, keys: Keys, fields: Option<&[FieldId]>, next: Option<String>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + page.records.len() * 512);
    out.push(b'{');
    if let Some(total) = page.total {
        out.extend_from_slice(format!("\"total\":{total},").as_bytes());
    }
    out.extend_from_slice(b"\"records\":[");
    let mut writer = RecordWriter::new(&page.table, keys, fields);
    for (n, record) in page.records.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        writer.write(record, &mut out);
    }
    match next {
        // A cursor is base64url: nothing in it needs an escape.
        Some(cursor) => out.extend_from_slice(format!("],\"nextCursor\":\"{cursor}\"}}").as_bytes()),
        None => out.extend_from_slice(b"],\"nextCursor\":null}"),
    }
    out
}

/// Create a record
///
/// Makes a record and answers it as it is stored. With an `Idempotency-Key` the call can be repeated safely.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordCreate", tag = "records",
    request_body(content = RecordCreate, example = json!({"values": {
        "name": "Grace Hopper", "email": "grace@example.com", "age": 45, "status": "active", "tags": ["referral"]
    }})),
    responses((status = 201, description = "The new record.", body = RecordDataView))
)]
pub async fn record_create(
    mut call: Call<RecordsWrite, KeysQuery, RecordCreate>,
) -> Result<HttpResponse, Problem> {
    let render = created(call.query.keys);
    let once = call.once(render.clone());
    let faults = std::mem::take(&mut call.body.faults);
    let sent = Sent { content: call.body.into_input(), faults };
    let done = service::record::record_create(&call.core, call.access, sent, call.query.keys, once).await;
    answer::done(done, render)
}

/// Get a record
///
/// With `If-None-Match` and the `ETag` of an earlier answer, a record that has not changed is answered by 304.
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
    let access = call.access;
    let find = move |core: &service::Core| service::record::record_get(core, &access, id);
    let recorded = call.core.door.read(&call.core, service::door::Weight::Light, find).await?;
    let fields = fields_meant(&recorded.table, call.query.fields.as_deref())?;
    let version = recorded.record.version;
    if is_known(call.request.headers(), version)? {
        return Ok(HttpResponse::NotModified().insert_header((header::ETAG, etag(version))).finish());
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
    let expected = expected(call.request.headers())?;
    let (sent, keys) = (Sent { content: call.body.values, faults: call.body.faults }, call.query.keys);
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
    let expected = expected(call.request.headers())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_commas_outside_of_braces() {
        let split = |text| names_split(text).map(|names| names.join("|"));
        assert_eq!(split("name,age").as_deref(), Some("name|age"));
        assert_eq!(split(" name , {First, }}name} , x").as_deref(), Some("name|First, }name|x"));
        for wrong in ["", ",", "a,", "{a", "{}", "{a}b"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
