//! Callers: who is calling, and what they may do where.

use std::sync::Arc;

use super::Core;
use super::door::Weight;
use crate::access::{Access, Caller, Path, Permission, Presented, Resolve};
use crate::error::Result;
use crate::id::{BaseId, SpaceId, TableId};

/// What a request says about who makes it.
pub struct Said<T> {
    /// What was sent for a token.
    pub token: Option<T>,
    pub cookie: Option<String>,
    /// A page of another origin sent it, so that a session may not do what it asks.
    pub foreign: bool,
    /// The request's id.
    pub request: Arc<str>,
}

/// Finds out who is calling.
pub async fn identify<T: AsRef<[u8]> + Send + 'static>(core: &Arc<Core>, said: Said<T>) -> Result<Caller> {
    let find = move |core: &Core| {
        let (token, cookie) = (said.token.as_ref().map(AsRef::as_ref), said.cookie.as_deref());
        let (request, now) = (&said.request, core.clock.now());
        Caller::identify(
            &core.credentials(),
            Presented { token, cookie, foreign: said.foreign, request, now },
        )
    };
    core.door.read(core, Weight::Light, find).await
}

/// The proof that a caller may do `P` where the parts of a path say.
pub async fn access<P>(
    core: &Arc<Core>,
    caller: &Caller,
    space: Option<String>,
    base: Option<String>,
    table: Option<String>,
) -> Result<Access<P>>
where
    P: Permission,
    P::Place: Resolve,
{
    let caller = caller.clone();
    let find = move |core: &Core| {
        let path = Path { space: space.as_deref(), base: base.as_deref(), table: table.as_deref() };
        caller.access(&core.credentials(), path)
    };
    core.door.read(core, Weight::Light, find).await
}

/// The proof that a caller may do `P` in a place that is named by its ids.
pub(super) async fn access_by_ids<P>(
    core: &Arc<Core>,
    caller: &Caller,
    space: SpaceId,
    base: Option<BaseId>,
    table: Option<TableId>,
) -> Result<Access<P>>
where
    P: Permission,
    P::Place: Resolve,
{
    let (base, table) = (base.map(|id| id.to_string()), table.map(|id| id.to_string()));
    access(core, caller, Some(space.to_string()), base, table).await
}
