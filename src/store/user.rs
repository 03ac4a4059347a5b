//! Users, and their addresses.

use super::get_one;
use super::schema::{USER, USER_EMAIL};
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::{Code, Error, Result};
use crate::id::UserId;
use crate::kv::{Read, Write};
use crate::model::user::{Email, User};

fn key_of(user: UserId) -> Key {
    Key::new().id(user)
}

fn email_key(email: &Email) -> Key {
    Key::new().last(email.folded().as_bytes())
}

pub fn user_get(read: &(impl Read + ?Sized), user: UserId) -> Result<Option<User>> {
    get_one(read, USER, key_of(user).as_bytes())
}

/// The user who signs in with this address.
pub fn user_by_email(read: &(impl Read + ?Sized), email: &Email) -> Result<Option<User>> {
    match get_one::<UserId>(read, USER_EMAIL, email_key(email).as_bytes())? {
        Some(user) => user_get(read, user),
        None => Ok(None),
    }
}

/// Whether there is a user at all.
pub fn user_exists(read: &(impl Read + ?Sized)) -> Result<bool> {
    let mut found = false;
    read.scan(USER, &[]..Key::new().after_prefix().as_slice(), crate::kv::Way::Up, &mut |_, _| {
        found = true;
        std::ops::ControlFlow::Break(())
    })?;
    Ok(found)
}

/// Invariant: no two users share an address.
pub fn user_create(txn: &mut dyn Write, user: &User) -> Result<()> {
    let email = email_key(&user.email);
    if get_one::<UserId>(txn, USER_EMAIL, email.as_bytes())?.is_some() {
        return Err(Error::fault("/email", Code::NameTaken, "Someone has this e-mail address already."));
    }
    user_put(txn, user)?;
    txn.put(USER_EMAIL, email.as_bytes(), &value::encode(&user.id)?);
    Ok(())
}

/// Writes a user whose address is as it was.
pub fn user_put(txn: &mut dyn Write, user: &User) -> Result<()> {
    txn.put(USER, key_of(user.id).as_bytes(), &value::encode(user)?);
    Ok(())
}
