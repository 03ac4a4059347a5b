//! People: setting up the first one, and making others.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use rand::RngExt;

use super::Core;
use super::door::{Weight, blocking};
use super::login::Attempt;
use super::session::session_create;
use crate::access::{Operator, Password, Person, PlainSession};
use crate::error::{Code, Error, Result};
use crate::kv::{Outcome, Write};
use crate::model::session::{Agent, Session};
use crate::model::user::{Email, User};
use crate::store;

/// What a setup code is made of: 32 characters of which no two look alike, so that twelve of them are 60 bits.
const CODE_DIGITS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// What the instance's key is used for here: its other uses get other keys of it.
const SECRET: &str = "undb 2026-12 the one-time code that makes the owner";

/// A person who has just signed in, and the secret of their session's cookie.
pub struct SignedIn {
    pub user: User,
    pub session: Session,
    pub secret: PlainSession,
}

/// Where an attempt to sign in comes from.
pub struct Visitor {
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: Option<Agent>,
}

/// What the login form holds.
pub struct Credentials {
    pub email: Email,
    pub password: Password,
}

/// Makes the owner, with the one-time code that the first start printed, and signs them in.
pub async fn setup(core: &Arc<Core>, code: &str, visitor: Visitor, owner: Credentials) -> Result<SignedIn> {
    if owner_exists(core).await? {
        return Err(Error::plain(Code::SetupDone));
    }
    let attempt = Attempt::begin(core, visitor.address, None).await?;
    let expected = core.setup_code.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // Hashes are compared, in constant time: how much of a guess is right must not show.
    let fits = expected
        .is_some_and(|expected| blake3::hash(expected.as_bytes()) == blake3::hash(code.trim().as_bytes()));
    if !fits {
        return Err(Error::plain(Code::WrongCode));
    }
    let user = user_create(core, owner.email, owner.password, true).await?;
    core.setup_code.lock().unwrap_or_else(PoisonError::into_inner).take();
    session_create(core, user, visitor.agent, Some(attempt)).await
}

/// Draws the one-time code that makes the owner, and holds it until there is one. `None` if there is already. Processes that
/// share a store have the same one, since a form may be answered by another process than the one whose log has the code.
pub async fn setup_code_draw(core: &Arc<Core>, _operator: Operator) -> Result<Option<String>> {
    if owner_exists(core).await? {
        return Ok(None);
    }
    let drawn: [u8; 32] = if core.engine.waits_on_network() {
        blake3::derive_key(SECRET, &core.instance.key)
    } else {
        rand::rng().random()
    };
    let digit = |byte: &u8| CODE_DIGITS.get(usize::from(byte % 32)).map_or('2', |b| char::from(*b));
    let groups: Vec<String> =
        drawn.chunks(4).take(3).map(|group| group.iter().map(digit).collect()).collect();
    let code = groups.join("-");
    *core.setup_code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code.clone());
    Ok(Some(code))
}

/// Whether somebody owns the instance, so that there is nothing to set up.
pub async fn owner_exists(core: &Arc<Core>) -> Result<bool> {
    let look = |core: &Core| store::user::user_exists(core.engine.read()?.as_ref());
    core.door.read(core, Weight::Light, look).await
}

/// Makes a user; the first one owns the instance. `only_first` refuses to make another one.
pub async fn user_create(
    core: &Arc<Core>,
    email: Email,
    password: Password,
    only_first: bool,
) -> Result<User> {
    let hash = hashed(core, move || password.hash()).await?;
    let inside = core.clone();
    let body = move |write: &mut dyn Write| {
        let owner = !store::user::user_exists(&*write)?;
        if only_first && !owner {
            return Err(Error::plain(Code::SetupDone));
        }
        let now = inside.clock.now();
        let id = inside.ids.draw(now);
        let user = User { id, email: email.clone(), password: hash.0.clone(), owner, created_at: now };
        store::user::user_create(write, &user)?;
        Ok((Outcome::Keep, user))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await
}

/// Hashing is work for the pool, and bounded: each takes 19 MiB.
pub(super) async fn hashed<T: Send + 'static>(
    core: &Arc<Core>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    // The turn goes along into the pool: a client who leaves takes the future away, and the hashing goes on.
    let turn = core.hashing.clone().acquire_owned().await.map_err(Error::internal)?;
    blocking(move || {
        let _turn = turn;
        work()
    })
    .await
}

/// The person of a session.
pub async fn me(core: &Arc<Core>, person: &Person) -> Result<User> {
    let id = person.user;
    let find = move |core: &Core| store::user::user_get(core.engine.read()?.as_ref(), id);
    core.door.read(core, Weight::Light, find).await?.ok_or_else(Error::unauthorized)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_leaves_while_hashing_goes_on_keeps_the_turn() {
        let core =
            Core::open(Arc::new(crate::kv::memory::Memory::new()), super::super::CoreOptions::default());
        let core = core.unwrap();
        let all = core.hashing.available_permits();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = hashed(&core, move || Ok(ended.recv().is_ok()));
        let left = tokio::time::timeout(std::time::Duration::from_millis(20), work).await;
        assert!(left.is_err(), "the client has left");
        assert_eq!(core.hashing.available_permits(), all - 1);
        end.send(()).unwrap();
        while core.hashing.available_permits() < all {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}
