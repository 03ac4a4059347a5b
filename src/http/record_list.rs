//! Pages of records on the wire, by parameters or by a body.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::Body;
use super::call::Call;
use super::problem::Problem;
use super::record_json::{RecordView, RecordWriter};
use super::record_query::{KeysQuery, RecordListQuery};
use crate::access::RecordsRead;
use crate::error::{Code, Faults};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::model::field::Keys;
use crate::model::json::{Json, Members, OwnedJson, Pointer, Shape, write_integer};
use crate::service;
use crate::service::record_list::{ListInput, Plan, RecordPage, SortInput};
use crate::service::search::{FilterInput, Form};

/// A page of records.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordList)]
pub struct RecordListView {
    /// How many records meet filter and search, whatever the page. Not there with `total=false`.
    #[schema(nullable = false)]
    total: Option<u64>,
    records: Vec<RecordView>,
    /// Where the list goes on; null at its end.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// With `explain`: how the page was found.
    #[schema(nullable = false)]
    plan: Option<PlanView>,
}

/// How a question was answered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub struct PlanView {
    /// `range`: the page as it stands in the store. `lookup`: by ids or unique values. `columns`: over columns held in
    /// memory. `stream`: over all records, since their columns would not fit the memory budget.
    #[schema(value_type = String)]
    way: &'static str,
    /// Records that were looked at.
    records_examined: u64,
    /// Records of the table.
    records: u64,
    /// The time that it took, in milliseconds.
    milliseconds: f64,
}

impl PlanView {
    pub fn of(plan: &Plan) -> PlanView {
        PlanView {
            way: plan.way,
            records_examined: plan.examined,
            records: plan.records,
            milliseconds: (plan.milliseconds * 1000.0).round() / 1000.0,
        }
    }
}

/// What a list is asked for, as a body: the same as the parameters of the list.
#[derive(ToSchema)]
#[schema(example = json!({"filter": "status = \"active\" and age > 30", "sort": ["-score", "name"], "limit": 10}))]
pub struct RecordQuery {
    /// An expression as text, or the JSON form as an object.
    #[schema(value_type = Option<FilterForm>, nullable = false)]
    filter: Option<FilterInput>,
    /// Names of fields, with `-` before one that descends.
    #[schema(nullable = false, max_items = 8)]
    sort: Option<Vec<String>>,
    /// Words that all have to be in some text of the record.
    #[schema(nullable = false)]
    search: Option<String>,
    /// The fields to answer, by name or id. Left out, all.
    #[schema(nullable = false)]
    fields: Option<Vec<String>>,
    #[schema(minimum = 1, maximum = 1000, default = 100, required = false)]
    limit: usize,
    /// `nextCursor` of the page before.
    #[schema(nullable = false)]
    cursor: Option<String>,
    #[schema(default = true, required = false)]
    total: bool,
    /// Whether to answer how the page was found.
    #[schema(default = false, required = false)]
    explain: bool,
}

/// A filter in a body.
#[derive(ToSchema)]
#[schema(title = "Filter")]
#[expect(dead_code, reason = "the shape for the document; `filter_read` reads it")]
#[serde(untagged)]
pub enum FilterForm {
    /// An expression, as in `status = "active" and age > 30`.
    Text(String),
    /// Groups of conditions.
    Group(FilterGroup),
    /// One condition.
    Condition(FilterCondition),
}

/// Conditions of which all or any have to hold.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document")]
pub struct FilterGroup {
    /// `and` or `or`.
    conjunction: String,
    /// Conditions and groups.
    #[schema(value_type = Vec<Object>)]
    children: Vec<OwnedJson>,
}

/// One condition.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document")]
pub struct FilterCondition {
    /// The name or id of a field.
    field: String,
    /// What is asked of it, as in `eq`: which ones there are depends on the field's type.
    op: String,
    /// What it is compared with.
    value: Option<serde_json::Value>,
}

impl Body for RecordQuery {
    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordQuery> {
        let root = Pointer::Root;
        let filter = filter_read(members, bytes, faults);
        let sort = texts_read(members, "sort", faults);
        let search = text_read(members, "search", faults);
        let fields = texts_read(members, "fields", faults);
        let limit = limit_read(members, faults);
        let cursor = text_read(members, "cursor", faults);
        let mut flag = |name: &'static str, default| {
            let read = members.take(name).and_then(|json| json.boolean(&root.member(name), faults));
            read.unwrap_or(default)
        };
        let (total, explain) = (flag("total", true), flag("explain", false));
        Some(RecordQuery { filter, sort, search, fields, limit, cursor, total, explain })
    }
}

/// Reads the member `filter`: a text, or an object.
pub fn filter_read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<FilterInput> {
    let json = members.take("filter")?;
    let at = Pointer::Root;
    match json.shape() {
        Shape::Text => {
            json.text(&at.member("filter"), faults).map(|text| FilterInput::Text(text.into_owned()))
        }
        Shape::Object => Some(FilterInput::Json(OwnedJson::of(json, bytes))),
        found => {
            let detail =
                format!("Expected an expression as a string, or the JSON form as an object, found {found}.");
            faults.add(at.member("filter"), Code::WrongType, detail);
            None
        }
    }
}

/// Reads a member that is a text, and not an empty one.
pub fn text_read(members: &mut Members<'_>, name: &'static str, faults: &mut Faults) -> Option<String> {
    let (root, json) = (Pointer::Root, members.take(name)?);
    let text = json.text(&root.member(name), faults)?;
    if text.is_empty() {
        faults.add(root.member(name), Code::InvalidValue, "It is empty; leave it out.");
    }
    Some(text.into_owned())
}

fn texts_read(members: &mut Members<'_>, name: &'static str, faults: &mut Faults) -> Option<Vec<String>> {
    let (root, json) = (Pointer::Root, members.take(name)?);
    let at = root.member(name);
    let items = json.items(&at, faults)?;
    if items.is_empty() {
        faults.add(at, Code::InvalidValue, "The list is empty; leave it out.");
    }
    let text =
        |(n, item): (usize, Json<'_>)| item.text(&at.item(n), faults).map(std::borrow::Cow::into_owned);
    Some(items.into_iter().enumerate().filter_map(text).collect())
}

/// Reads the member `limit` of a page.
pub fn limit_read(members: &mut Members<'_>, faults: &mut Faults) -> usize {
    let Some(json) = members.take("limit") else { return PAGE_DEFAULT };
    let most = i64::try_from(PAGE_MAX).unwrap_or(i64::MAX);
    let read = json.integer(1..=most, &Pointer::Root.member("limit"), faults);
    read.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_DEFAULT)
}

/// List records
///
/// The records of a table, a page at a time: those that meet `filter` and `search`, in the order of `sort`, or of their
/// creation. Take `nextCursor` of each page as `cursor` of the next one; a record that does not change meanwhile is
/// neither skipped nor repeated.
///
/// A filter is an expression. These run on the demo:
///
/// - `status = "active" and (age > 30 or tags has "beta")`
/// - `name contains "ada" and not email is empty`
/// - `since between "2025-01-01" and today and score >= 50`
///
/// A name with other characters than letters, digits and `_` stands in braces: `{First name} starts with "A"`.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/records", operation_id = "recordList", tag = "records",
    responses((status = 200, description = "A page of records.", body = RecordListView))
)]
pub async fn record_list(call: Call<RecordsRead, RecordListQuery>) -> Result<HttpResponse, Problem> {
    let RecordListQuery { input, keys } = call.query;
    let page = service::record_list::record_list(&call.core, call.access, input).await?;
    Ok(answer::json_ok(page_json(&page, keys)))
}

/// Query records
///
/// The same as the list, for questions that are too long for an address: filter, sort and all else stand in the body.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records/query", operation_id = "recordQuery",
    tag = "records", request_body = RecordQuery,
    responses((status = 200, description = "A page of records.", body = RecordListView))
)]
pub async fn record_query(call: Call<RecordsRead, KeysQuery, RecordQuery>) -> Result<HttpResponse, Problem> {
    let RecordQuery { filter, sort, search, fields, limit, cursor, total, explain } = call.body;
    let sort = sort.map(SortInput::Keys);
    let input = ListInput {
        form: Form::Body,
        filter,
        sort,
        search,
        fields,
        limit,
        cursor,
        total,
        explain,
        faults: Faults::default(),
    };
    let page = service::record_list::record_list(&call.core, call.access, input).await?;
    Ok(answer::json_ok(page_json(&page, call.query.keys)))
}

fn page_json(page: &RecordPage, keys: Keys) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + page.records.len() * 512);
    out.push(b'{');
    if let Some(total) = page.total {
        out.extend_from_slice(b"\"total\":");
        write_integer(i64::try_from(total).unwrap_or(i64::MAX), &mut out);
        out.push(b',');
    }
    out.extend_from_slice(b"\"records\":[");
    let mut writer = RecordWriter::new(&page.table, keys, page.fields.as_deref());
    for (n, record) in page.records.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        writer.write(record, &mut out);
    }
    out.extend_from_slice(b"],");
    end_write(page.next.as_deref(), page.plan.as_ref(), &mut out);
    out
}

/// Appends what every page ends with: where it goes on, the plan if there is one, and the brace.
pub fn end_write(next: Option<&str>, plan: Option<&Plan>, out: &mut Vec<u8>) {
    match next {
        // A cursor is base64url: nothing in it needs an escape.
        Some(cursor) => out.extend_from_slice(format!("\"nextCursor\":\"{cursor}\"").as_bytes()),
        None => out.extend_from_slice(b"\"nextCursor\":null"),
    }
    if let Some(plan) = plan {
        out.extend_from_slice(b",\"plan\":");
        out.extend_from_slice(&serde_json::to_vec(&PlanView::of(plan)).unwrap_or_default());
    }
    out.push(b'}');
}
