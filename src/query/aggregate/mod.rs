//! Aggregates: records that a filter means, in groups by the values of some fields, and figures about each group.

mod fold;
mod group;
mod unit;

use std::cmp::Ordering;
use std::ops::ControlFlow;

use self::fold::Fold;
use self::group::Groups;
use super::columns::{Columns, Filter};
use super::find::{STOP_EVERY, Search};
use super::lookup::Named;
use super::order::compare;
use super::row::Stored;
use super::stream::each_record;
use crate::clock::Time;
use crate::error::{Code, Error, Result};
use crate::kv::{Read, Way};
use crate::limits::{GROUPS_MAX, QUERY_BYTES_MAX};
use crate::model::expr::{Column, Expr, Row, Slot, SortKey};
use crate::model::period::Period;
use crate::model::table::OpenTable;
use crate::model::value::Value;

/// What groups are told apart by.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBy {
    /// Ascending; groups are in this order.
    pub key: SortKey,
    /// For times: the period that all times in it count as.
    pub unit: Option<Period>,
}

/// One figure about each group.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub function: Function,
    /// `None` for the records themselves, which can only be counted.
    pub column: Option<Column>,
}

/// What is made of the values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Records, whatever the value.
    Count,
    CountEmpty,
    CountFilled,
    CountDistinct,
    /// Of a hundred.
    PercentFilled,
    Sum,
    Avg,
    Min,
    Max,
    Median,
    Earliest,
    Latest,
    /// Records whose checkbox is on.
    Checked,
}

/// What a figure is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureOf {
    /// Records, whatever their values.
    Records,
    /// Values of any kind.
    Values,
    Numbers,
    Times,
    Checkboxes,
}

impl Function {
    pub const ALL: [(&'static str, Function); 13] = [
        ("count", Function::Count),
        ("countEmpty", Function::CountEmpty),
        ("countFilled", Function::CountFilled),
        ("countDistinct", Function::CountDistinct),
        ("sum", Function::Sum),
        ("avg", Function::Avg),
        ("min", Function::Min),
        ("max", Function::Max),
        ("median", Function::Median),
        ("earliest", Function::Earliest),
        ("latest", Function::Latest),
        ("checked", Function::Checked),
        ("percentFilled", Function::PercentFilled),
    ];

    /// Of which values it is a figure.
    pub const fn of(self) -> FigureOf {
        match self {
            Function::Count => FigureOf::Records,
            Function::CountEmpty
            | Function::CountFilled
            | Function::CountDistinct
            | Function::PercentFilled => FigureOf::Values,
            Function::Sum | Function::Avg | Function::Min | Function::Max | Function::Median => {
                FigureOf::Numbers
            }
            Function::Earliest | Function::Latest => FigureOf::Times,
            Function::Checked => FigureOf::Checkboxes,
        }
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        Function::ALL.iter().find(|(_, function)| *function == self).map_or("", |(name, _)| name)
    }
}

/// A figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// Of no values.
    Nothing,
    Count(u64),
    Number(f64),
    Time(Time),
}

/// A group with its figures, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub values: Vec<Value<'static>>,
    pub outcomes: Vec<Outcome>,
}

/// What is asked. Filter, place and the time to stop are the search's; its sort, page and total say nothing here.
#[derive(Clone, Copy, Debug)]
pub struct Aggregate<'a> {
    pub search: Search<'a>,
    pub groups: &'a [GroupBy],
    pub figures: &'a [Figure],
}

/// All groups in their order.
#[derive(Debug)]
pub struct Grouped {
    pub groups: Vec<Group>,
    /// Records that were looked at.
    pub examined: u64,
}

/// What has been gathered so far.
struct Gathered<'a> {
    aggregate: &'a Aggregate<'a>,
    groups: Groups,
    folds: Vec<Fold>,
}

impl Aggregate<'_> {
    /// The columns that filter, groups and figures look at.
    pub fn columns(&self) -> Vec<Column> {
        let mut columns = self.search.columns();
        let grouped = self.groups.iter().map(|group| group.key.column);
        for column in grouped.chain(self.figures.iter().filter_map(|figure| figure.column)) {
            if column.slot != Slot::Id && !columns.contains(&column) {
                columns.push(column);
            }
        }
        columns
    }

    /// As of a search.
    pub fn cost(&self) -> u64 {
        let figure = |figure: &Figure| match figure.function {
            Function::CountDistinct | Function::Median => 60,
            _ => 8,
        };
        let figures: u64 = self.figures.iter().map(figure).sum();
        self.search.filter.cost() + figures + 10 * self.groups.len() as u64
    }

    /// The groups if the filter names its records, or if only records are to be counted, all of them: `records`.
    pub fn quick(
        &self,
        read: &(impl Read + ?Sized),
        table: &OpenTable,
        records: u64,
    ) -> Result<Option<Grouped>> {
        let counts = self.figures.iter().all(|figure| figure.function == Function::Count);
        if counts && self.groups.is_empty() && *self.search.filter == Expr::TRUE {
            let outcomes = self.figures.iter().map(|_| Outcome::Count(records)).collect();
            return Ok(Some(Grouped { groups: vec![Group { values: Vec::new(), outcomes }], examined: 0 }));
        }
        let Some(named) = Named::by(self.search.filter, table) else { return Ok(None) };
        let rows = named.get(read, self.search.place)?;
        let examined = rows.len() as u64;
        let mut gathered = Gathered::new(self);
        for row in rows.iter().filter(|row| self.search.filter.holds(*row)) {
            gathered.add(row)?;
        }
        Ok(Some(gathered.finish(examined)))
    }

    /// The groups by looking at every record of the store.
    pub fn streamed(&self, read: &(impl Read + ?Sized)) -> Result<Grouped> {
        let mut gathered = Gathered::new(self);
        let mut failed = Ok(());
        let examined = each_record(read, &self.search, None, Way::Up, |row| {
            if self.search.filter.holds(&row) {
                failed = gathered.add(&row);
            }
            if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failed?;
        Ok(gathered.finish(examined))
    }

    /// The groups by columns.
    pub fn in_columns(&self, columns: &Columns) -> Result<Grouped> {
        let filter = Filter::new(self.search.filter, columns)?;
        let mut gathered = Gathered::new(self);
        let mut examined = 0;
        for (n, chunk) in columns.chunks().iter().enumerate() {
            if n.is_multiple_of(STOP_EVERY) {
                self.search.stop.check()?;
            }
            examined += chunk.rows() as u64;
            let rows: Vec<usize> = filter.rows(chunk).rows().collect();
            if rows.is_empty() {
                continue;
            }
            let places = self.groups.iter().map(|group| chunk.cells(columns.place(group.key.column)?));
            let members = gathered.groups.of_rows(&places.collect::<Vec<_>>(), &rows);
            for (fold, figure) in gathered.folds.iter_mut().zip(self.figures) {
                let cells = figure.column.and_then(|column| chunk.cells(columns.place(column)?));
                fold.add_rows(cells, &rows, &members);
            }
            gathered.check()?;
        }
        Ok(gathered.finish(examined))
    }
}

impl<'a> Gathered<'a> {
    fn new(aggregate: &'a Aggregate<'a>) -> Gathered<'a> {
        let folds = aggregate.figures.iter().map(|figure| Fold::new(figure.function)).collect();
        Gathered { aggregate, groups: Groups::new(aggregate.groups), folds }
    }

    fn add(&mut self, row: &Stored) -> Result<()> {
        let values: Vec<Value<'_>> =
            self.aggregate.groups.iter().map(|group| row.value(group.key.column)).collect();
        let group = self.groups.of(&values);
        for (fold, figure) in self.folds.iter_mut().zip(self.aggregate.figures) {
            fold.add(group, &figure.column.map_or(Value::Empty, |column| row.value(column)));
        }
        self.check()
    }

    /// Whether it is still within the limits of one query.
    fn check(&self) -> Result<()> {
        // One more is the group of what is empty, whether there is such a record or not.
        if self.groups.len() > GROUPS_MAX + 1 {
            let detail = format!(
                "The query makes more than {GROUPS_MAX} groups. Group by less, or narrow the filter."
            );
            return Err(Error::new(Code::QueryTooExpensive, detail));
        }
        let spent = self.groups.memory() + self.folds.iter().map(Fold::memory).sum::<usize>();
        if spent > QUERY_BYTES_MAX {
            let detail = format!(
                "The query holds more than {} MiB of different values. Narrow the filter, or ask for less.",
                QUERY_BYTES_MAX >> 20
            );
            return Err(Error::new(Code::QueryTooExpensive, detail));
        }
        Ok(())
    }

    fn finish(self, examined: u64) -> Grouped {
        let Gathered { aggregate, groups, mut folds } = self;
        let counts = groups.counts();
        let mut made = Vec::with_capacity(groups.len());
        for (n, (values, count)) in groups.values().into_iter().zip(counts).enumerate() {
            // Without groups there is always one, of all records, even of none.
            if count == 0 && !aggregate.groups.is_empty() {
                continue;
            }
            let outcomes = folds.iter_mut().map(|fold| fold.outcome(n, count)).collect();
            made.push(Group { values, outcomes });
        }
        made.sort_by(|a, b| compare_groups(aggregate.groups, &a.values, &b.values));
        Grouped { groups: made, examined }
    }
}

/// The order of groups: that of their values, and then of their bytes, since long texts may share what they are sorted by.
pub fn compare_groups(by: &[GroupBy], left: &[Value<'_>], right: &[Value<'_>]) -> Ordering {
    let pairs = by.iter().zip(left.iter().zip(right));
    let order = pairs.fold(Ordering::Equal, |order, (group, (left, right))| {
        order.then_with(|| compare(&group.key, left, right))
    });
    let bytes = |values: &[Value<'_>]| values.iter().map(Value::to_bytes).collect::<Vec<_>>();
    order.then_with(|| bytes(left).cmp(&bytes(right)))
}
