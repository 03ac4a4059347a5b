//! An expression made ready for columns: it answers for the rows of a whole chunk at once.

use std::ops::Bound;

use memchr::memmem::Finder;

use super::Columns;
use super::bits::Bits;
use super::cells::Cells;
use super::chunk::Chunk;
use crate::error::{Error, Result};
use crate::model::expr::{Among, Column, Comparison, Expr, Slot, Test, compare};

/// An expression over the columns of one table. That of every record costs next to nothing.
#[derive(Debug)]
pub struct Filter<'e>(Node<'e>);

/// What stands for a column is its place.
#[derive(Debug)]
enum Node<'e> {
    /// Cheap ones first.
    All(Vec<Node<'e>>),
    Any(Vec<Node<'e>>),
    Not(Box<Node<'e>>),
    Test(usize, &'e Test),
    Find(usize, Box<Finder<'e>>),
    Id(&'e Among<u128>),
    Compare(usize, Comparison, usize),
}

impl<'e> Filter<'e> {
    /// Errors: a column of the expression is not held.
    pub fn new(expr: &'e Expr, columns: &Columns) -> Result<Filter<'e>> {
        Node::of(expr, columns).map(Filter)
    }

    /// The rows of a chunk that are meant.
    pub fn rows(&self, chunk: &Chunk) -> Bits {
        self.0.rows(chunk, &chunk.all())
    }
}

impl<'e> Node<'e> {
    fn of(expr: &'e Expr, columns: &Columns) -> Result<Node<'e>> {
        let place = |column: &Column| {
            columns.place(*column).ok_or_else(|| Error::internal("a column of the filter is not held"))
        };
        Ok(match expr {
            Expr::All(parts) => {
                let mut parts: Vec<&Expr> = parts.iter().collect();
                parts.sort_by_key(|part| part.cost());
                Node::All(parts.into_iter().map(|part| Node::of(part, columns)).collect::<Result<_>>()?)
            }
            Expr::Any(parts) => {
                Node::Any(parts.iter().map(|part| Node::of(part, columns)).collect::<Result<_>>()?)
            }
            Expr::Not(part) => Node::Not(Box::new(Node::of(part, columns)?)),
            // An id is compared, and never empty.
            Expr::Test(column, Test::Id(among)) if column.slot == Slot::Id => Node::Id(among),
            Expr::Test(column, _) if column.slot == Slot::Id => Node::Any(Vec::new()),
            Expr::Test(column, Test::Contains(part)) => {
                Node::Find(place(column)?, Box::new(Finder::new(part.as_bytes())))
            }
            Expr::Test(column, test) => Node::Test(place(column)?, test),
            Expr::Compare(left, comparison, right) => Node::Compare(place(left)?, *comparison, place(right)?),
        })
    }

    /// Those of the rows `within` of which it holds.
    fn rows(&self, chunk: &Chunk, within: &Bits) -> Bits {
        match self {
            Node::All(parts) => {
                let mut rows = within.clone();
                for part in parts {
                    if rows.is_none() {
                        break;
                    }
                    rows = part.rows(chunk, &rows);
                }
                rows
            }
            Node::Any(parts) => {
                let (mut rows, mut rest) = (Bits::NONE, within.clone());
                for part in parts {
                    let found = part.rows(chunk, &rest);
                    rest.and_not(&found);
                    rows.or(&found);
                }
                rows
            }
            Node::Not(part) => {
                let mut rows = within.clone();
                rows.and_not(&part.rows(chunk, within));
                rows
            }
            Node::Id(among) => ids(chunk, among, within),
            Node::Compare(left, comparison, right) => {
                let holds = |row| {
                    let order = compare(&chunk.value(*left, row), &chunk.value(*right, row));
                    order.is_some_and(|order| comparison.fits(order))
                };
                each(within, holds)
            }
            Node::Test(place, test) => tested(chunk, *place, test, within),
            Node::Find(place, finder) => found(chunk, *place, finder, within),
        }
    }
}

/// Whether looking at single rows is less work than looking at all of them.
fn is_few(within: &Bits, chunk: &Chunk) -> bool {
    within.count() * 16 < chunk.rows()
}

fn each(within: &Bits, holds: impl Fn(usize) -> bool) -> Bits {
    let mut rows = Bits::NONE;
    within.rows().filter(|row| holds(*row)).for_each(|row| rows.set(row, true));
    rows
}

fn tested(chunk: &Chunk, place: usize, test: &Test, within: &Bits) -> Bits {
    let Some(cells) = chunk.cells(place) else { return Bits::NONE };
    if is_few(within, chunk) {
        return each(within, |row| test.holds(&cells.get(row)));
    }
    let mut rows = all_rows(cells, test).unwrap_or_else(|| each(within, |row| test.holds(&cells.get(row))));
    rows.and(within);
    rows
}

/// What a test says of all rows at once, where that is quicker than one by one.
fn all_rows(cells: &Cells, test: &Test) -> Option<Bits> {
    let mut rows = match (cells, test) {
        (Cells::Bool { rows, .. }, Test::Empty) => {
            debug_assert!(*rows <= super::bits::ROWS, "a chunk has no more");
            return Some(Bits::NONE);
        }
        (cells, Test::Empty) => {
            let mut rows = Bits::first(cells.rows());
            rows.and_not(&cells.filled());
            return Some(rows);
        }
        (Cells::Bool { rows, set }, Test::Bool(wanted)) => {
            let mut found = Bits::first(*rows);
            if *wanted {
                found.and(set);
            } else {
                found.and_not(set);
            }
            return Some(found);
        }
        (Cells::Int { values, .. }, Test::Int(among)) => whole_numbers(values, among),
        (Cells::Float { values, .. }, Test::Float(among)) => numbers(values, among),
        (Cells::Choice(values), Test::HasAny(wanted)) => match wanted.as_slice() {
            [only] => Bits::of(values, |value| value == *only),
            several => Bits::of(values, |value| several.contains(&value)),
        },
        (Cells::Choice(values), Test::HasAll(wanted) | Test::HasExactly(wanted)) => match wanted.as_slice() {
            [only] => Bits::of(values, |value| value == *only),
            _ => return None,
        },
        (Cells::Text { texts, json: false, .. }, Test::Text(among)) => match among {
            Among::OneOf(wanted) => match wanted.as_slice() {
                [only] => texts.passing(|bytes| bytes == only.as_bytes()),
                _ => {
                    texts.passing(|bytes| wanted.binary_search_by(|held| held.as_bytes().cmp(bytes)).is_ok())
                }
            },
            Among::Range(from, to) => {
                let (from, to) = (from.as_ref().map(String::as_bytes), to.as_ref().map(String::as_bytes));
                texts.passing(|bytes| (from, to).contains_bytes(bytes))
            }
        },
        (Cells::Text { texts, json: true, .. }, Test::Json(wanted)) => {
            texts.passing(|bytes| bytes == wanted.as_bytes())
        }
        (Cells::Text { texts, json: false, .. }, Test::StartsWith(part)) => {
            texts.lower().passing(|bytes| bytes.starts_with(part.as_bytes()))
        }
        (Cells::Text { texts, json: false, .. }, Test::EndsWith(part)) => {
            texts.lower().passing(|bytes| bytes.ends_with(part.as_bytes()))
        }
        _ => return None,
    };
    rows.and(&cells.filled());
    Some(rows)
}

/// A range of bytes, by code point, since that is the order of UTF-8's bytes.
trait ContainsBytes {
    fn contains_bytes(&self, bytes: &[u8]) -> bool;
}

impl ContainsBytes for (Bound<&[u8]>, Bound<&[u8]>) {
    fn contains_bytes(&self, bytes: &[u8]) -> bool {
        std::ops::RangeBounds::<[u8]>::contains(self, bytes)
    }
}

/// The rows whose lower-cased text has the finder's in it.
fn found(chunk: &Chunk, place: usize, finder: &Finder<'_>, within: &Bits) -> Bits {
    let Some(Cells::Text { texts, filled, .. }) = chunk.cells(place) else { return Bits::NONE };
    // Each text is held with a NUL behind it, which is no part of it.
    if finder.needle().contains(&0) {
        return Bits::NONE;
    }
    let texts = texts.lower();
    let mut rows = if finder.needle().is_empty() {
        filled.clone()
    } else if is_few(within, chunk) {
        each(within, |row| finder.find(texts.bytes_at(row)).is_some())
    } else {
        texts.finding(finder)
    };
    rows.and(filled);
    rows.and(within);
    rows
}

fn whole_numbers(values: &[i64], among: &Among<i64>) -> Bits {
    match among {
        Among::OneOf(wanted) => match wanted.as_slice() {
            [only] => Bits::of(values, |value| value == *only),
            several => Bits::of(values, |value| several.binary_search(&value).is_ok()),
        },
        Among::Range(from, to) => {
            let from = match from {
                Bound::Included(from) => Some(*from),
                Bound::Excluded(from) => from.checked_add(1),
                Bound::Unbounded => Some(i64::MIN),
            };
            let to = match to {
                Bound::Included(to) => Some(*to),
                Bound::Excluded(to) => to.checked_sub(1),
                Bound::Unbounded => Some(i64::MAX),
            };
            let (Some(from), Some(to)) = (from, to) else { return Bits::NONE };
            Bits::of(values, |value| from <= value && value <= to)
        }
    }
}

fn numbers(values: &[f64], among: &Among<f64>) -> Bits {
    match among {
        Among::OneOf(wanted) => match wanted.as_slice() {
            #[expect(clippy::float_cmp, reason = "`=` is exact")]
            [only] => Bits::of(values, |value| value == *only),
            _ => Bits::of(values, |value| among.has(&value)),
        },
        Among::Range(from, to) => {
            let from = match from {
                Bound::Included(from) => *from,
                Bound::Excluded(from) => from.next_up(),
                Bound::Unbounded => f64::NEG_INFINITY,
            };
            let to = match to {
                Bound::Included(to) => *to,
                Bound::Excluded(to) => to.next_down(),
                Bound::Unbounded => f64::INFINITY,
            };
            Bits::of(values, |value| from <= value && value <= to)
        }
    }
}

fn ids(chunk: &Chunk, among: &Among<u128>, within: &Bits) -> Bits {
    let ids = chunk.ids();
    let mut rows = match among {
        Among::OneOf(wanted) => {
            let mut rows = Bits::NONE;
            for row in wanted.iter().filter_map(|id| ids.binary_search(id).ok()) {
                rows.set(row, true);
            }
            rows
        }
        Among::Range(from, to) => {
            let start = match from {
                Bound::Included(from) => ids.partition_point(|id| id < from),
                Bound::Excluded(from) => ids.partition_point(|id| id <= from),
                Bound::Unbounded => 0,
            };
            let end = match to {
                Bound::Included(to) => ids.partition_point(|id| id <= to),
                Bound::Excluded(to) => ids.partition_point(|id| id < to),
                Bound::Unbounded => ids.len(),
            };
            let mut rows = Bits::first(end);
            rows.and_not(&Bits::first(start));
            rows
        }
    };
    rows.and(within);
    rows
}
