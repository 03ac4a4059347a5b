//! How a token was used in the last days, as a small picture.

use crate::http::console::message::Messages;
use crate::model::usage::{Day, Usage};

/// Days that the curve of a token's use shows, and its size in the units of its picture.
const CURVE_DAYS: usize = 30;
const CURVE_HEIGHT: u64 = 20;

/// The last days of a token's use.
pub struct Curve {
    pub requests: u64,
    pub errors: u64,
    /// What it shows, in words.
    pub label: String,
    /// A bar for each day: its place, its height, and how much of that are errors.
    pub bars: Vec<Bar>,
}

pub struct Bar {
    pub x: usize,
    pub height: u64,
    pub errors: u64,
    /// The day and its counts, for those who point at it.
    pub title: String,
}

impl Curve {
    pub fn of(days: &[(Day, Usage)], t: &Messages) -> Curve {
        let days = days.get(days.len().saturating_sub(CURVE_DAYS)..).unwrap_or_default();
        let highest = days.iter().map(|(_, usage)| usage.requests).max().unwrap_or(0);
        // What is there is seen, however little it is beside the highest day.
        let scaled = |n: u64| if n == 0 { 0 } else { (n * CURVE_HEIGHT / highest.max(1)).max(1) };
        let bars = days.iter().enumerate().map(|(n, (day, usage))| Bar {
            x: n * 4,
            height: scaled(usage.requests),
            errors: scaled(usage.errors),
            title: format!("{}: {} / {}", day.start().date_text(), usage.requests, usage.errors),
        });
        let requests = days.iter().map(|(_, usage)| usage.requests).sum();
        let errors: u64 = days.iter().map(|(_, usage)| usage.errors).sum();
        let label = t.with("token.curve", "requests", requests).replace("{errors}", &errors.to_string());
        Curve { bars: bars.collect(), requests, errors, label }
    }
}
