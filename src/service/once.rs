//! One use case, one transaction, one effect: also when the request comes twice.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use crate::access::{Access, InSpace, InTable, Inside, Permission, SpaceKey};
use crate::clock::Time;
use crate::codec::key::Key;
use crate::error::{Code, Error, Result};
use crate::kv::{Keyspace, Outcome, Write};
use crate::model::change::{Actor, Stamp};
use crate::model::table::Head;
use crate::query::catalog::Catalog;
use crate::store;
use crate::store::kept::{self, Answer, Held};
use crate::store::record::Writing;
use crate::store::schema::KEPT;

/// An Idempotency-Key: what it was sent with, and how the answer to it is rendered.
pub struct Once<T> {
    pub key: String,
    /// The hash of method, path with query, and body.
    pub fingerprint: [u8; 32],
    /// Renders the answer, which is kept in the transaction of the effect.
    pub render: Arc<dyn Fn(&T) -> Answer + Send + Sync>,
}

/// What a use case has done.
#[derive(Debug)]
pub enum Done<T> {
    Fresh(T),
    /// The key was used before, and this was the answer.
    Kept(Answer),
}

impl<T> Done<T> {
    /// What was done, for callers who sent no key.
    pub fn fresh(self) -> Result<T> {
        match self {
            Done::Fresh(value) => Ok(value),
            Done::Kept(_) => Err(Error::internal("an answer was kept for a call without a key")),
        }
    }
}

/// How a use case is to be committed.
pub struct Commit<T> {
    pub once: Option<Once<T>>,
    pub weight: Weight,
    /// Does everything, and then drops it.
    pub dry_run: bool,
    /// The table whose head is read along with what every transaction reads first.
    pub head_of: Option<InTable>,
}

impl<T> Commit<T> {
    pub fn light(once: Option<Once<T>>) -> Commit<T> {
        Commit { once, weight: Weight::Light, dry_run: false, head_of: None }
    }

    pub fn heavy(once: Option<Once<T>>, dry_run: bool) -> Commit<T> {
        Commit { once, weight: Weight::Heavy, dry_run, head_of: None }
    }

    /// The same, and the head of a table is in [`Txn::head`]: it costs no round trip of its own.
    #[must_use]
    pub fn with_head_of(self, table: InTable) -> Commit<T> {
        Commit { head_of: Some(table), ..self }
    }
}

/// What a body is given besides its proof.
pub struct Txn<'a> {
    pub write: &'a mut dyn Write,
    pub core: &'a Core,
    /// The schema of the space at the moment of the transaction.
    pub catalog: Arc<Catalog>,
    pub now: Time,
    /// Of the table that [`Commit::head_of`] named.
    pub head: Option<Head>,
    /// When the answer ended that the one to be kept takes the place of.
    over: Option<Time>,
}

impl Txn<'_> {
    /// Who writes in this transaction, for the record.
    pub fn writing<'a, P: Permission>(&self, access: &'a Access<P>) -> Writing<'a> {
        Writing { stamp: Stamp { at: self.now, by: access.actor() }, request: &access.reach().request }
    }
}

/// Runs a use case within a space.
pub async fn commit_once<P, T>(
    core: &Arc<Core>,
    access: Access<P>,
    commit: Commit<T>,
    body: impl Fn(&mut Txn<'_>, &Access<P>) -> Result<T> + Send + 'static,
) -> Result<Done<T>>
where
    P: Permission,
    P::Place: Inside,
    T: Send + 'static,
{
    let Commit { once, weight, dry_run, head_of } = commit;
    let turn = access.place().turn();
    let inside = core.clone();
    let caller = access.actor();
    core.door
        .write(core, weight, turn, move |write| {
            let place = access.place().in_space();
            let mut txn = match begin(&inside, write, place, caller, once.as_ref(), head_of)? {
                Done::Kept(answer) => return Ok((Outcome::Drop, Done::Kept(answer))),
                Done::Fresh(txn) => txn,
            };
            tracing::trace!(target: "undb::walk", floor = "service", "once: the use case's body");
            let value = body(&mut txn, &access)?;
            let (now, over) = (txn.now, txn.over);
            if dry_run {
                return Ok((Outcome::Drop, Done::Fresh(value)));
            }
            keep(write, caller, once.as_ref(), over, now, &value)?;
            Ok((Outcome::Keep, Done::Fresh(value)))
        })
        .await
}

/// Runs a use case that changes the catalog of its space: nothing is held of it until that is done.
pub async fn commit_catalog<P, T>(
    core: &Arc<Core>,
    access: Access<P>,
    commit: Commit<T>,
    body: impl Fn(&mut Txn<'_>, &Access<P>) -> Result<T> + Send + 'static,
) -> Result<Done<T>>
where
    P: Permission,
    P::Place: Inside,
    T: Send + 'static,
{
    let (inside, space) = (core.clone(), access.place().in_space().space());
    run_to_end(async move {
        let _changing = inside.known.catalogs.change(space);
        commit_once(&inside, access, commit, body).await
    })
    .await
}

/// Runs something that must not stop halfway because the client goes away: what follows a commit before its answer.
pub async fn run_to_end<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.map_err(Error::internal)?
}

/// Runs a use case outside of any space.
pub async fn commit_once_nowhere<T: Send + 'static>(
    core: &Arc<Core>,
    caller: Actor,
    once: Option<Once<T>>,
    body: impl Fn(&mut dyn Write, &Core, Time) -> Result<T> + Send + 'static,
) -> Result<Done<T>> {
    let inside = core.clone();
    core.door
        .write(core, Weight::Light, Vec::new(), move |write| {
            let now = inside.clock.now();
            let key = once.as_ref().map(|once| kept::kept_key(caller, &once.key));
            let pairs: Vec<(Keyspace, &[u8])> = key.iter().map(|key| (KEPT, key.as_bytes())).collect();
            let found = write.get(&pairs)?.into_iter().next().flatten();
            let over = match answered(once.as_ref(), kept::kept_read(found, now)?)? {
                Done::Kept(answer) => return Ok((Outcome::Drop, Done::Kept(answer))),
                Done::Fresh(over) => over,
            };
            let value = body(write, &inside, now)?;
            keep(write, caller, once.as_ref(), over, now, &value)?;
            Ok((Outcome::Keep, Done::Fresh(value)))
        })
        .await
}

/// Reads the catalog's number, the head that is wanted and the kept answer in one round trip.
fn begin<'a, T>(
    core: &'a Core,
    write: &'a mut dyn Write,
    place: InSpace,
    caller: Actor,
    once: Option<&Once<T>>,
    head_of: Option<InTable>,
) -> Result<Done<Txn<'a>>> {
    let now = core.clock.now();
    let number_key = store::space::catalog_number_key(place);
    let head_key = head_of.map(store::table::head_key);
    let kept_key = once.map(|once| kept::kept_key(caller, &once.key));
    let kept_pair = kept_key.as_ref().map(|key: &Key| (KEPT, key.as_bytes()));
    let head_pair = head_key.as_ref().map(SpaceKey::as_pair);
    let pairs: Vec<_> = std::iter::once(number_key.as_pair()).chain(head_pair).chain(kept_pair).collect();
    let mut found = write.get(&pairs)?.into_iter();
    let number = store::catalog_number(found.next().flatten())?;
    let head = head_key.map(|_| store::head(found.next().flatten())).transpose()?;
    let kept = kept::kept_read(found.next().flatten(), now)?;
    let over = match answered(once, kept)? {
        Done::Kept(answer) => return Ok(Done::Kept(answer)),
        Done::Fresh(over) => over,
    };
    let catalog = core.known.catalogs.at(write, place, number)?;
    Ok(Done::Fresh(Txn { write, core, catalog, now, head, over }))
}

/// The answer that is kept, or when one ended that was.
fn answered<T>(once: Option<&Once<T>>, held: Held) -> Result<Done<Option<Time>>> {
    match (once, held) {
        (Some(once), Held::Good(kept)) if kept.fingerprint == once.fingerprint => Ok(Done::Kept(kept.answer)),
        (Some(_), Held::Good(_)) => Err(Error::plain(Code::IdempotencyKeyReused)),
        (_, Held::Over(at)) => Ok(Done::Fresh(Some(at))),
        _ => Ok(Done::Fresh(None)),
    }
}

fn keep<T>(
    write: &mut dyn Write,
    caller: Actor,
    once: Option<&Once<T>>,
    over: Option<Time>,
    now: Time,
    value: &T,
) -> Result<()> {
    let Some(once) = once else { return Ok(()) };
    let key = kept::kept_key(caller, &once.key);
    kept::kept_put(write, &key, over, now, once.fingerprint, (once.render)(value))
}
