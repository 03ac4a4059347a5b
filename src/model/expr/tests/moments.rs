//! Moments, seen from several days.

use super::*;

/// The first millisecond that `start >= moment` takes, and the last that `start <= moment` does.
fn resolved(now: &str, moment: &str) -> Result<(String, String), Vec<String>> {
    let table = table();
    let context = Context { table: &table, now: Time::parse(now).unwrap() };
    let bounds = |operator: &str| match read_text(&format!("start {operator} {moment}"), "filter", &context) {
        Ok(Expr::Test(
            _,
            Test::Int(Among::Range(Bound::Included(ms), _) | Among::Range(_, Bound::Included(ms))),
        )) => Ok(Time::from_millis(ms).to_string()),
        Ok(other) => panic!("{moment}: {other:?}"),
        Err(faults) => Err(shown(faults)),
    };
    Ok((bounds(">=")?, bounds("<=")?))
}

#[test]
fn moments_are_days_or_instants() {
    let cases: &[(&str, &str, &str)] = &[
        ("now", "2024-08-14T15:16:17.018Z", "2024-08-14T15:16:17.018Z"),
        ("NOW", "2024-08-14T15:16:17.018Z", "2024-08-14T15:16:17.018Z"),
        ("today", "2024-08-14", ""),
        ("yesterday", "2024-08-13", ""),
        ("tomorrow", "2024-08-15", ""),
        ("-1d", "2024-08-13", ""),
        ("+2w", "2024-08-28", ""),
        ("- 1mo", "2024-07-14", ""),
        ("+1y", "2025-08-14", ""),
        ("-24h", "2024-08-13T15:16:17.018Z", "2024-08-13T15:16:17.018Z"),
        ("-1d +1h", "2024-08-13T16:16:17.018Z", "2024-08-13T16:16:17.018Z"),
        ("now -1d", "2024-08-13T15:16:17.018Z", "2024-08-13T15:16:17.018Z"),
        ("today +9h", "2024-08-14T09:00:00.000Z", "2024-08-14T09:00:00.000Z"),
        ("start of day", "2024-08-14", ""),
        ("end of day", "2024-08-14", ""),
        ("start of week", "2024-08-12", ""),
        ("end of week", "2024-08-18", ""),
        ("start of month", "2024-08-01", ""),
        ("end of month", "2024-08-31", ""),
        ("start of quarter", "2024-07-01", ""),
        ("end of quarter", "2024-09-30", ""),
        ("start of year", "2024-01-01", ""),
        ("End Of Year", "2024-12-31", ""),
        ("start of month -1mo", "2024-07-01", ""),
        ("end of month -6mo", "2024-02-29", ""),
        ("start of month -1d", "2024-07-31", ""),
        ("end of day -1h", "2024-08-14T23:00:00.000Z", "2024-08-14T23:00:00.000Z"),
    ];
    for (moment, first, last) in cases {
        let (first, last) = if last.is_empty() {
            (format!("{first}T00:00:00.000Z"), format!("{first}T23:59:59.999Z"))
        } else {
            ((*first).to_owned(), (*last).to_owned())
        };
        assert_eq!(resolved(NOW, moment), Ok((first, last)), "{moment}");
    }
}

#[test]
fn months_end_where_they_end_and_weeks_on_sunday() {
    for (now, moment, wanted) in [
        ("2024-03-31T00:00:00Z", "-1mo", "2024-02-29"),
        ("2024-02-29T23:59:59Z", "-1y", "2023-02-28"),
        ("2024-02-29T23:59:59Z", "end of month -1mo", "2024-01-31"),
        ("2024-08-12T00:00:00Z", "start of week", "2024-08-12"),
        ("2024-08-18T23:59:59.999Z", "start of week", "2024-08-12"),
        ("2024-12-31T12:00:00Z", "end of week", "2025-01-05"),
        ("1969-12-31T23:59:59Z", "start of week", "1969-12-29"),
        ("9999-12-31T00:00:00Z", "end of year", "9999-12-31"),
        ("0001-01-01T00:00:00Z", "start of year", "0001-01-01"),
    ] {
        let found = resolved(now, moment).map(|(first, _)| first);
        if now.starts_with("9999") {
            // Its end is counted from the start of the year 10000, which no calendar here has.
            assert!(found.is_err(), "{found:?}");
        } else {
            assert_eq!(found, Ok(format!("{wanted}T00:00:00.000Z")), "{moment} of {now}");
        }
    }
}
