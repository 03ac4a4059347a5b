//! Sessions: create, list, touch, delete. A session is read anew by each request, so one that has ended is refused from the
//! next request on.

use std::sync::Arc;

use super::Core;
use super::auth::SignedIn;
use super::door::Weight;
use super::login::Attempt;
use crate::access::{Person, PlainSession, SessionHash};
use crate::clock::Time;
use crate::error::{Code, Error, Result};
use crate::id::{Id, SessionId, UserId};
use crate::kv::{Outcome, Write};
use crate::limits::{SESSION_SECONDS, SESSION_TOUCH_SECONDS, SESSIONS_MAX};
use crate::model::change::Actor;
use crate::model::session::{Agent, Session};
use crate::model::user::User;
use crate::store;
use crate::store::session::Found;

fn not_found() -> Error {
    Error::plain(Code::SessionNotFound)
}

/// Signs in a person whose password was found to fit, by an attempt that thereby has succeeded.
pub(super) async fn session_create(
    core: &Arc<Core>,
    user: User,
    agent: Option<Agent>,
    attempt: Option<Attempt>,
) -> Result<SignedIn> {
    let secret = PlainSession::generate();
    let (hash, inside, known) = (secret.hash(), core.clone(), user.clone());
    let body = move |write: &mut dyn Write| {
        // A password that was changed since it was looked at opens nothing any more.
        let there = store::user::user_get(&*write, known.id)?;
        if there.is_none_or(|there| there.password != known.password) {
            return Err(Error::plain(Code::WrongCredentials));
        }
        if let Some(attempt) = &attempt {
            attempt.succeed(write)?;
        }
        sessions_trim(write, known.id)?;
        let now = inside.clock.now();
        let session = Session {
            id: inside.ids.draw(now),
            user: known.id,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus_seconds(SESSION_SECONDS),
        };
        store::session::session_create(write, &hash, &session, agent.as_ref())?;
        Ok((Outcome::Keep, session))
    };
    let session = core.door.write(core, Weight::Light, Vec::new(), body).await?;
    Ok(SignedIn { user, session, secret })
}

/// Ends the oldest sessions of a person where there is no room for one more: what ends all of them is then never too large
/// for one transaction.
fn sessions_trim(write: &mut dyn Write, user: UserId) -> Result<()> {
    let mut listed = store::session::session_list(&*write, user, None, usize::MAX)?;
    listed.truncate((listed.len() + 1).saturating_sub(SESSIONS_MAX));
    if listed.is_empty() {
        return Ok(());
    }
    for found in store::session::sessions_get(&*write, user, &listed, Time::from_millis(0))? {
        store::session::session_delete(write, &found.hash, &found.session);
    }
    Ok(())
}

/// The sessions of a person that have not ended, in order of their ids: those after `after`, and after which one the list
/// goes on. A page is shorter than `limit` where some of it have ended and are not swept yet.
pub async fn session_list(
    core: &Arc<Core>,
    person: &Person,
    after: Option<SessionId>,
    limit: usize,
) -> Result<(Vec<Found>, Option<SessionId>)> {
    let user = person.user;
    let list = move |core: &Core| {
        let (read, now) = (core.engine.read()?, core.clock.now());
        let mut listed = store::session::session_list(read.as_ref(), user, after, limit + 1)?;
        let more = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().map(|last| last.id).filter(|_| more);
        Ok((store::session::sessions_get(read.as_ref(), user, &listed, now)?, next))
    };
    core.door.read(core, Weight::Light, list).await
}

/// Reads the id of a session from a path.
pub fn session_id(meant: &str) -> Result<SessionId> {
    SessionId::parse(meant).ok_or_else(not_found)
}

/// Refuses what is not the id of a session of the caller's.
pub async fn session_check(core: &Arc<Core>, caller: Actor, meant: &str) -> Result<()> {
    let (Actor::User(user), id) = (caller, session_id(meant)?) else { return Err(not_found()) };
    let find = move |core: &Core| {
        store::session::session_of_user(core.engine.read()?.as_ref(), user, id, core.clock.now())
    };
    core.door.read(core, Weight::Light, find).await?.map(drop).ok_or_else(not_found)
}

/// Ends a session of a person's; another one's is none for them.
pub async fn session_delete(core: &Arc<Core>, person: &Person, id: SessionId) -> Result<()> {
    let (inside, user) = (core.clone(), person.user);
    let body = move |write: &mut dyn Write| {
        let found = store::session::session_of_user(&*write, user, id, inside.clock.now())?;
        let found = found.ok_or_else(not_found)?;
        store::session::session_delete(write, &found.hash, &found.session);
        Ok((Outcome::Keep, ()))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await
}

/// Ends all sessions of a person but one.
pub(super) fn sessions_delete_but(write: &mut dyn Write, user: UserId, kept: SessionId) -> Result<()> {
    let mut listed = store::session::session_list(&*write, user, None, usize::MAX)?;
    listed.retain(|one| one.id != kept);
    for found in store::session::sessions_get(&*write, user, &listed, Time::from_millis(0))? {
        store::session::session_delete(write, &found.hash, &found.session);
    }
    Ok(())
}

/// Ends the session that is calling; one that has ended meanwhile is fine too.
pub async fn logout(core: &Arc<Core>, person: &Person) -> Result<()> {
    let hash = person.hash;
    session_change(core, hash, move |write, session, _| {
        store::session::session_delete(write, &hash, session);
        Ok(())
    })
    .await
}

/// Notes that a session was used, at most once an hour; its end moves along. That is done in the background, one session at
/// a time: a request does not wait for those who write, and is answered where nothing can be written. A session that is not
/// noted now is at its next request.
pub fn session_touch(core: &Arc<Core>, person: &Person) {
    let due = person.last_used_at.plus_seconds(SESSION_TOUCH_SECONDS);
    if core.clock.now() < due {
        return;
    }
    let Ok(turn) = core.touching.clone().try_acquire_owned() else { return };
    let (core, hash) = (core.clone(), person.hash);
    tokio::spawn(async move {
        let touched = session_change(&core, hash, move |write, before, now| {
            let expires_at = now.plus_seconds(SESSION_SECONDS);
            let session = Session { last_used_at: now, expires_at, ..before.clone() };
            store::session::session_put(write, &hash, &session, Some(before))
        });
        if let Err(error) = touched.await {
            let cause = error.cause().map(|cause| cause.for_log().to_owned()).unwrap_or_default();
            tracing::warn!(code = error.code.name(), cause, "noting that a session was used failed");
        }
        drop(turn);
    });
}

async fn session_change(
    core: &Arc<Core>,
    hash: SessionHash,
    change: impl Fn(&mut dyn Write, &Session, Time) -> Result<()> + Send + 'static,
) -> Result<()> {
    let inside = core.clone();
    let body = move |write: &mut dyn Write| {
        if let Some(session) = store::session::session_get(&*write, &hash)? {
            change(write, &session, inside.clock.now())?;
        }
        Ok((Outcome::Keep, ()))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Password;
    use crate::model::user::Email;
    use crate::service::CoreOptions;
    use crate::service::auth::user_create;

    #[tokio::test]
    async fn a_password_that_was_changed_meanwhile_signs_nobody_in() {
        let core = Core::open(Arc::new(crate::kv::memory::Memory::new()), CoreOptions::default()).unwrap();
        let email = Email::parse("ann@example.com").unwrap();
        let password = Password::parse("correct-horse").ok().unwrap();
        let user = user_create(&core, email, password, true).await.unwrap();
        assert!(session_create(&core, user.clone(), None, None).await.is_ok());
        let changed = User { password: "$argon2id$other".into(), ..user.clone() };
        let body = move |write: &mut dyn Write| Ok((Outcome::Keep, store::user::user_put(write, &changed)?));
        core.door.write(&core, Weight::Light, Vec::new(), body).await.unwrap();
        let refused = session_create(&core, user, None, None).await.err().unwrap();
        assert_eq!(refused.code, Code::WrongCredentials);
    }
}
