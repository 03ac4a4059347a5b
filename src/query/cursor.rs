//! Cursors: where a list goes on. Opaque to the client, authenticated, and bound to the query that they came from.
//!
//! ```text
//! base64url of: position 16 │ the first 16 bytes of a BLAKE3 hash, keyed with the instance's key, of what was asked and
//! the position
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Code, Error, Result};
use crate::id::Id;

const MARK: usize = 16;

/// What a cursor is bound to: the list, and all that decides its order and content.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    pub key: &'a [u8; 32],
    /// Names the list and its parameters; `limit` is none of them.
    pub query: &'a [u8],
}

impl Bound<'_> {
    fn mark(&self, position: &[u8; 16]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(self.key);
        hasher.update(self.query).update(position);
        *hasher.finalize().as_bytes()
    }

    /// The cursor after the item of this id.
    pub fn write(&self, after: impl Id) -> String {
        let position = after.to_bytes();
        let mark = self.mark(&position);
        let bytes: Vec<u8> = position.into_iter().chain(mark.into_iter().take(MARK)).collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The id after which the list goes on.
    pub fn read<I: Id>(&self, cursor: &str) -> Result<I> {
        let bad = || Error::plain(Code::InvalidCursor);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (position, mark) = bytes.split_first_chunk::<16>().ok_or_else(bad)?;
        let expected = self.mark(position);
        let expected = expected.split_at_checked(MARK).ok_or_else(bad)?.0;
        // Compared without stopping at the first difference, as everything that authenticates is.
        let differs =
            mark.len() != MARK || mark.iter().zip(expected).fold(0, |acc, (a, b)| acc | (a ^ b)) != 0;
        if differs { Err(bad()) } else { Ok(I::from_bytes(*position)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordId;

    #[test]
    fn a_cursor_reads_back_where_it_belongs_and_nowhere_else() {
        let bound = Bound { key: &[1; 32], query: b"records of a" };
        let id = RecordId::from_bytes([9; 16]);
        let cursor = bound.write(id);
        assert_eq!(bound.read::<RecordId>(&cursor).unwrap(), id);
        assert!(Bound { key: &[1; 32], query: b"records of b" }.read::<RecordId>(&cursor).is_err());
        assert!(Bound { key: &[2; 32], query: b"records of a" }.read::<RecordId>(&cursor).is_err());
        for place in 0..cursor.len() {
            let mut other = cursor.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            assert!(bound.read::<RecordId>(std::str::from_utf8(&other).unwrap()).is_err(), "{place}");
        }
        assert!(bound.read::<RecordId>("").is_err());
        assert!(bound.read::<RecordId>(&format!("{cursor}A")).is_err());
    }
}
