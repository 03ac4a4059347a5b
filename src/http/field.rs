//! Fields on the wire.

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::answer;
use super::body::{Body, EmptyBody};
use super::call::Call;
use super::problem::Problem;
use super::query::{NoQuery, ParamDoc, ParamType, Params, Query};
use super::space::{ListQuery, description_patch, name_patch, position_patch};
use crate::access::{TableRead, TableWrite};
use crate::error::Faults;
use crate::id::FieldId;
use crate::model::field::{Definition, Keys, OpenField};
use crate::model::json::{Members, OwnedJson, Pointer};
use crate::model::name::{Name, read_description};
use crate::model::table::OpenTable;
use crate::model::value::Value;
use crate::service;
use crate::service::field::{FieldInput, FieldPatch, Fielded};
use crate::service::record_edit::Sent;
use crate::store::kept::Answer;

/// A field of a table.
#[derive(Serialize, ToSchema)]
#[schema(as = Field)]
pub struct FieldView {
    #[schema(example = "fld01kb1q2w3e4r5t6y7z8a9b0c1d")]
    id: String,
    #[schema(example = "email")]
    name: String,
    #[serde(rename = "type")]
    #[schema(schema_with = super::openapi::field_type_schema)]
    of_type: String,
    /// Whether a record needs a value.
    required: bool,
    /// Whether no two records may have the same value.
    unique: bool,
    /// The value that a record gets when it is made without one.
    #[schema(value_type = Option<serde_json::Value>)]
    default: Box<RawValue>,
    description: Option<String>,
    /// What the type has to say besides: the choices of a select, for instance.
    options: serde_json::Value,
    /// Whether it is the table's first field, which names a record to people.
    primary: bool,
}

impl FieldView {
    fn of(open: &OpenField, primary: bool) -> FieldView {
        FieldView {
            id: open.field.id.to_string(),
            name: open.field.name.to_string(),
            of_type: open.field.of_type.clone(),
            required: open.field.required,
            unique: open.field.unique.is_some(),
            default: match &open.field.default {
                Some(_) => value_json(open, &open.default_value(), Keys::Name),
                None => null(),
            },
            description: open.field.description.clone(),
            options: open.of_type.options(Keys::Name),
            primary,
        }
    }

    /// All fields of a table.
    pub fn all(table: &OpenTable) -> Vec<FieldView> {
        table.fields.iter().enumerate().map(|(n, open)| FieldView::of(open, n == 0)).collect()
    }

    fn one(table: &OpenTable, field: FieldId) -> Option<FieldView> {
        let found = table.fields.iter().enumerate().find(|(_, open)| open.field.id == field);
        found.map(|(n, open)| FieldView::of(open, n == 0))
    }
}

fn null() -> Box<RawValue> {
    RawValue::NULL.to_owned()
}

/// A value as its field writes it.
fn value_json(open: &OpenField, value: &Value<'_>, keys: Keys) -> Box<RawValue> {
    let mut out = Vec::new();
    open.of_type.render(value, keys, &mut out);
    String::from_utf8(out).ok().and_then(|text| RawValue::from_string(text).ok()).unwrap_or_else(null)
}

/// A page of fields.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FieldList)]
pub struct FieldListView {
    fields: Vec<FieldView>,
    /// Where the list goes on; null at its end.
    next_cursor: Option<String>,
}

/// A field, and with `dryRun` what the change would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FieldChanged)]
pub struct FieldChangedView {
    #[serde(flatten)]
    field: Option<FieldView>,
    /// There, and true, on a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    dry_run: Option<bool>,
    /// On a dry run: records whose value would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    modified_count: Option<usize>,
    /// On a dry run: the first hundred of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    changes: Option<Vec<ValueChangeView>>,
}

/// What a change of a field makes of one record's value.
#[derive(Serialize, ToSchema)]
#[schema(as = ValueChange)]
pub struct ValueChangeView {
    id: String,
    #[schema(value_type = Option<serde_json::Value>)]
    before: Box<RawValue>,
    #[schema(value_type = Option<serde_json::Value>)]
    after: Box<RawValue>,
}

impl FieldChangedView {
    fn of(done: &Fielded, dry_run: bool) -> FieldChangedView {
        let old = done.before.as_ref().and_then(|table| table.field(done.field));
        let new = done.table.field(done.field);
        let json = |open: Option<&OpenField>, value| {
            open.map_or_else(null, |open| value_json(open, value, Keys::Name))
        };
        let changes = done.shown.iter().map(|shown| ValueChangeView {
            id: shown.record.to_string(),
            before: json(old, &shown.before),
            after: json(new, &shown.after),
        });
        FieldChangedView {
            field: FieldView::one(&done.table, done.field),
            dry_run: dry_run.then_some(true),
            modified_count: dry_run.then_some(done.converted),
            changes: dry_run.then(|| changes.collect()),
        }
    }
}

/// A field to be made.
pub struct FieldCreate {
    pub input: FieldInput,
}

/// A field to be made.
#[derive(ToSchema)]
#[schema(as = FieldCreate)]
#[expect(dead_code, reason = "the shape for the document; what is read is `FieldInput`")]
pub struct FieldCreateShape {
    /// 1 to 255 characters, unique in the table without regard to case; not `id`, `version`, `createdAt` or `updatedAt`.
    #[schema(value_type = String, min_length = 1, max_length = 255, example = "priority")]
    name: Name,
    #[schema(rename = "type", schema_with = super::openapi::field_type_schema)]
    of_type: &'static Definition,
    #[schema(max_length = 2000, nullable)]
    description: Option<String>,
    /// Whether a record needs a value.
    #[schema(value_type = Option<bool>, nullable = false, default = false)]
    required: bool,
    /// Whether no two records may have the same value.
    #[schema(value_type = Option<bool>, nullable = false, default = false)]
    unique: bool,
    /// The value that a record gets when it is made without one; records that are there get it too.
    #[schema(value_type = Option<serde_json::Value>)]
    default: Option<OwnedJson>,
    /// What the type has to say besides.
    #[schema(schema_with = super::openapi::field_options_schema)]
    options: Option<OwnedJson>,
}

impl FieldCreate {
    /// Reads a field that stands anywhere in a body.
    pub fn read_at(
        members: &mut Members<'_>,
        bytes: &Bytes,
        at: &Pointer<'_>,
        faults: &mut Faults,
    ) -> FieldCreate {
        let name =
            members.require("name", at, faults).and_then(|json| Name::read(json, &at.member("name"), faults));
        let of_type = members.require("type", at, faults);
        let of_type = of_type.and_then(|json| Definition::read(json, &at.member("type"), faults));
        let description = members.take("description");
        let description =
            description.and_then(|json| read_description(json, &at.member("description"), faults));
        let mut flag = |name| members.take(name).map(|json| json.boolean(&at.member(name), faults));
        let (required, unique) = (flag("required"), flag("unique"));
        let default = members.take("default").map(|json| OwnedJson::of(json, bytes));
        let options = members.take("options").map(|json| OwnedJson::of(json, bytes));
        let (required, unique) = (required.flatten().unwrap_or(false), unique.flatten().unwrap_or(false));
        let input = FieldInput { name, of_type, description, required, unique, default, options };
        FieldCreate { input }
    }
}

impl Body for FieldCreate {
    const DEFERS: bool = true;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<FieldCreate> {
        Some(FieldCreate::read_at(members, bytes, &Pointer::Root, faults))
    }
}

/// What is to change of a field.
pub struct FieldUpdate {
    patch: FieldPatch,
}

/// What is to change of a field. Members that are not there stay as they are.
#[derive(ToSchema)]
#[schema(as = FieldUpdate)]
#[expect(dead_code, reason = "the shape for the document; what is read is `FieldPatch`")]
pub struct FieldUpdateShape {
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 255, example = "notes")]
    name: Option<Name>,
    /// Another type; the values are converted, or the change is refused.
    #[schema(rename = "type", schema_with = super::openapi::field_type_schema)]
    of_type: Option<&'static Definition>,
    /// `null` takes it away.
    #[schema(value_type = Option<String>, max_length = 2000, example = "What else there is to say")]
    description: Option<Option<String>>,
    #[schema(nullable = false)]
    required: Option<bool>,
    #[schema(nullable = false)]
    unique: Option<bool>,
    /// `null` takes it away.
    #[schema(value_type = Option<serde_json::Value>)]
    default: Option<Option<OwnedJson>>,
    /// Of a select: choices that are left out are removed, which is refused while records have them.
    #[schema(schema_with = super::openapi::field_options_schema)]
    options: Option<OwnedJson>,
    /// Its place among the fields of the table, from 0; the first one is the primary field.
    #[schema(nullable = false, minimum = 0, maximum = 100_000)]
    position: Option<usize>,
}

impl Body for FieldUpdate {
    const DEFERS: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<FieldUpdate> {
        let root = Pointer::Root;
        let (name, description) = (name_patch(members, faults), description_patch(members, faults));
        let of_type = members.take("type").map(|json| Definition::read(json, &root.member("type"), faults));
        let mut flag = |name| members.take(name).map(|json| json.boolean(&root.member(name), faults));
        let (required, unique) = (flag("required"), flag("unique"));
        let default =
            members.take("default").map(|json| (!json.is_null()).then(|| OwnedJson::of(json, bytes)));
        let options = members.take("options").map(|json| OwnedJson::of(json, bytes));
        let position = position_patch(members, faults);
        let patch = FieldPatch {
            name,
            of_type: of_type.flatten(),
            description,
            required: required.flatten(),
            unique: unique.flatten(),
            default,
            options,
            position,
        };
        Some(FieldUpdate { patch })
    }
}

/// Whether only to say what a change would do.
#[derive(Debug)]
pub struct DryRunQuery {
    pub dry_run: bool,
}

pub const DRY_RUN: ParamDoc = ParamDoc {
    name: "dryRun",
    about: "Answers what the call would do, with up to a hundred of the changes, and changes nothing.",
    of: ParamType::Flag { default: false },
};

impl Query for DryRunQuery {
    const PARAMS: &'static [ParamDoc] = &[DRY_RUN];

    fn read(params: &mut Params) -> DryRunQuery {
        DryRunQuery { dry_run: params.flag("dryRun", false) }
    }

    fn is_dry_run(&self) -> bool {
        self.dry_run
    }
}

fn created(done: &Fielded) -> Answer {
    let (base, table, field) = (done.table.base, done.table.id, done.field);
    let location = format!("/api/openapi/bases/{base}/tables/{table}/fields/{field}");
    answer::created(location, &FieldChangedView::of(done, false))
}

/// List fields
///
/// The fields of a table in their order.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/fields", operation_id = "fieldList", tag = "fields",
    responses((status = 200, description = "A page of fields.", body = FieldListView))
)]
pub async fn field_list(call: Call<TableRead, ListQuery>) -> Result<HttpResponse, Problem> {
    let table = service::field::field_list(&call.core, call.access).await?;
    let what = format!("fields of {}", table.id);
    let (page, next_cursor) = call.query.page(&call.core, &what, &table.fields, |open| open.field.id)?;
    let first = table.fields.first().map(|open| open.field.id);
    let fields = page.iter().map(|open| FieldView::of(open, Some(open.field.id) == first)).collect();
    answer::ok(&FieldListView { fields, next_cursor })
}

/// Create a field
///
/// Adds a field at the end of the table. A default fills the records that are there; without one a required field can't be
/// added to a table that has records.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/fields", operation_id = "fieldCreate", tag = "fields",
    request_body = FieldCreateShape,
    responses(
        (status = 201, description = "The new field.", body = FieldView),
        (status = 200, description = "What the call would do, on a dry run.", body = FieldChangedView)
    )
)]
pub async fn field_create(
    mut call: Call<TableWrite, DryRunQuery, FieldCreate>,
) -> Result<HttpResponse, Problem> {
    let (once, dry_run) = (call.once(created), call.query.dry_run);
    let sent = Sent { content: call.body.input, faults: call.faults };
    let done = service::field::field_create(&call.core, call.access, sent, dry_run, once).await;
    if dry_run {
        return answer::ok(&FieldChangedView::of(&done?.fresh()?, true));
    }
    answer::done(done, created)
}

/// Get a field
///
/// By its id or name.
#[utoipa::path(
    get, path = "/api/openapi/bases/{base}/tables/{table}/fields/{field}", operation_id = "fieldGet", tag = "fields",
    responses((status = 200, description = "The field.", body = FieldView))
)]
pub async fn field_get(call: Call<TableRead>) -> Result<HttpResponse, Problem> {
    let meant = call.part("field").to_owned();
    let found = service::field::field_get(&call.core, call.access, &meant).await?;
    answer::ok(&FieldChangedView::of(&found, false))
}

/// Update a field
///
/// Changes what is named. A change of type, of choices, of `required` or of `unique` has to fit the records that are there:
/// values are converted, or the change is refused with the count of those that do not fit and the first of them. Try it
/// with `dryRun` first.
#[utoipa::path(
    patch, path = "/api/openapi/bases/{base}/tables/{table}/fields/{field}", operation_id = "fieldUpdate",
    tag = "fields",
    request_body(content = FieldUpdateShape, example = json!({"description": "What else there is to say"})),
    responses((status = 200, description = "The field as it is now, or as it would be.", body = FieldChangedView))
)]
pub async fn field_update(call: Call<TableWrite, DryRunQuery, FieldUpdate>) -> Result<HttpResponse, Problem> {
    let (meant, dry_run) = (call.part("field").to_owned(), call.query.dry_run);
    let sent = Sent { content: call.body.patch, faults: call.faults };
    let done = service::field::field_update(&call.core, call.access, meant, sent, dry_run).await?;
    answer::ok(&FieldChangedView::of(&done, dry_run))
}

/// Delete a field
///
/// Deletes the field with its values. A table keeps at least one field; after the first one is deleted, the next one is
/// the primary field.
#[utoipa::path(
    delete, path = "/api/openapi/bases/{base}/tables/{table}/fields/{field}", operation_id = "fieldDelete",
    tag = "fields",
    responses((status = 204, description = "It is gone."))
)]
pub async fn field_delete(call: Call<TableWrite, NoQuery, EmptyBody>) -> Result<HttpResponse, Problem> {
    let meant = call.part("field").to_owned();
    service::field::field_delete(&call.core, call.access, meant).await?;
    Ok(answer::no_content())
}
