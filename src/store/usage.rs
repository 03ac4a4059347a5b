//! How tokens are used: when last, and how often on each of the last 90 days. Written in the background for many tokens at
//! once, by the operator, so the keys are made without a proof.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use super::schema::{SPACE, TOKEN_USAGE, TOKEN_USED};
use super::{decode, sweep};
use crate::access::InSpace;
use crate::clock::Time;
use crate::codec::key::{Key, Parts};
use crate::codec::value;
use crate::error::Result;
use crate::id::{SpaceId, TokenId};
use crate::kv::{Read, Way, Write};
use crate::limits::USAGE_DAYS;
use crate::model::usage::{Day, Usage};

/// What is to be written of a token.
#[derive(Clone, Debug)]
pub struct TokenUses {
    pub space: SpaceId,
    pub token: TokenId,
    /// If it was used since that was last written.
    pub last: Option<Time>,
    pub days: Vec<DayUses>,
}

/// All of what a token was used on a day.
#[derive(Clone, Copy, Debug)]
pub struct DayUses {
    pub day: Day,
    pub usage: Usage,
    /// Nothing of that day stands there yet.
    pub new: bool,
}

/// A day of a token.
pub type TokenDay = (SpaceId, TokenId, Day);

fn key_of((space, token, day): TokenDay) -> Key {
    Key::new().id(space).id(token).u64(day.number().into())
}

/// What stands there of these days. One round trip.
pub fn usage_get(read: &(impl Read + ?Sized), days: &[TokenDay]) -> Result<Vec<Usage>> {
    let keys: Vec<_> = days.iter().map(|day| key_of(*day)).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (TOKEN_USAGE, key.as_bytes())).collect();
    read.get(&pairs)?.into_iter().map(|bytes| Ok(decode(bytes)?.unwrap_or_default())).collect()
}

/// The days from `since` on on which a token was used, as far as that is written, in their order.
pub fn usage_list(
    read: &(impl Read + ?Sized),
    space: InSpace,
    token: TokenId,
    since: Day,
) -> Result<Vec<(Day, Usage)>> {
    let all = space.key(TOKEN_USAGE, |key| key.id(token));
    let from = space.key(TOKEN_USAGE, |key| key.id(token).u64(since.number().into()));
    let mut days = Vec::new();
    read.scan(all.of(), from.as_bytes()..&all.after_prefix(), Way::Up, &mut |key, bytes| {
        let mut parts = Parts(key);
        let day = (parts.id::<SpaceId>(), parts.id::<TokenId>(), parts.u64()).2;
        let day = day.and_then(|day| u32::try_from(day).ok()).map(Day::from_number);
        days.extend(day.map(|day| (day, value::decode::<Usage>(bytes))));
        ControlFlow::Continue(())
    })?;
    days.into_iter().map(|(day, usage)| Ok((day, usage?))).collect()
}

/// The same of all tokens of a space, in one scan.
pub fn usage_list_all(
    read: &(impl Read + ?Sized),
    space: InSpace,
    since: Day,
) -> Result<HashMap<TokenId, BTreeMap<Day, Usage>>> {
    let all = space.key(TOKEN_USAGE, |key| key);
    let mut rows = Vec::new();
    read.scan(all.of(), all.as_bytes()..&all.after_prefix(), Way::Up, &mut |key, bytes| {
        let mut parts = Parts(key);
        let (_, token, day) = (parts.id::<SpaceId>(), parts.id::<TokenId>(), parts.u64());
        let day = day.and_then(|day| u32::try_from(day).ok()).map(Day::from_number);
        if let (Some(token), Some(day)) = (token, day.filter(|day| *day >= since)) {
            rows.push((token, day, value::decode::<Usage>(bytes)));
        }
        ControlFlow::Continue(())
    })?;
    let mut found = HashMap::<_, BTreeMap<_, _>>::new();
    for (token, day, usage) in rows {
        found.entry(token).or_default().insert(day, usage?);
    }
    Ok(found)
}

/// Adds to how tokens were used, where several processes do that. Said twice it is twice.
pub fn usage_add(txn: &mut dyn Write, all: &[TokenUses]) -> Result<()> {
    let keys: Vec<_> = all.iter().map(|uses| Key::new().id(uses.space).id(uses.token)).collect();
    let used: Vec<_> = keys.iter().map(|key| (TOKEN_USED, key.as_bytes())).collect();
    let days = all.iter().flat_map(|uses| uses.days.iter().map(|of| (uses.space, uses.token, of.day)));
    let stored = usage_get(txn, &days.collect::<Vec<_>>())?;
    let (mut stored, used) = (stored.into_iter(), txn.get(&used)?);
    let mut whole = all.to_vec();
    for (uses, last) in whole.iter_mut().zip(used) {
        let last: Option<Time> = decode(last)?;
        uses.last = uses.last.map(|own| own.max(last.unwrap_or(own)));
        for (of, stored) in uses.days.iter_mut().zip(&mut stored) {
            (of.usage, of.new) = (stored.plus(of.usage), stored.is_none());
        }
    }
    usage_put(txn, &whole)
}

/// Writes how tokens were used; those whose space is gone are left out. Said twice it is the same: figures are whole.
pub fn usage_put(txn: &mut dyn Write, all: &[TokenUses]) -> Result<()> {
    let spaces: Vec<_> = all.iter().map(|uses| Key::new().id(uses.space)).collect();
    let spaces: Vec<_> = spaces.iter().map(|space| (SPACE, space.as_bytes())).collect();
    let there = txn.get(&spaces)?;
    for (uses, _) in all.iter().zip(there).filter(|(_, there)| there.is_some()) {
        if let Some(last) = uses.last {
            let key = Key::new().id(uses.space).id(uses.token);
            txn.put(TOKEN_USED, key.as_bytes(), &value::encode(&last)?);
        }
        for DayUses { day, usage, new } in &uses.days {
            let key = key_of((uses.space, uses.token, *day));
            txn.put(TOKEN_USAGE, key.as_bytes(), &value::encode(usage)?);
            if *new {
                sweep::expiry_put(txn, day.plus(USAGE_DAYS).start(), TOKEN_USAGE, key.as_bytes());
            }
        }
    }
    Ok(())
}
