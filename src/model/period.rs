//! Periods of the calendar, which moments are told by and times are grouped by. Days are days in UTC; weeks begin on
//! Monday (ISO 8601).

use jiff::civil::{Date, Weekday};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Period {
    /// All of them, by the names that filters and aggregates have for them.
    pub const ALL: [(&'static str, Period); 5] = [
        ("day", Period::Day),
        ("week", Period::Week),
        ("month", Period::Month),
        ("quarter", Period::Quarter),
        ("year", Period::Year),
    ];

    /// The first day of the period that a day is in; `None` if the calendar ends before.
    pub fn start(self, day: Date) -> Option<Date> {
        match self {
            Period::Day => Some(day),
            Period::Week => {
                let past = i64::from(day.weekday().since(Weekday::Monday));
                day.checked_sub(jiff::Span::new().try_days(past).ok()?).ok()
            }
            Period::Month => Some(day.first_of_month()),
            Period::Quarter => Date::new(day.year(), (day.month() - 1) / 3 * 3 + 1, 1).ok(),
            Period::Year => Some(day.first_of_year()),
        }
    }
}
