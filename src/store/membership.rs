//! Who belongs to which spaces, both ways round.

use std::ops::ControlFlow;

use super::schema::{MEMBER, SPACE_MEMBER};
use super::{get_one, put};
use crate::access::InSpace;
use crate::codec::key::{Key, Parts};
use crate::codec::value;
use crate::error::Result;
use crate::id::{Id, SpaceId, UserId};
use crate::kv::{Read, Way, Write};
use crate::model::change::Actor;
use crate::model::membership::Membership;

/// Under whom a space stands that this actor makes. What the command line makes is the operator's, who is no user.
pub fn member_of(actor: Actor) -> UserId {
    match actor {
        Actor::User(user) => user,
        Actor::Token(_) | Actor::Operator => UserId::from_bytes([0; 16]),
    }
}

fn key_of(user: UserId, space: SpaceId) -> Key {
    Key::new().id(user).id(space)
}

pub fn membership_exists(read: &(impl Read + ?Sized), user: UserId, space: SpaceId) -> Result<bool> {
    Ok(get_one::<Membership>(read, MEMBER, key_of(user, space).as_bytes())?.is_some())
}

/// Invariant: both keys are written, or none.
pub fn membership_put(
    txn: &mut dyn Write,
    user: UserId,
    space: InSpace,
    membership: &Membership,
) -> Result<()> {
    txn.put(MEMBER, key_of(user, space.space()).as_bytes(), &value::encode(membership)?);
    put(txn, &space.key(SPACE_MEMBER, |key| key.id(user)), membership)
}

/// The spaces that a user belongs to, in order of their ids.
pub fn membership_spaces(read: &(impl Read + ?Sized), user: UserId) -> Result<Vec<SpaceId>> {
    let prefix = Key::new().id(user);
    let mut spaces = Vec::new();
    read.scan(MEMBER, prefix.as_bytes()..&prefix.after_prefix(), Way::Up, &mut |key, _| {
        let mut parts = Parts(key);
        parts.id::<UserId>();
        spaces.extend(parts.id::<SpaceId>());
        ControlFlow::Continue(())
    })?;
    Ok(spaces)
}

/// The people of a space.
pub fn membership_users(read: &(impl Read + ?Sized), space: InSpace) -> Result<Vec<UserId>> {
    let prefix = space.key(SPACE_MEMBER, |key| key);
    let mut users = Vec::new();
    read.scan(SPACE_MEMBER, prefix.as_bytes()..&prefix.after_prefix(), Way::Up, &mut |key, _| {
        let mut parts = Parts(key);
        parts.id::<SpaceId>();
        users.extend(parts.id::<UserId>());
        ControlFlow::Continue(())
    })?;
    Ok(users)
}

/// Removes a user's side; the space's side is doomed with the space.
pub fn membership_unlink(txn: &mut dyn Write, user: UserId, space: SpaceId) {
    txn.delete(MEMBER, key_of(user, space).as_bytes());
}

/// The spaces that a person sees: their own, and for the owner the operator's too. In order of their ids.
pub fn spaces_seen(read: &(impl Read + ?Sized), user: UserId, owner: bool) -> Result<Vec<SpaceId>> {
    let mut spaces = membership_spaces(read, user)?;
    if owner {
        spaces.extend(membership_spaces(read, member_of(Actor::Operator))?);
        spaces.sort_unstable();
        spaces.dedup();
    }
    Ok(spaces)
}
