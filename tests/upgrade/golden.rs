//! Bytes beside those that are written down.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use undb::codec::value::{decode, encode};

pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[digit as usize]))
        .collect()
}

/// Where the bytes are not those that are written down; empty if all are.
#[derive(Default)]
pub struct Golden(Vec<String>);

impl Golden {
    pub fn bytes(&mut self, what: &str, found: &[u8], expected: &str) {
        if hex(found) != expected {
            self.0.push(format!("{what}: \"{}\"", hex(found)));
        }
    }

    /// A value that encodes to these bytes, and comes back from them.
    pub fn value<T: Serialize + DeserializeOwned>(&mut self, what: &str, value: &T, expected: &str) {
        let bytes = encode(value).unwrap();
        self.bytes(what, &bytes, expected);
        let again = decode::<T>(&bytes).unwrap();
        assert_eq!(encode(&again).unwrap(), bytes, "{what}");
    }

    /// The same for one that can be compared.
    pub fn same<T: Serialize + DeserializeOwned + PartialEq + Debug>(
        &mut self,
        what: &str,
        value: &T,
        expected: &str,
    ) {
        self.value(what, value, expected);
        assert_eq!(&decode::<T>(&encode(value).unwrap()).unwrap(), value);
    }

    #[track_caller]
    pub fn check(self) {
        assert!(
            self.0.is_empty(),
            "stored bytes have changed, and with them the format of the database:\n{}",
            self.0.join("\n")
        );
    }
}
