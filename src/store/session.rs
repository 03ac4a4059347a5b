//! Sessions: found by the hash of their cookie, listed by user, and ended by time.

use std::ops::ControlFlow;

use super::schema::{SESSION, SESSION_AGENT, USER_SESSION};
use super::{decode, get_one, sweep};
use crate::access::SessionHash;
use crate::clock::Time;
use crate::codec::key::{Key, Parts};
use crate::codec::value;
use crate::error::Result;
use crate::id::{SessionId, UserId};
use crate::kv::{Keyspace, Read, Way, Write};
use crate::model::session::{Agent, Session};

/// A session as its user's list leads to it.
pub struct Listed {
    pub id: SessionId,
    pub hash: SessionHash,
}

/// A session with all that is kept of it.
pub struct Found {
    pub hash: SessionHash,
    pub session: Session,
    pub agent: Option<Agent>,
}

fn key_of(hash: &SessionHash) -> Key {
    Key::new().fixed(&hash.0)
}

fn user_key(user: UserId, session: SessionId) -> Key {
    Key::new().id(user).id(session)
}

/// All keys of a session; each of them ends with it.
fn keys_of(hash: &SessionHash, session: &Session) -> [(Keyspace, Key); 3] {
    let by_user = user_key(session.user, session.id);
    [(SESSION, key_of(hash)), (USER_SESSION, by_user.clone()), (SESSION_AGENT, by_user)]
}

fn ends_delete(txn: &mut dyn Write, hash: &SessionHash, session: &Session) {
    for (of, key) in keys_of(hash, session) {
        sweep::expiry_delete(txn, session.expires_at, of, key.as_bytes());
    }
}

pub fn session_get(read: &(impl Read + ?Sized), hash: &SessionHash) -> Result<Option<Session>> {
    get_one(read, SESSION, key_of(hash).as_bytes())
}

/// Writes a new session.
pub fn session_create(
    txn: &mut dyn Write,
    hash: &SessionHash,
    session: &Session,
    agent: Option<&Agent>,
) -> Result<()> {
    if let Some(agent) = agent {
        txn.put(SESSION_AGENT, user_key(session.user, session.id).as_bytes(), &value::encode(agent)?);
    }
    session_put(txn, hash, session, None)
}

/// Writes a session; `before` is the same one until now, whose end no longer holds.
pub fn session_put(
    txn: &mut dyn Write,
    hash: &SessionHash,
    session: &Session,
    before: Option<&Session>,
) -> Result<()> {
    if let Some(before) = before {
        ends_delete(txn, hash, before);
    }
    txn.put(SESSION, key_of(hash).as_bytes(), &value::encode(session)?);
    txn.put(USER_SESSION, user_key(session.user, session.id).as_bytes(), &value::encode(&hash.0)?);
    for (of, key) in keys_of(hash, session) {
        sweep::expiry_put(txn, session.expires_at, of, key.as_bytes());
    }
    Ok(())
}

pub fn session_delete(txn: &mut dyn Write, hash: &SessionHash, session: &Session) {
    ends_delete(txn, hash, session);
    for (of, key) in keys_of(hash, session) {
        txn.delete(of, key.as_bytes());
    }
}

/// The first sessions of a user after `after`, in order of their ids, at most `limit`. Some may have ended: the sweeper has
/// not come by yet.
pub fn session_list(
    read: &(impl Read + ?Sized),
    user: UserId,
    after: Option<SessionId>,
    limit: usize,
) -> Result<Vec<Listed>> {
    let prefix = Key::new().id(user);
    let from = after.map_or_else(|| prefix.clone(), |after| user_key(user, after).u8(0));
    let mut rows = Vec::new();
    if limit == 0 {
        return Ok(Vec::new());
    }
    read.scan(USER_SESSION, from.as_bytes()..&prefix.after_prefix(), Way::Up, &mut |key, bytes| {
        let mut parts = Parts(key);
        parts.id::<UserId>();
        rows.push((parts.id::<SessionId>(), value::decode(bytes)));
        if rows.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let listed = rows.into_iter().filter_map(|(id, hash)| Some((id?, hash)));
    listed.map(|(id, hash)| Ok(Listed { id, hash: SessionHash(hash?) })).collect()
}

/// What is kept of these sessions of a user, but for those that have ended at `now`. One round trip.
pub fn sessions_get(
    read: &(impl Read + ?Sized),
    user: UserId,
    listed: &[Listed],
    now: Time,
) -> Result<Vec<Found>> {
    let keys = listed.iter().map(|Listed { id, hash }| (key_of(hash), user_key(user, *id)));
    let keys: Vec<_> = keys.collect();
    let pairs = keys
        .iter()
        .flat_map(|(session, agent)| [(SESSION, session.as_bytes()), (SESSION_AGENT, agent.as_bytes())]);
    let mut found = read.get(&pairs.collect::<Vec<_>>())?.into_iter();
    let mut sessions = Vec::new();
    for Listed { hash, .. } in listed {
        let (session, agent) = (found.next().flatten(), found.next().flatten());
        let session = decode::<Session>(session)?.filter(|session| session.expires_at > now);
        if let Some(session) = session {
            sessions.push(Found { hash: *hash, session, agent: decode(agent)? });
        }
    }
    Ok(sessions)
}

/// A session of a user that has not ended at `now`.
pub fn session_of_user(
    read: &(impl Read + ?Sized),
    user: UserId,
    id: SessionId,
    now: Time,
) -> Result<Option<Found>> {
    let hash = get_one::<[u8; 32]>(read, USER_SESSION, user_key(user, id).as_bytes())?;
    let Some(hash) = hash.map(SessionHash) else { return Ok(None) };
    Ok(sessions_get(read, user, &[Listed { id, hash }], now)?.pop())
}
