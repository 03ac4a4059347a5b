//! Figures about groups of records.

use std::sync::Arc;
use std::time::Instant;

use super::Core;
use super::record_list::Plan;
use super::search::{Effort, FilterInput, Form, From, Moment, answer, columns_at, filter_read, is_for_later};
use crate::access::{Access, RecordsRead};
use crate::error::{Code, Error, Faults, Result, did_you_mean};
use crate::id::{Id, RecordId};
use crate::model::expr::{Column, Context, Expr, SortKey};
use crate::model::field::OpenField;
use crate::model::json::Pointer;
use crate::model::period::Period;
use crate::model::table::OpenTable;
use crate::model::value::{Kind, Value};
use crate::query::aggregate::{
    Aggregate, Figure, FigureOf, Function, Group, GroupBy, Grouped, compare_groups,
};
use crate::query::cursor::Bound;
use crate::query::find::Search;
use crate::query::order::Position;
use crate::query::stop::Stop;

/// An aggregate as it is asked for, before the schema says what that means.
#[derive(Clone, Debug)]
pub struct AggregateInput {
    pub filter: Option<FilterInput>,
    pub groups: Vec<GroupInput>,
    pub figures: Vec<FigureInput>,
    pub limit: usize,
    pub cursor: Option<String>,
    /// The bytes that decide about content and order, which a cursor is bound to.
    pub binding: Vec<u8>,
    pub explain: bool,
}

#[derive(Clone, Debug)]
pub struct GroupInput {
    pub field: String,
    pub unit: Option<Period>,
}

#[derive(Clone, Debug)]
pub struct FigureInput {
    /// `None` for the records themselves.
    pub field: Option<String>,
    pub function: Function,
    /// What it is called in the answer.
    pub name: String,
}

/// A page of groups.
#[derive(Debug)]
pub struct GroupPage {
    pub table: Arc<OpenTable>,
    pub groups: Vec<Group>,
    /// What each group's values are called, and the place of their field in the table; `None` is a time of the record's
    /// own.
    pub group_fields: Vec<(String, Option<usize>)>,
    /// What each figure is called, and the place of its field likewise.
    pub figure_fields: Vec<(String, Option<usize>)>,
    pub next: Option<String>,
    pub plan: Option<Plan>,
}

/// What an aggregate means in its table.
struct Parsed {
    filter: Expr,
    groups: Vec<GroupBy>,
    group_fields: Vec<(String, Option<usize>)>,
    figures: Vec<Figure>,
    figure_fields: Vec<(String, Option<usize>)>,
    after: Option<Position>,
    /// What cursors are bound to.
    binding: Vec<u8>,
}

/// Answers a page of groups.
pub async fn record_aggregate(
    core: &Arc<Core>,
    access: Access<RecordsRead>,
    input: AggregateInput,
) -> Result<GroupPage> {
    let begun = Instant::now();
    answer(core, move |core, effort, stop| page(core, &access, &input, effort, stop, begun)).await
}

fn page(
    core: &Core,
    access: &Access<RecordsRead>,
    input: &AggregateInput,
    effort: Effort<'_>,
    stop: &Stop,
    begun: Instant,
) -> Result<Option<GroupPage>> {
    let place = *access.place();
    let moment = Moment::now(core, place)?;
    let parsed = parse(core, &moment.table, input)?;
    let bound = Bound { key: core.cursor_key(), query: &parsed.binding };
    let search =
        Search { place, filter: &parsed.filter, sort: &[], after: None, limit: 1, total: false, stop };
    let aggregate = Aggregate { search, groups: &parsed.groups, figures: &parsed.figures };
    let Some((way, grouped)) = grouped(core, &moment, &aggregate, effort)? else { return Ok(None) };
    let plan = input.explain.then(|| Plan::of(way, grouped.examined, moment.head.records, begun));
    let is_past = |group: &Group| {
        let after = parsed.after.as_ref();
        after.is_none_or(|after| compare_groups(&parsed.groups, &after.values, &group.values).is_lt())
    };
    let mut groups: Vec<Group> = grouped.groups.into_iter().filter(is_past).take(input.limit + 1).collect();
    let more = groups.len() > input.limit;
    groups.truncate(input.limit);
    let next =
        groups.last().filter(|_| more).map(|last| bound.write(&position(last.values.clone()).to_bytes()));
    let Parsed { group_fields, figure_fields, .. } = parsed;
    Ok(Some(GroupPage { table: moment.table, groups, group_fields, figure_fields, next, plan }))
}

/// Groups have no id.
fn position(values: Vec<Value<'static>>) -> Position {
    Position { values, id: RecordId::from_bytes([0; 16]) }
}

fn grouped(
    core: &Core,
    moment: &Moment,
    aggregate: &Aggregate<'_>,
    effort: Effort<'_>,
) -> Result<Option<(&'static str, Grouped)>> {
    let read = moment.read.as_ref();
    if is_for_later(effort, aggregate.cost(), moment.head.records) {
        return Ok(None);
    }
    if let Some(grouped) = aggregate.quick(read, &moment.table, moment.head.records)? {
        return Ok(Some(("lookup", grouped)));
    }
    match columns_at(core, aggregate.search.place, moment, &aggregate.columns(), aggregate.cost(), effort)? {
        None | Some(From::Later) => Ok(None),
        Some(From::Columns(columns)) => Ok(Some(("columns", aggregate.in_columns(&columns)?))),
        Some(From::Store) => Ok(Some(("stream", aggregate.streamed(read)?))),
    }
}

fn parse(core: &Core, table: &OpenTable, input: &AggregateInput) -> Result<Parsed> {
    let mut faults = Faults::default();
    let context = Context { table, now: core.clock.now() };
    let filter = filter_read(input.filter.as_ref(), Form::Body, &context, &mut faults);
    let (root, mut groups, mut group_fields) = (Pointer::Root, Vec::new(), Vec::new());
    let list = root.member("groupBy");
    for (n, group) in input.groups.iter().enumerate() {
        let Some((by, place)) = group_read(table, group, &list.item(n), &mut faults) else { continue };
        if groups.iter().any(|held: &GroupBy| held.key.column == by.key.column) {
            let detail =
                format!("The field `{}` is there twice, and the answer has room for one.", group.field);
            faults.add(list.item(n), Code::InvalidValue, detail);
        }
        groups.push(by);
        group_fields.push((group.field.clone(), place));
    }
    let list = root.member("aggregates");
    let (mut figures, mut figure_fields) = (Vec::new(), Vec::new());
    for (n, figure) in input.figures.iter().enumerate() {
        let Some((read, place)) = figure_read(table, figure, &list.item(n), &mut faults) else { continue };
        figures.push(read);
        figure_fields.push((figure.name.clone(), place));
    }
    let keys: Vec<SortKey> = groups.iter().map(|group| group.key.clone()).collect();
    // The order of groups as it is in the table now.
    let mut binding = format!("groups of {} {keys:?}", table.id).into_bytes();
    binding.extend_from_slice(&input.binding);
    let bound = Bound { key: core.cursor_key(), query: &binding };
    let after = input.cursor.as_deref().and_then(|cursor| {
        let read = bound.read(cursor).ok().and_then(|bytes| Position::from_bytes(&bytes, &keys));
        if read.is_none() && faults.is_empty() {
            faults.add("/cursor", Code::InvalidCursor, Code::InvalidCursor.title());
        }
        read
    });
    faults.check()?;
    let filter = filter.ok_or_else(|| Error::internal("a fault was not named"))?;
    Ok(Parsed { filter, groups, group_fields, figures, figure_fields, after, binding })
}

/// A column by the name or id of its field, or by that of one of the record's own times and numbers.
fn column_meant<'t>(
    table: &'t OpenTable,
    name: &str,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<(Column, Option<(usize, &'t OpenField)>)> {
    let own = match name {
        "createdAt" => Some(Column::CREATED_AT),
        "updatedAt" => Some(Column::UPDATED_AT),
        "version" => Some(Column::VERSION),
        _ => None,
    };
    if let Some(own) = own {
        return Some((own, None));
    }
    let Some(meant) = table.field_meant(name) else {
        let names = table.fields.iter().map(|open| open.field.name.as_str());
        let hint = did_you_mean(name, names.chain(["createdAt", "updatedAt", "version"]));
        faults.add(at, Code::UnknownField, format!("The table has no field `{name}`.{hint}"));
        return None;
    };
    let place = table.fields.iter().position(|open| open.field.id == meant.field.id)?;
    Some((Column::of(meant), Some((place, meant))))
}

fn group_read(
    table: &OpenTable,
    group: &GroupInput,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<(GroupBy, Option<usize>)> {
    // Without a unit the name stands there alone, mostly.
    let (member, alone) = (at.member("field"), group.unit.is_none());
    let (column, field) = column_meant(table, &group.field, if alone { at } else { &member }, faults)?;
    let name = &group.field;
    if column.kind == Some(Kind::Json) {
        faults.add(at, Code::InvalidValue, format!("`{name}` is JSON, which can't be grouped by."));
        return None;
    }
    if group.unit.is_some() && column.kind != Some(Kind::Time) {
        let detail = format!("`{name}` has no times, so there are no units to group it by.");
        faults.add(at.member("unit"), Code::InvalidValue, detail);
        return None;
    }
    let key = SortKey::of(column, field.map(|(_, open)| open));
    Some((GroupBy { key, unit: group.unit }, field.map(|(place, _)| place)))
}

fn figure_read(
    table: &OpenTable,
    figure: &FigureInput,
    at: &Pointer<'_>,
    faults: &mut Faults,
) -> Option<(Figure, Option<usize>)> {
    let function = figure.function;
    let Some(name) = &figure.field else {
        if function != Function::Count {
            faults.add(at.member("field"), Code::Required, "Only `count` needs no field.");
            return None;
        }
        return Some((Figure { function, column: None }, None));
    };
    let (column, field) = column_meant(table, name, &at.member("field"), faults)?;
    let wanted = match function.of() {
        FigureOf::Numbers => (matches!(column.kind, Some(Kind::Int | Kind::Float)), "numbers"),
        FigureOf::Times => (column.kind == Some(Kind::Time), "dates or times"),
        FigureOf::Checkboxes => (column.kind == Some(Kind::Bool), "checkboxes"),
        FigureOf::Records | FigureOf::Values => (true, ""),
    };
    if !wanted.0 {
        let hint = match (function, column.kind) {
            (Function::Min, Some(Kind::Time)) => " The first of times is `earliest`.",
            (Function::Max, Some(Kind::Time)) => " The last of times is `latest`.",
            _ => "",
        };
        let detail = format!("`{}` is for {}, and `{name}` has none.{hint}", function.name(), wanted.1);
        faults.add(at.member("function"), Code::InvalidValue, detail);
        return None;
    }
    // Records are counted whatever the field holds.
    let column = (function != Function::Count).then_some(column);
    Some((Figure { function, column }, field.map(|(place, _)| place)))
}
