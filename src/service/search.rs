//! How a question about many records is answered: at once where that is quick, else on the blocking pool, a few at a time,
//! within a limit of time, and no longer than somebody waits for it.

use std::sync::Arc;
use std::time::Duration;

use super::Core;
use super::door::{blocking, read_again};
use crate::access::{InTable, Inside};
use crate::error::{Error, Result};
use crate::kv::Read;
use crate::limits::{COLUMNS_ALONG_MAX, INLINE_ROWS_MAX};
use crate::model::expr::{Column, Context, Expr, read_json, read_text};
use crate::model::field::OpenField;
use crate::model::json::{OwnedJson, Pointer};
use crate::model::table::{Head, OpenTable};
use crate::model::value::Kind;
use crate::query::columns::{Columns, Got, Wanted};
use crate::query::stop::Stop;
use crate::store;

/// How often a snapshot is taken anew because others have moved the columns on meanwhile.
const AHEAD_RETRIES: usize = 8;

/// How much a question may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Microseconds: on the thread that also answers others.
    Quick,
    Full,
}

/// A filter as it was sent: only the schema can tell what it means.
#[derive(Clone, Debug)]
pub enum FilterInput {
    Text(String),
    Json(OwnedJson),
}

/// Where the parts of a question stand in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Parameters,
    Body,
}

impl Form {
    /// What a fault in a part points at.
    pub fn at(self, part: &str) -> String {
        match self {
            Form::Parameters => part.to_owned(),
            Form::Body => format!("/{part}"),
        }
    }
}

/// A table at one moment.
pub struct Moment {
    pub read: Box<dyn Read + Send + Sync>,
    pub table: Arc<OpenTable>,
    pub head: Head,
}

impl Moment {
    /// Opens a snapshot and the schema that fits it.
    pub fn now(core: &Core, place: InTable) -> Result<Moment> {
        let read = core.engine.read()?;
        let number = store::space::catalog_number_key(place.in_space());
        let head = store::table::head_key(place);
        let mut found = read.get(&[number.as_pair(), head.as_pair()])?.into_iter();
        let number = store::catalog_number(found.next().flatten())?;
        let head = store::head(found.next().flatten())?;
        let catalog = core.known.catalogs.at(read.as_ref(), place.in_space(), number)?;
        let table = catalog.table(place)?.clone();
        Ok(Moment { read, table, head })
    }
}

/// Where the values for a question come from.
pub enum From {
    Columns(Arc<Columns>),
    /// The columns don't fit the budget.
    Store,
    /// It takes more than [`Effort::Quick`] allows.
    Later,
}

/// The columns for a question at one moment. `None` if they have moved on: take a newer moment.
pub fn columns_at(
    core: &Core,
    place: InTable,
    moment: &Moment,
    columns: &[Column],
    effort: Effort,
) -> Result<Option<From>> {
    let along = cheap_columns(&moment.table);
    let wanted =
        Wanted { place, number: moment.head.change, records: moment.head.records, columns, along: &along };
    let ready = core.columns.ready(wanted);
    if effort == Effort::Quick {
        let ready = ready.filter(|columns| columns.rows() <= INLINE_ROWS_MAX);
        return Ok(Some(ready.map_or(From::Later, From::Columns)));
    }
    if let Some(ready) = ready {
        return Ok(Some(From::Columns(ready)));
    }
    Ok(match core.columns.at(moment.read.as_ref(), wanted)? {
        Got::Columns(columns) => Some(From::Columns(columns)),
        Got::TooLarge => Some(From::Store),
        Got::Ahead => None,
    })
}

/// The columns that take no more than eight bytes a record.
fn cheap_columns(table: &OpenTable) -> Vec<Column> {
    let cheap = |open: &&OpenField| !matches!(open.of_type.kind(), Kind::Text | Kind::Json);
    let mut columns: Vec<Column> = Vec::with_capacity(table.fields.len());
    for column in table.fields.iter().filter(cheap).map(Column::of) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    columns.truncate(COLUMNS_ALONG_MAX);
    columns
}

/// Answers a question. `body` answers `None` if it takes more than its effort allows, or has to begin anew.
pub async fn answer<T: Send + 'static>(
    core: &Arc<Core>,
    body: impl Fn(&Core, Effort, &Stop) -> Result<Option<T>> + Send + Sync + 'static,
) -> Result<T> {
    let limit = core.query_timeout;
    let (stop, gives_up) = Stop::after(limit);
    let body = Arc::new(body);
    if !core.engine.waits_on_network()
        && let Some(answer) = read_again(core, &|core: &Core| body(core, Effort::Quick, &stop))?
    {
        return Ok(answer);
    }
    let work = full(core.clone(), stop.clone(), body);
    // What is built for everyone goes on when one question has waited long enough.
    let answered = tokio::time::timeout(limit + GRACE, work).await;
    drop(gives_up);
    answered.unwrap_or_else(|_| Err(stop.error()))
}

/// By how much waiting may be longer than the work.
const GRACE: Duration = Duration::from_millis(200);

async fn full<T: Send + 'static>(
    core: Arc<Core>,
    stop: Stop,
    body: Arc<impl Fn(&Core, Effort, &Stop) -> Result<Option<T>> + Send + Sync + 'static>,
) -> Result<T> {
    // Held by the work itself: it may outlast who waits for it.
    let permit = core.searching.clone().acquire_owned().await.map_err(Error::internal)?;
    blocking(move || {
        let _permit = permit;
        let answered = read_again(&core, &|core: &Core| {
            for _ in 0..AHEAD_RETRIES {
                if let Some(answer) = body(core, Effort::Full, &stop)? {
                    return Ok(Some(answer));
                }
            }
            Ok(None)
        })?;
        answered.ok_or_else(|| Error::plain(crate::error::Code::Unavailable).retry_after(1))
    })
    .await
}

/// Reads a filter; none means every record.
pub fn filter_read(
    filter: Option<&FilterInput>,
    form: Form,
    context: &Context<'_>,
    faults: &mut crate::error::Faults,
) -> Option<Expr> {
    match filter {
        None => Some(Expr::TRUE),
        Some(FilterInput::Text(text)) => match read_text(text, &form.at("filter"), context) {
            Ok(expr) => Some(expr),
            Err(found) => {
                faults.extend(found);
                None
            }
        },
        Some(FilterInput::Json(json)) => {
            let root = Pointer::Root;
            let parameter = Pointer::Parameter("filter");
            let at = if form == Form::Body { root.member("filter") } else { parameter };
            read_json(json.view(), &at, context, faults)
        }
    }
}
