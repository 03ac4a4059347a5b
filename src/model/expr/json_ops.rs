//! The JSON form's operators, by what the field holds, and what each says. They are those of the original server; where
//! one differs, `docs/filter.md` says so.

use super::Test;
use super::build::{Class, Literal, Point, Target, among, choices, compare, has_part};
use super::describe::Takes;
use super::moment::{Base, Instant, Moment};
use super::syntax::{Operator, Part};
use super::{Context, Expr};
use crate::error::{Code, Faults};
use crate::limits::{FILTER_ITEMS_MAX, LONG_BYTES_MAX};
use crate::model::json::{Json, Pointer, Shape, canonical};

const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Copy)]
pub(super) struct Op {
    kind: OpKind,
    /// Whether it is the negation of what its kind says.
    pub negated: bool,
}

#[derive(Clone, Copy)]
enum OpKind {
    Compare(Operator),
    /// One of a list: of ids, or of a select's choices.
    AnyOf,
    Part(Part),
    Empty,
    LengthMin,
    LengthMax,
    Checked,
    /// Within the day of the value.
    SameDay,
    /// At the value's instant or on that side of it.
    Since(Operator),
    /// How it stands to the day so many days after today.
    Day(i64, Operator),
}

const fn op(kind: OpKind) -> Op {
    Op { kind, negated: false }
}

const fn negated(kind: OpKind) -> Op {
    Op { kind, negated: true }
}

type Ops = &'static [(&'static str, Op)];

const EMPTY: Ops = &[("is_empty", op(OpKind::Empty)), ("is_not_empty", negated(OpKind::Empty))];

const EQUAL: Ops =
    &[("eq", op(OpKind::Compare(Operator::Equal))), ("neq", negated(OpKind::Compare(Operator::Equal)))];

const CONTAINS: Ops = &[
    ("contains", op(OpKind::Part(Part::Contains))),
    ("does_not_contain", negated(OpKind::Part(Part::Contains))),
];

const ENDS: Ops = &[
    ("starts_with", op(OpKind::Part(Part::StartsWith))),
    ("ends_with", op(OpKind::Part(Part::EndsWith))),
    ("min", op(OpKind::LengthMin)),
    ("max", op(OpKind::LengthMax)),
];

const ORDER: Ops = &[
    ("gt", op(OpKind::Compare(Operator::Greater))),
    ("gte", op(OpKind::Compare(Operator::GreaterOrEqual))),
    ("lt", op(OpKind::Compare(Operator::Less))),
    ("lte", op(OpKind::Compare(Operator::LessOrEqual))),
];

const ANY_OF: Ops = &[("any_of", op(OpKind::AnyOf)), ("not_any_of", negated(OpKind::AnyOf))];

const IN: Ops = &[("in", op(OpKind::AnyOf)), ("nin", negated(OpKind::AnyOf))];

const CHECKED: Ops = &[("is_true", op(OpKind::Checked)), ("is_false", negated(OpKind::Checked))];

const TIMES: Ops = &[
    ("is_same_day", op(OpKind::SameDay)),
    ("is_not_same_day", negated(OpKind::SameDay)),
    ("is_today", op(OpKind::Day(0, Operator::Equal))),
    ("is_not_today", negated(OpKind::Day(0, Operator::Equal))),
    ("is_after_today", op(OpKind::Day(0, Operator::Greater))),
    ("is_before_today", op(OpKind::Day(0, Operator::Less))),
    ("is_tomorrow", op(OpKind::Day(1, Operator::Equal))),
    ("is_not_tomorrow", negated(OpKind::Day(1, Operator::Equal))),
    ("is_after_tomorrow", op(OpKind::Day(1, Operator::Greater))),
    ("is_before_tomorrow", op(OpKind::Day(1, Operator::Less))),
    ("is_yesterday", op(OpKind::Day(-1, Operator::Equal))),
    ("is_not_yesterday", negated(OpKind::Day(-1, Operator::Equal))),
    ("is_after_yesterday", op(OpKind::Day(-1, Operator::Greater))),
    ("is_before_yesterday", op(OpKind::Day(-1, Operator::Less))),
    ("is_before", op(OpKind::Since(Operator::LessOrEqual))),
    ("is_not_before", negated(OpKind::Since(Operator::LessOrEqual))),
    ("is_after", op(OpKind::Since(Operator::GreaterOrEqual))),
    ("is_not_after", negated(OpKind::Since(Operator::GreaterOrEqual))),
];

/// Spellings of the original that are read, and never shown.
const MISSPELLED: [(&str, &str); 2] = [("is_tody", "is_today"), ("is_before_tommorow", "is_before_tomorrow")];

/// Words for moments, by the days after today and the part of that day.
pub(super) const MACROS: [(&str, Base, DayPart); 10] = [
    ("@now", Base::Now, DayPart::Whole),
    ("@today", Base::Day(0), DayPart::Whole),
    ("@todayStart", Base::Day(0), DayPart::Start),
    ("@todayEnd", Base::Day(0), DayPart::End),
    ("@tomorrow", Base::Day(1), DayPart::Whole),
    ("@tomorrowStart", Base::Day(1), DayPart::Start),
    ("@tomorrowEnd", Base::Day(1), DayPart::End),
    ("@yesterday", Base::Day(-1), DayPart::Whole),
    ("@yesterdayStart", Base::Day(-1), DayPart::Start),
    ("@yesterdayEnd", Base::Day(-1), DayPart::End),
];

#[derive(Clone, Copy)]
pub(super) enum DayPart {
    Whole,
    Start,
    End,
}

fn lists(class: Class) -> &'static [Ops] {
    match class {
        Class::Text => &[EQUAL, CONTAINS, ENDS, EMPTY],
        Class::Int | Class::Float => &[EQUAL, ORDER, EMPTY],
        Class::Choice | Class::Choices => &[EQUAL, ANY_OF, EMPTY],
        Class::Bool => &[CHECKED],
        Class::Json => &[EQUAL, CONTAINS, EMPTY],
        Class::Id => &[EQUAL, IN],
        Class::Day | Class::Time => &[TIMES, EMPTY],
    }
}

/// The operator of this name; else the names of all that fit.
pub(super) fn op_named(class: Class, name: &str) -> Result<Op, Vec<&'static str>> {
    let misspelled = MISSPELLED.iter().find(|(wrong, _)| *wrong == name);
    let name = misspelled.map_or(name, |(_, right)| right);
    let known = || lists(class).iter().copied().flatten();
    known()
        .find(|(own, _)| *own == name)
        .map(|(_, op)| *op)
        .ok_or_else(|| known().map(|(own, _)| *own).collect())
}

/// The operators of a class, with what each takes.
pub(super) fn ops_of(class: Class) -> impl Iterator<Item = (&'static str, Takes)> {
    lists(class).iter().copied().flatten().map(move |(name, op)| (*name, op.takes(class)))
}

impl Op {
    fn takes(self, class: Class) -> Takes {
        match (self.kind, class) {
            (OpKind::Empty | OpKind::Checked | OpKind::Day(..), _) => Takes::Nothing,
            (OpKind::LengthMin | OpKind::LengthMax, _) => Takes::Length,
            (OpKind::SameDay | OpKind::Since(_), _) => Takes::Moment,
            (OpKind::Compare(_) | OpKind::AnyOf, Class::Choice | Class::Choices) => Takes::Choices,
            (OpKind::AnyOf, _) => Takes::Ids,
            (OpKind::Compare(_), Class::Id) => Takes::Id,
            (OpKind::Compare(_), Class::Int | Class::Float) => Takes::Number,
            (OpKind::Compare(_), Class::Json) => Takes::Json,
            (OpKind::Part(_), _) => Takes::Part,
            (OpKind::Compare(_), _) => Takes::Text,
        }
    }
}

/// A condition while it is read.
pub(super) struct Condition<'c> {
    pub target: Target<'c>,
    pub context: &'c Context<'c>,
    pub at: &'c Pointer<'c>,
    pub faults: &'c mut Faults,
}

impl Condition<'_> {
    /// What the operator says with this value, without its negation.
    pub fn test(&mut self, op: Op, value: Option<Json<'_>>) -> Option<Expr> {
        let column = self.target.column;
        match op.kind {
            OpKind::Empty | OpKind::Checked | OpKind::Day(..) => self.no_value(value)?,
            _ if value.is_none() => {
                self.faults.add(self.at, Code::Required, "The member `value` is missing.");
                return None;
            }
            _ => {}
        }
        let test = match (op.kind, value) {
            (OpKind::Empty, _) => Test::Empty,
            (OpKind::Checked, _) => Test::Bool(true),
            (OpKind::Day(after, operator), _) => {
                let today = self.context.now.day();
                let first = i128::from(today.millis() + after * DAY_MS);
                let last =
                    if self.target.class == Class::Day { first } else { first + i128::from(DAY_MS) - 1 };
                return Some(compare(column, operator, Point::Whole(first, last)));
            }
            (_, None) => return None,
            (OpKind::Compare(operator), Some(value)) => return self.compare(operator, value),
            (OpKind::AnyOf, Some(value)) => return self.any_of(value),
            (OpKind::Part(part), Some(value)) => {
                return self.text(value).map(|text| has_part(column, part, &text));
            }
            (OpKind::LengthMin, Some(value)) => Test::Length(self.length(value)?, usize::MAX),
            (OpKind::LengthMax, Some(value)) => Test::Length(0, self.length(value)?),
            (OpKind::SameDay, Some(value)) => {
                let day = match self.instant(value)? {
                    Instant::Day(time) | Instant::At(time) => Instant::Day(time.day()),
                };
                let (first, last) = day.range(self.target.class == Class::Day);
                return Some(compare(column, Operator::Equal, Point::Whole(first.into(), last.into())));
            }
            (OpKind::Since(operator), Some(value)) => {
                let (first, _) = self.instant(value)?.range(self.target.class == Class::Day);
                return Some(compare(column, operator, Point::Whole(first.into(), first.into())));
            }
        };
        Some(Expr::Test(column, test))
    }

    fn no_value(&mut self, value: Option<Json<'_>>) -> Option<()> {
        if value.is_some_and(|value| !value.is_null()) {
            self.faults.add(self.at, Code::UnknownMember, "This operator takes no `value`.");
            return None;
        }
        Some(())
    }

    fn compare(&mut self, operator: Operator, value: Json<'_>) -> Option<Expr> {
        let column = self.target.column;
        match self.target.class {
            Class::Choice if value.shape() == Shape::Array => self.any_of(value),
            Class::Choices => {
                let points = self.points(value)?;
                Some(Expr::Test(column, Test::HasExactly(choices(points))))
            }
            Class::Json => {
                let spelled = canonical(value, self.at, self.faults)?;
                if ["null", "\"\"", "[]"].contains(&spelled.as_str()) {
                    let detail =
                        "This is the empty value, which equals nothing; use the operator `is_empty`.";
                    self.faults.add(self.at, Code::InvalidValue, detail);
                    return None;
                }
                Some(compare(column, operator, Point::Json(spelled)))
            }
            _ => self.point(value, self.at).map(|point| compare(column, operator, point)),
        }
    }

    fn any_of(&mut self, value: Json<'_>) -> Option<Expr> {
        let points = self.points(value)?;
        let column = self.target.column;
        Some(match self.target.class {
            Class::Choices => Expr::Test(column, Test::HasAny(choices(points))),
            _ => among(column, points),
        })
    }

    /// The values of a list; one alone is a list of one.
    fn points(&mut self, value: Json<'_>) -> Option<Vec<Point>> {
        if value.shape() != Shape::Array {
            return self.point(value, self.at).map(|point| vec![point]);
        }
        let items = value.items(self.at, self.faults)?;
        if items.is_empty() {
            let detail = "The list is empty; a condition on nothing is most likely a mistake.";
            self.faults.add(self.at, Code::InvalidValue, detail);
            return None;
        }
        if items.len() > FILTER_ITEMS_MAX {
            let detail = format!("A list has at most {FILTER_ITEMS_MAX} items, this one {}.", items.len());
            self.faults.add(self.at, Code::TooMany, detail);
            return None;
        }
        let mut points = Vec::with_capacity(items.len());
        let before = self.faults.count();
        for (n, item) in items.into_iter().enumerate() {
            points.extend(self.point(item, &self.at.item(n)));
        }
        (self.faults.count() == before).then_some(points)
    }

    fn point(&mut self, value: Json<'_>, at: &Pointer<'_>) -> Option<Point> {
        let text;
        let literal = match value.shape() {
            Shape::Text => {
                text = value.text(at, self.faults)?;
                Literal::Text(&text)
            }
            Shape::Number => Literal::Number(value.as_str()),
            Shape::Bool => Literal::Bool(value.as_str() == "true"),
            shape => {
                let detail = format!("Expected a string, a number or a boolean, found {shape}.");
                self.faults.add(at, Code::WrongType, detail);
                return None;
            }
        };
        self.target.point(literal).map_err(|(code, detail)| self.faults.add(at, code, detail)).ok()
    }

    fn text(&mut self, value: Json<'_>) -> Option<String> {
        value.text(self.at, self.faults).map(std::borrow::Cow::into_owned)
    }

    fn length(&mut self, value: Json<'_>) -> Option<usize> {
        let most = i64::try_from(LONG_BYTES_MAX).unwrap_or(i64::MAX);
        let length = value.integer(1..=most, self.at, self.faults)?;
        usize::try_from(length).ok()
    }

    fn instant(&mut self, value: Json<'_>) -> Option<Instant> {
        let text = self.text(value)?;
        let known = MACROS.iter().find(|(name, ..)| *name == text);
        let found = match known {
            Some((_, base, part)) => {
                let instant = Moment { base: Some(*base), spans: Vec::new() }.resolve(self.context.now);
                instant.map(|instant| part.of(instant))
            }
            None => Instant::parse(&text),
        };
        if found.is_none() {
            let macros = MACROS.map(|(name, ..)| name).join("`, `");
            let detail = format!(
                "Expected a day as `2026-01-31`, a time as `2026-01-31T09:30:00Z`, or one of `{macros}`."
            );
            self.faults.add(self.at, Code::InvalidValue, detail);
        }
        found
    }
}

impl DayPart {
    fn of(self, instant: Instant) -> Instant {
        match (self, instant) {
            (DayPart::Start, Instant::Day(time)) => Instant::At(time),
            (DayPart::End, Instant::Day(time)) => Instant::At(time.plus_millis(DAY_MS - 1)),
            _ => instant,
        }
    }
}
