//! The journal: what the last groups did to sled, in a file of its own and of fixed length. One write there and one sync
//! take a small group to the disk; sled's own flush, which costs far more, is left to the group for which there is no room.
//!
//! ```text
//! checksum(u32) length(u32) number(u64) round(u64) operation*    a group; the next one follows at once
//! length of key(u16) length of value(u32) key value      an operation; a removal has the length u32::MAX and no value
//! ```
//!
//! A group is in the journal and on the disk before sled is touched, and is then given to sled key by key: sled's atomic
//! batches write its log twice each. What a crash leaves in sled is therefore some beginning of what the journal holds, and
//! perhaps half a group; applied from its start when the database is opened, the journal makes it whole.
//!
//! Invariant: a group for which there is no room goes to sled as an atomic batch, with its number under [`NUMBER_KEY`]. Once
//! that is flushed and synced the journal begins anew, so it is applied from the number after that one. Each round has a
//! random number: what an earlier one left behind the last group has another, also where a value that a client sent looks
//! like a group. What a crash tore has another checksum. Both end the journal.

use std::fs::File;
use std::io::{Read, Seek, Write};

use ::sled::{Batch, Db};

use crate::kv::{Error, Keyspace, Result};
use crate::limits::JOURNAL_BYTES;

/// Where sled holds the number of the last group that is not to be applied again. Shorter than the key of any piece.
const NUMBER_KEY: [u8; 1] = [Keyspace::RESERVED.0];
const HEAD_BYTES: usize = 24;
const SUM_BYTES: usize = 4;
const REMOVED: u32 = u32::MAX;

pub(super) struct Journal {
    file: File,
    /// Bytes of the groups in it, after which the next one goes.
    used: usize,
    /// The number of the last group.
    last: u64,
    /// Drawn each time that the journal begins anew.
    round: u64,
    /// The group that is being made, head first.
    group: Vec<u8>,
}

impl Journal {
    /// Brings `db` up to what the journal holds, and begins it anew. `log` is sled's.
    pub(super) fn open(mut file: File, db: &Db, log: &File) -> Result<Self> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| broken("read", &error))?;
        let (held, last) = replay(db, &bytes)?;
        if last > held {
            db.insert(NUMBER_KEY, &last.to_be_bytes())?;
        }
        db.flush()?;
        // Also without anything to apply: what sled has read may be in the system's memory only.
        log.sync_data().map_err(|error| broken("sync what was applied of", &error))?;
        let mut journal = Self { file, used: 0, last, round: 0, group: Vec::new() };
        if bytes.len() != JOURNAL_BYTES {
            // In its full length from the beginning, so that a sync has no length to write.
            let fill = vec![0; JOURNAL_BYTES.saturating_sub(bytes.len())];
            let filled =
                journal.file.write_all(&fill).and_then(|()| journal.file.set_len(JOURNAL_BYTES as u64));
            filled.and_then(|()| journal.file.sync_all()).map_err(|error| broken("make", &error))?;
        }
        journal.rewind()?;
        Ok(journal)
    }

    /// Begins the next group.
    pub(super) fn begin(&mut self) {
        // One that did not fit may have been very large.
        if self.group.capacity() > JOURNAL_BYTES {
            self.group = Vec::new();
        }
        self.group.clear();
        self.group.resize(HEAD_BYTES, 0);
    }

    /// Adds that `key` gets the value that `parts` make. Keys are as sled is given them.
    pub(super) fn put(&mut self, key: &[u8], parts: &[&[u8]]) {
        // A value is at most a piece and its marker.
        let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).unwrap_or(REMOVED);
        self.operation(key, length);
        parts.iter().for_each(|part| self.group.extend_from_slice(part));
    }

    /// Adds that `key` goes.
    pub(super) fn remove(&mut self, key: &[u8]) {
        self.operation(key, REMOVED);
    }

    fn operation(&mut self, key: &[u8], length: u32) {
        // Keys are bounded, escaped ones too.
        let key_length = u16::try_from(key.len()).unwrap_or(u16::MAX);
        self.group.extend_from_slice(&key_length.to_be_bytes());
        self.group.extend_from_slice(&length.to_be_bytes());
        self.group.extend_from_slice(key);
    }

    /// Takes the group to the disk, if there is room for it: `false` says that there is none.
    pub(super) fn append(&mut self) -> Result<bool> {
        if self.used + self.group.len() > JOURNAL_BYTES {
            return Ok(false);
        }
        let length = u32::try_from(self.group.len() - HEAD_BYTES).unwrap_or(u32::MAX);
        let (number, round) = ((self.last + 1).to_be_bytes(), self.round.to_be_bytes());
        self.group.splice(SUM_BYTES..HEAD_BYTES, [&length.to_be_bytes()[..], &number, &round].concat());
        let sum = sum_of(&self.group).to_be_bytes();
        self.group.splice(..SUM_BYTES, sum);
        let written = self.file.write_all(&self.group).and_then(|()| self.file.sync_data());
        written.map_err(|error| broken("write", &error))?;
        self.used += self.group.len();
        self.last += 1;
        Ok(true)
    }

    /// Gives the group to sled. Only once it is on the disk here, since a crash may leave a part of it there.
    pub(super) fn apply(&self, db: &Db) -> Result<()> {
        apply(db, self.operations())
    }

    /// Gives the group to sled in one piece, without a place in the journal.
    pub(super) fn apply_whole(&self, db: &Db) -> Result<()> {
        let mut batch = Batch::default();
        each(self.operations(), &mut |Operation { key, value }| {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
            Ok(())
        })?;
        batch.insert(&NUMBER_KEY, &(self.last + 1).to_be_bytes());
        Ok(db.apply_batch(batch)?)
    }

    fn operations(&self) -> &[u8] {
        self.group.get(HEAD_BYTES..).unwrap_or_default()
    }

    /// Begins anew: sled was given the group whole, and was flushed and synced.
    pub(super) fn restart(&mut self) -> Result<()> {
        self.last += 1;
        self.rewind()
    }

    fn rewind(&mut self) -> Result<()> {
        (self.used, self.round) = (0, rand::random());
        self.file.rewind().map_err(|error| broken("rewind", &error))
    }
}

/// Applies the groups in `bytes` after the last one that sled surely holds: the numbers of that one and of the last.
fn replay(db: &Db, bytes: &[u8]) -> Result<(u64, u64)> {
    let held = db.get(NUMBER_KEY)?;
    let held = held.map(|number| number.as_ref().try_into().map(u64::from_be_bytes)).transpose();
    let held = held.map_err(|_| Error::Corrupt("the number of the last group".into()))?.unwrap_or(0);
    let (mut last, mut before, mut rest) = (held, None, bytes);
    while let Some(Group { number, round, operations, after }) = Group::read(rest) {
        if before.is_some_and(|before| (number - 1, round) != before) {
            break;
        }
        if number > last {
            if number != last + 1 {
                let first = number - 1;
                return Err(Error::Corrupt(format!(
                    "the journal continues {first}, and the log ends with {last}"
                )));
            }
            apply(db, operations)?;
            last = number;
        }
        (before, rest) = (Some((number, round)), after);
    }
    Ok((held, last))
}

struct Group<'a> {
    number: u64,
    round: u64,
    operations: &'a [u8],
    /// What stands behind it.
    after: &'a [u8],
}

impl<'a> Group<'a> {
    /// The first group in `bytes`, if it is whole.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (sum, rest) = bytes.split_first_chunk::<SUM_BYTES>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (round, rest) = rest.split_first_chunk::<8>()?;
        let (operations, after) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let whole = bytes.get(..HEAD_BYTES + operations.len())?;
        let [number, round] = [number, round].map(|eight| u64::from_be_bytes(*eight));
        (number > 0 && u32::from_be_bytes(*sum) == sum_of(whole)).then_some(Self {
            number,
            round,
            operations,
            after,
        })
    }
}

/// The checksum of a group, which covers all that stands after it.
fn sum_of(group: &[u8]) -> u32 {
    crc32fast::hash(group.get(SUM_BYTES..).unwrap_or_default())
}

fn apply(db: &Db, operations: &[u8]) -> Result<()> {
    each(operations, &mut |Operation { key, value }| {
        match value {
            Some(value) => db.insert(key, value)?,
            None => db.remove(key)?,
        };
        Ok(())
    })
}

/// What is done to a key.
struct Operation<'a> {
    key: &'a [u8],
    /// `None` removes it.
    value: Option<&'a [u8]>,
}

impl<'a> Operation<'a> {
    /// The first operation in `bytes`, and what stands after it.
    fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (key_length, rest) = bytes.split_first_chunk::<2>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*key_length)))?;
        match u32::from_be_bytes(*length) {
            REMOVED => Some((Self { key, value: None }, rest)),
            length => {
                let (value, rest) = rest.split_at_checked(length as usize)?;
                Some((Self { key, value: Some(value) }, rest))
            }
        }
    }
}

fn each(mut operations: &[u8], with: &mut dyn FnMut(Operation<'_>) -> Result<()>) -> Result<()> {
    while !operations.is_empty() {
        let (operation, rest) = Operation::read(operations)
            .ok_or_else(|| Error::Corrupt("an operation in the journal ends too soon".into()))?;
        with(operation)?;
        operations = rest;
    }
    Ok(())
}

fn broken(what: &str, error: &std::io::Error) -> Error {
    Error::Broken(format!("cannot {what} the journal: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(dir: &std::path::Path, journal: &[u8]) -> (Db, Journal) {
        let db = ::sled::Config::new().path(dir.join("sled")).flush_every_ms(None).open().unwrap();
        std::fs::write(dir.join("journal"), journal).unwrap();
        let file = |name: &str| File::options().read(true).write(true).open(dir.join(name)).unwrap();
        let journal = Journal::open(file("journal"), &db, &file("sled/db")).unwrap();
        (db, journal)
    }

    fn rows(db: &Db) -> Vec<(Vec<u8>, Vec<u8>)> {
        let rows = db.iter().map(|row| row.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap());
        rows.filter(|(key, _)| key[0] != NUMBER_KEY[0]).collect()
    }

    /// Group `n` changes what the groups before it wrote.
    fn group(journal: &mut Journal, n: u8) {
        journal.begin();
        for key in [n, n + 1, n + 2] {
            journal.put(&[key], &[&[key], &[n; 5]]);
        }
        journal.remove(&[n - 1]);
    }

    #[test]
    fn whatever_part_of_the_journal_a_crash_left_in_sled_all_of_it_is_there_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let (db, mut journal) = opened(dir.path(), &[]);
        let mut parts = Vec::new();
        for n in 1..=4 {
            group(&mut journal, n);
            assert!(journal.append().unwrap());
            journal.apply(&db).unwrap();
            each(journal.operations(), &mut |Operation { key, value }| {
                parts.push((key.to_vec(), value.map(<[u8]>::to_vec)));
                Ok(())
            })
            .unwrap();
        }
        let (expected, bytes) = (rows(&db), std::fs::read(dir.path().join("journal")).unwrap());
        for applied in 0..=parts.len() {
            let dir = tempfile::tempdir().unwrap();
            let (db, _) = opened(dir.path(), &[]);
            for (key, value) in &parts[..applied] {
                match value {
                    Some(value) => db.insert(key, value.as_slice()).unwrap(),
                    None => db.remove(key).unwrap(),
                };
            }
            drop(db);
            // Twice: the second time sled says that it has all.
            for _ in 0..2 {
                let (db, journal) = opened(dir.path(), &bytes);
                assert_eq!((rows(&db), journal.last), (expected.clone(), 4), "{applied} of {}", parts.len());
            }
        }
    }

    #[test]
    fn what_went_to_sled_whole_is_not_undone_by_the_journal_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (db, mut journal) = opened(dir.path(), &[]);
        group(&mut journal, 1);
        assert!(journal.append().unwrap());
        journal.apply(&db).unwrap();
        group(&mut journal, 2);
        journal.apply_whole(&db).unwrap();
        db.flush().unwrap();
        let (expected, before) = (rows(&db), std::fs::read(dir.path().join("journal")).unwrap());
        journal.restart().unwrap();
        group(&mut journal, 3);
        assert!(journal.append().unwrap());
        let after = std::fs::read(dir.path().join("journal")).unwrap();
        drop((db, journal));
        assert_eq!(rows(&opened(dir.path(), &before).0), expected);
        let (db, journal) = opened(dir.path(), &after);
        assert_eq!((rows(&db).len(), journal.last), (3, 3));
    }

    #[test]
    fn what_an_earlier_round_left_is_no_group_though_it_has_the_next_number() {
        let dir = tempfile::tempdir().unwrap();
        let (db, mut journal) = opened(dir.path(), &[]);
        // Both as long as each other, so that the second one of the first round stands where the next one would.
        for n in 1..=2 {
            group(&mut journal, n);
            assert!(journal.append().unwrap());
        }
        journal.last = 0;
        journal.rewind().unwrap();
        group(&mut journal, 9);
        assert!(journal.append().unwrap());
        let bytes = std::fs::read(dir.path().join("journal")).unwrap();
        assert_eq!(Group::read(Group::read(&bytes).unwrap().after).unwrap().number, 2);
        drop((db, journal));
        let (db, journal) = opened(dir.path(), &bytes);
        assert_eq!((rows(&db).len(), journal.last), (3, 1));
    }
}
