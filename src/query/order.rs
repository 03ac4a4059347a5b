//! The order of a sorted list: by its keys, what is empty last, and by id among equals.

use std::cmp::Ordering;

use super::columns::Cells;
use crate::id::{Id, RecordId};
use crate::limits::SORT_TEXT_BYTES_MAX;
use crate::model::expr::{Column, Row, SortKey};
use crate::model::value::Value;

/// Where a list goes on: behind the record that had these values when it was answered, whatever it has now.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// One for each key of the sort.
    pub values: Vec<Value<'static>>,
    pub id: RecordId,
}

impl Position {
    /// The position of a record.
    pub fn of(row: &impl Row, sort: &[SortKey]) -> Position {
        let value = |column: Column| if column == Column::ID { Value::Empty } else { row.value(column) };
        let values = sort.iter().map(|key| cut(value(key.column)).into_owned()).collect();
        Position { values, id: row.id() }
    }

    /// As bytes, for a cursor: each value's length and its stored bytes, and the id. An empty value has no bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 16 * self.values.len());
        for value in &self.values {
            let bytes = value.to_bytes();
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(&bytes);
        }
        out.extend_from_slice(&self.id.to_bytes());
        out
    }

    /// Reads what [`Position::to_bytes`] wrote for the same sort.
    pub fn from_bytes(mut bytes: &[u8], sort: &[SortKey]) -> Option<Position> {
        let mut values = Vec::with_capacity(sort.len());
        for key in sort {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
            bytes = rest;
            let read = |kind| if value.is_empty() { Some(Value::Empty) } else { Value::read(kind, value) };
            values.push(key.column.kind.map_or(Some(Value::Empty), read)?.into_owned());
        }
        Some(Position { values, id: RecordId::from_bytes(bytes.try_into().ok()?) })
    }
}

/// The order of a sorted list.
pub fn compare_positions(left: &Position, right: &Position, sort: &[SortKey]) -> Ordering {
    let pairs = sort.iter().zip(left.values.iter().zip(&right.values));
    let by_keys = pairs
        .fold(Ordering::Equal, |order, (key, (left, right))| order.then_with(|| compare(key, left, right)));
    by_keys.then_with(|| ties(sort, left.id.cmp(&right.id)))
}

/// The order of records that are equal by all other keys, from that of their ids.
pub fn ties(sort: &[SortKey], by_id: Ordering) -> Ordering {
    if sort.last().is_some_and(|key| key.column == Column::ID && key.descending) {
        by_id.reverse()
    } else {
        by_id
    }
}

/// How two values stand to each other under one key.
pub fn compare(key: &SortKey, left: &Value<'_>, right: &Value<'_>) -> Ordering {
    let order = match (left, right) {
        (Value::Empty, Value::Empty) => return Ordering::Equal,
        (Value::Empty, _) => return Ordering::Greater,
        (_, Value::Empty) => return Ordering::Less,
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => cut_text(a).cmp(cut_text(b)),
        (Value::Choices(a), Value::Choices(b)) => {
            a.iter().map(|n| key.rank(*n)).cmp(b.iter().map(|n| key.rank(*n)))
        }
        _ => Ordering::Equal,
    };
    if key.descending { order.reverse() } else { order }
}

fn cut(value: Value<'_>) -> Value<'_> {
    match value {
        Value::Text(text) if text.len() > SORT_TEXT_BYTES_MAX => {
            Value::Text(cut_text(&text).to_owned().into())
        }
        other => other,
    }
}

/// As much of a text as it is sorted by.
fn cut_text(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SORT_TEXT_BYTES_MAX)).unwrap_or(text)
}

/// A number that is smaller than that of another row only if the row comes before it: most rows are told apart by it
/// without a look at what they hold. Equal ones say nothing.
pub fn rank(key: &SortKey, cells: &Cells, row: usize) -> u64 {
    let ascending = match cells {
        Cells::Bool { set, .. } => u64::from(set.get(row)),
        Cells::Int { values, filled, .. } => match values.get(row).filter(|_| filled.get(row)) {
            Some(n) => n.cast_unsigned() ^ 1 << 63,
            None => return u64::MAX,
        },
        Cells::Float { values, filled } => match values.get(row).filter(|_| filled.get(row)) {
            Some(n) => float_rank(*n),
            None => return u64::MAX,
        },
        Cells::Text { texts, filled, .. } if filled.get(row) => {
            let mut first = [0; 8];
            first.iter_mut().zip(texts.bytes_at(row)).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(first)
        }
        cells => match cells.get(row) {
            Value::Choices(numbers) => numbers.first().map_or(u64::MAX, |n| u64::from(key.rank(*n))),
            _ => return u64::MAX,
        },
    };
    if key.descending { !ascending } else { ascending }
}

/// Orders as the numbers do.
fn float_rank(n: f64) -> u64 {
    let bits = n.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Keeps the smallest of what it is shown, a few at a time.
pub struct Smallest<T, F> {
    many: usize,
    held: Vec<T>,
    compare: F,
    /// Whether the last of `held` is larger than all others, of which there are as many as are kept.
    full: bool,
}

impl<T, F: Fn(&T, &T) -> Ordering> Smallest<T, F> {
    pub fn new(many: usize, compare: F) -> Smallest<T, F> {
        Smallest { many, held: Vec::with_capacity(many.min(1024)), compare, full: false }
    }

    /// What nothing larger than is kept any more, once there is such a bound.
    pub fn bound(&self) -> Option<&T> {
        if self.full { self.held.get(self.many.checked_sub(1)?) } else { None }
    }

    pub fn add(&mut self, item: T) {
        if self.bound().is_some_and(|bound| (self.compare)(&item, bound) != Ordering::Less) {
            return;
        }
        self.held.push(item);
        // So many at a time that looking for the bound costs each of them little, also if all come in the wrong order.
        if self.held.len() >= self.many.saturating_mul(4).max(256) {
            self.trim();
        }
    }

    fn trim(&mut self) {
        if self.held.len() >= self.many && self.many > 0 {
            self.held.select_nth_unstable_by(self.many - 1, &self.compare);
            self.held.truncate(self.many);
            self.full = true;
        }
    }

    /// What was kept, in its order.
    pub fn into_sorted(mut self) -> Vec<T> {
        self.held.sort_unstable_by(&self.compare);
        self.held.truncate(self.many);
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_smallest_are_kept_in_order(mut values: Vec<u16>, many in 1_usize..40) {
            let mut smallest = Smallest::new(many, |a: &u16, b: &u16| a.cmp(b));
            values.iter().for_each(|value| smallest.add(*value));
            values.sort_unstable();
            values.truncate(many);
            prop_assert_eq!(smallest.into_sorted(), values);
        }

        #[test]
        fn ranks_order_as_numbers_do(a in -1e300..1e300_f64, b in -1e300..1e300_f64) {
            prop_assert_eq!(float_rank(a).cmp(&float_rank(b)), a.total_cmp(&b));
        }
    }
}
