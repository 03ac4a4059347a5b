//! API tokens: create, get, list, update, rotate, revoke. The secret is in the answer of creation and rotation and
//! nowhere else; the commit that changes a token is followed by forgetting it before anything is answered.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::once::{Commit, Done, Once, Txn, commit_once, run_to_end};
use super::record_edit::Sent;
pub use super::token_meant::Meant;
use super::token_meant::{bases_meant, tables_meant};
use crate::access::{Access, InSpace, Inside, PlainToken, Reach, SpaceRead, TokensManage, TokensRead, hint};
use crate::clock::Time;
use crate::error::{Code, Error, Faults, Result};
use crate::id::{Id, TableId, TokenId};
use crate::kv::Read;
use crate::limits::TOKENS_MAX;
use crate::model::change::Actor;
use crate::model::name::Name;
use crate::model::scope::{Scope, Scopes};
use crate::model::token::{Narrowing, Token, TokenStatus};
use crate::query::catalog::Catalog;
use crate::store;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct TokenInput {
    /// `None` if it could not be read, which has its fault already.
    pub name: Option<Name>,
    pub scopes: Option<Scopes>,
    /// Ids or names.
    pub bases: Option<Meant>,
    /// Ids, or names if they are the only ones in the space.
    pub tables: Option<Meant>,
    pub expires_at: Option<Time>,
}

/// What is to change; the outer `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct TokenPatch {
    pub name: Option<Name>,
    pub scopes: Option<Scopes>,
    pub bases: Option<Option<Meant>>,
    pub tables: Option<Option<Meant>>,
    pub expires_at: Option<Option<Time>>,
}

/// A token and what else is known about it.
#[derive(Clone, Debug)]
pub struct Tokened {
    pub token: Token,
    pub last_used_at: Option<Time>,
    pub status: TokenStatus,
}

fn not_found() -> Error {
    Error::plain(Code::TokenNotFound)
}

/// Makes a token, and its secret.
pub async fn token_create(
    core: &Arc<Core>,
    access: Access<TokensManage>,
    sent: Sent<TokenInput>,
) -> Result<(Tokened, PlainToken)> {
    token_create_once(core, access, sent, None).await?.fresh()
}

/// The same for who may say it twice. What is kept of the answer is rendered without the secret, so that the second time
/// tells of the token and can't show it.
pub async fn token_create_once(
    core: &Arc<Core>,
    access: Access<TokensManage>,
    sent: Sent<TokenInput>,
    once: Option<Once<Tokened>>,
) -> Result<Done<(Tokened, PlainToken)>> {
    // Drawn outside of the body, which may be run again: the secret of the run that counts is the one that is shown.
    let secret = PlainToken::generate();
    let (hash, hint) = (secret.hash(), hint(&secret));
    let done = commit_once(core, access, Commit::light(once), move |txn, access| {
        count_check(txn, access)?;
        let (input, mut faults) = (&sent.content, sent.faults.clone());
        let narrowing = Narrowing {
            bases: input
                .bases
                .as_deref()
                .map(|meant| bases_meant(&txn.catalog, access.reach(), meant, &mut faults)),
            tables: input
                .tables
                .as_deref()
                .map(|meant| tables_meant(&txn.catalog, access.reach(), meant, &mut faults)),
        };
        let Some(name) = input.name.clone() else {
            faults.check()?;
            return Err(Error::internal("a token's name was refused without a fault"));
        };
        let token = Token {
            id: txn.core.ids.draw(txn.now),
            name,
            hint: hint.clone(),
            hash,
            old: None,
            scopes: input.scopes.unwrap_or_else(Scopes::default_of_token),
            narrowing,
            created_at: txn.now,
            created_by: access.actor(),
            expires_at: input.expires_at,
            revoked_at: None,
        };
        check(txn, access, &token, faults)?;
        store::token::token_put(txn.write, *access.place(), &token, None)?;
        Ok(Tokened { status: token.status(txn.now), token, last_used_at: None })
    });
    Ok(match done.await? {
        Done::Fresh(made) => Done::Fresh((made, secret)),
        Done::Kept(answer) => Done::Kept(answer),
    })
}

fn count_check(txn: &Txn<'_>, access: &Access<TokensManage>) -> Result<()> {
    let tokens = store::token::token_list(&*txn.write, *access.place())?;
    if tokens.iter().filter(|token| token.revoked_at.is_none()).count() < TOKENS_MAX {
        return Ok(());
    }
    Err(Error::fault(
        "",
        Code::TooMany,
        format!("A space has at most {TOKENS_MAX} tokens that are not revoked."),
    ))
}

/// Refuses a token that does not make sense, and one that would have more than the token that asks for it.
fn check(txn: &Txn<'_>, access: &Access<TokensManage>, token: &Token, mut faults: Faults) -> Result<()> {
    if token.expires_at.is_some_and(|end| end <= txn.now) {
        faults.add("/expiresAt", Code::OutOfRange, "The time is not in the future.");
    }
    if let Narrowing { bases: Some(bases), tables: Some(tables) } = &token.narrowing {
        let base_of = |table: &TableId| txn.catalog.table_by_id(*table).map(|table| table.base);
        for (n, _) in
            tables.iter().enumerate().filter(|(_, table)| !base_of(table).is_some_and(|b| bases.contains(&b)))
        {
            faults.add(
                format!("/tables/{n}"),
                Code::InvalidValue,
                "The table is in none of the bases in `bases`.",
            );
        }
    }
    faults.check()?;
    more_check(&txn.catalog, access.reach(), token)
}

/// What a narrowing reaches, said by its bases too: to be narrowed to tables is to be narrowed to their bases.
fn with_bases(catalog: &Catalog, narrowing: &Narrowing) -> Narrowing {
    let of_tables = |tables: &Vec<TableId>| {
        tables.iter().filter_map(|table| catalog.table_by_id(*table)).map(|table| table.base).collect()
    };
    let bases = narrowing.bases.clone().or_else(|| narrowing.tables.as_ref().map(of_tables));
    Narrowing { bases, tables: narrowing.tables.clone() }
}

/// Whether the caller sees a token: a narrowed one sees those that reach no further than it does itself.
fn is_seen(catalog: &Catalog, reach: &Reach, token: &Token) -> bool {
    reach.narrowing.covers(&with_bases(catalog, &token.narrowing))
}

fn more_check(catalog: &Catalog, reach: &Reach, token: &Token) -> Result<()> {
    let lacking: Vec<_> = reach.scopes.lacking(token.scopes).map(Scope::name).collect();
    let more = |what: String| {
        Err(Error::new(Code::ScopeMissing, format!("A token can't give more than it has: {what}.")))
    };
    if !lacking.is_empty() {
        return more(format!("it lacks {}", lacking.join(", ")));
    }
    if !reach.narrowing.covers(&with_bases(catalog, &token.narrowing)) {
        return more(
            "it is narrowed to some bases or tables, and the other one would reach beyond them".into(),
        );
    }
    if reach.expires_at.is_some_and(|end| token.expires_at.is_none_or(|other| other > end)) {
        return more("it expires, and the other one would outlive it".into());
    }
    Ok(())
}

/// The tokens of a space that the caller sees, revoked ones too, in order of their ids: those after `after`, and whether
/// there are more.
pub async fn token_list(
    core: &Arc<Core>,
    access: Access<TokensRead>,
    after: Option<TokenId>,
    limit: usize,
) -> Result<(Vec<Tokened>, bool)> {
    let list = move |core: &Core| tokens_seen(core, core.engine.read()?.as_ref(), &access, after, limit);
    core.door.read(core, Weight::Light, list).await
}

/// The same by a snapshot.
pub(super) fn tokens_seen(
    core: &Core,
    read: &(impl Read + ?Sized),
    access: &Access<TokensRead>,
    after: Option<TokenId>,
    limit: usize,
) -> Result<(Vec<Tokened>, bool)> {
    let (place, now) = (*access.place(), core.clock.now());
    let mut tokens = store::token::token_list(read, place)?;
    let catalog = core.catalog_in(read, &place)?;
    tokens.retain(|token| {
        after.is_none_or(|after| token.id > after) && is_seen(&catalog, access.reach(), token)
    });
    let more = tokens.len() > limit;
    tokens.truncate(limit);
    let ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
    let used = store::token::token_used(read, place, &ids)?;
    let tokens = tokens.into_iter().zip(used).map(|(token, used)| tokened(core, token, used, now)).collect();
    Ok((tokens, more))
}

fn tokened(core: &Core, token: Token, used: Option<Time>, now: Time) -> Tokened {
    let last_used_at = core.known.tokens.used.last(token.id).max(used);
    Tokened { status: token.status(now), token, last_used_at }
}

/// The same, with when it was used last by a snapshot.
fn tokened_in(core: &Core, read: &dyn Read, place: InSpace, token: Token) -> Result<Tokened> {
    let used = store::token::token_used(read, place, &[token.id])?.into_iter().next().flatten();
    Ok(tokened(core, token, used, core.clock.now()))
}

pub async fn token_get(core: &Arc<Core>, access: Access<TokensRead>, id: TokenId) -> Result<Tokened> {
    let find = move |core: &Core| {
        let (read, place) = (core.engine.read()?, *access.place());
        let token = token_seen(core, read.as_ref(), place, access.reach(), id)?;
        tokened_in(core, read.as_ref(), place, token)
    };
    core.door.read(core, Weight::Light, find).await
}

/// A token that the caller sees, by a snapshot.
pub(super) fn token_seen(
    core: &Core,
    read: &(impl Read + ?Sized),
    place: InSpace,
    reach: &Reach,
    id: TokenId,
) -> Result<Token> {
    let token = store::token::token_get(read, place, id)?.ok_or_else(not_found)?;
    if is_seen(&*core.catalog_in(read, &place)?, reach, &token) { Ok(token) } else { Err(not_found()) }
}

/// Refuses what is not the id of a token that the caller sees, or of one that is revoked if it is to be changed.
pub async fn token_check(
    core: &Arc<Core>,
    place: InSpace,
    reach: &Reach,
    meant: &str,
    changes: bool,
) -> Result<()> {
    let (reach, id) = (reach.clone(), token_id(meant)?);
    let find = move |core: &Core| token_seen(core, core.engine.read()?.as_ref(), place, &reach, id);
    let token = core.door.read(core, Weight::Light, find).await?;
    if changes && token.revoked_at.is_some() { Err(not_found()) } else { Ok(()) }
}

/// The token that is calling.
pub async fn token_self(core: &Arc<Core>, access: Access<SpaceRead>, id: TokenId) -> Result<Tokened> {
    let find = move |core: &Core| {
        let (read, place) = (core.engine.read()?, *access.place());
        let token = store::token::token_get(read.as_ref(), place, id)?.ok_or_else(not_found)?;
        tokened_in(core, read.as_ref(), place, token)
    };
    core.door.read(core, Weight::Light, find).await
}

/// Changes a token: its name, scopes, narrowing and end.
pub async fn token_update(
    core: &Arc<Core>,
    access: Access<TokensManage>,
    id: TokenId,
    sent: Sent<TokenPatch>,
) -> Result<Tokened> {
    changed(core, access, id, move |txn, access, before| {
        let (patch, mut faults) = (&sent.content, sent.faults.clone());
        let mut token = before.clone();
        if let Some(name) = &patch.name {
            token.name = name.clone();
        }
        token.scopes = patch.scopes.unwrap_or(token.scopes);
        if let Some(meant) = &patch.bases {
            token.narrowing.bases =
                meant.as_deref().map(|meant| bases_meant(&txn.catalog, access.reach(), meant, &mut faults));
        }
        if let Some(meant) = &patch.tables {
            token.narrowing.tables =
                meant.as_deref().map(|meant| tables_meant(&txn.catalog, access.reach(), meant, &mut faults));
        }
        if let Some(end) = patch.expires_at {
            token.expires_at = end;
            check(txn, access, &token, faults)?;
        } else {
            // An end that has passed already is not what this call is about.
            check(
                txn,
                access,
                &Token { expires_at: token.expires_at.filter(|end| *end > txn.now), ..token.clone() },
                faults,
            )?;
        }
        Ok(token)
    })
    .await
}

/// Gives a token a new secret; the old one works for `grace_seconds` more. If `meant` is given, it is the hint of the secret
/// that is to be replaced: another one is refused.
pub async fn token_rotate(
    core: &Arc<Core>,
    access: Access<TokensManage>,
    id: TokenId,
    grace_seconds: i64,
    meant: Option<String>,
) -> Result<(Tokened, PlainToken)> {
    let secret = PlainToken::generate();
    let (hash, hint) = (secret.hash(), hint(&secret));
    let rotated = changed(core, access, id, move |txn, access, before| {
        if meant.as_ref().is_some_and(|meant| *meant != before.hint) {
            let detail = "The secret is another one than when this page was opened. If nobody has seen it, rotate once more: \
                          the one from before the first rotation ends with that.";
            return Err(Error::new(Code::SecretChanged, detail));
        }
        // Whoever gets the secret gets what the token may do.
        more_check(&txn.catalog, access.reach(), before)?;
        if before.expires_at.is_some_and(|end| end <= txn.now) {
            let detail =
                "The token has expired, and so would the new secret have; give it a later `expiresAt` first.";
            return Err(Error::fault("", Code::OutOfRange, detail));
        }
        let until = (grace_seconds > 0).then(|| (before.hash, txn.now.plus_seconds(grace_seconds)));
        Ok(Token { hash, hint: hint.clone(), old: until, ..before.clone() })
    });
    Ok((rotated.await?, secret))
}

/// Ends a token: no request that begins after this has answered succeeds with it.
pub async fn token_revoke(core: &Arc<Core>, access: Access<TokensManage>, id: TokenId) -> Result<()> {
    let revoked = changed(core, access, id, |txn, _, before| {
        Ok(Token { revoked_at: Some(txn.now), old: None, ..before.clone() })
    });
    revoked.await.map(drop)
}

/// Runs a change of a token that is not revoked, and forgets what was known of it.
async fn changed(
    core: &Arc<Core>,
    access: Access<TokensManage>,
    id: TokenId,
    body: impl Fn(&Txn<'_>, &Access<TokensManage>, &Token) -> Result<Token> + Send + 'static,
) -> Result<Tokened> {
    let inside = core.clone();
    run_to_end(async move {
        let done = commit_once(&inside, access, Commit::light(None), move |txn, access| {
            let place = access.place().in_space();
            let before = store::token::token_get(&*txn.write, place, id)?;
            let reach = access.reach();
            let before =
                before.filter(|token| token.revoked_at.is_none() && is_seen(&txn.catalog, reach, token));
            let before = before.ok_or_else(not_found)?;
            let token = body(txn, access, &before)?;
            store::token::token_put(txn.write, place, &token, Some(&before))?;
            let used = store::token::token_used(&*txn.write, place, &[id])?.into_iter().next().flatten();
            Ok(tokened(txn.core, token, used, txn.now))
        });
        let changed = done.await.and_then(Done::fresh);
        // Whatever became of the commit: what is held may be wrong now.
        inside.known.tokens.forget(id);
        changed
    })
    .await
}

/// Who made a token, as its id.
pub fn actor_text(actor: Actor) -> String {
    match actor {
        Actor::User(user) => user.to_string(),
        Actor::Token(token) => token.to_string(),
        Actor::Operator => "operator".to_owned(),
    }
}

/// Reads the id of a token from a path.
pub fn token_id(meant: &str) -> Result<TokenId> {
    TokenId::parse(meant).ok_or_else(not_found)
}
