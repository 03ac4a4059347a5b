//! What is known about callers: the tokens and catalogs held in memory, and the store behind them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::catalog::Catalogs;
use super::usage::Used;
use crate::access::{Credentials, Found, InSpace, Named, Person, Sees, SessionHash, TokenRights};
use crate::clock::Time;
use crate::error::Result;
use crate::id::{SpaceId, TokenId};
use crate::kv::Engine;
use crate::model::change::Actor;
use crate::model::token::SecretHash;
use crate::store;
use crate::store::token::{RowKeys, Rows};

/// More tokens than this are not held at once; the map then begins anew.
const HELD_MAX: usize = 100_000;

/// Tokens by the hashes of their secrets. A look-up is a hash and one map read.
///
/// Where only this process writes to its engine, a changed token is simply forgotten as part of acknowledging the commit
/// that changed it, and a look-up reads no key. A slow look-up must not bring it back: what is read while something is
/// forgotten is not held. On any other engine a look-up reads whether the token's rows are still what they were.
#[derive(Debug, Default)]
pub struct Tokens {
    held: RwLock<HashMap<SecretHash, HeldToken>>,
    /// How they are used.
    pub used: Used,
    forgotten: AtomicU64,
}

/// A token, and what it was made of where others may write that.
#[derive(Clone, Debug)]
struct HeldToken {
    rights: Arc<TokenRights>,
    rows: Option<Rows>,
}

/// A token, and the number of its space's catalog where that was read along with it.
type FoundToken = (Arc<TokenRights>, Option<u64>);

impl HeldToken {
    /// The token, if it is still what the store has.
    fn now(&self, engine: &dyn Engine, hash: &SecretHash) -> Result<Option<FoundToken>> {
        let Some(rows) = &self.rows else { return Ok(Some((self.rights.clone(), None))) };
        let keys = RowKeys::of(hash, self.rights.space, self.rights.id);
        let (now, number) = RowKeys::read(engine.get(&keys.pairs())?)?;
        Ok((now == *rows).then(|| (self.rights.clone(), number)))
    }
}

impl Tokens {
    fn find(&self, engine: &dyn Engine, hash: &SecretHash) -> Result<Option<FoundToken>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).get(hash).cloned();
        if let Some(held) = held
            && let Some(found) = held.now(engine, hash)?
        {
            return Ok(Some(found));
        }
        let before = self.forgotten.load(Ordering::SeqCst);
        let read = engine.read()?;
        let Some(found) = store::token::token_by_hash(read.as_ref(), hash)? else { return Ok(None) };
        let rights = Arc::new(self.rights(found));
        let rows = if engine.waits_on_network() {
            let keys = RowKeys::of(hash, rights.space, rights.id);
            Some(RowKeys::read(read.get(&keys.pairs())?)?.0)
        } else {
            None
        };
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::SeqCst) == before {
            if held.len() >= HELD_MAX {
                held.clear();
            }
            held.insert(*hash, HeldToken { rights: rights.clone(), rows });
        }
        Ok(Some((rights, None)))
    }

    fn rights(&self, found: store::token::Found) -> TokenRights {
        let store::token::Found { space, token, until, last_used } = found;
        let uses = self.used.of(space, token.id, last_used);
        TokenRights {
            id: token.id,
            space,
            scopes: token.scopes,
            narrowing: token.narrowing,
            expires_at: token.expires_at,
            until,
            uses,
        }
    }

    /// Forgets the secrets of a token, after the commit that changed it and before its answer.
    pub fn forget(&self, token: TokenId) {
        self.forget_where(|rights| rights.id == token);
    }

    /// Forgets the tokens of a space.
    pub fn forget_space(&self, space: SpaceId) {
        self.forget_where(|rights| rights.space == space);
    }

    fn forget_where(&self, gone: impl Fn(&TokenRights) -> bool) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        held.retain(|_, held| !gone(&held.rights));
    }
}

/// Tokens and catalogs in memory.
#[derive(Debug, Default)]
pub struct Known {
    pub tokens: Tokens,
    pub catalogs: Catalogs,
}

/// [`Credentials`] by what is known, and by the store where that is not enough.
pub struct Lookup<'a> {
    pub known: &'a Known,
    pub engine: &'a dyn Engine,
    pub now: Time,
}

impl Credentials for Lookup<'_> {
    fn token(&self, hash: &SecretHash) -> Result<Option<FoundToken>> {
        self.known.tokens.find(self.engine, hash)
    }

    fn session(&self, hash: &SessionHash) -> Result<Option<Person>> {
        let read = self.engine.read()?;
        let Some(session) = store::session::session_get(read.as_ref(), hash)? else { return Ok(None) };
        if session.expires_at <= self.now {
            return Ok(None);
        }
        let Some(user) = store::user::user_get(read.as_ref(), session.user)? else { return Ok(None) };
        Ok(Some(Person {
            user: user.id,
            session: session.id,
            hash: *hash,
            owner: user.owner,
            last_used_at: session.last_used_at,
        }))
    }

    fn belongs(&self, person: &Person, space: SpaceId) -> Result<bool> {
        let read = self.engine.read()?;
        let belongs = |user| store::membership::membership_exists(read.as_ref(), user, space);
        Ok(belongs(person.user)? || (person.owner && belongs(store::membership::member_of(Actor::Operator))?))
    }

    fn space_named(&self, person: &Person, name: &str) -> Result<Named<SpaceId>> {
        let read = self.engine.read()?;
        let ids = store::membership::spaces_seen(read.as_ref(), person.user, person.owner)?;
        let spaces = store::space::spaces_get(read.as_ref(), &ids)?;
        let mut fitting = spaces.iter().filter(|space| space.name.as_str() == name).map(|space| space.id);
        Ok(match (fitting.next(), fitting.next()) {
            (None, _) => Named::Nothing,
            (Some(one), None) => Named::One(one),
            _ => Named::Several,
        })
    }

    fn space_has_name(&self, space: InSpace, name: &str) -> Result<bool> {
        Ok(self.known.catalogs.now(self.engine, space)?.space.name.as_str() == name)
    }

    fn find(
        &self,
        (space, number): (InSpace, Option<u64>),
        base: &str,
        table: Option<&str>,
        sees: Sees<'_>,
    ) -> Result<Found> {
        let catalog = match number.and_then(|number| self.known.catalogs.held_at(space, Some(number))) {
            Some(held) => held,
            None => self.known.catalogs.now(self.engine, space)?,
        };
        let Some(base) = catalog.base_meant(base).filter(|base| sees(base.id, &base.tables)) else {
            return Ok(Found::default());
        };
        let table = table.and_then(|meant| catalog.table_meant(base.id, meant)).map(|table| table.id);
        Ok(Found { base: Some(base.id), table })
    }
}
