//! Sessions: found by the hash of their cookie, listed by user, and ended by time.

use super::schema::{SESSION, USER_SESSION};
use super::{get_one, sweep};
use crate::access::SessionHash;
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::Result;
use crate::kv::{Read, Write};
use crate::model::session::Session;

fn key_of(hash: &SessionHash) -> Key {
    Key::new().fixed(&hash.0)
}

fn user_key(session: &Session) -> Key {
    Key::new().id(session.user).id(session.id)
}

pub fn session_get(read: &(impl Read + ?Sized), hash: &SessionHash) -> Result<Option<Session>> {
    get_one(read, SESSION, key_of(hash).as_bytes())
}

/// Writes a new session, or one that was used again; `before` is its end so far.
pub fn session_put(
    txn: &mut dyn Write,
    hash: &SessionHash,
    session: &Session,
    before: Option<&Session>,
) -> Result<()> {
    let key = key_of(hash);
    if let Some(before) = before {
        sweep::expiry_delete(txn, before.expires_at, SESSION, key.as_bytes());
    }
    txn.put(SESSION, key.as_bytes(), &value::encode(session)?);
    txn.put(USER_SESSION, user_key(session).as_bytes(), &value::encode(&hash.0)?);
    sweep::expiry_put(txn, session.expires_at, SESSION, key.as_bytes());
    sweep::expiry_put(txn, session.expires_at, USER_SESSION, user_key(session).as_bytes());
    if let Some(before) = before {
        sweep::expiry_delete(txn, before.expires_at, USER_SESSION, user_key(before).as_bytes());
    }
    Ok(())
}

pub fn session_delete(txn: &mut dyn Write, hash: &SessionHash, session: &Session) {
    let key = key_of(hash);
    txn.delete(SESSION, key.as_bytes());
    txn.delete(USER_SESSION, user_key(session).as_bytes());
    sweep::expiry_delete(txn, session.expires_at, SESSION, key.as_bytes());
    sweep::expiry_delete(txn, session.expires_at, USER_SESSION, user_key(session).as_bytes());
}
