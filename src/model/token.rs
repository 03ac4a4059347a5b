//! API tokens, as they are stored: everything but the secret, of which only a hash is kept.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{BaseId, TableId, TokenId};
use crate::model::change::Actor;
use crate::model::name::Name;
use crate::model::scope::Scopes;

/// The BLAKE3 hash of a secret, and the key under which its token is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// The bases and tables that a token is narrowed to; `None` is all. Both apply: a table has to be in `tables`, and its
/// base in `bases`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowing {
    pub bases: Option<Vec<BaseId>>,
    pub tables: Option<Vec<TableId>>,
}

impl Narrowing {
    pub fn is_narrow(&self) -> bool {
        self.bases.is_some() || self.tables.is_some()
    }

    /// Whether `self` reaches at least what `wanted` does.
    pub fn covers(&self, wanted: &Narrowing) -> bool {
        covers(self.bases.as_deref(), wanted.bases.as_deref())
            && covers(self.tables.as_deref(), wanted.tables.as_deref())
    }
}

fn covers<T: PartialEq>(held: Option<&[T]>, wanted: Option<&[T]>) -> bool {
    match (held, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(held), Some(wanted)) => wanted.iter().all(|one| held.contains(one)),
    }
}

/// A token, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    pub id: TokenId,
    pub name: Name,
    /// The first 8 and the last 4 characters of the secret.
    pub hint: String,
    pub hash: SecretHash,
    /// The secret before the last rotation, and until when it works.
    pub old: Option<(SecretHash, Time)>,
    pub scopes: Scopes,
    pub narrowing: Narrowing,
    pub created_at: Time,
    pub created_by: Actor,
    pub expires_at: Option<Time>,
    pub revoked_at: Option<Time>,
}

/// What a token is good for at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenStatus {
    Active,
    Expired,
    Revoked,
}

impl Token {
    pub fn status(&self, now: Time) -> TokenStatus {
        if self.revoked_at.is_some() {
            TokenStatus::Revoked
        } else if self.expires_at.is_some_and(|end| end <= now) {
            TokenStatus::Expired
        } else {
            TokenStatus::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    #[test]
    fn a_narrow_reach_covers_only_what_is_as_narrow() {
        let base = |n| BaseId::from_bytes([n; 16]);
        let all = Narrowing::default();
        let one = Narrowing { bases: Some(vec![base(1)]), tables: None };
        let two = Narrowing { bases: Some(vec![base(1), base(2)]), tables: None };
        assert!(all.covers(&one) && all.covers(&all) && two.covers(&one) && one.covers(&one));
        assert!(!one.covers(&all) && !one.covers(&two));
    }
}
