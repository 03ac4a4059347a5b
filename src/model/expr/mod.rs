//! Expressions: what a filter says about a record, once it has been read and fits the table.
//!
//! The text form and the JSON form both become an [`Expr`], and whoever evaluates one knows physical kinds only, no field
//! types and no names. Logic is two-valued: a test of an empty value is false, so `a != b`, which is `not (a = b)`, keeps
//! the records where `a` is empty.

mod build;
mod describe;
mod holds;
mod json;
mod json_ops;
mod moment;
mod parse;
mod search;
mod sort;
mod stream;
mod syntax;
mod text;
mod token;

#[cfg(test)]
mod tests;

use std::ops::Bound;

use crate::clock::Time;
use crate::model::field::{OpenField, Source};
use crate::model::table::OpenTable;
use crate::model::value::Kind;

pub use self::describe::{Described, Holds, Takes, braced, columns_described, moment_words, spelled};
pub use self::holds::{Row, compare, lower};
pub use self::json::{is_json, read_json};
pub use self::search::search;
pub use self::sort::{SortKey, read_sort, read_sort_keys};
pub use self::text::read_text;

/// What an expression is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub table: &'a OpenTable,
    /// What `now` and `today` are counted from.
    pub now: Time,
}

/// Whether a record is meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of them hold; none is `true`.
    All(Vec<Expr>),
    /// At least one of them holds; none is `false`.
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test(Column, Test),
    /// Two columns of one kind, neither of them empty.
    Compare(Column, Comparison, Column),
}

/// Where a record's value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// The record's own.
    Id,
    Version,
    Sequence,
    CreatedAt,
    UpdatedAt,
    /// By the number of the field, which is bound to one kind.
    Field(u16),
}

/// A value that every record of a table has, or lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    pub slot: Slot,
    /// How its values are held; an id, which is of no kind, says `None`.
    pub kind: Option<Kind>,
}

impl Column {
    pub const ID: Column = Column { slot: Slot::Id, kind: None };
    pub const VERSION: Column = Column { slot: Slot::Version, kind: Some(Kind::Int) };
    pub const CREATED_AT: Column = Column { slot: Slot::CreatedAt, kind: Some(Kind::Time) };
    pub const UPDATED_AT: Column = Column { slot: Slot::UpdatedAt, kind: Some(Kind::Time) };

    /// The column of a field; a computed one shares that of what it shows.
    pub fn of(open: &OpenField) -> Column {
        let slot = match open.of_type.source() {
            Source::Client => Slot::Field(open.field.number),
            Source::Sequence => Slot::Sequence,
            Source::CreatedAt => Slot::CreatedAt,
            Source::UpdatedAt => Slot::UpdatedAt,
        };
        Column { slot, kind: Some(open.of_type.kind()) }
    }
}

/// How two columns are compared. The other three are negations or come from changing sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
}

/// What a value that is not empty may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Among<T> {
    Range(Bound<T>, Bound<T>),
    /// Sorted, each once.
    OneOf(Vec<T>),
}

/// What is asked of one value. False of an empty one, but for [`Test::Empty`].
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    Empty,
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// Of [`Kind::Int`], and of [`Kind::Time`] in milliseconds since 1970.
    Int(Among<i64>),
    /// Of [`Kind::Float`]. All numbers in it are finite and none is negative zero.
    Float(Among<f64>),
    /// Of [`Kind::Text`]: exactly, by code point.
    Text(Among<String>),
    /// Of [`Kind::Text`] and [`Kind::Json`]: the lower-cased value has this, lower-cased too, in it.
    Contains(String),
    /// Of [`Kind::Text`], as [`Test::Contains`].
    StartsWith(String),
    /// Of [`Kind::Text`], as [`Test::Contains`].
    EndsWith(String),
    /// Of [`Kind::Text`]: characters, both ends in.
    Length(usize, usize),
    /// Of [`Kind::Choices`]: one of these at least.
    HasAny(Vec<u16>),
    /// Of [`Kind::Choices`]: all of these.
    HasAll(Vec<u16>),
    /// Of [`Kind::Choices`]: these and no others, in whatever order.
    HasExactly(Vec<u16>),
    /// Of [`Kind::Json`]: this value, in its shortest spelling.
    Json(String),
    /// Of [`Slot::Id`]: the 16 bytes of an id as a big-endian number.
    Id(Among<u128>),
}

impl Expr {
    pub const TRUE: Expr = Expr::All(Vec::new());
    pub const FALSE: Expr = Expr::Any(Vec::new());

    /// Roughly, how long it takes over columns, for each row: a comparison of two numbers takes two.
    pub fn cost(&self) -> u64 {
        match self {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().map(Expr::cost).sum(),
            Expr::Not(part) => part.cost(),
            Expr::Test(_, test) => match test {
                Test::Text(_)
                | Test::Length(..)
                | Test::StartsWith(_)
                | Test::EndsWith(_)
                | Test::Json(_) => 10,
                Test::Contains(_) => 15,
                _ => 2,
            },
            Expr::Compare(..) => 30,
        }
    }

    /// Calls `each` with every column that a record is asked for.
    pub fn columns(&self, each: &mut impl FnMut(Column)) {
        match self {
            Expr::All(parts) | Expr::Any(parts) => parts.iter().for_each(|part| part.columns(each)),
            Expr::Not(part) => part.columns(each),
            Expr::Test(column, _) => each(*column),
            Expr::Compare(left, _, right) => {
                each(*left);
                each(*right);
            }
        }
    }
}

impl<T: PartialOrd> Among<T> {
    /// Exactly this.
    pub fn is(value: T) -> Among<T> {
        Among::OneOf(vec![value])
    }

    pub fn has(&self, value: &T) -> bool {
        match self {
            Among::Range(from, to) => {
                (match from {
                    Bound::Included(from) => value >= from,
                    Bound::Excluded(from) => value > from,
                    Bound::Unbounded => true,
                }) && (match to {
                    Bound::Included(to) => value <= to,
                    Bound::Excluded(to) => value < to,
                    Bound::Unbounded => true,
                })
            }
            Among::OneOf(values) => values
                .binary_search_by(|held| held.partial_cmp(value).unwrap_or(std::cmp::Ordering::Less))
                .is_ok(),
        }
    }
}
