//! What both forms are made of: a column that is named, a literal that fits it, and the tests of the two.

use std::ops::Bound;

use super::moment::Instant;
use super::syntax::{Operator, Part};
use super::{Among, Column, Expr, Test, lower};
use crate::error::{Code, did_you_mean};
use crate::id::{Id, RecordId};
use crate::limits::GUESSES_MAX;
use crate::model::field::OpenField;
use crate::model::json::{self, BadNumber, parse_number};
use crate::model::table::OpenTable;
use crate::model::value::Kind;

/// Names of what every record has, which no field may have.
pub(super) const OWN: [(&str, Column); 4] = [
    ("id", Column::ID),
    ("version", Column::VERSION),
    ("createdAt", Column::CREATED_AT),
    ("updatedAt", Column::UPDATED_AT),
];

/// What is wrong with a literal or an operator.
pub(super) type Wrong = (Code, String);

/// How a column's values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Id,
    Bool,
    Int,
    Float,
    Text,
    /// Times that stand for days.
    Day,
    Time,
    Choice,
    Choices,
    Json,
}

/// A column as an expression names it.
#[derive(Clone, Copy)]
pub(super) struct Target<'t> {
    pub name: &'t str,
    pub column: Column,
    pub class: Class,
    /// `None` for what every record has.
    pub open: Option<&'t OpenField>,
}

/// A literal, from either form.
#[derive(Clone, Copy, Debug)]
pub(super) enum Literal<'l> {
    Text(&'l str),
    Number(&'l str),
    Bool(bool),
    Moment(Instant),
}

/// A literal as a value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Point {
    Bool(bool),
    /// Whole numbers and milliseconds, from the first to the last; none if the first is greater, as of a number with a
    /// fraction, which lies between the two.
    Whole(i128, i128),
    Float(f64),
    Text(String),
    Choice(u16),
    Json(String),
    Id(u128),
}

impl<'t> Target<'t> {
    /// The column that a name or a field's id means. If there is none, the fault may name the one that is closest, unless
    /// there were so many `faults` before that looking for it again and again would take its time.
    pub fn named(table: &'t OpenTable, name: &str, faults: usize) -> Result<Target<'t>, Wrong> {
        if let Some((name, column)) = OWN.iter().find(|(own, _)| *own == name) {
            let class = match column.kind {
                None => Class::Id,
                Some(Kind::Time) => Class::Time,
                Some(_) => Class::Int,
            };
            return Ok(Target { name, column: *column, class, open: None });
        }
        let Some(open) = table.field_meant(name) else {
            let fields = table.fields.iter().map(|open| open.field.name.as_str());
            let known = fields.chain(OWN.iter().map(|(own, _)| *own));
            let hint = if faults < GUESSES_MAX { did_you_mean(name, known) } else { String::new() };
            let shown: String = name.chars().take(80).collect();
            return Err((Code::UnknownField, format!("The table has no field `{shown}`.{hint}")));
        };
        let class = match open.of_type.kind() {
            Kind::Bool => Class::Bool,
            Kind::Int => Class::Int,
            Kind::Float => Class::Float,
            Kind::Text => Class::Text,
            Kind::Time if open.of_type.is_day() => Class::Day,
            Kind::Time => Class::Time,
            Kind::Choices if open.of_type.is_many() => Class::Choices,
            Kind::Choices => Class::Choice,
            Kind::Json => Class::Json,
        };
        Ok(Target { name: open.field.name.as_str(), column: Column::of(open), class, open: Some(open) })
    }

    /// The literal as a value of this column.
    pub fn point(&self, literal: Literal<'_>) -> Result<Point, Wrong> {
        if let (Literal::Text(""), true) = (literal, self.class != Class::Id) {
            let detail = format!(
                "An empty text is the empty value, which equals nothing; ask for `is empty` of `{}`.",
                self.name
            );
            return Err((Code::InvalidValue, detail));
        }
        match (self.class, literal) {
            (Class::Bool, Literal::Bool(value)) => Ok(Point::Bool(value)),
            (Class::Int, Literal::Number(spelled)) => whole(spelled),
            (Class::Float, Literal::Number(spelled)) => number(spelled).map(Point::Float),
            (Class::Text, Literal::Text(text)) => Ok(Point::Text(text.to_owned())),
            (Class::Day | Class::Time, Literal::Moment(instant)) => Ok(self.span(instant)),
            (Class::Day | Class::Time, Literal::Text(text)) => match Instant::parse(text) {
                Some(instant) => Ok(self.span(instant)),
                None => Err((Code::InvalidValue, self.expected(literal))),
            },
            (Class::Choice | Class::Choices, Literal::Text(text)) => {
                let none = || Err("The field has no choices.".to_owned());
                let meant = self.open.map_or_else(none, |open| open.of_type.choice_meant(text));
                meant.map(Point::Choice).map_err(|detail| (Code::UnknownChoice, detail))
            }
            (Class::Id, Literal::Text(text)) => match RecordId::parse(text) {
                Some(id) => Ok(Point::Id(id.to_number())),
                None => Err((Code::InvalidValue, self.expected(literal))),
            },
            (Class::Json, Literal::Text(text)) => {
                let mut spelled = Vec::new();
                json::write_text(text, &mut spelled);
                Ok(Point::Json(String::from_utf8_lossy(&spelled).into_owned()))
            }
            (Class::Json, Literal::Number(spelled)) => {
                let mut canonical = Vec::new();
                json::write_number(number(spelled)?, &mut canonical);
                Ok(Point::Json(String::from_utf8_lossy(&canonical).into_owned()))
            }
            (Class::Json, Literal::Bool(value)) => Ok(Point::Json(value.to_string())),
            _ => Err((Code::WrongType, self.expected(literal))),
        }
    }

    fn span(&self, instant: Instant) -> Point {
        let (first, last) = instant.range(self.class == Class::Day);
        Point::Whole(first.into(), last.into())
    }

    fn expected(&self, found: Literal<'_>) -> String {
        let wanted = match self.class {
            Class::Id => "the id of a record, such as `\"rec01k…\"`",
            Class::Bool => "`true` or `false`",
            Class::Int | Class::Float => "a number",
            Class::Text => "a text in `\"`",
            Class::Day | Class::Time => {
                "a day as `\"2026-01-31\"`, a time as `\"2026-01-31T09:30:00Z\"`, or a moment such as `today`"
            }
            Class::Choice | Class::Choices => "the name or id of a choice in `\"`",
            Class::Json => "a text, a number, `true` or `false`",
        };
        format!("`{}` is compared with {wanted}; found {}.", self.name, found.shown())
    }

    /// What the column is, for a message.
    pub fn kind(&self) -> &'t str {
        match self.open {
            Some(open) if open.of_type.is_many() => "select with `multiple`",
            Some(open) => open.of_type.type_name(),
            None if self.class == Class::Id => "id",
            None if self.class == Class::Int => "integer",
            None => "time",
        }
    }
}

impl Literal<'_> {
    fn shown(self) -> String {
        let cut = |text: &str| {
            let shown: String = text.chars().take(40).collect();
            if shown.len() < text.len() { shown + "…" } else { shown }
        };
        match self {
            Literal::Text(text) => format!("the text `{}`", cut(text)),
            Literal::Number(spelled) => format!("the number {}", cut(spelled)),
            Literal::Bool(value) => format!("`{value}`"),
            Literal::Moment(Instant::Day(_)) => "a day".into(),
            Literal::Moment(Instant::At(_)) => "a time".into(),
        }
    }
}

fn number(spelled: &str) -> Result<f64, Wrong> {
    parse_number(spelled).map_err(|bad| {
        let shown: String = spelled.chars().take(40).collect();
        match bad {
            BadNumber::NotFinite => {
                (Code::OutOfRange, format!("{shown} is beyond what a 64-bit number can hold."))
            }
            BadNumber::NotExact => {
                (Code::NotExact, format!("{shown} can't be held exactly by a 64-bit floating point number."))
            }
        }
    })
}

/// A number as it stands to whole ones. One beyond them is as good as their end.
fn whole(spelled: &str) -> Result<Point, Wrong> {
    if !spelled.contains(['.', 'e', 'E']) {
        let beyond = if spelled.starts_with('-') { i128::MIN / 2 } else { i128::MAX / 2 };
        let whole = spelled.parse::<i128>().unwrap_or(beyond).clamp(i128::MIN / 2, i128::MAX / 2);
        return Ok(Point::Whole(whole, whole));
    }
    let number = number(spelled)?;
    #[expect(clippy::cast_possible_truncation, reason = "a cast of floats ends at the limits, as is wanted")]
    let floor = (number.floor() as i128).clamp(i128::MIN / 2, i128::MAX / 2);
    Ok(if number.fract() == 0.0 { Point::Whole(floor, floor) } else { Point::Whole(floor + 1, floor) })
}

/// The column's value stands so to the point.
pub(super) fn compare(column: Column, operator: Operator, point: Point) -> Expr {
    if operator == Operator::NotEqual {
        return not(compare(column, Operator::Equal, point));
    }
    let test = match point {
        // A checkbox that nobody has checked is held as the empty value.
        Point::Bool(wanted) => {
            let checked = Expr::Test(column, Test::Bool(true));
            return match (operator, wanted) {
                (Operator::Equal | Operator::GreaterOrEqual, true) | (Operator::Greater, false) => checked,
                (Operator::Equal | Operator::LessOrEqual, false) | (Operator::Less, true) => not(checked),
                (Operator::Less, false) | (Operator::Greater, true) => Expr::FALSE,
                _ => Expr::TRUE,
            };
        }
        Point::Whole(first, last) => Test::Int(match operator {
            Operator::Less => ints(None, Some(first - 1)),
            Operator::LessOrEqual => ints(None, Some(last)),
            Operator::Greater => ints(Some(last + 1), None),
            Operator::GreaterOrEqual => ints(Some(first), None),
            _ => ints(Some(first), Some(last)),
        }),
        Point::Float(number) => Test::Float(ordered(operator, number)),
        Point::Text(text) => Test::Text(ordered(operator, text)),
        Point::Id(id) => Test::Id(ordered(operator, id)),
        Point::Choice(choice) => Test::HasAny(vec![choice]),
        Point::Json(spelled) => Test::Json(spelled),
    };
    Expr::Test(column, test)
}

/// The column's value lies between the two, or is one of them.
pub(super) fn between(column: Column, low: Point, high: Point) -> Expr {
    let test = match (low, high) {
        (Point::Whole(first, _), Point::Whole(_, last)) => Test::Int(ints(Some(first), Some(last))),
        (Point::Float(low), Point::Float(high)) => {
            Test::Float(Among::Range(Bound::Included(low), Bound::Included(high)))
        }
        (Point::Text(low), Point::Text(high)) => {
            Test::Text(Among::Range(Bound::Included(low), Bound::Included(high)))
        }
        (Point::Id(low), Point::Id(high)) => {
            Test::Id(Among::Range(Bound::Included(low), Bound::Included(high)))
        }
        (low, high) => {
            return all(vec![
                compare(column, Operator::GreaterOrEqual, low),
                compare(column, Operator::LessOrEqual, high),
            ]);
        }
    };
    Expr::Test(column, test)
}

/// The column's value is one of these. Literals of a column are all of one kind.
pub(super) fn among(column: Column, points: Vec<Point>) -> Expr {
    let (mut ints_, mut floats, mut texts, mut ids, mut choices) = (vec![], vec![], vec![], vec![], vec![]);
    let mut others = Vec::new();
    for point in points {
        match point {
            Point::Whole(first, last) if first == last => ints_.extend(i64::try_from(first).ok()),
            // A fraction is no whole number.
            Point::Whole(first, last) if first > last => {}
            Point::Float(number) => floats.push(number),
            Point::Text(text) => texts.push(text),
            Point::Id(id) => ids.push(id),
            Point::Choice(choice) => choices.push(choice),
            other => others.push(compare(column, Operator::Equal, other)),
        }
    }
    floats.sort_by(f64::total_cmp);
    floats.dedup();
    let mut tests = Vec::new();
    if !ints_.is_empty() {
        tests.push(Test::Int(Among::OneOf(sorted(ints_))));
    }
    if !floats.is_empty() {
        tests.push(Test::Float(Among::OneOf(floats)));
    }
    if !texts.is_empty() {
        tests.push(Test::Text(Among::OneOf(sorted(texts))));
    }
    if !ids.is_empty() {
        tests.push(Test::Id(Among::OneOf(sorted(ids))));
    }
    if !choices.is_empty() {
        tests.push(Test::HasAny(sorted(choices)));
    }
    let mut parts: Vec<Expr> = tests.into_iter().map(|test| Expr::Test(column, test)).collect();
    parts.append(&mut others);
    any(parts)
}

/// The column's value has the text in it, or at an end of it, whatever the case.
pub(super) fn has_part(column: Column, part: Part, text: &str) -> Expr {
    let text = lower(text).into_owned();
    let test = match part {
        Part::Contains => Test::Contains(text),
        Part::StartsWith => Test::StartsWith(text),
        Part::EndsWith => Test::EndsWith(text),
    };
    Expr::Test(column, test)
}

/// The numbers of choices, for [`Test::HasAny`] and its like.
pub(super) fn choices(points: Vec<Point>) -> Vec<u16> {
    sorted(
        points
            .into_iter()
            .filter_map(|point| if let Point::Choice(n) = point { Some(n) } else { None })
            .collect(),
    )
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values.dedup();
    values
}

/// Whole numbers from the one to the other; those that no column can hold are left out.
fn ints(from: Option<i128>, to: Option<i128>) -> Among<i64> {
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    let (first, last) = (from.unwrap_or(least).max(least), to.unwrap_or(most).min(most));
    match (i64::try_from(first), i64::try_from(last)) {
        (Ok(first), Ok(last)) if first == last => Among::is(first),
        (Ok(first), Ok(last)) if first < last => Among::Range(
            if first == i64::MIN { Bound::Unbounded } else { Bound::Included(first) },
            if last == i64::MAX { Bound::Unbounded } else { Bound::Included(last) },
        ),
        _ => Among::OneOf(Vec::new()),
    }
}

fn ordered<T: PartialOrd>(operator: Operator, value: T) -> Among<T> {
    match operator {
        Operator::Less => Among::Range(Bound::Unbounded, Bound::Excluded(value)),
        Operator::LessOrEqual => Among::Range(Bound::Unbounded, Bound::Included(value)),
        Operator::Greater => Among::Range(Bound::Excluded(value), Bound::Unbounded),
        Operator::GreaterOrEqual => Among::Range(Bound::Included(value), Bound::Unbounded),
        Operator::Equal | Operator::NotEqual => Among::is(value),
    }
}

pub(super) fn not(expr: Expr) -> Expr {
    Expr::Not(Box::new(expr))
}

/// All of them; one alone is itself.
pub(super) fn all(mut parts: Vec<Expr>) -> Expr {
    if parts.len() == 1 { parts.pop().unwrap_or(Expr::TRUE) } else { Expr::All(parts) }
}

/// Any of them; one alone is itself.
pub(super) fn any(mut parts: Vec<Expr>) -> Expr {
    if parts.len() == 1 { parts.pop().unwrap_or(Expr::FALSE) } else { Expr::Any(parts) }
}
