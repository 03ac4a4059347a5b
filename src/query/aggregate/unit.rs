//! Periods of the calendar by which times are grouped. Days are days in UTC; weeks begin on Monday (ISO 8601).

use std::collections::HashMap;

use jiff::civil::{Date, Weekday, date};

use crate::clock::Time;

const DAY_MS: i64 = 86_400_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    pub const ALL: [(&'static str, Unit); 5] = [
        ("day", Unit::Day),
        ("week", Unit::Week),
        ("month", Unit::Month),
        ("quarter", Unit::Quarter),
        ("year", Unit::Year),
    ];

    /// The beginning of the period that a time is in. A week of which the beginning is before the year 1 begins with it.
    pub fn start_of(self, time: Time) -> Time {
        let days = time.millis().div_euclid(DAY_MS);
        let day = jiff::Span::new().try_days(days).and_then(|span| date(1970, 1, 1).checked_add(span));
        let start = day.ok().and_then(|day| self.start_of_day(day));
        start.map_or(time.day(), |start| {
            let hours = start.duration_since(date(1970, 1, 1)).as_hours();
            Time::from_millis(hours / 24 * DAY_MS)
        })
    }

    fn start_of_day(self, day: Date) -> Option<Date> {
        match self {
            Unit::Day => Some(day),
            Unit::Week => {
                let past = i64::from(day.weekday().since(Weekday::Monday));
                let monday = day.checked_sub(jiff::Span::new().try_days(past).ok()?).ok()?;
                Some(monday.max(date(1, 1, 1)))
            }
            Unit::Month => Some(day.first_of_month()),
            Unit::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok(),
            Unit::Year => Some(day.first_of_year()),
        }
    }
}

/// Remembers the beginnings of periods by day: a table has far fewer days than times.
#[derive(Debug, Default)]
pub struct Starts(HashMap<i64, Time>);

impl Starts {
    pub fn of(&mut self, unit: Unit, time: Time) -> Time {
        *self.0.entry(time.day().millis()).or_insert_with(|| unit.start_of(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        for (unit, day, start) in [
            (Unit::Day, "2026-11-24", "2026-11-24"),
            (Unit::Week, "2026-11-24", "2026-11-23"),
            (Unit::Week, "2026-11-23", "2026-11-23"),
            (Unit::Week, "2027-01-01", "2026-12-28"),
            (Unit::Week, "0001-01-01", "0001-01-01"),
            (Unit::Month, "2024-02-29", "2024-02-01"),
            (Unit::Quarter, "2026-12-31", "2026-10-01"),
            (Unit::Quarter, "1969-03-31", "1969-01-01"),
            (Unit::Year, "9999-12-31", "9999-01-01"),
        ] {
            let time = Time::parse_date(day).unwrap().plus_millis(DAY_MS - 1);
            assert_eq!(unit.start_of(time).date_text(), start, "{unit:?} of {day}");
        }
    }
}
