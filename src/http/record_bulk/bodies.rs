//! Bodies that name many records.

use bytes::Bytes;
use utoipa::ToSchema;

use crate::error::{Code, Faults};
use crate::http::body::Body;
use crate::http::record::{RecordCreate, record_id_read};
use crate::http::record_list::{FilterForm, filter_read};
use crate::id::RecordId;
use crate::limits::{BULK_BODY_BYTES_MAX, CHANGED_RECORDS_MAX};
use crate::model::json::{Json, Members, OwnedJson, Pointer};
use crate::service::record_edit::RecordInput;
use crate::service::search::FilterInput;

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
    pub(super) records: Vec<RecordInput>,
    #[schema(ignore)]
    pub(super) count: usize,
}

impl Body for RecordsCreate {
    const DEFERS: bool = true;
    const LIMIT: usize = BULK_BODY_BYTES_MAX;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsCreate> {
        let read =
            list_read(members, "records", faults, |json, at, faults| record_at(json, bytes, at, faults));
        let (records, count) = read?;
        Some(RecordsCreate { records, count })
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

/// Records to be changed: each in its own way, or all that a filter finds in the same way.
#[derive(ToSchema)]
pub struct RecordsUpdate {
    #[schema(min_items = 1, max_items = 10_000, nullable = false, example = json!([
        {"id": "rec01jd00000000000000000000c1", "values": {"status": "paused"}}
    ]))]
    #[schema(value_type = Option<Vec<RecordPatch>>)]
    pub(super) records: Vec<RecordInput>,
    /// Instead of `records`: which records are meant. `"true"` says all.
    #[schema(value_type = Option<FilterForm>, nullable = false)]
    pub(super) filter: Option<FilterInput>,
    /// With `filter`: what all of them get.
    #[schema(value_type = Option<Object>, nullable = false)]
    pub(super) values: Option<OwnedJson>,
    #[schema(ignore)]
    pub(super) by_filter: bool,
    #[schema(ignore)]
    pub(super) count: usize,
}

impl Body for RecordsUpdate {
    const DEFERS: bool = true;
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsUpdate> {
        let body =
            |records, count| RecordsUpdate { records, filter: None, values: None, by_filter: false, count };
        if by_filter(members, "records", faults) {
            let filter = filter_read(members, bytes, faults);
            let values = members.require("values", &Pointer::Root, faults);
            let values = values.map(|json| OwnedJson::of(json, bytes));
            return Some(RecordsUpdate { filter, values, by_filter: true, ..body(Vec::new(), 0) });
        }
        let read = list_read(members, "records", faults, |json, at, faults| {
            let before = faults.count();
            let record = record_at(json, bytes, at, faults);
            if record.id.is_none() && record.values.is_some() && faults.count() == before {
                faults.add(at.member("id"), Code::Required, "A record that is to be changed needs its id.");
            }
            record
        });
        let (records, count) = read?;
        Some(body(records, count))
    }
}

/// Whether a change names its records by a filter; a fault if it does both.
fn by_filter(members: &mut Members<'_>, list: &'static str, faults: &mut Faults) -> bool {
    let (filter, listed) = (members.has("filter"), members.has(list));
    if !filter && !listed {
        members.take("filter");
        let detail = format!("Send `{list}`, or `filter` for all records that it finds.");
        faults.add(Pointer::Root.member(list), Code::Required, detail);
        return true;
    }
    if filter && listed {
        members.take(list);
        let detail = format!("Send `{list}` or `filter`, not both.");
        faults.add(Pointer::Root.member(list), Code::InvalidValue, detail);
    }
    filter
}

/// Records to be changed where they are there, and made where they are not.
#[derive(ToSchema)]
pub struct RecordsUpsert {
    #[schema(min_items = 1, max_items = 10_000, example = json!([
        {"values": {"email": "margaret@example.com", "name": "Margaret Hamilton", "status": "active"}}
    ]))]
    #[schema(value_type = Vec<RecordCreate>)]
    pub(super) records: Vec<RecordInput>,
    /// The unique field by which records are recognised, or `id`.
    #[schema(example = "email")]
    pub(super) on: String,
    #[schema(ignore)]
    pub(super) count: usize,
}

impl Body for RecordsUpsert {
    const DEFERS: bool = true;
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsUpsert> {
        let root = Pointer::Root;
        let read =
            list_read(members, "records", faults, |json, at, faults| record_at(json, bytes, at, faults));
        let on = members.require("on", &root, faults).and_then(|json| json.text(&root.member("on"), faults));
        let (records, count) = read?;
        Some(RecordsUpsert { records, on: on?.into_owned(), count })
    }
}

/// Records to be deleted: by their ids, or all that a filter finds.
#[derive(ToSchema)]
pub struct RecordsDelete {
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 1, max_items = 10_000,
        example = json!(["rec01jd00000000000000000000c1"]))]
    pub(super) ids: Vec<Option<RecordId>>,
    /// Instead of `ids`: which records are meant. `"true"` says all.
    #[schema(value_type = Option<FilterForm>, nullable = false)]
    pub(super) filter: Option<FilterInput>,
    #[schema(ignore)]
    pub(super) by_filter: bool,
    #[schema(ignore)]
    pub(super) count: usize,
}

impl Body for RecordsDelete {
    const DEFERS: bool = true;
    const LIMIT: usize = BULK_BODY_BYTES_MAX;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsDelete> {
        let body = |ids, count| RecordsDelete { ids, filter: None, by_filter: false, count };
        if by_filter(members, "ids", faults) {
            let filter = filter_read(members, bytes, faults);
            return Some(RecordsDelete { filter, by_filter: true, ..body(Vec::new(), 0) });
        }
        let (ids, count) = list_read(members, "ids", faults, record_id_read)?;
        Some(body(ids, count))
    }
}

/// Records to be copied.
#[derive(ToSchema)]
#[schema(example = json!({"filter": "status = \"lead\" and score > 95"}))]
pub struct RecordsDuplicate {
    /// Which records are meant. `"true"` says all.
    #[schema(value_type = FilterForm)]
    pub(super) filter: Option<FilterInput>,
}

impl Body for RecordsDuplicate {
    const DEFERS: bool = true;
    const KEYED: bool = true;

    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordsDuplicate> {
        if !members.has("filter") {
            members.require("filter", &Pointer::Root, faults);
        }
        let filter = filter_read(members, bytes, faults);
        Some(RecordsDuplicate { filter })
    }
}
