//! Passwords: update. What else is done with them is signing in.

use std::net::IpAddr;
use std::sync::Arc;

use super::Core;
use super::auth::{hashed, me};
use super::door::Weight;
use super::login::Attempt;
use super::session::sessions_delete_but;
use crate::access::{Password, PasswordHash, Person};
use crate::error::{Code, Error, Result};
use crate::kv::{Outcome, Write};
use crate::model::user::User;
use crate::store;

/// The password that a person has and the one that they want.
pub struct PasswordPatch {
    pub current: Password,
    pub new: Password,
}

/// Not a 401: the session is good, and its page has no reason to ask for a new one.
fn wrong() -> Error {
    Error::fault("/currentPassword", Code::WrongPassword, Code::WrongPassword.title())
        .with_code(Code::WrongPassword)
}

/// Changes the password of a person who knows the one that they have, and ends all of their other sessions. Failures count
/// with those of signing in, so that who has taken a session gets no guesses of its own.
pub async fn password_update(
    core: &Arc<Core>,
    person: &Person,
    address: IpAddr,
    sent: PasswordPatch,
) -> Result<()> {
    let user = me(core, person).await?;
    let attempt = Attempt::begin(core, address, Some(&user.email)).await?;
    let held = PasswordHash(user.password.clone());
    let hash = hashed(core, move || sent.current.fits(&held)?.then(|| sent.new.hash()).transpose());
    let hash = hash.await?.ok_or_else(wrong)?;
    let (session, cookie) = (person.session, person.hash);
    let body = move |write: &mut dyn Write| {
        // Both may have gone while the hash was made.
        if store::session::session_get(&*write, &cookie)?.is_none() {
            return Err(Error::unauthorized());
        }
        let there = store::user::user_get(&*write, user.id)?.ok_or_else(Error::unauthorized)?;
        if there.password != user.password {
            return Err(wrong());
        }
        attempt.succeed(write)?;
        store::user::user_put(write, &User { password: hash.0.clone(), ..there })?;
        sessions_delete_but(write, user.id, session)?;
        Ok((Outcome::Keep, ()))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await
}
