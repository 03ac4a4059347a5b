//! How keys and values lie in sled's one tree.
//!
//! ```text
//! keyspace(1) key                         -> 0 value                     a value of at most PIECE_BYTES_MAX
//! keyspace(1) key                         -> 1 length(u32)               a longer one, which lies in pieces:
//! 255 length of the stored key(u16) key number(u32) -> bytes             of PIECE_BYTES_MAX each, the last is shorter
//! 255                                     -> number(u64)                 of the last group, see journal.rs
//! ```
//!
//! Integers are big-endian; all of these keys are escaped, see `keys.rs`. Pieces are there because sled puts a leaf that
//! has grown too large into a file of its own, which it does not sync.

use std::ops::Bound;

use ::sled::Db;

use super::journal::Journal;
use super::keys::{escape, unescape};
use crate::kv::{Bytes, Error, Keyspace, Result, Way};
use crate::limits::PIECE_BYTES_MAX;

const SHORT: u8 = 0;
const LONG: u8 = 1;

/// What a key holds in sled now.
#[derive(Debug)]
pub(super) enum Raw {
    /// The whole value, if any.
    Whole(Option<Bytes>),
    /// The pieces do not fit the head. Either a commit passed by, then the history knows the value, or they are damaged.
    Torn,
}

impl Raw {
    /// The value, given that no commit passed by.
    pub(super) fn settled(self, key: &[u8]) -> Result<Option<Bytes>> {
        match self {
            Self::Whole(value) => Ok(value),
            Self::Torn => Err(corrupt("the pieces of", key)),
        }
    }
}

/// Between two stored keys.
pub(super) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// Sled's tree, with values of any length.
#[derive(Debug)]
pub(super) struct Tree(pub(super) Db);

impl Tree {
    /// What `key` holds now.
    pub(super) fn get(&self, key: &[u8]) -> Result<Raw> {
        match self.0.get(escape(key))? {
            Some(head) => self.value(key, &head),
            None => Ok(Raw::Whole(None)),
        }
    }

    /// The first rows between two bounds, in scan order: at most `rows`, and no more once they hold `bytes`. Also whether
    /// there may be more.
    pub(super) fn chunk(
        &self,
        bounds: &Bounds,
        way: Way,
        rows: usize,
        bytes: usize,
    ) -> Result<(Vec<(Bytes, Raw)>, bool)> {
        let (start, end) = (bounds.0.as_ref(), bounds.1.as_ref());
        let mut range = self.0.range((start.map(|key| escape(key)), end.map(|key| escape(key))));
        let (mut chunk, mut size) = (Vec::new(), 0);
        while chunk.len() < rows && size < bytes {
            let row = match way {
                Way::Up => range.next(),
                Way::Down => range.next_back(),
            };
            let Some((key, head)) = row.transpose()? else { return Ok((chunk, false)) };
            let key = Bytes::from(unescape(&key));
            let raw = self.value(&key, &head)?;
            if let Raw::Whole(Some(value)) = &raw {
                size += value.len();
            }
            chunk.push((key, raw));
        }
        Ok((chunk, true))
    }

    fn value(&self, key: &[u8], head: &[u8]) -> Result<Raw> {
        let length = match head.split_first() {
            Some((&SHORT, value)) => return Ok(Raw::Whole(Some(Bytes::copy_from_slice(value)))),
            Some((&LONG, length)) => length.try_into().map(u32::from_be_bytes),
            _ => return Err(corrupt("the head of", key)),
        };
        let length = length.map_err(|_| corrupt("the head of", key))? as usize;
        let mut value = Vec::new();
        for number in 0..pieces(Some(length)) {
            match self.0.get(piece_key(key, number))? {
                Some(piece) => value.extend_from_slice(&piece),
                None => return Ok(Raw::Torn),
            }
        }
        Ok(if value.len() == length { Raw::Whole(Some(value.into())) } else { Raw::Torn })
    }
}

/// Adds to a group what turns `old` into `new`, pieces no longer needed included.
pub(super) fn encode(
    group: &mut Journal,
    key: &[u8],
    old: Option<&Bytes>,
    new: Option<&Bytes>,
) -> Result<()> {
    match new {
        None => group.remove(&escape(key)),
        Some(value) if value.len() <= PIECE_BYTES_MAX => group.put(&escape(key), &[&[SHORT], value]),
        Some(value) => {
            let length = u32::try_from(value.len()).map_err(|_| Error::TooLarge(value.len()))?;
            group.put(&escape(key), &[&[LONG], &length.to_be_bytes()]);
            for (piece, number) in value.chunks(PIECE_BYTES_MAX).zip(0..) {
                group.put(&piece_key(key, number), &[piece]);
            }
        }
    }
    for number in pieces(new.map(Bytes::len))..pieces(old.map(Bytes::len)) {
        group.remove(&piece_key(key, number));
    }
    Ok(())
}

/// How many pieces a value of this length lies in, beside its head.
fn pieces(length: Option<usize>) -> u32 {
    let count =
        length.filter(|length| *length > PIECE_BYTES_MAX).map(|length| length.div_ceil(PIECE_BYTES_MAX));
    // A length fits 32 bits, see `encode`.
    count.and_then(|count| u32::try_from(count).ok()).unwrap_or(0)
}

fn piece_key(key: &[u8], number: u32) -> Vec<u8> {
    // A stored key is at most KEY_BYTES_MAX + 1 long.
    let length = u16::try_from(key.len()).unwrap_or(u16::MAX);
    let mut piece = Vec::with_capacity(7 + key.len());
    piece.push(Keyspace::RESERVED.0);
    piece.extend_from_slice(&length.to_be_bytes());
    piece.extend_from_slice(key);
    piece.extend_from_slice(&number.to_be_bytes());
    escape(&piece).into_owned()
}

fn corrupt(part: &str, key: &[u8]) -> Error {
    Error::Corrupt(format!("{part} the value of key {}", key.escape_ascii()))
}

impl From<::sled::Error> for Error {
    fn from(error: ::sled::Error) -> Self {
        match error {
            ::sled::Error::Corruption { .. } => Self::Corrupt(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}
