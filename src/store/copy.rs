//! Copies of a whole database: what of it is copied, how that is compared, and how far one that is not finished has come.
//!
//! While a copy is unfinished its format number is one that no release has, so that an older undb, which knows nothing of
//! copies, leaves it alone too. The real number is written last, as [`Progress`] goes.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::get_one;
use super::schema::{LEASE, META};
use super::upgrade::{self, Found};
use crate::codec::key::Key;
use crate::codec::value;
use crate::error::{Code, Error, Result};
use crate::kv::{Keyspace, Read, Way, Write};

const COPY: &[u8] = b"copy";

/// How far a copy has come; it stands in the target until that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Progress {
    /// What an earlier copy left there is being removed.
    Emptying,
    Copying(Copied),
}

/// The rows that a copy holds: the first ones of the source, in the order of their keys. Their number and hash say which,
/// so that a source which has changed among them is found out by reading them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The hash of the source's instance row, which holds a key that no other instance has.
    pub source: [u8; 32],
    pub rows: u64,
    /// Of keys and values.
    pub bytes: u64,
    /// What [`Digest`] gives for them.
    pub hash: [u8; 32],
}

pub fn progress_get(read: &(impl Read + ?Sized)) -> Result<Option<Progress>> {
    get_one(read, META, COPY)
}

/// Writes how far the copy is. Until [`copy_finish`] nothing opens the database.
pub fn progress_put(txn: &mut dyn Write, progress: &Progress) -> Result<()> {
    upgrade::unfinished_put(txn);
    txn.put(META, COPY, &value::encode(progress)?);
    Ok(())
}

/// Makes the copy a database like any other.
pub fn copy_finish(txn: &mut dyn Write) {
    upgrade::format_put(txn);
    txn.delete(META, COPY);
}

/// Looks whether a server may work with a database, and changes nothing.
///
/// Errors: it is an unfinished copy, or one of a newer format.
pub fn openable(read: &(impl Read + ?Sized)) -> Result<Found> {
    if progress_get(read)?.is_some() {
        let detail =
            "The database is an unfinished copy; run `undb copy` again, which goes on with it, or empty it.";
        return Err(Error::new(Code::Unavailable, detail));
    }
    upgrade::format_openable(read)
}

/// Names the database that is copied from.
pub fn source_name(read: &(impl Read + ?Sized)) -> Result<[u8; 32]> {
    let instance = read.get(&[(META, super::instance::INSTANCE)])?.into_iter().next().flatten();
    let instance = instance.ok_or_else(|| Error::internal("the database has no instance row"))?;
    Ok(*blake3::hash(&instance).as_bytes())
}

/// All but leases, which are of processes, and the two rows by which a copy is known to be unfinished.
fn is_content(of: Keyspace, key: &[u8]) -> bool {
    of != LEASE && !(of == META && (key == COPY || key == upgrade::KEY))
}

/// Is called with the keyspace, key and value of each row.
pub type EachRow<'a> = dyn FnMut(Keyspace, &[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Every row of the database's content, in the order of keys, also of keyspaces that this release does not know: a newer one
/// of the same format may have written there. The engine's own is none of them.
pub fn content_scan(read: &(impl Read + ?Sized), each: &mut EachRow<'_>) -> Result<()> {
    rows_scan(read, &mut |of, key, value| {
        if is_content(of, key) { each(of, key, value) } else { ControlFlow::Continue(()) }
    })
}

fn rows_scan(read: &(impl Read + ?Sized), each: &mut EachRow<'_>) -> Result<()> {
    let end = Key::new().after_prefix();
    let mut flow = ControlFlow::Continue(());
    for of in (0..u8::MAX).map(Keyspace) {
        read.scan(of, &[]..&end, Way::Up, &mut |key, value| {
            flow = each(of, key, value);
            flow
        })?;
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Whether nothing at all is there.
pub fn is_empty(read: &(impl Read + ?Sized)) -> Result<bool> {
    let mut empty = true;
    rows_scan(read, &mut |_, _, _| {
        empty = false;
        ControlFlow::Break(())
    })?;
    Ok(empty)
}

/// One step of emptying: removes at most `most` rows of content, and at the end what marks the copy. Whether there is more
/// to do.
pub fn empty_step(txn: &mut dyn Write, most: usize) -> Result<bool> {
    let mut keys = Vec::new();
    content_scan(&*txn, &mut |of, key, _| {
        keys.push((of, key.to_vec()));
        if keys.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    keys.iter().for_each(|(of, key)| txn.delete(*of, key));
    if keys.len() < most {
        txn.delete(META, COPY);
        txn.delete(META, upgrade::KEY);
    }
    Ok(keys.len() == most)
}

/// BLAKE3 over rows in their order: of each the key's length, the key with its keyspace before it, the value's length, and
/// the value; lengths as eight bytes, big-endian.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    hasher: blake3::Hasher,
    pub rows: u64,
    pub bytes: u64,
}

impl Digest {
    pub fn add(&mut self, of: Keyspace, key: &[u8], value: &[u8]) {
        let length = |length: usize| (length as u64).to_be_bytes();
        self.hasher.update(&length(1 + key.len())).update(&[of.0]).update(key);
        self.hasher.update(&length(value.len())).update(value);
        self.rows += 1;
        self.bytes += (1 + key.len() + value.len()) as u64;
    }

    /// The hash of all rows so far; more may follow.
    pub fn hash(&self) -> [u8; 32] {
        *self.hasher.finalize().as_bytes()
    }

    pub fn copied(&self, source: [u8; 32]) -> Copied {
        Copied { source, rows: self.rows, bytes: self.bytes, hash: self.hash() }
    }
}
