//! Aggregates on the wire.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::body::Body;
use super::call::Call;
use super::problem::Problem;
use super::record_list::{FilterForm, PlanView, end_write, filter_read, limit_read, text_read};
use super::record_query::KeysQuery;
use crate::access::RecordsRead;
use crate::error::{Code, Faults, did_you_mean};
use crate::limits::{AGGREGATES_MAX, GROUP_FIELDS_MAX};
use crate::model::field::Keys;
use crate::model::json::{Json, Members, Pointer, Shape, write_integer, write_number, write_text};
use crate::model::period::Period;
use crate::model::value::Value;
use crate::query::aggregate::{Function, Outcome};
use crate::service;
use crate::service::record_aggregate::{AggregateInput, FigureInput, GroupInput, GroupPage};
use crate::service::search::FilterInput;

/// Figures about groups.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecordGroups)]
pub struct GroupsView {
    /// In the order of their values, what is empty last.
    groups: Vec<GroupView>,
    /// Where the groups go on; null at their end.
    #[schema(required = true)]
    next_cursor: Option<String>,
    /// With `explain`: how they were found.
    #[schema(nullable = false)]
    plan: Option<PlanView>,
}

/// A group.
#[derive(Serialize, ToSchema)]
#[schema(as = RecordGroup)]
pub struct GroupView {
    /// The values that its records share, by the names that the request groups by.
    #[schema(value_type = Object, example = json!({"status": "active"}))]
    group: BTreeMap<String, serde_json::Value>,
    /// The figures by their names: a number, a time, or null: of no values, or of a sum beyond what a number can hold.
    #[schema(value_type = Object, example = json!({"count": 75, "avg_score": 51.4}))]
    values: BTreeMap<String, serde_json::Value>,
}

/// What is asked about groups of records.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "groupBy": ["status"],
    "aggregates": [{"function": "count"}, {"field": "score", "function": "avg", "as": "score"}]
}))]
pub struct RecordAggregate {
    /// Which records count: an expression as text, or the JSON form as an object. Left out, all.
    #[schema(value_type = Option<FilterForm>, nullable = false)]
    filter: Option<FilterInput>,
    /// Fields by whose values records are grouped. Left out, all records are one group.
    #[schema(value_type = Option<Vec<GroupForm>>, nullable = false, max_items = 3)]
    group_by: Vec<GroupInput>,
    /// The figures that are wanted of each group.
    #[schema(value_type = Vec<AggregateForm>, min_items = 1, max_items = 50)]
    aggregates: Vec<FigureInput>,
    /// Groups to answer at most.
    #[schema(minimum = 1, maximum = 1000, default = 100, required = false)]
    limit: usize,
    /// `nextCursor` of the page before.
    #[schema(nullable = false)]
    cursor: Option<String>,
    /// Whether to answer how the groups were found.
    #[schema(default = false, required = false)]
    explain: bool,
    #[schema(ignore)]
    binding: Vec<u8>,
}

/// What to group by.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape for the document; `group_read` reads it")]
pub enum GroupForm {
    /// The name or id of a field.
    Field(String),
    /// A field of dates or times, and the period that they count as.
    Period(GroupPeriod),
}

/// A field of dates or times, and the period that they count as, in UTC; weeks begin on Monday.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document")]
pub struct GroupPeriod {
    field: String,
    /// `day`, `week`, `month`, `quarter` or `year`.
    unit: String,
}

/// One figure of each group.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape for the document; `figure_read` reads it")]
pub struct AggregateForm {
    /// The name or id of a field; `count` needs none.
    #[schema(nullable = false)]
    field: Option<String>,
    /// `count` (records), `countEmpty`, `countFilled`, `countDistinct`, `percentFilled`, `sum`, `avg`, `min`, `max`,
    /// `median` (numbers), `earliest`, `latest` (dates and times), `checked` (checkboxes).
    function: String,
    /// What it is called in the answer. Left out, `function_field`, or the function alone where there is no field.
    #[serde(rename = "as")]
    #[schema(nullable = false)]
    name: Option<String>,
}

impl Body for RecordAggregate {
    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<RecordAggregate> {
        let root = Pointer::Root;
        let filter = filter_read(members, bytes, faults);
        let (group_by, aggregates) = (members.take("groupBy"), members.require("aggregates", &root, faults));
        let filter_text = match &filter {
            Some(FilterInput::Text(text)) => text.as_str(),
            Some(FilterInput::Json(json)) => json.view().as_str(),
            None => "",
        };
        let mut binding = Vec::new();
        for part in [filter_text, group_by.map_or("", Json::as_str), aggregates.map_or("", Json::as_str)] {
            binding.extend_from_slice(&(part.len() as u64).to_be_bytes());
            binding.extend_from_slice(part.as_bytes());
        }
        let group_by = group_by.map(|json| groups_read(json, &root.member("groupBy"), faults));
        let aggregates = aggregates.map(|json| figures_read(json, &root.member("aggregates"), faults));
        let limit = limit_read(members, faults);
        let cursor = text_read(members, "cursor", faults);
        let explain = members.take("explain").and_then(|json| json.boolean(&root.member("explain"), faults));
        Some(RecordAggregate {
            filter,
            group_by: group_by.unwrap_or_default(),
            aggregates: aggregates.unwrap_or_default(),
            limit,
            cursor,
            explain: explain.unwrap_or(false),
            binding,
        })
    }
}

fn groups_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Vec<GroupInput> {
    let items = json.items(at, faults).unwrap_or_default();
    if items.len() > GROUP_FIELDS_MAX {
        faults.add(at, Code::TooMany, format!("Records are grouped by at most {GROUP_FIELDS_MAX} fields."));
        return Vec::new();
    }
    items.into_iter().enumerate().filter_map(|(n, item)| group_read(item, &at.item(n), faults)).collect()
}

fn group_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<GroupInput> {
    if json.shape() == Shape::Text {
        return Some(GroupInput { field: json.text(at, faults)?.into_owned(), unit: None });
    }
    let mut members = Members::read(json, at, faults)?;
    let field = members.require("field", at, faults).and_then(|json| json.text(&at.member("field"), faults));
    let unit = members.take("unit").map(|json| named(json, &Period::ALL, "unit", &at.member("unit"), faults));
    members.finish(at, faults);
    Some(GroupInput { field: field?.into_owned(), unit: unit.map_or(Some(None), |unit| unit.map(Some))? })
}

fn figures_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Vec<FigureInput> {
    let items = json.items(at, faults).unwrap_or_default();
    if items.is_empty() && json.shape() == Shape::Array {
        faults.add(at, Code::Required, "The list is empty.");
    }
    if items.len() > AGGREGATES_MAX {
        faults.add(at, Code::TooMany, format!("At most {AGGREGATES_MAX} figures are possible."));
        return Vec::new();
    }
    let mut figures: Vec<FigureInput> = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let at = at.item(n);
        let Some(figure) = figure_read(item, &at, faults) else { continue };
        if figures.iter().any(|other| other.name == figure.name) {
            let detail = format!("Two figures are called `{}`; name one with `as`.", figure.name);
            faults.add(at.member("as"), Code::InvalidValue, detail);
        }
        figures.push(figure);
    }
    figures
}

fn figure_read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<FigureInput> {
    let mut members = Members::read(json, at, faults)?;
    let before = faults.count();
    let field = members.take("field").and_then(|json| json.text(&at.member("field"), faults));
    let function = members.require("function", at, faults);
    let function =
        function.and_then(|json| named(json, &Function::ALL, "function", &at.member("function"), faults));
    let name = members.take("as").and_then(|json| json.text(&at.member("as"), faults));
    if name.as_ref().is_some_and(|name| name.is_empty()) {
        faults.add(at.member("as"), Code::InvalidValue, "A name has at least one character.");
    }
    members.finish(at, faults);
    let function = function.filter(|_| faults.count() == before)?;
    let field = field.map(std::borrow::Cow::into_owned);
    let name = name.map_or_else(
        || field.as_ref().map_or(function.name().to_owned(), |field| format!("{}_{field}", function.name())),
        std::borrow::Cow::into_owned,
    );
    Some(FigureInput { field, function, name })
}

/// One of a few names.
fn named<T: Copy>(
    json: Json<'_>,
    all: &[(&'static str, T)],
    what: &str,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<T> {
    let text = json.text(at, faults)?;
    let found = all.iter().find(|(name, _)| *name == text).map(|(_, found)| *found);
    if found.is_none() {
        let names = || all.iter().map(|(name, _)| *name);
        let shown: String = text.chars().take(80).collect();
        let hint = did_you_mean(&text, names());
        let all = names().collect::<Vec<_>>().join(", ");
        faults.add(at, Code::InvalidValue, format!("There is no {what} `{shown}`.{hint} There are: {all}."));
    }
    found
}

/// Aggregate records
///
/// Counts, sums and other figures about the records that meet a filter, all together or in groups by the values of up to
/// three fields. Groups are in the order of their values, what is empty last. Lists of choices are told apart by their
/// order, too.
#[utoipa::path(
    post, path = "/api/openapi/bases/{base}/tables/{table}/records/aggregate", operation_id = "recordAggregate",
    tag = "records", request_body = RecordAggregate,
    responses((status = 200, description = "A page of groups.", body = GroupsView))
)]
pub async fn record_aggregate(
    call: Call<RecordsRead, KeysQuery, RecordAggregate>,
) -> Result<HttpResponse, Problem> {
    let RecordAggregate { filter, group_by, aggregates, limit, cursor, explain, binding } = call.body;
    let input =
        AggregateInput { filter, groups: group_by, figures: aggregates, limit, cursor, binding, explain };
    let page = service::record_aggregate::record_aggregate(&call.core, call.access, input).await?;
    Ok(answer::json_ok(page_json(&page, call.query.keys)))
}

fn page_json(page: &GroupPage, keys: Keys) -> Vec<u8> {
    let mut out = b"{\"groups\":[".to_vec();
    for (n, group) in page.groups.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"group\":{");
        for (n, ((name, place), value)) in page.group_fields.iter().zip(&group.values).enumerate() {
            member_write(n, name, &mut out);
            match place.and_then(|place| page.table.fields.get(place)) {
                Some(open) => open.of_type.render(value, keys, &mut out),
                None => own_write(value, &mut out),
            }
        }
        out.extend_from_slice(b"},\"values\":{");
        for (n, ((name, place), outcome)) in page.figure_fields.iter().zip(&group.outcomes).enumerate() {
            member_write(n, name, &mut out);
            match (outcome, place.and_then(|place| page.table.fields.get(place))) {
                // A day is written as one.
                (Outcome::Time(time), Some(open)) => {
                    open.of_type.render(&Value::Time(*time), keys, &mut out);
                }
                (outcome, _) => outcome_write(*outcome, &mut out),
            }
        }
        out.extend_from_slice(b"}}");
    }
    out.extend_from_slice(b"],");
    end_write(page.next.as_deref(), page.plan.as_ref(), &mut out);
    out
}

fn member_write(n: usize, name: &str, out: &mut Vec<u8>) {
    if n > 0 {
        out.push(b',');
    }
    write_text(name, out);
    out.push(b':');
}

/// A time or number of the record's own.
fn own_write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Int(n) => write_integer(*n, out),
        Value::Time(time) => outcome_write(Outcome::Time(*time), out),
        _ => out.extend_from_slice(b"null"),
    }
}

fn outcome_write(outcome: Outcome, out: &mut Vec<u8>) {
    match outcome {
        Outcome::Nothing => out.extend_from_slice(b"null"),
        Outcome::Count(count) => write_integer(i64::try_from(count).unwrap_or(i64::MAX), out),
        Outcome::Number(n) => write_number(n, out),
        Outcome::Time(time) => {
            out.push(b'"');
            time.write_rfc3339(out);
            out.push(b'"');
        }
    }
}
