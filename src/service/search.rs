//! How a question about many records is answered: at once where that is quick, else on the blocking pool, a few at a time,
//! within a limit of time, and no longer than somebody waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Core;
use super::door::{blocking, read_again};
use crate::access::{InTable, Inside};
use crate::error::{Code, Error, Result};
use crate::kv::Read;
use crate::limits::{COLUMNS_ALONG_MAX, INLINE_COST_MAX, INLINE_WORK_MAX, SLOW_WORK_MIN, SNAPSHOTS_SPARED};
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
#[derive(Clone, Copy, Debug)]
pub enum Effort<'a> {
    /// Microseconds: on the thread that also answers others. If that is too little, it is noted how much it is about: the
    /// rows, each times the cost of what is asked of it.
    Quick(&'a AtomicU64),
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
        let number = store::space::catalog_number_key(place.in_space());
        let head = store::table::head_key(place);
        let (read, found) = core.engine.read_with(&[number.as_pair(), head.as_pair()])?;
        let mut found = found.into_iter();
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

/// Whether a question asks too much of each record to be answered where the request is, even of a few that are looked up;
/// then it is noted how much it is about.
pub fn is_for_later(effort: Effort<'_>, cost: u64, records: u64) -> bool {
    let Effort::Quick(noted) = effort else { return false };
    noted.store(records.saturating_mul(cost), Ordering::Relaxed);
    cost > INLINE_COST_MAX
}

/// The columns for a question at one moment. `None` if they have moved on: take a newer moment.
pub fn columns_at(
    core: &Core,
    place: InTable,
    moment: &Moment,
    columns: &[Column],
    cost: u64,
    effort: Effort<'_>,
) -> Result<Option<From>> {
    let along = cheap_columns(&moment.table);
    let wanted =
        Wanted { place, number: moment.head.change, records: moment.head.records, columns, along: &along };
    let ready = core.columns.ready(wanted);
    if let Effort::Quick(noted) = effort {
        let work = moment.head.records.saturating_mul(cost);
        noted.store(work, Ordering::Relaxed);
        let ready = ready.filter(|_| work <= INLINE_WORK_MAX);
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
    body: impl Fn(&Core, Effort<'_>, &Stop) -> Result<Option<T>> + Send + Sync + 'static,
) -> Result<T> {
    let limit = core.query_timeout;
    let work = AtomicU64::new(0);
    if !core.engine.waits_on_network() {
        let (stop, _gives_up) = Stop::after(limit);
        if let Some(answer) = read_again(core, &|core: &Core| body(core, Effort::Quick(&work), &stop))? {
            return Ok(answer);
        }
    }
    let slow = work.load(Ordering::Relaxed) > SLOW_WORK_MIN;
    let lane = if slow { &core.searching.slow } else { &core.searching.others };
    let waited = tokio::time::timeout(limit, lane.clone().acquire_owned()).await;
    let permit = waited.map_err(|_| busy())?.map_err(Error::internal)?;
    // Its time begins now: others' questions before it are none of its work.
    let (stop, gives_up) = Stop::after(limit);
    let work = full(core.clone(), permit, stop.clone(), Arc::new(body));
    // What is built for everyone goes on when one question has waited long enough.
    let answered = tokio::time::timeout(limit + GRACE, work).await;
    drop(gives_up);
    answered.unwrap_or_else(|_| Err(stop.error()))
}

fn busy() -> Error {
    let detail = "Too many long queries are being answered; this one was not begun.";
    Error::new(Code::Unavailable, detail).retry_after(1)
}

/// Questions that are worked on at once. Those that take long have a lane of their own, so that they never hold up others
/// for longer than the machine's cores are shared.
#[derive(Debug)]
pub struct Lanes {
    slow: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

impl Lanes {
    /// For so many cores, and for as many snapshots as the engine may have open, if it says so. Each question has one, also
    /// while it waits for the columns that another one builds, and some are for all other reads. Over a network a question
    /// waits more than it works.
    pub fn new(cores: usize, snapshots: Option<usize>) -> Lanes {
        let lane = |many: usize| Arc::new(Semaphore::new(many.max(1)));
        let Some(snapshots) = snapshots else {
            return Lanes { slow: lane(cores), others: lane(OTHERS_PER_CORE * cores) };
        };
        let all = snapshots.saturating_sub(SNAPSHOTS_SPARED);
        let slow = cores.min(all / 3);
        Lanes { slow: lane(slow), others: lane(all - slow) }
    }
}

/// Questions of the quicker lane that are worked on at once for each core.
const OTHERS_PER_CORE: usize = 4;

/// By how much waiting may be longer than the work.
const GRACE: Duration = Duration::from_millis(200);

async fn full<T: Send + 'static>(
    core: Arc<Core>,
    permit: OwnedSemaphorePermit,
    stop: Stop,
    body: Arc<impl Fn(&Core, Effort<'_>, &Stop) -> Result<Option<T>> + Send + Sync + 'static>,
) -> Result<T> {
    blocking(move || {
        // Held by the work itself: it may outlast who waits for it.
        let _permit = permit;
        let answered = read_again(&core, &|core: &Core| {
            for _ in 0..AHEAD_RETRIES {
                if let Some(answer) = body(core, Effort::Full, &stop)? {
                    return Ok(Some(answer));
                }
            }
            Ok(None)
        })?;
        answered.ok_or_else(|| Error::plain(Code::Unavailable).retry_after(1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_a_network_questions_leave_snapshots_to_other_reads() {
        for (cores, snapshots, slow, others) in [
            (2, None, 2, 8),
            (1, Some(16), 1, 11),
            (2, Some(16), 2, 10),
            (64, Some(16), 4, 8),
            (8, Some(6), 1, 2),
        ] {
            let lanes = Lanes::new(cores, snapshots);
            let found = (lanes.slow.available_permits(), lanes.others.available_permits());
            assert_eq!(found, (slow, others), "{cores} cores, {snapshots:?} snapshots");
        }
    }
}
