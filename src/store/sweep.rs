//! What is to be removed later, in bounded steps: things that nothing can reach any more, and things whose time has come.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::schema::{DOOMED, EXPIRY};
use crate::access::SpaceKey;
use crate::clock::Time;
use crate::codec::key::{Key, Parts};
use crate::codec::value;
use crate::error::Result;
use crate::id::DoomId;
use crate::kv::{Keyspace, Read, Way, Write};
use crate::limits::SWEEP_KEYS_MAX;

/// Ranges that nothing can reach any more, as keyspaces and the beginnings of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Doomed(Vec<(u8, Vec<u8>)>);

/// Dooms everything whose keys begin like these.
pub fn doom(txn: &mut dyn Write, id: DoomId, prefixes: impl IntoIterator<Item = SpaceKey>) -> Result<()> {
    let prefixes = prefixes.into_iter().map(|key| (key.of().0, key.as_bytes().to_vec()));
    txn.put(DOOMED, Key::new().id(id).as_bytes(), &value::encode(&Doomed(prefixes.collect()))?);
    Ok(())
}

fn expiry_key(at: Time, of: Keyspace, key: &[u8]) -> Vec<u8> {
    let mut bytes = Key::new().i64(at.millis()).u8(of.0).into_bytes();
    bytes.extend_from_slice(key);
    bytes
}

/// Lets the sweeper remove a key once `at` has come.
pub fn expiry_put(txn: &mut dyn Write, at: Time, of: Keyspace, key: &[u8]) {
    txn.put(EXPIRY, &expiry_key(at, of, key), &[]);
}

pub fn expiry_delete(txn: &mut dyn Write, at: Time, of: Keyspace, key: &[u8]) {
    txn.delete(EXPIRY, &expiry_key(at, of, key));
}

/// One step of the sweeper: removes at most [`SWEEP_KEYS_MAX`] keys, and says whether there may be more to do.
pub fn sweep_step(txn: &mut dyn Write, now: Time) -> Result<bool> {
    let mut left = SWEEP_KEYS_MAX;
    expired_delete(txn, now, &mut left)?;
    doomed_delete(txn, &mut left)?;
    Ok(left == 0)
}

fn expired_delete(txn: &mut dyn Write, now: Time, left: &mut usize) -> Result<()> {
    let end = Key::new().i64(now.millis()).into_bytes();
    for key in first_keys(txn, EXPIRY, &[], &end, *left)? {
        let mut parts = Parts(&key);
        parts.i64();
        if let Some(of) = parts.u8() {
            txn.delete(Keyspace(of), parts.rest());
        }
        txn.delete(EXPIRY, &key);
        *left -= 1;
    }
    Ok(())
}

fn doomed_delete(txn: &mut dyn Write, left: &mut usize) -> Result<()> {
    let mut rows = Vec::new();
    txn.scan(DOOMED, &[]..Key::new().after_prefix().as_slice(), Way::Up, &mut |key, bytes| {
        rows.push((key.to_vec(), bytes.to_vec()));
        ControlFlow::Break(())
    })?;
    let Some((row, bytes)) = rows.pop() else { return Ok(()) };
    let Doomed(prefixes) = value::decode(&bytes)?;
    for (of, prefix) in prefixes {
        let end = Key::new().raw(&prefix).after_prefix();
        for key in first_keys(txn, Keyspace(of), &prefix, &end, *left)? {
            txn.delete(Keyspace(of), &key);
            *left -= 1;
        }
        if *left == 0 {
            return Ok(());
        }
    }
    txn.delete(DOOMED, &row);
    // There may be another row, which is for the next step.
    *left = 0;
    Ok(())
}

fn first_keys(
    read: &(impl Read + ?Sized),
    of: Keyspace,
    from: &[u8],
    to: &[u8],
    most: usize,
) -> Result<Vec<Vec<u8>>> {
    let mut keys = Vec::new();
    if most == 0 {
        return Ok(keys);
    }
    read.scan(of, from..to, Way::Up, &mut |key, _| {
        keys.push(key.to_vec());
        if keys.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(keys)
}
