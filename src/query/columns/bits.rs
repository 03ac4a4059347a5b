//! A set of the rows of one chunk.

/// Rows of a chunk, at most. Small, since a change copies a chunk of each column that it touches.
pub const ROWS: usize = 1024;
const WORDS: usize = ROWS / 64;

/// One bit a row. Invariant: no bit is set past the rows that a chunk has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits([u64; WORDS]);

impl Bits {
    pub const NONE: Bits = Bits([0; WORDS]);

    /// The first `rows` of a chunk.
    pub fn first(rows: usize) -> Bits {
        let mut bits = Bits::NONE;
        for (n, word) in bits.0.iter_mut().enumerate() {
            let left = rows.saturating_sub(n * 64).min(64);
            *word = if left == 64 { u64::MAX } else { (1 << left) - 1 };
        }
        bits
    }

    /// The rows of which `test` holds.
    pub fn of<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Bits {
        let mut bits = Bits::NONE;
        for (word, values) in bits.0.iter_mut().zip(values.chunks(64)) {
            let mut mask = [0_u8; 64];
            for (byte, value) in mask.iter_mut().zip(values) {
                *byte = u8::from(test(*value));
            }
            *word = pack(&mask);
        }
        bits
    }

    pub fn get(&self, row: usize) -> bool {
        self.0.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub fn set(&mut self, row: usize, value: bool) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word = *word & !(1 << (row % 64)) | u64::from(value) << (row % 64);
        }
    }

    pub fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn is_none(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub fn and(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    pub fn and_not(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= !b);
    }

    pub fn or(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// The rows in it, in their order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = usize> {
        let words = self.0.into_iter().enumerate().filter(|(_, word)| *word != 0);
        words.flat_map(|(n, word)| Ones(word).map(move |bit| n * 64 + bit))
    }
}

/// The places of the ones of a word.
struct Ones(u64);

impl Iterator for Ones {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros();
        self.0 &= self.0.wrapping_sub(1);
        (bit < 64).then_some(bit as usize)
    }
}

impl DoubleEndedIterator for Ones {
    fn next_back(&mut self) -> Option<usize> {
        let bit = 63_u32.checked_sub(self.0.leading_zeros())?;
        self.0 &= !(1 << bit);
        Some(bit as usize)
    }
}

/// Gathers the lowest bits of 64 bytes. The comparisons before it work on many values at a time, which they don't when
/// each sets its own bit of a word.
fn pack(mask: &[u8; 64]) -> u64 {
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = mask.as_chunks::<8>();
    let bytes = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56);
    bytes.enumerate().fold(0, |word, (n, byte)| word | byte << (8 * n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_set_is_what_the_test_says(values in proptest::collection::vec(0_u8..4, 0..=ROWS)) {
            let bits = Bits::of(&values, |value| value == 1);
            let wanted: Vec<usize> = (0..values.len()).filter(|n| values[*n] == 1).collect();
            prop_assert_eq!(bits.rows().collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(bits.rows().rev().collect::<Vec<_>>(), wanted.iter().rev().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.count(), wanted.len());
            let mut rest = Bits::first(values.len());
            rest.and_not(&bits);
            prop_assert_eq!(rest.count(), values.len() - wanted.len());
            for row in 0..ROWS {
                prop_assert_eq!(bits.get(row), wanted.contains(&row));
            }
        }

        #[test]
        fn one_bit_is_set_and_no_other(row in 0..ROWS, filled in 0..=ROWS) {
            let mut bits = Bits::first(filled);
            let before = bits.clone();
            bits.set(row, true);
            prop_assert!(bits.get(row));
            bits.set(row, before.get(row));
            prop_assert_eq!(bits, before);
        }
    }
}
