//! Which group each record is in.

use std::collections::HashMap;

use super::GroupBy;
use super::unit::Starts;
use crate::clock::Time;
use crate::model::period::Period;
use crate::model::value::Value;
use crate::query::columns::Cells;

/// Numbers groups in the order in which they are met.
#[derive(Debug)]
pub struct Groups {
    by: Vec<Codes>,
    /// The numbers of groups by the codes of their values; not needed for one field, whose codes they are.
    numbers: HashMap<Vec<u32>, u32>,
    /// The codes of each group.
    codes: Vec<Vec<u32>>,
    /// Records in each group.
    counts: Vec<u64>,
}

/// Numbers the values of one field; 0 is the empty one.
#[derive(Debug)]
struct Codes {
    unit: Option<Period>,
    starts: Starts,
    values: Vec<Value<'static>>,
    numbers: HashMap<u64, u32>,
    texts: HashMap<Box<str>, u32>,
    /// By number of the choice; 0 where it was not met.
    choices: Vec<u32>,
    lists: HashMap<Box<[u16]>, u32>,
    /// Bytes of texts and lists.
    memory: usize,
}

impl Codes {
    fn new(unit: Option<Period>) -> Codes {
        Codes {
            unit,
            starts: Starts::default(),
            values: vec![Value::Empty],
            numbers: HashMap::new(),
            texts: HashMap::new(),
            choices: Vec::new(),
            lists: HashMap::new(),
            memory: 0,
        }
    }

    fn add(values: &mut Vec<Value<'static>>, value: Value<'static>) -> u32 {
        values.push(value);
        u32::try_from(values.len() - 1).unwrap_or(u32::MAX)
    }

    fn of_number(&mut self, bits: u64, value: &Value<'static>) -> u32 {
        *self.numbers.entry(bits).or_insert_with(|| Codes::add(&mut self.values, value.clone()))
    }

    fn of_text(&mut self, text: &str) -> u32 {
        if let Some(code) = self.texts.get(text) {
            return *code;
        }
        let code = Codes::add(&mut self.values, Value::Text(text.to_owned().into()));
        self.texts.insert(text.into(), code);
        self.memory += 2 * text.len();
        code
    }

    fn of_choice(&mut self, number: u16) -> u32 {
        let place = usize::from(number);
        if self.choices.len() <= place {
            self.choices.resize(place + 1, 0);
        }
        match self.choices.get_mut(place) {
            Some(code) => {
                if *code == 0 {
                    *code = Codes::add(&mut self.values, Value::Choices(vec![number].into()));
                }
                *code
            }
            None => 0,
        }
    }

    fn of(&mut self, value: &Value<'_>) -> u32 {
        match value {
            Value::Empty | Value::Json(_) => 0,
            Value::Bool(b) => self.of_number(u64::from(*b), &Value::Bool(*b)),
            Value::Int(n) => self.of_number(n.cast_unsigned(), &Value::Int(*n)),
            Value::Float(n) => self.of_number(n.to_bits(), &Value::Float(*n)),
            Value::Time(time) => self.of_time(*time),
            Value::Text(text) => self.of_text(text),
            Value::Choices(numbers) => match numbers.as_ref() {
                [only] => self.of_choice(*only),
                several => {
                    if let Some(code) = self.lists.get(several) {
                        return *code;
                    }
                    let code = Codes::add(&mut self.values, Value::Choices(several.to_vec().into()));
                    self.lists.insert(several.into(), code);
                    self.memory += 4 * several.len();
                    code
                }
            },
        }
    }

    fn of_time(&mut self, time: Time) -> u32 {
        let time = match self.unit {
            Some(unit) => self.starts.of(unit, time),
            None => time,
        };
        self.of_number(time.millis().cast_unsigned(), &Value::Time(time))
    }

    /// The codes of some rows of a chunk.
    fn of_rows(&mut self, cells: Option<&Cells>, rows: &[usize]) -> Vec<u32> {
        let Some(cells) = cells else { return vec![0; rows.len()] };
        if let Cells::Text { texts, .. } = cells
            && let Some((different, numbers)) = texts.few()
        {
            let different: Vec<&str> = different.collect();
            // Only those that some row has are met: the chunk may hold others.
            let mut codes: Vec<Option<u32>> = vec![None; different.len()];
            let code = |row: &usize| {
                let number = numbers.get(*row).map_or(0, |number| usize::from(*number));
                let text = different.get(number).copied().unwrap_or_default();
                let mut made = || if text.is_empty() { 0 } else { self.of_text(text) };
                codes.get_mut(number).map_or(0, |code| *code.get_or_insert_with(&mut made))
            };
            return rows.iter().map(code).collect();
        }
        if let Cells::Choice(numbers) = cells {
            let code = |row: &usize| match numbers.get(*row) {
                Some(&number) if number != Cells::NO_CHOICE => match self.choices.get(usize::from(number)) {
                    Some(code) if *code != 0 => *code,
                    _ => self.of_choice(number),
                },
                _ => 0,
            };
            return rows.iter().map(code).collect();
        }
        rows.iter().map(|row| self.of(&cells.get(*row))).collect()
    }
}

impl Groups {
    pub fn new(by: &[GroupBy]) -> Groups {
        let by: Vec<Codes> = by.iter().map(|group| Codes::new(group.unit)).collect();
        Groups { by, numbers: HashMap::new(), codes: Vec::new(), counts: vec![0] }
    }

    /// The group of a record with these values.
    pub fn of(&mut self, values: &[Value<'_>]) -> u32 {
        let codes = self.by.iter_mut().zip(values).map(|(by, value)| by.of(value)).collect();
        let number = self.number(codes);
        self.count(number);
        number
    }

    /// The groups of some rows of a chunk, of which `cells` has the columns that are grouped by.
    pub fn of_rows(&mut self, cells: &[Option<&Cells>], rows: &[usize]) -> Vec<u32> {
        let mut codes = self.by.iter_mut().zip(cells).map(|(by, cells)| by.of_rows(*cells, rows));
        let members = match (codes.next(), codes.next(), codes.next()) {
            (None, ..) => vec![0; rows.len()],
            (Some(only), None, _) => only,
            (Some(first), Some(second), third) => {
                let third = third.unwrap_or_default();
                let row = |(n, (first, second)): (usize, (&u32, &u32))| {
                    [Some(*first), Some(*second), third.get(n).copied()].into_iter().flatten().collect()
                };
                let tuples: Vec<Vec<u32>> = first.iter().zip(&second).enumerate().map(row).collect();
                tuples.into_iter().map(|codes| self.number(codes)).collect()
            }
        };
        members.iter().for_each(|member| self.count(*member));
        members
    }

    fn number(&mut self, codes: Vec<u32>) -> u32 {
        match codes.as_slice() {
            [] => 0,
            [only] => *only,
            _ => match self.numbers.get(&codes) {
                Some(number) => *number,
                None => {
                    let number = u32::try_from(self.codes.len()).unwrap_or(u32::MAX);
                    self.codes.push(codes.clone());
                    self.numbers.insert(codes, number);
                    number
                }
            },
        }
    }

    fn count(&mut self, group: u32) {
        let place = group as usize;
        if self.counts.len() <= place {
            self.counts.resize(place + 1, 0);
        }
        self.counts.get_mut(place).into_iter().for_each(|count| *count += 1);
    }

    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Bytes that are held for values.
    pub fn memory(&self) -> usize {
        self.by.iter().map(|by| by.memory).sum()
    }

    /// Records in each group.
    pub fn counts(&self) -> Vec<u64> {
        self.counts.clone()
    }

    /// The values of each group.
    pub fn values(&self) -> Vec<Vec<Value<'static>>> {
        let value = |by: &Codes, code: u32| by.values.get(code as usize).cloned().unwrap_or(Value::Empty);
        match self.by.as_slice() {
            [] => vec![Vec::new()],
            [only] => only.values.iter().map(|value| vec![value.clone()]).collect(),
            several => {
                let of =
                    |codes: &Vec<u32>| several.iter().zip(codes).map(|(by, code)| value(by, *code)).collect();
                self.codes.iter().map(of).collect()
            }
        }
    }
}
