//! The values of one column in one chunk.

use std::borrow::Cow;

use super::bits::Bits;
use super::texts::Texts;
use crate::clock::Time;
use crate::model::value::{Kind, Value};

const NO_CHOICE: u16 = Cells::NO_CHOICE;

/// Values by row, as densely as their kind allows.
#[derive(Clone, Debug)]
pub enum Cells {
    /// Rows that are true. A checkbox is never empty.
    Bool { rows: usize, set: Bits },
    /// Whole numbers, and times in milliseconds; 0 where it is empty.
    Int { values: Vec<i64>, filled: Bits, time: bool },
    /// 0 where it is empty.
    Float { values: Vec<f64>, filled: Bits },
    /// Texts, and JSON in its shortest spelling.
    Text { texts: Texts, filled: Bits, json: bool },
    /// At most one choice a row.
    Choice(Vec<u16>),
    /// Several choices in some row; none is the empty value.
    Choices(Vec<Box<[u16]>>),
}

impl Cells {
    /// Stands for no choice in [`Cells::Choice`]; no choice has this number.
    pub const NO_CHOICE: u16 = u16::MAX;

    pub fn new(kind: Kind) -> Cells {
        match kind {
            Kind::Bool => Cells::Bool { rows: 0, set: Bits::NONE },
            Kind::Int | Kind::Time => {
                Cells::Int { values: Vec::new(), filled: Bits::NONE, time: kind == Kind::Time }
            }
            Kind::Float => Cells::Float { values: Vec::new(), filled: Bits::NONE },
            Kind::Text | Kind::Json => {
                Cells::Text { texts: Texts::default(), filled: Bits::NONE, json: kind == Kind::Json }
            }
            Kind::Choices => Cells::Choice(Vec::new()),
        }
    }

    /// Appends a row.
    pub fn push(&mut self, value: &Value<'_>) {
        let row = self.rows();
        match self {
            Cells::Bool { rows, .. } => *rows += 1,
            Cells::Int { values, .. } => values.push(0),
            Cells::Float { values, .. } => values.push(0.0),
            Cells::Text { texts, .. } => texts.push(""),
            Cells::Choice(numbers) => numbers.push(NO_CHOICE),
            Cells::Choices(lists) => lists.push(Box::default()),
        }
        self.set(row, value);
    }

    /// Replaces the value of a row that is there.
    pub fn set(&mut self, row: usize, value: &Value<'_>) {
        let is_filled = !value.is_empty();
        match (&mut *self, value) {
            (Cells::Bool { set, .. }, value) => set.set(row, matches!(value, Value::Bool(true))),
            (Cells::Int { values, filled, .. }, value) => {
                let number = match value {
                    Value::Int(n) => *n,
                    Value::Time(time) => time.millis(),
                    _ => 0,
                };
                filled.set(row, is_filled);
                put(values, row, number);
            }
            (Cells::Float { values, filled }, value) => {
                filled.set(row, is_filled);
                put(values, row, if let Value::Float(n) = value { *n } else { 0.0 });
            }
            (Cells::Text { texts, filled, .. }, value) => {
                filled.set(row, is_filled);
                texts.set(row, if let Value::Text(text) | Value::Json(text) = value { text } else { "" });
            }
            (Cells::Choice(numbers), Value::Choices(chosen)) => match chosen.as_ref() {
                [] => put(numbers, row, NO_CHOICE),
                [only] => put(numbers, row, *only),
                several => {
                    let list = several.into();
                    let mut lists: Vec<Box<[u16]>> = numbers.iter().map(|n| choice_list(*n)).collect();
                    put(&mut lists, row, list);
                    *self = Cells::Choices(lists);
                }
            },
            (Cells::Choice(numbers), _) => put(numbers, row, NO_CHOICE),
            (Cells::Choices(lists), Value::Choices(chosen)) => put(lists, row, chosen.as_ref().into()),
            (Cells::Choices(lists), _) => put(lists, row, Box::default()),
        }
    }

    pub fn get(&self, row: usize) -> Value<'_> {
        match self {
            Cells::Bool { set, .. } => Value::Bool(set.get(row)),
            Cells::Int { values, filled, time } => match values.get(row).filter(|_| filled.get(row)) {
                Some(n) if *time => Value::Time(Time::from_millis(*n)),
                Some(n) => Value::Int(*n),
                None => Value::Empty,
            },
            Cells::Float { values, filled } => {
                values.get(row).filter(|_| filled.get(row)).map_or(Value::Empty, |n| Value::Float(*n))
            }
            Cells::Text { texts, filled, json } => match (filled.get(row), json) {
                (false, _) => Value::Empty,
                (true, false) => Value::Text(Cow::Borrowed(texts.get(row))),
                (true, true) => Value::Json(Cow::Borrowed(texts.get(row))),
            },
            Cells::Choice(numbers) => match numbers.get(row..=row) {
                Some([NO_CHOICE]) | None => Value::Empty,
                Some(only) => Value::Choices(Cow::Borrowed(only)),
            },
            Cells::Choices(lists) => match lists.get(row).map(AsRef::as_ref) {
                Some([]) | None => Value::Empty,
                Some(list) => Value::Choices(Cow::Borrowed(list)),
            },
        }
    }

    pub fn rows(&self) -> usize {
        match self {
            Cells::Bool { rows, .. } => *rows,
            Cells::Int { values, .. } => values.len(),
            Cells::Float { values, .. } => values.len(),
            Cells::Text { texts, .. } => texts.len(),
            Cells::Choice(numbers) => numbers.len(),
            Cells::Choices(lists) => lists.len(),
        }
    }

    /// The rows that have a value.
    pub fn filled(&self) -> Bits {
        match self {
            Cells::Bool { rows, .. } => Bits::first(*rows),
            Cells::Int { filled, .. } | Cells::Float { filled, .. } | Cells::Text { filled, .. } => {
                filled.clone()
            }
            Cells::Choice(numbers) => Bits::of(numbers, |n| n != NO_CHOICE),
            Cells::Choices(lists) => {
                let mut bits = Bits::NONE;
                lists.iter().enumerate().for_each(|(row, list)| bits.set(row, !list.is_empty()));
                bits
            }
        }
    }

    /// Holds it as it is best held once all rows are there.
    pub fn seal(&mut self) {
        match self {
            Cells::Bool { .. } => {}
            Cells::Int { values, .. } => values.shrink_to_fit(),
            Cells::Float { values, .. } => values.shrink_to_fit(),
            Cells::Text { texts, .. } => texts.seal(),
            Cells::Choice(numbers) => numbers.shrink_to_fit(),
            Cells::Choices(lists) => lists.shrink_to_fit(),
        }
    }

    /// Bytes in memory, or a little more.
    pub fn memory(&self) -> usize {
        size_of::<Cells>()
            + match self {
                Cells::Bool { .. } => 0,
                Cells::Int { values, .. } => 8 * values.capacity(),
                Cells::Float { values, .. } => 8 * values.capacity(),
                Cells::Text { texts, .. } => texts.memory(),
                Cells::Choice(numbers) => 2 * numbers.capacity(),
                Cells::Choices(lists) => lists.iter().map(|list| 32 + 2 * list.len()).sum(),
            }
    }
}

fn choice_list(number: u16) -> Box<[u16]> {
    if number == NO_CHOICE { Box::default() } else { Box::new([number]) }
}

fn put<T>(values: &mut [T], row: usize, value: T) {
    if let Some(held) = values.get_mut(row) {
        *held = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values_of(kind: Kind) -> BoxedStrategy<Value<'static>> {
        let value = match kind {
            Kind::Bool => return any::<bool>().prop_map(Value::Bool).boxed(),
            Kind::Int => any::<i64>().prop_map(Value::Int).boxed(),
            Kind::Float => (-1e9..1e9_f64).prop_map(Value::Float).boxed(),
            Kind::Time => any::<i64>().prop_map(|ms| Value::Time(Time::from_millis(ms))).boxed(),
            Kind::Text => "[a-c]{1,3}".prop_map(|text| Value::Text(text.into())).boxed(),
            Kind::Json => "[0-9]{1,3}".prop_map(|text| Value::Json(text.into())).boxed(),
            Kind::Choices => {
                proptest::collection::vec(0_u16..5, 1..3).prop_map(|n| Value::Choices(n.into())).boxed()
            }
        };
        prop_oneof![1 => Just(Value::Empty), 4 => value].boxed()
    }

    fn columns() -> impl Strategy<Value = (Kind, Vec<Value<'static>>, Vec<(usize, Value<'static>)>)> {
        let kinds = [Kind::Bool, Kind::Int, Kind::Float, Kind::Time, Kind::Text, Kind::Json, Kind::Choices];
        proptest::sample::select(kinds.to_vec()).prop_flat_map(|kind| {
            let values = proptest::collection::vec(values_of(kind), 1..80);
            let changes = proptest::collection::vec((0_usize..80, values_of(kind)), 0..20);
            (Just(kind), values, changes)
        })
    }

    proptest! {
        #[test]
        fn cells_are_what_was_put_in((kind, mut values, changes) in columns()) {
            let mut cells = Cells::new(kind);
            values.iter().for_each(|value| cells.push(value));
            cells.seal();
            for (row, value) in changes {
                let row = row % values.len();
                cells.set(row, &value);
                values[row] = value;
            }
            prop_assert_eq!(cells.rows(), values.len());
            let filled = cells.filled();
            for (row, value) in values.iter().enumerate() {
                prop_assert_eq!(&cells.get(row), value);
                prop_assert_eq!(filled.get(row), !value.is_empty());
            }
        }
    }
}
