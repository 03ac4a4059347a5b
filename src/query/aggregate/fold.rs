//! Figures about groups while their records go by.

use std::collections::HashSet;

use super::{Function, Outcome};
use crate::clock::Time;
use crate::model::value::Value;
use crate::query::columns::Cells;

/// One figure of every group. What needs no more than the number of records in a group is not kept here.
#[derive(Debug)]
pub struct Fold {
    function: Function,
    state: State,
    /// Bytes that grow with the values.
    memory: usize,
}

/// By the number of the group.
#[derive(Debug)]
enum State {
    Count,
    Filled(Vec<u64>),
    Checked(Vec<u64>),
    Sum(Vec<Sum>),
    Numbers(Vec<Option<f64>>),
    Times(Vec<Option<i64>>),
    Distinct(Vec<Distinct>),
    Median(Vec<Vec<f64>>),
}

#[derive(Clone, Debug, Default)]
struct Sum {
    count: u64,
    so_far: f64,
    /// What rounding has lost so far (Neumaier's variant of Kahan's summation).
    lost: f64,
}

#[derive(Clone, Debug, Default)]
struct Distinct {
    numbers: HashSet<u64>,
    others: HashSet<Box<[u8]>>,
}

impl Sum {
    fn add(&mut self, n: f64) {
        let sum = self.so_far + n;
        self.lost +=
            if self.so_far.abs() >= n.abs() { (self.so_far - sum) + n } else { (n - sum) + self.so_far };
        self.so_far = sum;
        self.count += 1;
    }

    fn total(&self) -> f64 {
        self.so_far + self.lost
    }
}

/// The state of a group, which is there from now on.
fn at<T: Clone + Default>(states: &mut Vec<T>, group: u32) -> &mut T {
    let place = group as usize;
    if states.len() <= place {
        states.resize(place + 1, T::default());
    }
    // It has just been made if it was not there.
    let last = states.len() - 1;
    #[expect(clippy::indexing_slicing, reason = "it is below the length, which is at least one")]
    &mut states[place.min(last)]
}

impl Fold {
    pub fn new(function: Function) -> Fold {
        let state = match function {
            Function::Count => State::Count,
            Function::CountEmpty | Function::CountFilled | Function::PercentFilled => {
                State::Filled(Vec::new())
            }
            Function::Checked => State::Checked(Vec::new()),
            Function::Sum | Function::Avg => State::Sum(Vec::new()),
            Function::Min | Function::Max => State::Numbers(Vec::new()),
            Function::Earliest | Function::Latest => State::Times(Vec::new()),
            Function::CountDistinct => State::Distinct(Vec::new()),
            Function::Median => State::Median(Vec::new()),
        };
        Fold { function, state, memory: 0 }
    }

    /// Adds the value of a record.
    pub fn add(&mut self, group: u32, value: &Value<'_>) {
        match (&mut self.state, value) {
            (State::Filled(counts), value) => *at(counts, group) += u64::from(!value.is_empty()),
            (State::Checked(counts), Value::Bool(true)) => *at(counts, group) += 1,
            (State::Sum(sums), value) => {
                number(value).into_iter().for_each(|n| at(sums, group).add(n));
            }
            (State::Numbers(held), value) => {
                let smallest = self.function == Function::Min;
                number(value).into_iter().for_each(|n| keep_number(at(held, group), n, smallest));
            }
            (State::Times(held), Value::Time(time)) => {
                keep_time(at(held, group), time.millis(), self.function == Function::Earliest);
            }
            (State::Distinct(sets), value) => self.memory += at(sets, group).add(value),
            (State::Median(numbers), value) => {
                if let Some(n) = number(value) {
                    at(numbers, group).push(n);
                    self.memory += size_of::<f64>();
                }
            }
            (State::Count | State::Checked(_) | State::Times(_), _) => {}
        }
    }

    /// Adds rows of a chunk, each to its group.
    pub fn add_rows(&mut self, cells: Option<&Cells>, rows: &[usize], groups: &[u32]) {
        let pairs = rows.iter().zip(groups);
        match (&mut self.state, cells) {
            (State::Count, _) => {}
            (State::Sum(sums), Some(Cells::Float { values, filled })) => {
                for (row, group) in pairs.filter(|(row, _)| filled.get(**row)) {
                    values.get(*row).into_iter().for_each(|n| at(sums, *group).add(*n));
                }
            }
            (State::Numbers(held), Some(Cells::Float { values, filled })) => {
                let smallest = self.function == Function::Min;
                for (row, group) in pairs.filter(|(row, _)| filled.get(**row)) {
                    values.get(*row).into_iter().for_each(|n| keep_number(at(held, *group), *n, smallest));
                }
            }
            (_, Some(cells)) => pairs.for_each(|(row, group)| self.add(*group, &cells.get(*row))),
            (_, None) => pairs.for_each(|(_, group)| self.add(*group, &Value::Empty)),
        }
    }

    /// The figure of a group of so many records.
    pub fn outcome(&mut self, group: usize, count: u64) -> Outcome {
        match &mut self.state {
            State::Count => Outcome::Count(count),
            State::Filled(counts) => {
                let filled = counts.get(group).copied().unwrap_or_default();
                match self.function {
                    Function::CountFilled => Outcome::Count(filled),
                    Function::CountEmpty => Outcome::Count(count.saturating_sub(filled)),
                    _ if count == 0 => Outcome::Nothing,
                    _ => Outcome::Number(to_f64(filled) * 100.0 / to_f64(count)),
                }
            }
            State::Checked(counts) => Outcome::Count(counts.get(group).copied().unwrap_or_default()),
            State::Sum(sums) => {
                let sum = sums.get(group).cloned().unwrap_or_default();
                match self.function {
                    Function::Sum => finite(sum.total()),
                    _ if sum.count == 0 => Outcome::Nothing,
                    _ => finite(sum.total() / to_f64(sum.count)),
                }
            }
            State::Numbers(held) => {
                held.get(group).copied().flatten().map_or(Outcome::Nothing, Outcome::Number)
            }
            State::Times(held) => {
                let time = held.get(group).copied().flatten();
                time.map_or(Outcome::Nothing, |ms| Outcome::Time(Time::from_millis(ms)))
            }
            State::Distinct(sets) => Outcome::Count(sets.get(group).map_or(0, Distinct::count)),
            State::Median(numbers) => {
                let middle = numbers.get_mut(group).and_then(|numbers| median(numbers));
                middle.map_or(Outcome::Nothing, finite)
            }
        }
    }

    /// Bytes that are held for values.
    pub fn memory(&self) -> usize {
        self.memory
    }
}

impl Distinct {
    /// Adds a value; the bytes that it takes.
    fn add(&mut self, value: &Value<'_>) -> usize {
        let bits = match value {
            Value::Empty => return 0,
            Value::Bool(b) => u64::from(*b),
            Value::Int(n) => n.cast_unsigned(),
            Value::Float(n) => n.to_bits(),
            Value::Time(time) => time.millis().cast_unsigned(),
            Value::Text(_) | Value::Choices(_) | Value::Json(_) => {
                let bytes = value.to_bytes().into_boxed_slice();
                let length = bytes.len() + 32;
                return if self.others.insert(bytes) { length } else { 0 };
            }
        };
        if self.numbers.insert(bits) { 16 } else { 0 }
    }

    fn count(&self) -> u64 {
        (self.numbers.len() + self.others.len()) as u64
    }
}

#[expect(clippy::cast_precision_loss, reason = "a sum of so many whole numbers is rounded like any other")]
fn number(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Float(n) => Some(*n),
        Value::Int(n) => Some(*n as f64),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no table has so many records")]
fn to_f64(count: u64) -> f64 {
    count as f64
}

/// A number, if it is one: sums of large ones may not be.
fn finite(n: f64) -> Outcome {
    if n.is_finite() { Outcome::Number(n) } else { Outcome::Nothing }
}

fn keep_number(held: &mut Option<f64>, n: f64, smallest: bool) {
    *held = Some(held.map_or(n, |held| if smallest { held.min(n) } else { held.max(n) }));
}

fn keep_time(held: &mut Option<i64>, ms: i64, earliest: bool) {
    *held = Some(held.map_or(ms, |held| if earliest { held.min(ms) } else { held.max(ms) }));
}

/// The middle one, or the mean of the two in the middle.
fn median(numbers: &mut [f64]) -> Option<f64> {
    if numbers.is_empty() {
        return None;
    }
    let place = numbers.len() / 2;
    let is_even = numbers.len().is_multiple_of(2);
    let (below, middle, _) = numbers.select_nth_unstable_by(place, f64::total_cmp);
    let middle = *middle;
    if !is_even {
        return Some(middle);
    }
    let other = below.iter().copied().max_by(f64::total_cmp)?;
    Some(other.midpoint(middle))
}
