//! Floor 0: ids. A three-letter prefix that says of what, and 128 bits in 26 characters of lower-case Crockford base32:
//! 48 bits of milliseconds and 80 random ones (the layout of a ULID), so that ids sort by creation.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::clock::Time;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The value of each byte as a digit; those that are none have [`NO_DIGIT`]. Every request reads ids.
const VALUES: [u8; 256] = values();
const NO_DIGIT: u8 = 0xff;
const DIGITS: usize = 26;
const PREFIX: usize = 3;

/// Whether `text` has the form of an id, of whatever kind. No name may have it.
pub fn is_id_form(text: &str) -> bool {
    let prefixes = [
        SpaceId::PREFIX,
        BaseId::PREFIX,
        TableId::PREFIX,
        FieldId::PREFIX,
        ChoiceId::PREFIX,
        RecordId::PREFIX,
        TokenId::PREFIX,
        UserId::PREFIX,
        SessionId::PREFIX,
        "viw",
        "whk",
    ];
    text.get(..PREFIX).is_some_and(|prefix| prefixes.contains(&prefix))
        && text.get(PREFIX..).and_then(decode).is_some()
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler: 32 letters into 256 places"
)]
const fn values() -> [u8; 256] {
    let mut values = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        values[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    values
}

fn decode(digits: &str) -> Option<[u8; 16]> {
    if digits.len() != DIGITS || !digits.starts_with(|first: char| first <= '7') {
        return None;
    }
    let mut value: u128 = 0;
    for digit in digits.bytes() {
        let of = VALUES.get(usize::from(digit)).copied().filter(|of| *of != NO_DIGIT)?;
        value = value << 5 | u128::from(of);
    }
    Some(value.to_be_bytes())
}

fn encode(bytes: [u8; 16]) -> [u8; DIGITS] {
    let mut value = u128::from_be_bytes(bytes);
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get((value & 31) as usize).copied().unwrap_or(b'0');
        value >>= 5;
    }
    digits
}

/// What all kinds of id have in common.
pub trait Id: Copy + Sized {
    /// The three letters that an id of this kind begins with.
    const PREFIX: &'static str;
    fn from_bytes(bytes: [u8; 16]) -> Self;
    /// Big-endian, so that bytes sort as ids do.
    fn to_bytes(self) -> [u8; 16];

    /// The number that orders as ids do.
    fn to_number(self) -> u128 {
        u128::from_be_bytes(self.to_bytes())
    }

    fn from_number(number: u128) -> Self {
        Self::from_bytes(number.to_be_bytes())
    }

    /// Reads an id exactly as it is written; anything else is none.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?;
        decode(digits).map(Self::from_bytes)
    }

    /// Appends the 29 characters.
    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(Self::PREFIX.as_bytes());
        out.extend_from_slice(&encode(self.to_bytes()));
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 16]);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bytes(bytes: [u8; 16]) -> Self {
                $name(bytes)
            }
            fn to_bytes(self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                encode(self.0).iter().try_for_each(|digit| fmt::Write::write_char(f, char::from(*digit)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )+};
}

ids! {
    SpaceId "spc";
    BaseId "bas";
    TableId "tbl";
    FieldId "fld";
    /// A choice of a select field.
    ChoiceId "opt";
    RecordId "rec";
    TokenId "tkn";
    UserId "usr";
    SessionId "ses";
    /// Of something that is to be swept away; it never leaves the server.
    DoomId "dom";
}

/// Draws ids that strictly increase, also across restarts and when the clock goes back.
///
/// Ids never pass the millisecond of the *mark*, a time that the store holds and that is written ahead of now: a server that
/// starts again begins in the millisecond after the mark, and so above everything drawn before.
#[derive(Debug)]
pub struct Ids {
    last: Mutex<(u128, StdRng)>,
    mark: AtomicI64,
}

impl Ids {
    /// Ids drawn from now on are of the time `floor` or later, and of the time `mark` at most. A `seed` makes them repeatable.
    pub fn new(floor: Time, mark: Time, seed: Option<u64>) -> Ids {
        let mut rng = match seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => rand::make_rng(),
        };
        let last = at(floor) | u128::from(rng.next_u64());
        Ids { last: Mutex::new((last, rng)), mark: AtomicI64::new(mark.millis()) }
    }

    /// Lets ids grow up to `mark`, which must be in the store already.
    pub fn set_mark(&self, mark: Time) {
        self.mark.fetch_max(mark.millis(), Ordering::SeqCst);
    }

    /// The next id.
    pub fn draw<I: Id>(&self, now: Time) -> I {
        let ms = now.millis().min(self.mark.load(Ordering::SeqCst));
        let mut held = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (low, high) = (held.1.next_u64(), held.1.next_u32());
        // The highest bit of a millisecond stays free for the steps below, so that they never lead into the next one.
        let fresh = at(Time::from_millis(ms)) | u128::from(low) | u128::from(high & 0x7fff) << 64;
        // Within one millisecond the next id is the last one and a random step, so that it can't be guessed easily.
        let next = if fresh > held.0 { fresh } else { held.0.saturating_add(1 + u128::from(high)) };
        held.0 = next;
        I::from_bytes(next.to_be_bytes())
    }
}

fn at(time: Time) -> u128 {
    u128::from(u64::try_from(time.millis()).unwrap_or(0) & 0xffff_ffff_ffff) << 80
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes: [u8; 16]) {
            let id = RecordId::from_bytes(bytes);
            prop_assert_eq!(RecordId::parse(&id.to_string()), Some(id));
            prop_assert!(is_id_form(&id.to_string()));
            prop_assert_eq!(TableId::parse(&id.to_string()), None);
        }

        #[test]
        fn text_sorts_as_bytes_do(a: [u8; 16], b: [u8; 16]) {
            prop_assert_eq!(a.cmp(&b), RecordId(a).to_string().cmp(&RecordId(b).to_string()));
        }
    }

    #[test]
    fn ids_are_read_exactly_as_written() {
        let id = RecordId([7; 16]).to_string();
        assert!(RecordId::parse(&id).is_some());
        for wrong in
            [id.to_uppercase(), format!("{id} "), id.replace("rec", "tbl"), id.replacen("rec0", "rec8", 1)]
        {
            assert_eq!(RecordId::parse(&wrong), None, "{wrong}");
        }
        assert_eq!(RecordId::parse("rec"), None);
        assert_eq!(RecordId::parse("réc00000000000000000000000000"), None);
    }

    #[test]
    fn ids_that_are_drawn_at_the_mark_stay_in_its_millisecond() {
        let (now, mark) = (Time::from_millis(9000), Time::from_millis(5000));
        for seed in 0..2000 {
            let ids = Ids::new(Time::from_millis(1000), mark, Some(seed));
            let last = (0..50).map(|_| ids.draw::<RecordId>(now)).last().unwrap();
            let next = Ids::new(mark.plus_millis(1), mark.plus_millis(1), Some(seed)).draw::<RecordId>(now);
            assert!(last < next, "{last:?} {next:?}");
            assert_eq!(u128::from_be_bytes(last.0) >> 79 & 1, 0, "half of the millisecond is free for steps");
        }
    }

    #[test]
    fn ids_increase_even_when_the_clock_goes_back() {
        let ids = Ids::new(Time::from_millis(1000), Time::from_millis(5000), Some(1));
        let times = [1000, 2000, 2000, 1500, 9000, 9000, 3000];
        let drawn: Vec<RecordId> = times.map(|ms| ids.draw(Time::from_millis(ms))).to_vec();
        assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]), "{drawn:?}");
        assert!(drawn.iter().all(|id| u128::from_be_bytes(id.0) >> 80 <= 5000), "never past the mark");
    }
}
