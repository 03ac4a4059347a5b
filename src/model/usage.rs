//! Usage: how often a token was used on a day, as it is stored.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

const DAY_MS: i64 = 86_400_000;

/// A day in UTC, by how many of them have passed since 1970; one before that counts as the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u32);

impl Day {
    pub const fn from_number(number: u32) -> Day {
        Day(number)
    }

    pub const fn number(self) -> u32 {
        self.0
    }

    pub fn of(time: Time) -> Day {
        Day(u32::try_from(time.millis().div_euclid(DAY_MS)).unwrap_or(0))
    }

    /// The moment at which it begins.
    pub fn start(self) -> Time {
        Time::from_millis(i64::from(self.0) * DAY_MS)
    }

    #[must_use]
    pub const fn plus(self, days: u32) -> Day {
        Day(self.0.saturating_add(days))
    }

    #[must_use]
    pub const fn minus(self, days: u32) -> Day {
        Day(self.0.saturating_sub(days))
    }
}

/// Requests that were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub requests: u64,
    /// Those of them that were answered with a status of 400 and above.
    pub errors: u64,
}

impl Usage {
    pub fn is_none(self) -> bool {
        self == Usage::default()
    }

    #[must_use]
    pub const fn plus(self, other: Usage) -> Usage {
        Usage {
            requests: self.requests.saturating_add(other.requests),
            errors: self.errors.saturating_add(other.errors),
        }
    }

    #[must_use]
    pub const fn minus(self, other: Usage) -> Usage {
        Usage {
            requests: self.requests.saturating_sub(other.requests),
            errors: self.errors.saturating_sub(other.errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_utc() {
        let day = Day::of(Time::parse("2026-11-24T23:59:59.999Z").unwrap());
        assert_eq!((day.number(), day.start().to_string().as_str()), (20_781, "2026-11-24T00:00:00.000Z"));
        assert_eq!(Day::of(day.plus(1).start()), day.plus(1));
        assert_eq!(Day::of(Time::from_millis(-1)).start(), Time::from_millis(0));
    }
}
