//! What bodies read, before anything is fetched: each is run for nothing, on what is known of earlier groups.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::kv::staged::{Changes, Staging, stored_key};
use crate::kv::{Body, Bytes, Each, Keyspace, Read, Result, Way};

/// Values by stored keys; `None` for what is not there.
pub(super) type Values = HashMap<Bytes, Option<Bytes>>;

/// Bytes that guesses may take, and how long a value is that is worth one.
const GUESSES_BYTES_MAX: usize = 16 << 20;
const GUESS_BYTES_MAX: usize = 16 << 10;

/// What keys held in earlier groups: a guess at what they hold now. They only lead a body that is run for nothing to what it
/// reads next; nothing rests on them.
#[derive(Default)]
pub(super) struct Guesses {
    values: HashMap<Bytes, Bytes>,
    bytes: usize,
}

impl Guesses {
    fn get(&self, key: &[u8]) -> Option<Bytes> {
        self.values.get(key).cloned()
    }

    fn set(&mut self, key: &Bytes, value: Option<&Bytes>) {
        let size = |value: &Bytes| 2 * key.len() + value.len() + 100;
        if let Some(old) = self.values.remove(key) {
            self.bytes = self.bytes.saturating_sub(size(&old));
        }
        let Some(value) = value.filter(|value| value.len() <= GUESS_BYTES_MAX) else { return };
        if self.bytes + size(value) > GUESSES_BYTES_MAX {
            self.values.clear();
            self.bytes = 0;
        }
        self.bytes += size(value);
        self.values.insert(key.clone(), value.clone());
    }

    /// Takes note of what a group read and wrote. What it only wrote is no key that others read before they write.
    pub(super) fn note(&mut self, fetched: &Values, changes: &Changes) {
        for (key, value) in fetched {
            self.set(key, value.as_ref());
        }
        for (key, value) in changes.iter().filter(|(key, _)| fetched.contains_key(*key)) {
            self.set(key, value.as_ref());
        }
    }
}

/// Reads of a body that is run for nothing: what was fetched, else a guess, which is noted.
pub(super) struct Learner<'a> {
    fetched: &'a Values,
    guesses: &'a Guesses,
    asked: RefCell<Vec<(Bytes, Option<Bytes>)>>,
}

impl Read for Learner<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        let mut asked = self.asked.borrow_mut();
        let one = |(of, key): &(Keyspace, &[u8])| {
            let key = stored_key(*of, key);
            if let Some(value) = self.fetched.get(key.as_slice()) {
                return value.clone();
            }
            let guess = self.guesses.get(&key);
            asked.push((key.into(), guess.clone()));
            guess
        };
        Ok(keys.iter().map(one).collect())
    }

    /// What is scanned is scanned when it counts.
    fn scan(&self, _: Keyspace, _: Range<&[u8]>, _: Way, _: &mut Each<'_>) -> Result<()> {
        Ok(())
    }
}

/// What one body asked for that was not fetched, and the guesses that it was answered.
pub(super) struct Asked(Vec<(Bytes, Option<Bytes>)>);

impl Asked {
    /// Whether it went on as it will with what has been fetched since.
    pub(super) fn guessed_well(&self, fetched: &Values) -> bool {
        self.0.iter().all(|(key, guess)| fetched.get(key).is_none_or(|value| value == guess))
    }

    pub(super) fn add_to(&self, wanted: &mut BTreeSet<Bytes>) {
        wanted.extend(self.0.iter().map(|(key, _)| key.clone()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Runs a body for nothing. What it answers or panics with does not count.
pub(super) fn learn(body: &mut Body, fetched: &Values, guesses: &Guesses) -> Asked {
    let learner = Learner { fetched, guesses, asked: RefCell::default() };
    let _ = catch_unwind(AssertUnwindSafe(|| body(&mut Staging::over(&learner))));
    Asked(learner.asked.into_inner())
}
