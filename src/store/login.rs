//! Failed attempts at a password: when they were, of each address and e-mail that made them.
//!
//! An attempt is written down as failed before it is made, in a transaction, so that attempts made at the same time through
//! whatever process can't outrun the limit; what succeeds is taken back. The rows are few: an address or e-mail has one
//! of [`LOGIN_SLOTS`], by a hash with a key that nobody outside knows, and a row goes once its last failure is over.

use std::net::IpAddr;

use super::schema::LOGIN;
use super::{decode, sweep};
use crate::clock::Time;
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::Result;
use crate::kv::{Read, Write};
use crate::limits::{LOGIN_FAILURES_MAX, LOGIN_SLOTS, LOGIN_WINDOW_SECONDS};
use crate::model::user::Email;

/// Where the failures of an address or of an e-mail are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot(Key);

impl Slot {
    /// An IPv6 client has a whole /64 to itself, so that is what counts.
    pub fn address(secret: &[u8; 32], address: IpAddr) -> Slot {
        let bits = match address.to_canonical() {
            IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            IpAddr::V6(v6) => v6.to_bits() & !u128::from(u64::MAX),
        };
        Slot::of(secret, 0, &bits.to_be_bytes())
    }

    pub fn email(secret: &[u8; 32], email: &Email) -> Slot {
        Slot::of(secret, 1, email.folded().as_bytes())
    }

    fn of(secret: &[u8; 32], kind: u8, bytes: &[u8]) -> Slot {
        let hash = blake3::keyed_hash(secret, bytes);
        let number = hash.as_bytes().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        Slot(Key::new().u8(kind).u64(number % LOGIN_SLOTS))
    }
}

/// When attempts failed that still count, the earliest first.
type Failures = Vec<Time>;

fn failures_get(read: &(impl Read + ?Sized), slots: &[&Slot]) -> Result<Vec<Failures>> {
    let keys: Vec<_> = slots.iter().map(|slot| (LOGIN, slot.0.as_bytes())).collect();
    read.get(&keys)?.into_iter().map(|bytes| Ok(decode(bytes)?.unwrap_or_default())).collect()
}

/// When a row is to go: its last failure is over then.
fn end(failures: &[Time]) -> Option<Time> {
    failures.last().map(|last| last.plus_seconds(LOGIN_WINDOW_SECONDS))
}

fn failures_put(txn: &mut dyn Write, slot: &Slot, before: &[Time], failures: &[Time]) -> Result<()> {
    let key = slot.0.as_bytes();
    if let Some(end) = end(before) {
        sweep::expiry_delete(txn, end, LOGIN, key);
    }
    match end(failures) {
        Some(end) => {
            txn.put(LOGIN, key, &value::encode(&failures)?);
            sweep::expiry_put(txn, end, LOGIN, key);
        }
        None => txn.delete(LOGIN, key),
    }
    Ok(())
}

/// Counts an attempt as failed, everywhere; where there are too many already it counts nothing and answers when the next
/// one is possible.
pub fn attempt_begin(txn: &mut dyn Write, slots: &[&Slot], now: Time) -> Result<Option<Time>> {
    let held = failures_get(&*txn, slots)?;
    let since = now.plus_seconds(-LOGIN_WINDOW_SECONDS);
    let counting = |failures: &Failures| failures.iter().copied().filter(|at| *at > since).collect();
    let counted: Vec<Failures> = held.iter().map(counting).collect();
    let free = |failures: &Failures| {
        let first = failures.len().checked_sub(LOGIN_FAILURES_MAX)?;
        failures.get(first).map(|first| first.plus_seconds(LOGIN_WINDOW_SECONDS))
    };
    if let Some(free) = counted.iter().filter_map(free).max() {
        return Ok(Some(free));
    }
    for ((slot, before), mut failures) in slots.iter().zip(&held).zip(counted) {
        failures.push(now);
        // Another process may have another clock.
        failures.sort_unstable();
        failures_put(txn, slot, before, &failures)?;
    }
    Ok(None)
}

/// Takes back an attempt of the time `at` that did not fail. With it go all failures of the e-mail, whose password is known
/// to whoever made it, but not those of the address: otherwise who has a password of their own could guess others' for ever.
pub fn attempt_succeed(txn: &mut dyn Write, address: &Slot, email: Option<&Slot>, at: Time) -> Result<()> {
    let slots: Vec<_> = [Some(address), email].into_iter().flatten().collect();
    for (slot, before) in slots.iter().zip(failures_get(&*txn, &slots)?) {
        let mut failures = before.clone();
        match failures.iter().rposition(|time| *time == at) {
            _ if Some(*slot) == email => failures.clear(),
            Some(place) => drop(failures.remove(place)),
            None => {}
        }
        failures_put(txn, slot, &before, &failures)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let slot = |text: &str| Slot::address(&[1; 32], text.parse().unwrap());
        assert_eq!(slot("2001:db8::1"), slot("2001:db8::ffff:1"));
        assert_ne!(slot("2001:db8::1"), slot("2001:db8:0:1::1"));
        assert_eq!(slot("::ffff:192.0.2.1"), slot("192.0.2.1"));
        assert_ne!(slot("192.0.2.1"), slot("192.0.2.2"));
    }

    #[test]
    fn a_slot_does_not_tell_whose_it_is() {
        let email = Email::parse("Ann@example.com").unwrap();
        assert_eq!(
            Slot::email(&[1; 32], &email),
            Slot::email(&[1; 32], &Email::parse("ann@EXAMPLE.com").unwrap())
        );
        assert_ne!(Slot::email(&[1; 32], &email), Slot::email(&[2; 32], &email), "it takes the key");
        let slots =
            (0..2000).map(|n| Slot::email(&[1; 32], &Email::parse(&format!("{n}@example.com")).unwrap()));
        assert!(slots.into_iter().all(|slot| slot.0.as_bytes().len() == 9));
    }
}
