//! Floor 5: nouns to keys and back. `schema.rs` is the map of the whole database on one page.
//!
//! Functions take a [`Read`] or [`Write`](crate::kv::Write) and a place or proof, which makes the keys. What belongs
//! together is written together: a record with its unique keys, its table's head and the entry in the change log.

pub mod base;
pub mod change;
pub mod copy;
pub mod instance;
pub mod kept;
pub mod lease;
pub mod login;
pub mod membership;
pub mod name;
pub mod record;
pub mod schema;
pub mod session;
pub mod space;
pub mod sweep;
pub mod table;
pub mod token;
pub mod upgrade;
pub mod usage;
pub mod user;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::access::SpaceKey;
use crate::codec::value::{self, Unreadable};
use crate::error::{Code, Error, Result};
use crate::kv::{self, Bytes, Keyspace, Read, Write};

impl From<kv::Error> for Error {
    fn from(error: kv::Error) -> Error {
        let code = match error {
            kv::Error::Unknown(_) => Code::CommitUnknown,
            kv::Error::ReadOnly => Code::ReadOnly,
            kv::Error::Expired | kv::Error::Held | kv::Error::Away(_) => Code::Unavailable,
            kv::Error::TooLarge(_) => {
                return Error::new(Code::TooManyRecords, format!("The change is too large: {error}."));
            }
            kv::Error::KeyTooLong(_) | kv::Error::Corrupt(_) | kv::Error::Broken(_) | kv::Error::Wanted => {
                Code::Internal
            }
        };
        let expired = matches!(error, kv::Error::Expired);
        let plain = Error { expired, ..Error::plain(code).caused_by(error) };
        if code.status() == 503 { plain.retry_after(1) } else { plain }
    }
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Error {
        Error::internal(format!("stored bytes can't be read: {error}"))
    }
}

/// The value of one key.
fn get_one<T: DeserializeOwned>(read: &(impl Read + ?Sized), of: Keyspace, key: &[u8]) -> Result<Option<T>> {
    let found = read.get(&[(of, key)])?;
    decode(found.into_iter().next().flatten())
}

/// The values of several keys of one space, in the order asked.
fn get_many<T: DeserializeOwned>(read: &(impl Read + ?Sized), keys: &[SpaceKey]) -> Result<Vec<Option<T>>> {
    let pairs: Vec<_> = keys.iter().map(SpaceKey::as_pair).collect();
    read.get(&pairs)?.into_iter().map(decode).collect()
}

fn decode<T: DeserializeOwned>(bytes: Option<Bytes>) -> Result<Option<T>> {
    Ok(bytes.map(|bytes| value::decode(&bytes)).transpose()?)
}

fn put<T: Serialize>(txn: &mut dyn Write, key: &SpaceKey, what: &T) -> Result<()> {
    txn.put(key.of(), key.as_bytes(), &value::encode(what)?);
    Ok(())
}

fn delete(txn: &mut dyn Write, key: &SpaceKey) {
    txn.delete(key.of(), key.as_bytes());
}

/// Reads what stood under [`space::catalog_number_key`]; `None` if the space is gone.
pub fn catalog_number(bytes: Option<Bytes>) -> Result<Option<u64>> {
    decode(bytes)
}

/// Reads what stood under [`table::head_key`].
pub fn head(bytes: Option<Bytes>) -> Result<crate::model::table::Head> {
    Ok(decode(bytes)?.unwrap_or_default())
}
