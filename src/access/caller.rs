//! Callers: a token or a signed-in person, and how they come to their proofs.

use std::sync::Arc;

use super::permission::{Need, Permission};
use super::proof::{Access, InBase, InSpace, InTable, Nowhere, Place, Reach};
use super::session::{PlainSession, SessionHash};
use super::token::PlainToken;
use super::usage::Uses;
use crate::clock::{Clock, Time};
use crate::error::{Code, Error, Result};
use crate::id::{BaseId, Id, SessionId, SpaceId, TableId, TokenId, UserId};
use crate::model::change::Actor;
use crate::model::scope::Scopes;
use crate::model::token::{Narrowing, SecretHash};
use crate::model::usage::Day;

/// What a request says of who is calling.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The header `x-undb-api-token`; where it is there, it alone counts.
    pub token: Option<&'a [u8]>,
    /// The session cookie.
    pub cookie: Option<&'a str>,
    /// Whether a browser says that the request comes from a page of another origin.
    pub foreign: bool,
    pub request: &'a Arc<str>,
    pub now: Time,
}

/// A token by one of its secrets, as a cache holds it.
#[derive(Debug)]
pub struct TokenRights {
    pub id: TokenId,
    pub space: SpaceId,
    pub scopes: Scopes,
    pub narrowing: Narrowing,
    pub expires_at: Option<Time>,
    /// When this secret stops working, if it is the one before a rotation.
    pub until: Option<Time>,
    /// What it is used for; the store learns of it now and then.
    pub uses: Arc<Uses>,
}

/// A person by their session.
#[derive(Clone, Debug)]
pub struct Person {
    pub user: UserId,
    pub session: SessionId,
    pub hash: SessionHash,
    /// Owns the instance, and so belongs to the spaces that the command line made.
    pub owner: bool,
    pub last_used_at: Time,
}

impl std::fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionHash(..)")
    }
}

/// What a name fits.
pub enum Named<T> {
    Nothing,
    One(T),
    Several,
}

/// Whether the caller sees a base with these tables.
pub type Sees<'a> = &'a dyn Fn(BaseId, &[TableId]) -> bool;

/// What [`Credentials::find`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub base: Option<BaseId>,
    pub table: Option<TableId>,
}

/// What the floors above know about credentials and places. Each answer is as of now, or not older than the request.
pub trait Credentials {
    /// The token that one of whose secrets has this hash, unless it is revoked or its space is gone; and the number of its
    /// space's catalog, if that was read along with it.
    fn token(&self, hash: &SecretHash) -> Result<Option<(Arc<TokenRights>, Option<u64>)>>;
    /// The session of this hash, unless it has ended, and its person.
    fn session(&self, hash: &SessionHash) -> Result<Option<Person>>;
    /// Whether a person belongs to a space that is there.
    fn belongs(&self, person: &Person, space: SpaceId) -> Result<bool>;
    /// The space of a person's that has this name.
    fn space_named(&self, person: &Person, name: &str) -> Result<Named<SpaceId>>;
    /// Whether a space has this name.
    fn space_has_name(&self, space: InSpace, name: &str) -> Result<bool>;
    /// The base that an id or a name means, if `sees` says that the caller sees one with these tables, and the table of
    /// it that is meant. Both by one look, or by none if the catalog's number is known and what is held is of it.
    fn find(
        &self,
        space: (InSpace, Option<u64>),
        base: &str,
        table: Option<&str>,
        sees: Sees<'_>,
    ) -> Result<Found>;
}

/// The places that a request names.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<'a> {
    pub space: Option<&'a str>,
    pub base: Option<&'a str>,
    pub table: Option<&'a str>,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Caller {
    who: Who,
    foreign: bool,
    reach: Arc<Reach>,
}

#[derive(Clone, Debug)]
enum Who {
    /// With the number of its space's catalog, as far as that was read for this request.
    Token(Arc<TokenRights>, Option<u64>),
    Person(Person),
}

impl Caller {
    /// Finds out who is calling. Every reason why not has the same words: the answer tells an attacker nothing.
    pub fn identify(known: &dyn Credentials, presented: Presented<'_>) -> Result<Caller> {
        let refused = Error::unauthorized;
        if let Some(token) = presented.token {
            let text = std::str::from_utf8(token).map_err(|_| refused())?;
            let plain = PlainToken::parse(text).ok_or_else(refused)?;
            let (rights, number) = known.token(&plain.hash())?.ok_or_else(refused)?;
            if [rights.expires_at, rights.until].into_iter().flatten().any(|end| end <= presented.now) {
                return Err(refused());
            }
            rights.uses.began(presented.now);
            return Ok(Caller::of_token(rights, number, presented.request));
        }
        let cookie = presented.cookie.and_then(PlainSession::parse).ok_or_else(refused)?;
        let person = known.session(&cookie.hash())?.ok_or_else(refused)?;
        Ok(Caller::of_person(person, presented.foreign, presented.request))
    }

    fn of_token(rights: Arc<TokenRights>, number: Option<u64>, request: &Arc<str>) -> Caller {
        let reach = Reach {
            actor: Actor::Token(rights.id),
            scopes: rights.scopes,
            narrowing: rights.narrowing.clone(),
            expires_at: rights.expires_at,
            request: request.clone(),
        };
        Caller { who: Who::Token(rights, number), foreign: false, reach: Arc::new(reach) }
    }

    fn of_person(person: Person, foreign: bool, request: &Arc<str>) -> Caller {
        let reach = Reach {
            actor: Actor::User(person.user),
            scopes: Scopes::all(),
            narrowing: Narrowing::default(),
            expires_at: None,
            request: request.clone(),
        };
        Caller { who: Who::Person(person), foreign, reach: Arc::new(reach) }
    }

    /// The person, if it is one.
    pub fn person(&self) -> Option<&Person> {
        match &self.who {
            Who::Person(person) => Some(person),
            Who::Token(..) => None,
        }
    }

    /// The token's id, if it is one.
    pub fn token(&self) -> Option<TokenId> {
        match &self.who {
            Who::Token(rights, _) => Some(rights.id),
            Who::Person(_) => None,
        }
    }

    /// The number of the catalog of the token's space, as of this request.
    fn catalog_number(&self) -> Option<u64> {
        match &self.who {
            Who::Token(_, number) => *number,
            Who::Person(_) => None,
        }
    }

    /// What it is, for the log.
    pub const fn kind(&self) -> &'static str {
        match self.who {
            Who::Token(..) => "a token",
            Who::Person(_) => "a person",
        }
    }

    /// The token's space, if it is one.
    pub fn token_space(&self) -> Option<SpaceId> {
        match &self.who {
            Who::Token(rights, _) => Some(rights.space),
            Who::Person(_) => None,
        }
    }

    /// Counts the answer to a request of this caller's, if it is a token.
    pub fn answered(&self, clock: &Clock, failed: bool) {
        if let Who::Token(rights, _) = &self.who {
            rights.uses.answered(Day::of(clock.now()), failed);
        }
    }

    pub fn actor(&self) -> Actor {
        self.reach.actor
    }

    /// The proof that the caller may do `P` where the path says.
    ///
    /// In the order of the contract: first whether everything in the path can be seen (404), then whether the caller may
    /// (403).
    pub fn access<P: Permission>(&self, known: &dyn Credentials, path: Path<'_>) -> Result<Access<P>>
    where
        P::Place: Resolve,
    {
        let place = P::Place::resolve(self, known, path)?;
        match (P::NEED, &self.who) {
            (Need::Session, Who::Token(..)) => return Err(Error::plain(Code::SessionRequired)),
            (need, Who::Token(..)) if !need.is_met(self.reach.scopes) => {
                return Err(Error::new(Code::ScopeMissing, format!("This call needs {need}.")));
            }
            _ => {}
        }
        // Whatever it does: the contract speaks of methods.
        if self.foreign {
            return Err(Error::plain(Code::OriginRefused));
        }
        place.check_narrow(P::NARROW, &self.reach.narrowing)?;
        Ok(Access::new(self.reach.clone(), place))
    }

    fn space(&self, known: &dyn Credentials, path: Path<'_>) -> Result<InSpace> {
        let nothing = || Error::plain(Code::SpaceNotFound);
        match &self.who {
            Who::Token(rights, _) => {
                let space = InSpace::new(rights.space);
                match path.space {
                    None => Ok(space),
                    Some(meant) if SpaceId::parse(meant) == Some(rights.space) => Ok(space),
                    Some(meant) if known.space_has_name(space, meant)? => Ok(space),
                    Some(_) => Err(nothing()),
                }
            }
            Who::Person(person) => {
                let meant = path.space.ok_or_else(|| Error::plain(Code::SpaceRequired))?;
                if let Some(id) = SpaceId::parse(meant) {
                    return if known.belongs(person, id)? { Ok(InSpace::new(id)) } else { Err(nothing()) };
                }
                match known.space_named(person, meant)? {
                    Named::One(id) => Ok(InSpace::new(id)),
                    Named::Nothing => Err(nothing()),
                    Named::Several => Err(Error::plain(Code::NameAmbiguous)),
                }
            }
        }
    }
}

/// How a place is found from a path.
pub trait Resolve: Sized {
    fn resolve(caller: &Caller, known: &dyn Credentials, path: Path<'_>) -> Result<Self>;

    /// The table that it is, if it is one.
    fn as_table(&self) -> Option<InTable> {
        None
    }

    /// The space that it is, if it is one.
    fn as_space(&self) -> Option<InSpace> {
        None
    }
}

impl Resolve for Nowhere {
    fn resolve(_: &Caller, _: &dyn Credentials, _: Path<'_>) -> Result<Self> {
        Ok(Nowhere)
    }
}

impl Resolve for InSpace {
    fn resolve(caller: &Caller, known: &dyn Credentials, path: Path<'_>) -> Result<Self> {
        caller.space(known, path)
    }

    fn as_space(&self) -> Option<InSpace> {
        Some(*self)
    }
}

impl Resolve for InBase {
    fn resolve(caller: &Caller, known: &dyn Credentials, path: Path<'_>) -> Result<Self> {
        let space = caller.space(known, path)?;
        let sees = |base, tables: &[TableId]| caller.reach.sees_base(base, tables);
        let found =
            known.find((space, caller.catalog_number()), path.base.unwrap_or_default(), None, &sees)?;
        found.base.map(|base| space.base(base)).ok_or_else(|| Error::plain(Code::BaseNotFound))
    }
}

impl Resolve for InTable {
    fn resolve(caller: &Caller, known: &dyn Credentials, path: Path<'_>) -> Result<Self> {
        let space = caller.space(known, path)?;
        let sees = |base, tables: &[TableId]| caller.reach.sees_base(base, tables);
        let found =
            known.find((space, caller.catalog_number()), path.base.unwrap_or_default(), path.table, &sees)?;
        let base = found.base.ok_or_else(|| Error::plain(Code::BaseNotFound))?;
        let table = found.table.filter(|table| caller.reach.sees_table(base, *table));
        table.map(|table| space.base(base).table(table)).ok_or_else(|| Error::plain(Code::TableNotFound))
    }

    fn as_table(&self) -> Option<InTable> {
        Some(*self)
    }
}
