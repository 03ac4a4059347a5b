//! Stored values: a format byte and bincode 2 in its `standard` configuration. The one file that names bincode.
//!
//! bincode does not describe itself: reordering a struct's fields or an enum's variants *is* a change of format. The
//! golden test in `tests/upgrade` sees it; the old shape then goes to `store/upgrade.rs` and the format byte up.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format in which everything is written today. Older ones are read for ever.
pub const FORMAT: u8 = 1;

/// Why stored bytes could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unreadable {
    #[error("the value is empty")]
    Empty,
    #[error("the format {0} is not known")]
    Format(u8),
    #[error("{0}")]
    Bytes(String),
}

/// The bytes under which `value` is stored.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, Unreadable> {
    let mut out = vec![FORMAT];
    bincode::serde::encode_into_std_write(value, &mut out, bincode::config::standard())
        .map_err(|error| Unreadable::Bytes(error.to_string()))?;
    Ok(out)
}

/// What `bytes` hold; none may be left over.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    match bytes.split_first() {
        None => Err(Unreadable::Empty),
        Some((&FORMAT, body)) => {
            let (value, read) = bincode::serde::decode_from_slice(body, bincode::config::standard())
                .map_err(|error| Unreadable::Bytes(error.to_string()))?;
            if read == body.len() { Ok(value) } else { Err(Unreadable::Bytes("bytes are left over".into())) }
        }
        Some((other, _)) => Err(Unreadable::Format(*other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(value: (String, Option<u64>, Vec<i16>)) {
            let bytes = encode(&value).unwrap();
            prop_assert_eq!(decode::<(String, Option<u64>, Vec<i16>)>(&bytes).unwrap(), value);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = decode::<(String, Option<u64>, Vec<(u8, String)>)>(&bytes);
        }
    }

    #[test]
    fn bytes_left_over_and_unknown_formats_are_refused() {
        let mut bytes = encode(&7_u32).unwrap();
        bytes.push(0);
        assert!(decode::<u32>(&bytes).is_err());
        assert!(matches!(decode::<u32>(&[9, 7]), Err(Unreadable::Format(9))));
        assert!(matches!(decode::<u32>(&[]), Err(Unreadable::Empty)));
    }
}
