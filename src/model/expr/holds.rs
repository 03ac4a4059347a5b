//! Whether an expression holds of one record, value by value: what streaming does, and what columns must agree with.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::{Among, Column, Comparison, Expr, Slot, Test};
use crate::id::{Id, RecordId};
use crate::model::value::Value;

/// A record as expressions see it.
pub trait Row {
    fn id(&self) -> RecordId;

    /// The value of a column that is not the id. One of [`Kind::Bool`](crate::model::value::Kind) is never empty.
    fn value(&self, column: Column) -> Value<'_>;
}

impl Expr {
    pub fn holds(&self, row: &impl Row) -> bool {
        match self {
            Expr::All(parts) => parts.iter().all(|part| part.holds(row)),
            Expr::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Expr::Not(part) => !part.holds(row),
            Expr::Test(column, test) if column.slot == Slot::Id => {
                matches!(test, Test::Id(among) if among.has(&row.id().to_number()))
            }
            Expr::Test(column, test) => test.holds(&row.value(*column)),
            Expr::Compare(left, comparison, right) => {
                let order = compare(&row.value(*left), &row.value(*right));
                order.is_some_and(|order| comparison.fits(order))
            }
        }
    }
}

impl Comparison {
    pub fn fits(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
        }
    }
}

/// How two values of one kind stand to each other; `None` if one is empty, or has no order.
pub fn compare(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Text(a), Value::Text(b)) => Some(a.as_ref().cmp(b.as_ref())),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Test {
    /// Whether it holds of a value that is no id.
    pub fn holds(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Test::Empty, value) => value.is_empty(),
            (Test::Bool(wanted), Value::Bool(found)) => wanted == found,
            (Test::Int(among), Value::Int(n)) => among.has(n),
            (Test::Int(among), Value::Time(time)) => among.has(&time.millis()),
            (Test::Float(among), Value::Float(n)) => among.has(n),
            (Test::Json(wanted), Value::Json(found)) => wanted == found,
            (_, Value::Text(text)) => self.holds_of_text(text),
            (Test::Contains(part), Value::Json(text)) => lower(text).contains(part.as_str()),
            (_, Value::Choices(numbers)) => self.holds_of_choices(numbers),
            _ => false,
        }
    }

    fn holds_of_text(&self, text: &str) -> bool {
        match self {
            Test::Text(Among::OneOf(wanted)) => {
                wanted.binary_search_by(|held| held.as_str().cmp(text)).is_ok()
            }
            Test::Text(among) => among.has(&text.to_owned()),
            Test::Contains(part) => lower(text).contains(part.as_str()),
            Test::StartsWith(part) => lower(text).starts_with(part.as_str()),
            Test::EndsWith(part) => lower(text).ends_with(part.as_str()),
            Test::Length(min, max) => (*min..=*max).contains(&text.chars().count()),
            _ => false,
        }
    }

    fn holds_of_choices(&self, numbers: &[u16]) -> bool {
        match self {
            Test::HasAny(wanted) => wanted.iter().any(|n| numbers.contains(n)),
            Test::HasAll(wanted) => wanted.iter().all(|n| numbers.contains(n)),
            Test::HasExactly(wanted) => {
                wanted.len() == numbers.len() && wanted.iter().all(|n| numbers.contains(n))
            }
            _ => false,
        }
    }
}

/// The text in lower case, as `contains` and its like compare it.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(text)
    } else {
        // Each character for itself: a word that ends in a capital sigma has to be found by its beginning, too.
        Cow::Owned(text.chars().flat_map(char::to_lowercase).collect())
    }
}
