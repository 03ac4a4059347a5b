//! Proofs: that someone may do something somewhere. They hold ids and rights, never content: what a use case relies on,
//! it reads again inside its own transaction.

use std::sync::Arc;

use super::permission::{Narrow, Permission};
use crate::clock::Time;
use crate::codec::key::Key;
use crate::error::{Code, Error, Result};
use crate::id::{BaseId, Ids, SpaceId, TableId};
use crate::kv::Keyspace;
use crate::model::change::Actor;
use crate::model::scope::Scopes;
use crate::model::token::Narrowing;

/// A key within one space. Its fields are private: only a place makes one, and only this floor makes a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpaceKey {
    of: Keyspace,
    key: Key,
}

impl SpaceKey {
    pub fn of(&self) -> Keyspace {
        self.of
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.key.as_bytes()
    }

    /// As the engine takes it.
    pub fn as_pair(&self) -> (Keyspace, &[u8]) {
        (self.of, self.key.as_bytes())
    }

    /// The first key after all those that begin with this one.
    pub fn after_prefix(&self) -> Vec<u8> {
        self.key.after_prefix()
    }
}

/// Where a proof holds.
pub trait Place: Clone + std::fmt::Debug + Send + Sync + 'static {
    /// Checks that a narrowed token may act here.
    fn check_narrow(&self, narrow: Narrow, narrowing: &Narrowing) -> Result<()>;
}

/// No place: a call about the caller itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nowhere;

/// In a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InSpace {
    space: SpaceId,
}

/// In a base of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InBase {
    space: SpaceId,
    base: BaseId,
}

/// In a table of a base of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTable {
    space: SpaceId,
    base: BaseId,
    table: TableId,
}

/// A place inside of a space.
pub trait Inside: Place {
    fn in_space(&self) -> InSpace;
    /// What writers here contend on: the table's prefix, or the space's.
    fn turn(&self) -> Vec<u8>;
}

impl Inside for InSpace {
    fn in_space(&self) -> InSpace {
        *self
    }
    fn turn(&self) -> Vec<u8> {
        Key::new().id(self.space).into_bytes()
    }
}

impl Inside for InBase {
    fn in_space(&self) -> InSpace {
        InSpace { space: self.space }
    }
    fn turn(&self) -> Vec<u8> {
        Key::new().id(self.space).into_bytes()
    }
}

impl Inside for InTable {
    fn in_space(&self) -> InSpace {
        InSpace { space: self.space }
    }
    fn turn(&self) -> Vec<u8> {
        Key::new().id(self.space).id(self.table).into_bytes()
    }
}

impl InSpace {
    pub(super) fn new(space: SpaceId) -> InSpace {
        InSpace { space }
    }

    pub fn space(&self) -> SpaceId {
        self.space
    }

    /// A key of this space.
    pub fn key(&self, of: Keyspace, tail: impl FnOnce(Key) -> Key) -> SpaceKey {
        SpaceKey { of, key: tail(Key::new().id(self.space)) }
    }

    pub(super) fn base(self, base: BaseId) -> InBase {
        InBase { space: self.space, base }
    }
}

impl InBase {
    pub fn base(&self) -> BaseId {
        self.base
    }

    pub(super) fn table(self, table: TableId) -> InTable {
        InTable { space: self.space, base: self.base, table }
    }

    /// The place of one of its tables, of which the caller knows that it is: it is being made here, or was found in the
    /// base's own list.
    pub fn in_table(&self, table: TableId) -> InTable {
        self.table(table)
    }
}

impl InTable {
    pub fn table(&self) -> TableId {
        self.table
    }

    pub fn base(&self) -> BaseId {
        self.base
    }

    pub fn in_base(&self) -> InBase {
        InBase { space: self.space, base: self.base }
    }

    /// A key of this table.
    pub fn key(&self, of: Keyspace, tail: impl FnOnce(Key) -> Key) -> SpaceKey {
        SpaceKey { of, key: tail(Key::new().id(self.space).id(self.table)) }
    }
}

fn allowed(fits: bool) -> Result<()> {
    if fits { Ok(()) } else { Err(Error::plain(Code::TokenNarrowed)) }
}

impl Place for Nowhere {
    fn check_narrow(&self, narrow: Narrow, narrowing: &Narrowing) -> Result<()> {
        allowed(match narrow {
            Narrow::Filters => true,
            Narrow::Whole | Narrow::Never => !narrowing.is_narrow(),
        })
    }
}

impl Place for InSpace {
    fn check_narrow(&self, narrow: Narrow, narrowing: &Narrowing) -> Result<()> {
        allowed(match narrow {
            Narrow::Filters => true,
            Narrow::Whole | Narrow::Never => !narrowing.is_narrow(),
        })
    }
}

impl Place for InBase {
    fn check_narrow(&self, narrow: Narrow, narrowing: &Narrowing) -> Result<()> {
        // A base of which only some tables are reached is not reached as a whole.
        allowed(match narrow {
            Narrow::Filters => true,
            Narrow::Whole => narrowing.tables.is_none(),
            Narrow::Never => !narrowing.is_narrow(),
        })
    }
}

impl Place for InTable {
    fn check_narrow(&self, narrow: Narrow, narrowing: &Narrowing) -> Result<()> {
        // A table that is seen is reached as a whole.
        allowed(match narrow {
            Narrow::Filters | Narrow::Whole => true,
            Narrow::Never => !narrowing.is_narrow(),
        })
    }
}

/// How far a caller reaches: all that a proof carries besides its place.
#[derive(Clone, Debug)]
pub struct Reach {
    pub actor: Actor,
    pub scopes: Scopes,
    pub narrowing: Narrowing,
    /// When the token ends, if it does.
    pub expires_at: Option<Time>,
    /// Of the request, for the change log.
    pub request: Arc<str>,
}

impl Reach {
    pub fn sees_base(&self, base: BaseId, tables: &[TableId]) -> bool {
        self.narrowing.bases.as_ref().is_none_or(|bases| bases.contains(&base))
            && self
                .narrowing
                .tables
                .as_ref()
                .is_none_or(|held| tables.iter().any(|table| held.contains(table)))
    }

    pub fn sees_table(&self, base: BaseId, table: TableId) -> bool {
        self.narrowing.bases.as_ref().is_none_or(|bases| bases.contains(&base))
            && self.narrowing.tables.as_ref().is_none_or(|tables| tables.contains(&table))
    }
}

/// A proof that the caller may do `P` at its place.
#[derive(Debug)]
pub struct Access<P: Permission> {
    reach: Arc<Reach>,
    place: P::Place,
}

impl<P: Permission> Clone for Access<P> {
    fn clone(&self) -> Self {
        Access { reach: self.reach.clone(), place: self.place.clone() }
    }
}

impl<P: Permission> Access<P> {
    pub(super) fn new(reach: Arc<Reach>, place: P::Place) -> Access<P> {
        Access { reach, place }
    }

    pub fn place(&self) -> &P::Place {
        &self.place
    }

    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    pub fn actor(&self) -> Actor {
        self.reach.actor
    }
}

impl<P: Permission<Place = Nowhere>> Access<P> {
    /// The place of a space that is being made. Its id is drawn here, so nothing can stand there yet.
    pub fn new_space(&self, ids: &Ids, now: Time) -> InSpace {
        InSpace { space: ids.draw(now) }
    }
}

/// The one proof that is nobody's: of the command line and the server's own jobs. It makes places in any space, and no
/// request can get one: it is made in `cli.rs` and `server.rs` only, which `tests/architecture.rs` holds.
#[derive(Clone, Copy, Debug)]
pub struct Operator(());

impl Operator {
    /// Call this only where a person at the machine, or the server itself, is the one who acts.
    pub fn assume() -> Operator {
        Operator(())
    }

    fn reach() -> Arc<Reach> {
        Arc::new(Reach {
            actor: Actor::Operator,
            scopes: Scopes::all(),
            narrowing: Narrowing::default(),
            expires_at: None,
            request: "operator".into(),
        })
    }

    pub fn nowhere<P: Permission<Place = Nowhere>>(self) -> Access<P> {
        Access::new(Operator::reach(), Nowhere)
    }

    pub fn space<P: Permission<Place = InSpace>>(self, space: SpaceId) -> Access<P> {
        Access::new(Operator::reach(), InSpace { space })
    }

    pub fn base<P: Permission<Place = InBase>>(self, space: SpaceId, base: BaseId) -> Access<P> {
        Access::new(Operator::reach(), InBase { space, base })
    }

    pub fn table<P: Permission<Place = InTable>>(
        self,
        space: SpaceId,
        base: BaseId,
        table: TableId,
    ) -> Access<P> {
        Access::new(Operator::reach(), InTable { space, base, table })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    #[test]
    fn narrowed_tokens_act_only_where_all_of_it_is_theirs() {
        let (space, base, table) =
            (SpaceId::from_bytes([1; 16]), BaseId::from_bytes([2; 16]), TableId::from_bytes([3; 16]));
        let all = Narrowing::default();
        let to_base = Narrowing { bases: Some(vec![base]), tables: None };
        let to_table = Narrowing { bases: None, tables: Some(vec![table]) };
        let in_space = InSpace { space };
        let (in_base, in_table) = (in_space.base(base), in_space.base(base).table(table));
        // Of no narrowing, one to bases, one to tables.
        for (narrow, nowhere, space, base, table) in [
            (Narrow::Filters, [true; 3], [true; 3], [true; 3], [true; 3]),
            (Narrow::Whole, [true, false, false], [true, false, false], [true, true, false], [true; 3]),
            (
                Narrow::Never,
                [true, false, false],
                [true, false, false],
                [true, false, false],
                [true, false, false],
            ),
        ] {
            for (n, narrowing) in [&all, &to_base, &to_table].into_iter().enumerate() {
                let fits = |place: &dyn Fn() -> Result<()>| place().is_ok();
                assert_eq!(fits(&|| Nowhere.check_narrow(narrow, narrowing)), nowhere[n], "{narrow:?} {n}");
                assert_eq!(fits(&|| in_space.check_narrow(narrow, narrowing)), space[n], "{narrow:?} {n}");
                assert_eq!(fits(&|| in_base.check_narrow(narrow, narrowing)), base[n], "{narrow:?} {n}");
                assert_eq!(fits(&|| in_table.check_narrow(narrow, narrowing)), table[n], "{narrow:?} {n}");
            }
        }
    }
}
