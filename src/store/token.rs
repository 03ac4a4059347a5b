//! Tokens: found by the hash of a secret, listed by space.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::schema::{CATALOG_NUMBER, SPACE, TOKEN, TOKEN_HASH, TOKEN_USED};
use super::{decode, get_many, get_one, put};
use crate::access::InSpace;
use crate::clock::Time;
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::Result;
use crate::id::{SpaceId, TokenId};
use crate::kv::{Bytes, Keyspace, Read, Way, Write};
use crate::model::token::{SecretHash, Token};

/// What a secret's hash leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HashRow {
    space: SpaceId,
    token: TokenId,
    /// When the secret stops working, if it is the one before a rotation.
    until: Option<Time>,
}

/// A token as a secret leads to it.
pub struct Found {
    pub space: SpaceId,
    pub token: Token,
    pub until: Option<Time>,
    pub last_used: Option<Time>,
}

fn hash_key(hash: &SecretHash) -> Key {
    Key::new().fixed(&hash.0)
}

/// The token that one of whose secrets has this hash. Its space is looked at too: a token ends with it.
pub fn token_by_hash(read: &(impl Read + ?Sized), hash: &SecretHash) -> Result<Option<Found>> {
    let Some(row) = get_one::<HashRow>(read, TOKEN_HASH, hash_key(hash).as_bytes())? else { return Ok(None) };
    // The one place where a space's key is made without a proof: this is what proofs are made from.
    let (space, token) = (Key::new().id(row.space), Key::new().id(row.space).id(row.token));
    let keys = [(SPACE, space.as_bytes()), (TOKEN, token.as_bytes()), (TOKEN_USED, token.as_bytes())];
    let mut found = read.get(&keys)?.into_iter();
    let (space, token, used) = (found.next().flatten(), found.next().flatten(), found.next().flatten());
    if space.is_none() {
        return Ok(None);
    }
    let Some(token) = decode::<Token>(token)?.filter(|token| token.revoked_at.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Found { space: row.space, token, until: row.until, last_used: decode(used)? }))
}

/// What stands in the store of a token and of one of its secrets: as long as it is the same, so is the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows(Vec<Option<Bytes>>);

/// The keys of [`Rows`], and that of the number of the space's catalog, which a request needs next.
pub struct RowKeys {
    hash: Key,
    token: Key,
    space: Key,
}

impl RowKeys {
    pub fn of(hash: &SecretHash, space: SpaceId, token: TokenId) -> RowKeys {
        let (token, space) = (Key::new().id(space).id(token), Key::new().id(space));
        RowKeys { hash: hash_key(hash), token, space }
    }

    pub fn pairs(&self) -> [(Keyspace, &[u8]); 3] {
        [
            (TOKEN_HASH, self.hash.as_bytes()),
            (TOKEN, self.token.as_bytes()),
            (CATALOG_NUMBER, self.space.as_bytes()),
        ]
    }

    /// What was found under the keys.
    pub fn read(mut found: Vec<Option<Bytes>>) -> Result<(Rows, Option<u64>)> {
        let number = decode(found.pop().flatten())?;
        Ok((Rows(found), number))
    }
}

pub fn token_get(read: &(impl Read + ?Sized), space: InSpace, token: TokenId) -> Result<Option<Token>> {
    let key = space.key(TOKEN, |key| key.id(token));
    get_one(read, key.of(), key.as_bytes())
}

/// All tokens of a space, revoked ones too, in order of their ids.
pub fn token_list(read: &(impl Read + ?Sized), space: InSpace) -> Result<Vec<Token>> {
    let prefix = space.key(TOKEN, |key| key);
    let mut tokens = Vec::new();
    read.scan(prefix.of(), prefix.as_bytes()..&prefix.after_prefix(), Way::Up, &mut |_, bytes| {
        tokens.push(value::decode(bytes));
        ControlFlow::Continue(())
    })?;
    Ok(tokens.into_iter().collect::<Result<_, _>>()?)
}

/// When tokens were used last, as far as it has been written.
pub fn token_used(
    read: &(impl Read + ?Sized),
    space: InSpace,
    tokens: &[TokenId],
) -> Result<Vec<Option<Time>>> {
    let keys: Vec<_> = tokens.iter().map(|token| space.key(TOKEN_USED, |key| key.id(*token))).collect();
    get_many(read, &keys)
}

/// Stores a new or changed token. Invariant: exactly its working secrets stand in `TOKEN_HASH`; `before` is the token as it
/// was, whose other secrets end.
pub fn token_put(txn: &mut dyn Write, space: InSpace, token: &Token, before: Option<&Token>) -> Result<()> {
    if let Some(before) = before {
        hashes_delete(txn, before);
    }
    if token.revoked_at.is_none() {
        let row = |until| HashRow { space: space.space(), token: token.id, until };
        txn.put(TOKEN_HASH, hash_key(&token.hash).as_bytes(), &value::encode(&row(None))?);
        if let Some((old, until)) = &token.old {
            txn.put(TOKEN_HASH, hash_key(old).as_bytes(), &value::encode(&row(Some(*until)))?);
        }
    }
    put(txn, &space.key(TOKEN, |key| key.id(token.id)), token)
}

/// Ends the secrets of a token.
pub fn hashes_delete(txn: &mut dyn Write, token: &Token) {
    let old = token.old.as_ref().map(|(old, _)| old);
    [Some(&token.hash), old]
        .into_iter()
        .flatten()
        .for_each(|hash| txn.delete(TOKEN_HASH, hash_key(hash).as_bytes()));
}
