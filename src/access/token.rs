//! The secret of an API token: made once, shown once, stored never.
//!
//! ```text
//! undb_ │ 32 random base62 characters │ 6 base62 characters: the CRC-32 of all before, most significant first
//! ```
//!
//! The checksum lets a scanner recognise a leaked secret, and lets a mistyped one be refused without a look-up. The prefix
//! is public by now: NEVER CHANGE IT, it would revoke every token there is.

use rand::RngExt;

use crate::model::token::SecretHash;

const PREFIX: &str = "undb_";
const RANDOM: usize = 32;
const CHECK: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A secret in the clear. No `Debug`, `Display`, `Serialize` or `Clone` on purpose: it goes to the one answer that shows
/// it and nowhere else.
pub struct PlainToken(String);

impl PlainToken {
    /// A new secret: 190 random bits.
    pub fn generate() -> PlainToken {
        let mut rng = rand::rng();
        let mut text = String::with_capacity(PREFIX.len() + RANDOM + CHECK);
        text.push_str(PREFIX);
        for _ in 0..RANDOM {
            text.push(digit(rng.random_range(0..62)));
        }
        text.push_str(&checksum(&text));
        PlainToken(text)
    }

    /// Reads what a request presents; `None` if it can't be a secret of this server's.
    pub fn parse(text: &str) -> Option<PlainToken> {
        let body = text.strip_prefix(PREFIX)?;
        if body.len() != RANDOM + CHECK || !body.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (signed, check) = text.split_at_checked(PREFIX.len() + RANDOM)?;
        (checksum(signed) == check).then(|| PlainToken(text.to_owned()))
    }

    pub fn hash(&self) -> SecretHash {
        SecretHash(*blake3::hash(self.0.as_bytes()).as_bytes())
    }

    /// The secret itself, to be written into the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What may be shown of a secret for ever: its first 8 and its last 4 characters.
pub fn hint(secret: &PlainToken) -> String {
    let text = &secret.0;
    let (first, last) = (text.get(..8).unwrap_or_default(), text.get(text.len() - 4..).unwrap_or_default());
    format!("{first}…{last}")
}

fn digit(n: u32) -> char {
    BASE62.get(n as usize % 62).map_or('0', |byte| char::from(*byte))
}

fn checksum(text: &str) -> String {
    let mut crc = crc32fast::hash(text.as_bytes());
    let mut digits = ['0'; CHECK];
    for place in digits.iter_mut().rev() {
        *place = digit(crc % 62);
        crc /= 62;
    }
    digits.iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_nothing_near_it_does() {
        let secret = PlainToken::generate();
        let text = secret.reveal();
        assert_eq!(text.len(), 43);
        assert!(PlainToken::parse(text).unwrap().hash() == secret.hash());
        for place in 0..text.len() {
            let mut other = text.to_owned();
            let changed = if &text[place..=place] == "x" { "y" } else { "x" };
            other.replace_range(place..=place, changed);
            assert!(PlainToken::parse(&other).is_none(), "{place}");
        }
        assert!(PlainToken::parse(&text[1..]).is_none());
        assert!(PlainToken::parse(&format!("{text} ")).is_none());
        assert!(PlainToken::parse("undb_").is_none());
        assert!(PlainToken::parse(&format!("undb_{}", "é".repeat(19))).is_none());
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // CRC-32 (ISO-HDLC) of what stands before it, in base62: a scanner elsewhere must find the same.
        // These were computed by Python's `zlib.crc32`.
        for (secret, check) in [
            ("undb_00000000000000000000000000000000", "2kbEMH"),
            ("undb_07ELSZgnu18FMTahov29GNUbipw3AHOV", "4PK8Dw"),
        ] {
            assert_eq!(checksum(secret), check);
            assert!(PlainToken::parse(&format!("{secret}{check}")).is_some());
        }
    }

    #[test]
    fn the_hint_shows_twelve_characters() {
        let secret = PlainToken::generate();
        let hint = hint(&secret);
        assert_eq!(hint.chars().count(), 13);
        assert!(hint.starts_with("undb_"));
    }
}
