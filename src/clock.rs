//! Floor 0: what time it is, and how time is written. Every time on the wire is RFC 3339 in UTC with milliseconds.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// A moment: milliseconds since 1970 in UTC, within the years 1 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(i64);

impl Time {
    pub const fn from_millis(ms: i64) -> Time {
        Time(ms)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn plus_millis(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms))
    }

    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Time {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// Reads RFC 3339 with any offset; finer fractions than milliseconds are cut off.
    pub fn parse(text: &str) -> Option<Time> {
        if !is_rfc3339(text.as_bytes()) {
            return None;
        }
        // In pieces, since the library's own moments end a day before the year 9999 does.
        let pieces = Pieces::parse(text).ok().filter(|pieces| pieces.date().year() >= 1)?;
        let (date, time, offset) = (pieces.date(), pieces.time()?, pieces.to_numeric_offset()?);
        let seconds =
            i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let in_day = (seconds - i64::from(offset.seconds())) * 1000 + i64::from(time.millisecond());
        let time = Time::of_day(date).plus_millis(in_day);
        (1..=9999).contains(&time.civil().0).then_some(time)
    }

    /// Reads `YYYY-MM-DD` as the beginning of that day in UTC.
    pub fn parse_date(text: &str) -> Option<Time> {
        if !has_shape(text.as_bytes(), b"0000-00-00") {
            return None;
        }
        let date: Date = text.parse().ok()?;
        (date.year() >= 1).then(|| Time::of_day(date))
    }

    /// The beginning of a day in UTC.
    pub fn of_day(date: Date) -> Time {
        Time(date.duration_since(jiff::civil::date(1970, 1, 1)).as_secs() * 1000)
    }

    /// The day in UTC, if the calendar of the library reaches that far.
    pub fn date(self) -> Option<Date> {
        let (year, month, day) = self.civil();
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    /// The beginning of the day in UTC.
    #[must_use]
    pub const fn day(self) -> Time {
        Time(self.0.div_euclid(DAY_MS) * DAY_MS)
    }

    /// Year, month and day in UTC, by the algorithm `civil_from_days` of Howard Hinnant's "chrono-compatible low-level
    /// date algorithms": answers print a date for every record, and the general library is several times slower here.
    fn civil(self) -> (i64, i64, i64) {
        let days = self.0.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }

    /// Appends `YYYY-MM-DD`.
    pub fn write_date(self, out: &mut Vec<u8>) {
        let (year, month, day) = self.civil();
        write_two(out, part(year) / 100);
        write_two(out, part(year));
        out.push(b'-');
        write_two(out, part(month));
        out.push(b'-');
        write_two(out, part(day));
    }

    /// Appends RFC 3339 in UTC with milliseconds.
    pub fn write_rfc3339(self, out: &mut Vec<u8>) {
        self.write_date(out);
        let ms = part(self.0.rem_euclid(DAY_MS));
        out.push(b'T');
        write_two(out, ms / 3_600_000);
        out.push(b':');
        write_two(out, ms / 60_000 % 60);
        out.push(b':');
        write_two(out, ms / 1000 % 60);
        out.extend_from_slice(&[b'.', digit(ms / 100)]);
        write_two(out, ms);
        out.push(b'Z');
    }

    /// `YYYY-MM-DD`.
    pub fn date_text(self) -> String {
        text_of(|out| self.write_date(out))
    }
}

/// Whether `text` is as long as `shape` and has a digit where that has one, and the same character elsewhere.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let fits =
        |(found, wanted): (&u8, &u8)| if *wanted == b'0' { found.is_ascii_digit() } else { found == wanted };
    text.len() == shape.len() && text.iter().zip(shape).all(fits)
}

/// Whether the text is spelled as RFC 3339 has it, which is narrower than what the library reads. A leap second is refused:
/// it can't be kept, since the time that is kept has none, and would come back as another moment.
fn is_rfc3339(text: &[u8]) -> bool {
    let Some((time, rest)) = text.split_at_checked(19) else { return false };
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => {
            let digits = fraction.iter().take_while(|digit| digit.is_ascii_digit()).count();
            fraction.get(digits..).filter(|_| digits > 0).unwrap_or_default()
        }
        None => rest,
    };
    let zones: [&[u8]; 4] = [b"Z", b"z", b"+00:00", b"-00:00"];
    let tens =
        |text: &[u8], place: usize, most: &[u8]| text.get(place..place + 2).is_none_or(|two| two <= most);
    (has_shape(time, b"0000-00-00T00:00:00") || has_shape(time, b"0000-00-00t00:00:00"))
        && tens(time, 17, b"59")
        && tens(rest, 1, b"23")
        && tens(rest, 4, b"59")
        && zones.iter().any(|zone| has_shape(rest, zone))
}

/// Appends the last two digits of a number. The divisors are constants, which costs a multiplication each.
fn write_two(out: &mut Vec<u8>, value: u32) {
    let two = value % 100;
    out.extend_from_slice(&[digit(two / 10), digit(two % 10)]);
}

const fn digit(value: u32) -> u8 {
    b'0' + (value % 10) as u8
}

/// A part of a date or a time, none of which is negative or large.
fn part(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

fn text_of(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::with_capacity(24);
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(|out| self.write_rfc3339(out)))
    }
}

/// Where the time comes from; a test turns its own.
#[derive(Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Manual(AtomicI64),
}

impl Clock {
    /// A clock that stands at `time` until it is moved.
    pub fn manual(time: Time) -> Clock {
        Clock::Manual(AtomicI64::new(time.millis()))
    }

    pub fn now(&self) -> Time {
        match self {
            Clock::System => Time(Timestamp::now().as_millisecond()),
            Clock::Manual(ms) => Time(ms.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock; the system's does not move.
    pub fn advance_millis(&self, by: i64) {
        if let Clock::Manual(ms) = self {
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_any_offset_and_written_in_utc() {
        let time = Time::parse("2026-11-24T10:30:00.1239+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-11-24T09:30:00.123Z");
        assert_eq!(time.date_text(), "2026-11-24");
        for wrong in [
            "2026-11-24",
            "2026-11-24 09:30:00Z",
            "2026-11-24T09:30:00",
            "",
            "yesterday",
            "2026-02-30T00:00:00Z",
        ] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_rfc_3339_is_read() {
        for wrong in [
            "2026-11-24T09Z",
            "2026-11-24T09:30Z",
            "2026-11-24T093000Z",
            "2026-11-24T09:30:00,5Z",
            "2026-11-24T09:30:00.Z",
            "2026-11-24T09:30:00+01",
            "2026-11-24T09:30:00+0100",
            "2026-11-24T09:30:00+01:00[Europe/Paris]",
            "2026-11-24T09:30:00Z[UTC]",
            "2026-11-24T24:00:00Z",
            "2026-11-24T09:60:00Z",
            "+002026-11-24T09:30:00Z",
            "2026-11-24T09:30:00+99:00",
            "2026-11-24T09:30:00\u{e9}",
            "2026-11-24T09:30:00+24:00",
            "2026-11-24T09:30:00-25:00",
            "2026-11-24T09:30:00+01:60",
            "2016-12-31T23:59:60Z",
            "2016-12-31t23:59:60.5+00:00",
            "0000-12-31T23:30:00-01:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            assert_eq!(Time::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_moment_of_the_years_1_to_9999_is_read_and_cut_to_milliseconds() {
        for (text, wanted) in [
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
            ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2000-01-01T00:30:00+23:59", "1999-12-31T00:31:00.000Z"),
            ("2016-12-31t23:59:59z", "2016-12-31T23:59:59.000Z"),
            ("2026-11-24T09:30:00-00:00", "2026-11-24T09:30:00.000Z"),
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), wanted);
        }
        assert_eq!(Time::parse_date("9999-12-31").unwrap().date_text(), "9999-12-31");
    }

    #[test]
    fn dates_are_checked() {
        assert_eq!(Time::parse_date("2024-02-29").unwrap().date_text(), "2024-02-29");
        for wrong in ["2023-02-29", "2024-2-29", "20240229", "2024-02-29T00:00:00Z", "0000-01-01", ""] {
            assert_eq!(Time::parse_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_day_of_the_calendar_prints_as_the_library_prints_it() {
        let mut date = jiff::civil::date(1, 1, 1);
        while date < jiff::civil::date(9999, 12, 1) {
            let time = Time::parse_date(&date.to_string()).unwrap();
            assert_eq!(time.date_text(), date.to_string());
            date = date.checked_add(jiff::Span::new().days(17)).unwrap();
        }
    }
}
