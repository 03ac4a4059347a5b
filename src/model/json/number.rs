//! Numbers, read by their literal and written in the shortest way; and texts.

use crate::error::Code;

/// Why a number can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNumber {
    NotFinite,
    NotExact,
}

impl BadNumber {
    pub(super) fn complaint(self, literal: &str) -> (Code, String) {
        let literal: String = literal.chars().take(40).collect();
        match self {
            BadNumber::NotFinite => {
                (Code::OutOfRange, format!("{literal} is beyond what a 64-bit number can hold."))
            }
            BadNumber::NotExact => (
                Code::NotExact,
                format!("{literal} can't be held exactly by a 64-bit floating point number."),
            ),
        }
    }
}

/// Reads a number literal. One without fraction and exponent must be held exactly by an f64, whatever its length: it may
/// be an id or an amount, which rounding would turn into another one. Negative zero is zero.
pub fn parse_number(literal: &str) -> Result<f64, BadNumber> {
    let number: f64 = literal.parse().map_err(|_| BadNumber::NotFinite)?;
    if !number.is_finite() {
        return Err(BadNumber::NotFinite);
    }
    // Up to 15 digits are always exact; beyond that, the exact decimal expansion has to be what was sent.
    let whole = !literal.contains(['.', 'e', 'E']);
    if whole && literal.len() > 15 && format!("{number:.0}") != literal {
        return Err(BadNumber::NotExact);
    }
    Ok(number + 0.0)
}

/// Appends a finite number: whole ones without a fraction.
pub fn write_number(number: f64, out: &mut Vec<u8>) {
    // From 1e16 on the shortest text has an exponent; below that it would end in `.0`.
    if number.fract() == 0.0 && number.abs() < 1e16 {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^63")]
        let whole = number as i64;
        write_integer(whole, out);
    } else {
        // Writing to a Vec can't fail, and the shortest text that reads back as the same number is what is wanted.
        let _ = serde_json::to_writer(out, &number);
    }
}

pub fn write_integer(number: i64, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, &number);
}

/// Appends a JSON string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text);
}
