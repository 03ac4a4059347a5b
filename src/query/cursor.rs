//! Cursors: where a list goes on. Opaque to the client, authenticated, and bound to the query that they came from.
//!
//! ```text
//! base64url of: the first 16 bytes of a BLAKE3 hash, keyed with the instance's key, of what was asked and the position │
//! the position: an id, or for a sorted list what the last record had, and its id
//! ```

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Code, Error, Result};
use crate::id::Id;

const MARK: usize = 16;

/// The error of a cursor that can't be used in its list.
pub fn bad() -> Error {
    Error::fault("cursor", Code::InvalidCursor, Code::InvalidCursor.title())
}

/// What a cursor is bound to: the list, and all that decides its order and content.
#[derive(Clone, Debug)]
pub struct Bound<'a> {
    pub key: &'a [u8; 32],
    /// Names the list and its parameters; `limit` is none of them.
    pub query: &'a [u8],
}

impl Bound<'_> {
    fn mark(&self, position: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(self.key);
        hasher.update(&(self.query.len() as u64).to_be_bytes()).update(self.query).update(position);
        *hasher.finalize().as_bytes()
    }

    /// The cursor of a position.
    pub fn write(&self, position: &[u8]) -> String {
        let mark = self.mark(position);
        let bytes: Vec<u8> = mark.iter().take(MARK).chain(position).copied().collect();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor.
    pub fn read(&self, cursor: &str) -> Result<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        let (mark, position) = bytes.split_at_checked(MARK).ok_or_else(bad)?;
        // Compared without stopping at the first difference, as everything that authenticates is.
        let expected = self.mark(position);
        let differs = mark.iter().zip(expected).fold(0, |acc, (a, b)| acc | (a ^ b)) != 0;
        if differs { Err(bad()) } else { Ok(position.to_vec()) }
    }

    /// The cursor after the item of this id.
    pub fn write_id(&self, after: impl Id) -> String {
        self.write(&after.to_bytes())
    }

    /// The id after which the list goes on.
    pub fn read_id<I: Id>(&self, cursor: &str) -> Result<I> {
        let bytes = <[u8; 16]>::try_from(self.read(cursor)?);
        bytes.map(I::from_bytes).map_err(|_| bad())
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
        let cursor = bound.write_id(id);
        assert_eq!(bound.read_id::<RecordId>(&cursor).unwrap(), id);
        assert!(Bound { key: &[1; 32], query: b"records of b" }.read_id::<RecordId>(&cursor).is_err());
        assert!(Bound { key: &[2; 32], query: b"records of a" }.read_id::<RecordId>(&cursor).is_err());
        for place in 0..cursor.len() {
            let mut other = cursor.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            assert!(bound.read_id::<RecordId>(std::str::from_utf8(&other).unwrap()).is_err(), "{place}");
        }
        assert!(bound.read_id::<RecordId>("").is_err());
        assert!(bound.read_id::<RecordId>(&format!("{cursor}A")).is_err());
    }
}
