//! Moments that depend on when they are asked for: `today`, `-7d`, `start of month -1mo`.
//!
//! A moment is a whole day in UTC, or with hours in it an instant. Weeks begin on Monday, as in ISO 8601.

use jiff::civil::Date;

use crate::clock::Time;
use crate::model::period::Period;

const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Words that name a moment.
const WORDS: &[(&str, Base)] =
    &[("now", Base::Now), ("today", Base::Day(0)), ("yesterday", Base::Day(-1)), ("tomorrow", Base::Day(1))];

const UNITS: &[(&str, Unit)] =
    &[("h", Unit::Hour), ("d", Unit::Day), ("w", Unit::Week), ("mo", Unit::Month), ("y", Unit::Year)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// What a moment is counted from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    Now,
    /// So many days after today.
    Day(i64),
    Start(Period),
    /// The last day of the period.
    End(Period),
}

/// A moment as it is written.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    /// `None` for a span alone, which counts from today, or with hours from now.
    pub base: Option<Base>,
    pub spans: Vec<(i64, Unit)>,
}

/// A moment once it is known what time it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instant {
    /// By its beginning.
    Day(Time),
    At(Time),
}

impl Instant {
    /// Reads a day or a time.
    pub fn parse(text: &str) -> Option<Instant> {
        Time::parse_date(text).map(Instant::Day).or_else(|| Time::parse(text).map(Instant::At))
    }

    /// The first and the last millisecond: of a field that holds days, or of one that holds times.
    pub fn range(self, of_days: bool) -> (i64, i64) {
        match self {
            Instant::At(time) if !of_days => (time.millis(), time.millis()),
            Instant::Day(time) if !of_days => (time.millis(), time.millis() + DAY_MS - 1),
            Instant::Day(time) | Instant::At(time) => (time.day().millis(), time.day().millis()),
        }
    }
}

fn named<T: Copy>(list: &[(&str, T)], word: &str) -> Option<T> {
    list.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, found)| *found)
}

pub(super) fn word_named(word: &str) -> Option<Base> {
    named(WORDS, word)
}

pub(super) fn period_named(word: &str) -> Option<Period> {
    named(&Period::ALL, word)
}

pub(super) fn unit_named(word: &str) -> Option<Unit> {
    named(UNITS, word)
}

/// The names of the periods.
pub(super) fn periods() -> impl Iterator<Item = &'static str> {
    Period::ALL.iter().map(|(name, _)| *name)
}

/// How long a period is.
fn length(period: Period) -> (i64, Unit) {
    match period {
        Period::Day => (1, Unit::Day),
        Period::Week => (1, Unit::Week),
        Period::Month => (1, Unit::Month),
        Period::Quarter => (3, Unit::Month),
        Period::Year => (1, Unit::Year),
    }
}

/// The day so many units later; a month that is too short ends it, so that one month after 31 January is 28 February.
fn later(day: Date, many: i64, unit: Unit) -> Option<Date> {
    let span = jiff::Span::new();
    let span = match unit {
        Unit::Hour => Ok(span),
        Unit::Day => span.try_days(many),
        Unit::Week => span.try_weeks(many),
        Unit::Month => span.try_months(many),
        Unit::Year => span.try_years(many),
    };
    day.checked_add(span.ok()?).ok()
}

impl Moment {
    /// The moment, seen from `now`; `None` if it is outside of the years 1 to 9999.
    pub fn resolve(&self, now: Time) -> Option<Instant> {
        let hours: i64 =
            self.spans.iter().filter(|(_, unit)| *unit == Unit::Hour).map(|(many, _)| many).sum();
        let has_hours = self.spans.iter().any(|(_, unit)| *unit == Unit::Hour);
        let base = self.base.unwrap_or(if has_hours { Base::Now } else { Base::Day(0) });
        let today = now.date()?;
        let mut day = match base {
            Base::Now => today,
            Base::Day(after) => later(today, after, Unit::Day)?,
            Base::Start(period) => period.start(today)?,
            // The start of the next one, so that a span counts from where the period ends, however long the months are.
            Base::End(period) => {
                let (many, unit) = length(period);
                later(period.start(today)?, many, unit)?
            }
        };
        for (many, unit) in &self.spans {
            day = later(day, *many, *unit)?;
        }
        let from_now = matches!(base, Base::Now);
        let in_day = if from_now { now.millis().rem_euclid(DAY_MS) } else { 0 };
        let is_instant = has_hours || from_now;
        if matches!(base, Base::End(_)) && !is_instant {
            day = later(day, -1, Unit::Day)?;
        }
        let at = Time::of_day(day).plus_millis(in_day + hours * HOUR_MS);
        (1..=9999).contains(&at.date()?.year()).then_some(if is_instant {
            Instant::At(at)
        } else {
            Instant::Day(at)
        })
    }
}
