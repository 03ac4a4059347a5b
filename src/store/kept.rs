//! Answers kept for a day under the Idempotency-Key of the request that they answered.

use serde::{Deserialize, Serialize};

use super::schema::KEPT;
use super::sweep;
use crate::clock::Time;
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::Result;
use crate::id::Id;
use crate::kv::{Bytes, Write};
use crate::limits::IDEMPOTENCY_SECONDS;
use crate::model::change::Actor;

/// An answer as it is sent; opaque to every floor but the topmost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

/// An answer and what it answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The hash of method, path with query, and body.
    pub fingerprint: [u8; 32],
    pub expires_at: Time,
    pub answer: Answer,
}

/// The key of a caller's Idempotency-Key.
pub fn kept_key(caller: Actor, idempotency_key: &str) -> Key {
    let hash = *blake3::hash(idempotency_key.as_bytes()).as_bytes();
    let (kind, id) = match caller {
        Actor::Operator => (0, [0; 16]),
        Actor::User(user) => (1, user.to_bytes()),
        Actor::Token(token) => (2, token.to_bytes()),
    };
    Key::new().u8(kind).fixed(&id).fixed(&hash)
}

/// What stood under an Idempotency-Key.
#[derive(Debug)]
pub enum Held {
    Nothing,
    /// An answer whose day is over, and when that was: the sweeper has not come by yet.
    Over(Time),
    Good(Kept),
}

/// Reads what stood under the key.
pub fn kept_read(bytes: Option<Bytes>, now: Time) -> Result<Held> {
    Ok(match super::decode::<Kept>(bytes)? {
        None => Held::Nothing,
        Some(kept) if kept.expires_at <= now => Held::Over(kept.expires_at),
        Some(kept) => Held::Good(kept),
    })
}

/// Keeps an answer: call it in the transaction of the effect. `over` is the end of an answer that it takes the place of:
/// the row of that end would have the sweeper remove the new one.
pub fn kept_put(
    txn: &mut dyn Write,
    key: &Key,
    over: Option<Time>,
    now: Time,
    fingerprint: [u8; 32],
    answer: Answer,
) -> Result<()> {
    if let Some(over) = over {
        sweep::expiry_delete(txn, over, KEPT, key.as_bytes());
    }
    let expires_at = now.plus_seconds(IDEMPOTENCY_SECONDS);
    txn.put(KEPT, key.as_bytes(), &value::encode(&Kept { fingerprint, expires_at, answer })?);
    sweep::expiry_put(txn, expires_at, KEPT, key.as_bytes());
    Ok(())
}
