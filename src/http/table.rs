//! Tables on the wire.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::Call;
use super::field::{FieldCreate, FieldCreateShape, FieldView};
use super::problem::Problem;
use super::query::NoQuery;
use super::space::{ListQuery, description_patch, name_and_description, name_patch, position_patch};
use crate::access::{BaseRead, BaseWrite, TableRead, TableWrite};
use crate::error::Faults;
use crate::limits::FIELDS_MAX;
use crate::model::json::{Members, Pointer};
use crate::model::name::Name;
use crate::service;
use crate::service::record_edit::Sent;
use crate::service::table::{TableInput, TablePatch, Tabled};
use crate::store::kept::Answer;

/// A table: fields, and records that have a value in each.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Table)]
pub struct TableView {
    #[schema(example = "tbl01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    base_id: String,
    #[schema(example = "Contacts")]
    name: String,
    description: Option<String>,
    /// Records in the table.
    #[schema(example = 300)]
    record_count: u64,
    /// In their order; the first one is the primary field, which names a record to people.
    fields: Vec<FieldView>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&Tabled> for TableView {
    fn from(Tabled { table, records }: &Tabled) -> TableView {
        TableView {
            id: table.id.to_string(),
            base_id: table.base.to_string(),
            name: table.name.to_string(),
            description: table.description.clone(),
            record_count: *records,
            fields: FieldView::all(table),
            created_at: table.created_at.to_string(),
            updated_at: table.updated_at.to_string(),
        }
    }
}

/// A page of tables.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TableList)]
pub struct TableListView {
    tables: Vec<TableView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A table to be made, with its fields.
pub struct TableCreate {
    pub input: TableInput,
}

/// A table to be made, with its fields.
#[derive(ToSchema)]
#[schema(as = TableCreate)]
#[expect(dead_code, reason = "the shape for the document; what is read is `TableInput`")]
pub struct TableCreateShape {
    /// 1 to 255 characters, unique in the base without regard to case.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "Products")]
    name: Name,
    #[schema(max_length = 2000, nullable)]
    description: Option<String>,
    /// At least one; the first one is the primary field.
    #[schema(min_items = 1, max_items = 500, example = json!([
        {"name": "name", "type": "string", "required": true},
        {"name": "price", "type": "number"},
        {"name": "state", "type": "select", "options": {"choices": [{"name": "in stock"}, {"name": "sold out"}]}}
    ]))]
    fields: Vec<FieldCreateShape>,
}

impl Body for TableCreate {
    const DEFERS: bool = true;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<TableCreate> {
        let root = Pointer::Root;
        let at = root.member("fields");
        let (name, description) = name_and_description(members, faults);
        let items = members.require("fields", &root, faults).and_then(|json| json.items(&at, faults));
        let mut field_read = |(n, item)| {
            let at = at.item(n);
            // A field keeps its place even if it is none, so that the others keep theirs.
            let mut members = Members::read(item, &at, faults).unwrap_or_default();
            let input = FieldCreate::read_at(&mut members, bytes, &at, faults).input;
            members.finish(&at, faults);
            input
        };
        let fields = items
            .map(|items| items.into_iter().take(FIELDS_MAX + 1).enumerate().map(&mut field_read).collect());
        Some(TableCreate { input: TableInput { name, description, fields } })
    }
}

/// What is to change of a table. Members that are not there stay as they are.
#[derive(ToSchema)]
pub struct TableUpdate {
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 255, example = "Contacts")]
    pub name: Option<Name>,
    /// `null` takes it away.
    #[schema(value_type = Option<String>, max_length = 2000, example = "The people we know")]
    pub description: Option<Option<String>>,
    /// Its place among the tables of the base, from 0.
    #[schema(nullable = false, minimum = 0, maximum = 100_000)]
    pub position: Option<usize>,
}

impl Body for TableUpdate {
    fn read(members: &mut Members<'_>, _: &Bytes, faults: &mut Faults) -> Option<TableUpdate> {
        let (name, description) = (name_patch(members, faults), description_patch(members, faults));
        Some(TableUpdate { name, description, position: position_patch(members, faults) })
    }
}

fn created(tabled: &Tabled) -> Answer {
    let (base, table) = (tabled.table.base, tabled.table.id);
    answer::created(format!("/api/openapi/bases/{base}/tables/{table}"), &TableView::from(tabled))
}

/// List tables
///
/// The tables of a base with their fields, in the order of the base. A narrowed token sees those that it is narrowed to.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables", operation_id = "tableList", tag = "tables",
    responses((status = 200, description = "A page of tables.", body = TableListView))
)]
pub async fn table_list(call: Call<BaseRead, ListQuery>) -> Result<HttpResponse, Problem> {
    let what = format!("tables of {}", call.access.place().base());
    let tables = service::table::table_list(&call.core, call.access).await?;
    let (page, next_cursor) = call.query.page(&call.core, &what, &tables, |tabled| tabled.table.id)?;
    answer::ok(&TableListView { tables: page.iter().map(TableView::from).collect(), next_cursor })
}

/// Create a table
///
/// Makes a table with its fields at the end of the base's list.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables", operation_id = "tableCreate", tag = "tables",
    request_body = TableCreateShape,
    responses((status = 201, description = "The new table.", body = TableView))
)]
pub async fn table_create(mut call: Call<BaseWrite, NoQuery, TableCreate>) -> Result<HttpResponse, Problem> {
    let once = call.once(created);
    let sent = Sent { content: call.body.input, faults: call.faults };
    answer::done(service::table::table_create(&call.core, call.access, sent, once).await, created)
}

/// Get a table
///
/// By its id or name, with its fields and the count of its records.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}", operation_id = "tableGet", tag = "tables",
    responses((status = 200, description = "The table.", body = TableView))
)]
pub async fn table_get(call: Call<TableRead>) -> Result<HttpResponse, Problem> {
    answer::ok(&TableView::from(&service::table::table_get(&call.core, call.access).await?))
}

/// Update a table
///
/// Changes its name, its description or its place in the list. Fields have operations of their own.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}/tables/{table}", operation_id = "tableUpdate", tag = "tables",
    request_body = TableUpdate,
    responses((status = 200, description = "The table as it is now.", body = TableView))
)]
pub async fn table_update(call: Call<TableWrite, NoQuery, TableUpdate>) -> Result<HttpResponse, Problem> {
    let TableUpdate { name, description, position } = call.body;
    let patch = TablePatch { name, description, position };
    answer::ok(&TableView::from(&service::table::table_update(&call.core, call.access, patch).await?))
}

/// Delete a table
///
/// Deletes the table with its records, in one step. There is no way back.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}/tables/{table}", operation_id = "tableDelete", tag = "tables",
    responses((status = 204, description = "It is gone."))
)]
pub async fn table_delete(call: Call<TableWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    service::table::table_delete(&call.core, call.access).await?;
    Ok(answer::no_content())
}
