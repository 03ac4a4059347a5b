//! How a token was used: get.

use std::collections::BTreeMap;

use super::Core;
use super::token::{is_seen, not_found};
use crate::access::{Access, TokensRead};
use crate::error::Result;
use crate::id::TokenId;
use crate::limits::USAGE_DAYS;
use crate::model::usage::{Day, Usage};
use crate::store;

/// How a token was used on each of the last 90 days, today the last of them; of a revoked one too.
pub fn token_usage_get(core: &Core, access: &Access<TokensRead>, id: TokenId) -> Result<Vec<(Day, Usage)>> {
    let place = *access.place();
    let read = core.engine.read()?;
    let token = store::token::token_get(read.as_ref(), place, id)?.ok_or_else(not_found)?;
    if !is_seen(&*core.catalog(&place)?, access.reach(), &token) {
        return Err(not_found());
    }
    let today = Day::of(core.clock.now());
    let since = today.minus(USAGE_DAYS - 1);
    // The store first: what memory has forgotten by then stood in it.
    let stored = store::usage::usage_list(read.as_ref(), place, id, since)?;
    let mut found: BTreeMap<_, _> = stored.into_iter().collect();
    core.known.tokens.used.complete(id, &mut found);
    let days = (0..USAGE_DAYS).map(|n| since.plus(n));
    Ok(days.map(|day| (day, found.get(&day).copied().unwrap_or_default())).collect())
}
