//! The beginnings of periods, by which times are grouped.

use std::collections::HashMap;

use jiff::civil::date;

use crate::clock::Time;
use crate::model::period::Period;

/// The beginning of the period that a time is in. A week of which the beginning is before the year 1 begins with it.
fn start_of(period: Period, time: Time) -> Time {
    let start = time.date().and_then(|day| period.start(day));
    start.map_or(time.day(), |start| Time::of_day(start.max(date(1, 1, 1))))
}

/// Remembers the beginnings of periods by day: a table has far fewer days than times.
#[derive(Debug, Default)]
pub struct Starts(HashMap<i64, Time>);

impl Starts {
    pub fn of(&mut self, period: Period, time: Time) -> Time {
        *self.0.entry(time.day().millis()).or_insert_with(|| start_of(period, time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_where_the_calendar_says() {
        for (period, day, start) in [
            (Period::Day, "2026-11-24", "2026-11-24"),
            (Period::Week, "2026-11-24", "2026-11-23"),
            (Period::Week, "2026-11-23", "2026-11-23"),
            (Period::Week, "2027-01-01", "2026-12-28"),
            (Period::Week, "0001-01-01", "0001-01-01"),
            (Period::Month, "2024-02-29", "2024-02-01"),
            (Period::Quarter, "2026-12-31", "2026-10-01"),
            (Period::Quarter, "1969-03-31", "1969-01-01"),
            (Period::Year, "9999-12-31", "9999-01-01"),
        ] {
            let time = Time::parse_date(day).unwrap().plus_millis(86_399_999);
            assert_eq!(start_of(period, time).date_text(), start, "{period:?} of {day}");
        }
    }
}
