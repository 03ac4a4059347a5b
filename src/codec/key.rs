//! Keys: every part is written so that the bytes sort as the parts do, and no part is the beginning of another one of
//! its kind. Integers are big-endian; this file is the only place that turns them into key bytes.

use crate::id::Id;
use crate::limits::UNIQUE_KEY_BYTES_MAX;

/// Ends a text within a key. A NUL inside of the text is followed by [`ESCAPED`], so it can't be taken for the end.
const END: [u8; 2] = [0, 0];
const ESCAPED: u8 = 0xff;

/// A key being written, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    pub fn new() -> Key {
        Key(Vec::with_capacity(64))
    }

    #[must_use]
    pub fn id(mut self, id: impl Id) -> Key {
        self.0.extend_from_slice(&id.to_bytes());
        self
    }

    #[must_use]
    pub fn u8(mut self, n: u8) -> Key {
        self.0.push(n);
        self
    }

    #[must_use]
    pub fn u16(mut self, n: u16) -> Key {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    #[must_use]
    pub fn u64(mut self, n: u64) -> Key {
        self.0.extend_from_slice(&n.to_be_bytes());
        self
    }

    /// Signed: the sign bit is flipped, so that negative numbers come first.
    #[must_use]
    pub fn i64(self, n: i64) -> Key {
        self.u64(n.cast_unsigned() ^ 1 << 63)
    }

    /// A finite number: positive ones get the sign bit, negative ones are inverted. Zero has one spelling.
    #[must_use]
    pub fn f64(self, n: f64) -> Key {
        let bits = (n + 0.0).to_bits();
        self.u64(if bits >> 63 == 0 { bits | 1 << 63 } else { !bits })
    }

    /// A text of any content, terminated.
    #[must_use]
    pub fn text(mut self, text: &str) -> Key {
        for byte in text.bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(ESCAPED);
            }
        }
        self.0.extend_from_slice(&END);
        self
    }

    /// Bytes that need not sort, at the end of a key: as they are, or their BLAKE3 hash if they are long.
    #[must_use]
    pub fn last(mut self, bytes: &[u8]) -> Key {
        if bytes.len() <= UNIQUE_KEY_BYTES_MAX {
            self.0.push(0);
            self.0.extend_from_slice(bytes);
        } else {
            self.0.push(1);
            self.0.extend_from_slice(blake3::hash(bytes).as_bytes());
        }
        self
    }

    /// Bytes of a fixed length, such as a hash.
    #[must_use]
    pub fn fixed<const N: usize>(mut self, bytes: &[u8; N]) -> Key {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Bytes that are key parts already.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Key {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The first key after all those that begin with this one.
    #[must_use]
    pub fn after_prefix(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        while let Some(last) = end.pop() {
            if last < 0xff {
                end.push(last + 1);
                return end;
            }
        }
        // No end in sight (an empty prefix, or nothing but 0xff): no key of the store is as long as this.
        vec![0xff; crate::limits::KEY_BYTES_MAX + 1]
    }
}

/// Reads a key's parts in the order they were written. `None` where the bytes end too soon.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a>(pub &'a [u8]);

impl<'a> Parts<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*part)
    }

    pub fn id<I: Id>(&mut self) -> Option<I> {
        self.take().map(I::from_bytes)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_be_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.u64().map(|n| (n ^ 1 << 63).cast_signed())
    }

    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take()
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_sort(a: i64, b: i64, x in -1e300..1e300_f64, y in -1e300..1e300_f64) {
            prop_assert_eq!(a.cmp(&b), Key::new().i64(a).0.cmp(&Key::new().i64(b).0));
            prop_assert_eq!(x.total_cmp(&y), Key::new().f64(x).0.cmp(&Key::new().f64(y).0));
            prop_assert_eq!(Parts(&Key::new().i64(a).0).i64(), Some(a));
        }

        #[test]
        fn texts_sort_and_none_begins_another(a: String, b: String, tail: u8) {
            let (x, y) = (Key::new().text(&a).u8(tail), Key::new().text(&b).u8(0));
            if a != b {
                prop_assert_eq!(a.cmp(&b), x.0.cmp(&y.0));
                prop_assert!(!x.0.starts_with(&Key::new().text(&b).0));
            }
        }

        #[test]
        fn the_end_of_a_prefix_is_above_all_that_begins_with_it(prefix: Vec<u8>, rest: Vec<u8>) {
            let key = Key(prefix.clone());
            let longer = [prefix, rest].concat();
            prop_assert!(longer < key.after_prefix());
        }
    }

    #[test]
    fn zero_has_one_spelling() {
        assert_eq!(Key::new().f64(0.0), Key::new().f64(-0.0));
    }
}
