//! Records as a page: filtered, searched, sorted.

use std::sync::Arc;
use std::time::Instant;

use super::Core;
use super::search::{Effort, FilterInput, Form, From, Moment, answer, columns_at, filter_read, is_for_later};
use crate::access::{Access, RecordsRead};
use crate::error::{Code, Error, Faults, Result};
use crate::id::{FieldId, TableId};
use crate::model::expr::{Column, Context, Expr, SortKey, read_sort, read_sort_keys, search};
use crate::model::json::Pointer;
use crate::model::record::Record;
use crate::model::table::OpenTable;
use crate::query::cursor::Bound;
use crate::query::find::{Found, Search};
use crate::query::order::Position;
use crate::query::stop::Stop;

/// A list as it is asked for, before the schema says what that means.
#[derive(Clone, Debug)]
pub struct ListInput {
    pub form: Form,
    pub filter: Option<FilterInput>,
    pub sort: Option<SortInput>,
    pub search: Option<String>,
    pub fields: Option<Vec<String>>,
    pub limit: usize,
    pub cursor: Option<String>,
    pub total: bool,
    pub explain: bool,
    /// Parameters that can't be read.
    pub faults: Faults,
}

impl ListInput {
    /// The first records of a table, in the order of their creation.
    pub fn first(limit: usize) -> ListInput {
        ListInput {
            form: Form::Parameters,
            filter: None,
            sort: None,
            search: None,
            fields: None,
            limit,
            cursor: None,
            total: true,
            explain: false,
            faults: Faults::default(),
        }
    }
}

/// A sort as it was sent.
#[derive(Clone, Debug)]
pub enum SortInput {
    Text(String),
    Keys(Vec<String>),
}

/// A page of a list.
#[derive(Debug)]
pub struct RecordPage {
    pub table: Arc<OpenTable>,
    /// `None` if it was not asked for.
    pub total: Option<u64>,
    pub records: Vec<Record>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
    /// The fields that were asked for; `None` is all.
    pub fields: Option<Vec<FieldId>>,
    /// How it was found, if that was asked for.
    pub plan: Option<Plan>,
}

/// How a question was answered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `range`, `lookup`, `columns` or `stream`.
    pub way: &'static str,
    /// Records that were looked at.
    pub examined: u64,
    /// Records of the table.
    pub records: u64,
    pub milliseconds: f64,
}

impl Plan {
    /// The plan of a question that was begun at an instant.
    pub fn of(way: &'static str, examined: u64, records: u64, begun: Instant) -> Plan {
        Plan { way, examined, records, milliseconds: begun.elapsed().as_secs_f64() * 1000.0 }
    }
}

/// A list that fits its table.
struct Parsed {
    filter: Expr,
    sort: Vec<SortKey>,
    fields: Option<Vec<FieldId>>,
    after: Option<Position>,
    /// What cursors are bound to.
    binding: Vec<u8>,
}

/// Reads a page. Where it goes on is told by a cursor that is bound to what was asked.
pub async fn record_list(
    core: &Arc<Core>,
    access: Access<RecordsRead>,
    input: ListInput,
) -> Result<RecordPage> {
    let begun = Instant::now();
    answer(core, move |core, effort, stop| page(core, &access, &input, effort, stop, begun)).await
}

fn page(
    core: &Core,
    access: &Access<RecordsRead>,
    input: &ListInput,
    effort: Effort<'_>,
    stop: &Stop,
    begun: Instant,
) -> Result<Option<RecordPage>> {
    let place = *access.place();
    let moment = Moment::now(core, place)?;
    let Parsed { filter, sort, fields, after, binding } = parse(core, &moment.table, input)?;
    let bound = Bound { key: core.cursor_key(), query: &binding };
    let search = Search {
        place,
        filter: &filter,
        sort: &sort,
        after: after.as_ref(),
        limit: input.limit,
        total: input.total,
        stop,
    };
    let Some((way, found)) = find(core, &moment, &search, effort)? else { return Ok(None) };
    let plan = input.explain.then(|| Plan::of(way, found.examined, moment.head.records, begun));
    let next = found.next.map(|position| bound.write(&position.to_bytes()));
    Ok(Some(RecordPage {
        table: moment.table,
        total: found.total,
        records: found.records,
        next,
        fields,
        plan,
    }))
}

fn find(
    core: &Core,
    moment: &Moment,
    search: &Search<'_>,
    effort: Effort<'_>,
) -> Result<Option<(&'static str, Found)>> {
    let (read, records) = (moment.read.as_ref(), moment.head.records);
    if is_for_later(effort, search.cost(), records) {
        return Ok(None);
    }
    if let Some(found) = search.quick(read, &moment.table, records)? {
        return Ok(Some(found));
    }
    match columns_at(core, search.place, moment, &search.columns(), search.cost(), effort)? {
        None | Some(From::Later) => Ok(None),
        Some(From::Columns(columns)) => Ok(Some(("columns", search.in_columns(read, &columns)?))),
        Some(From::Store) => Ok(Some(("stream", search.streamed(read)?))),
    }
}

/// All that a cursor is bound to: the table, and what decides about order and content. The sort is what it means in the
/// table now, fields, kinds and the order of choices: a cursor of another order would skip records.
fn binding(input: &ListInput, table: TableId, sort: &[SortKey]) -> Vec<u8> {
    let filter = match &input.filter {
        None => String::new(),
        Some(FilterInput::Text(text)) => format!("t{text}"),
        Some(FilterInput::Json(json)) => format!("j{}", json.view().as_str()),
    };
    let search = input.search.clone().unwrap_or_default();
    let mut binding = format!("records of {table}").into_bytes();
    for part in [filter, format!("{sort:?}"), search] {
        binding.extend_from_slice(&(part.len() as u64).to_be_bytes());
        binding.extend_from_slice(part.as_bytes());
    }
    binding
}

fn parse(core: &Core, table: &OpenTable, input: &ListInput) -> Result<Parsed> {
    let mut faults = input.faults.clone();
    let context = Context { table, now: core.clock.now() };
    let filter = filter_read(input.filter.as_ref(), input.form, &context, &mut faults);
    let searched = match &input.search {
        None => Some(Expr::TRUE),
        Some(text) => taken(search(text, &input.form.at("search"), table), &mut faults),
    };
    let sort = match &input.sort {
        None => Some(Vec::new()),
        Some(SortInput::Text(text)) => taken(read_sort(text, table), &mut faults),
        Some(SortInput::Keys(keys)) => {
            read_sort_keys(keys, &Pointer::Root.member("sort"), table, &mut faults)
        }
    };
    let sort = sort.map(|keys| if keys == [SortKey::of(Column::ID, None)] { Vec::new() } else { keys });
    let fields = fields_meant(table, input.fields.as_deref(), input.form, &mut faults);
    let binding = binding(input, table.id, sort.as_deref().unwrap_or_default());
    let bound = Bound { key: core.cursor_key(), query: &binding };
    let after = match (&input.cursor, &sort) {
        (Some(cursor), Some(sort)) => taken(position_read(cursor, sort, input.form, &bound), &mut faults),
        _ => None,
    };
    if input.faults.is_empty() {
        faults.check()?;
    } else {
        // What can't be read decides about the status, whatever else does not fit.
        return Err(Error::from(faults).with_code(Code::InvalidParameter));
    }
    let missing = || Error::internal("a fault was not named");
    let filter = match (filter.ok_or_else(missing)?, searched.ok_or_else(missing)?) {
        (filter, Expr::All(parts)) if parts.is_empty() => filter,
        (filter, searched) if filter == Expr::TRUE => searched,
        (filter, searched) => Expr::All(vec![filter, searched]),
    };
    Ok(Parsed { filter, sort: sort.ok_or_else(missing)?, fields, after, binding })
}

fn position_read(
    cursor: &str,
    sort: &[SortKey],
    form: Form,
    bound: &Bound<'_>,
) -> std::result::Result<Position, Faults> {
    let position = bound.read(cursor).ok().and_then(|bytes| Position::from_bytes(&bytes, sort));
    position.ok_or_else(|| {
        let mut faults = Faults::default();
        faults.add(form.at("cursor"), Code::InvalidCursor, Code::InvalidCursor.title());
        faults
    })
}

fn taken<T>(read: std::result::Result<T, Faults>, faults: &mut Faults) -> Option<T> {
    match read {
        Ok(value) => Some(value),
        Err(found) => {
            faults.extend(found);
            None
        }
    }
}

/// The fields that are meant; a fault for each that the table does not have.
pub fn fields_meant(
    table: &OpenTable,
    names: Option<&[String]>,
    form: Form,
    faults: &mut Faults,
) -> Option<Vec<FieldId>> {
    let names = names?;
    let mut ids = Vec::with_capacity(names.len());
    for (n, name) in names.iter().enumerate() {
        if let Some(open) = table.field_meant(name) {
            ids.push(open.field.id);
            continue;
        }
        let hint = table.suggest_field(name);
        let (at, code) = match form {
            Form::Parameters => ("fields".to_owned(), Code::InvalidParameter),
            Form::Body => (format!("/fields/{n}"), Code::UnknownField),
        };
        faults.add(at, code, format!("The table has no field `{name}`.{hint}"));
    }
    Some(ids)
}
