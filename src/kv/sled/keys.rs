//! Keys as sled is given them: after every third 255 in a row stands a zero.
//!
//! Sled 0.34 walks backwards from the leaf that begins at `..x` by looking for `..(x-1) 255 255 255 255`. If a leaf begins
//! beyond that, it never finds it and panics after a million tries; numbers inverted to sort downwards make such keys. So
//! no key in sled has four 255 in a row. The order stays, and so do prefixes: the zero follows at once, whatever comes.

use std::borrow::Cow;

const RUN: [u8; 3] = [u8::MAX; 3];

/// What sled is given for a key.
pub(super) fn escape(key: &[u8]) -> Cow<'_, [u8]> {
    if !key.windows(RUN.len()).any(|bytes| bytes == RUN) {
        return Cow::Borrowed(key);
    }
    let mut escaped = Vec::with_capacity(key.len() + key.len() / RUN.len());
    let mut run = 0;
    for byte in key {
        escaped.push(*byte);
        run = if *byte == u8::MAX { run + 1 } else { 0 };
        if run == RUN.len() {
            escaped.push(0);
            run = 0;
        }
    }
    Cow::Owned(escaped)
}

/// The key that sled was given as `escaped`.
pub(super) fn unescape(escaped: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(escaped.len());
    let mut run = 0;
    for byte in escaped {
        if run == RUN.len() {
            run = 0;
            continue;
        }
        key.push(*byte);
        run = if *byte == u8::MAX { run + 1 } else { 0 };
    }
    key
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![4 => Just(255), 1 => Just(0), 1 => Just(254)], 0..16)
    }

    proptest! {
        #[test]
        fn order_prefixes_and_keys_themselves_survive(a in key(), b in key()) {
            let (escaped, other) = (escape(&a), escape(&b));
            prop_assert_eq!(a.cmp(&b), escaped.cmp(&other));
            prop_assert_eq!(b.starts_with(&a), other.starts_with(&escaped));
            prop_assert!(!escaped.windows(4).any(|bytes| bytes == [255; 4]));
            prop_assert_eq!(unescape(&escaped), a);
        }
    }
}
