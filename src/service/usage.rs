//! How tokens were used: get, list.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Core;
use super::door::Weight;
use super::token::{Tokened, token_seen, tokens_seen};
use crate::access::{Access, TokensRead};
use crate::error::Result;
use crate::id::TokenId;
use crate::limits::USAGE_DAYS;
use crate::model::usage::{Day, Usage};
use crate::store;

/// Days in their order, each with its figures.
pub type Days = Vec<(Day, Usage)>;

/// How a token was used on each of the last 90 days, today the last of them; of a revoked one too.
pub async fn token_usage_get(core: &Arc<Core>, access: Access<TokensRead>, id: TokenId) -> Result<Days> {
    let find = move |core: &Core| {
        let place = *access.place();
        let read = core.engine.read()?;
        token_seen(core, read.as_ref(), place, access.reach(), id)?;
        let today = Day::of(core.clock.now());
        let since = today.minus(USAGE_DAYS - 1);
        // The store first: what memory has forgotten by then stood in it.
        let stored = store::usage::usage_list(read.as_ref(), place, id, since)?;
        Ok(days_of(core, id, stored.into_iter().collect(), since))
    };
    core.door.read(core, Weight::Light, find).await
}

/// The days from `since` on, with what is not written yet.
fn days_of(core: &Core, id: TokenId, mut found: BTreeMap<Day, Usage>, since: Day) -> Days {
    core.known.tokens.used.complete(id, &mut found);
    let days = (0..USAGE_DAYS).map(|n| since.plus(n));
    days.map(|day| (day, found.get(&day).copied().unwrap_or_default())).collect()
}

/// All tokens that the caller sees, in order of their ids, each with how it was used; by one snapshot.
pub async fn token_usage_list(core: &Arc<Core>, access: Access<TokensRead>) -> Result<Vec<(Tokened, Days)>> {
    let list = move |core: &Core| {
        let read = core.engine.read()?;
        let (tokens, _) = tokens_seen(core, read.as_ref(), &access, None, usize::MAX)?;
        let since = Day::of(core.clock.now()).minus(USAGE_DAYS - 1);
        let mut stored = store::usage::usage_list_all(read.as_ref(), *access.place(), since)?;
        let used = tokens.into_iter().map(|tokened| {
            let id = tokened.token.id;
            let days = days_of(core, id, stored.remove(&id).unwrap_or_default(), since);
            (tokened, days)
        });
        Ok(used.collect())
    };
    core.door.read(core, Weight::Heavy, list).await
}
