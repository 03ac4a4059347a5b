//! What a transaction has written and nobody else has seen: [`Changes`] laid over any [`Read`]. Layers stack, so that a
//! body reads its own writes first, then those of the commits staged before it, then the store.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::{ControlFlow, Range};

use super::{
    Bytes, Each, Error, KEY_BYTES_MAX, Keyspace, Outcome, Read, Result, TRANSACTION_BYTES_MAX, Way, Write,
};

/// A key as stored: the keyspace byte first, so that one order serves all keyspaces.
pub(super) fn stored_key(of: Keyspace, key: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(1 + key.len());
    stored.push(of.0);
    stored.extend_from_slice(key);
    stored
}

/// A stored key without its keyspace byte.
pub(super) fn plain_key(stored: &[u8]) -> &[u8] {
    stored.get(1..).unwrap_or_default()
}

/// The entries of `map`, which is keyed by stored keys, in a range of one keyspace.
pub(super) fn walk<'a, V>(
    map: &'a BTreeMap<Bytes, V>,
    of: Keyspace,
    range: &Range<&[u8]>,
    way: Way,
) -> Box<dyn Iterator<Item = (&'a [u8], &'a V)> + 'a> {
    // A map's `range` panics on a range that ends before it starts.
    if range.start >= range.end {
        return Box::new(std::iter::empty());
    }
    let (start, end) = (stored_key(of, range.start), stored_key(of, range.end));
    let rows = map.range::<[u8], _>((
        std::ops::Bound::Included(start.as_slice()),
        std::ops::Bound::Excluded(end.as_slice()),
    ));
    let rows = rows.map(|(key, value)| (plain_key(key), value));
    match way {
        Way::Up => Box::new(rows),
        Way::Down => Box::new(rows.rev()),
    }
}

/// Written keys by stored key; `None` is a deletion.
#[derive(Debug, Default)]
pub(super) struct Changes {
    rows: BTreeMap<Bytes, Option<Bytes>>,
    /// Of keys and values; a key written twice counts once.
    bytes: usize,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Option<Bytes>)> {
        self.rows.iter()
    }

    /// Lays `later` over this.
    pub(super) fn absorb(&mut self, later: Self) {
        if self.is_empty() {
            *self = later;
        } else {
            later.rows.into_iter().for_each(|(key, value)| self.set(key, value));
        }
    }

    fn get(&self, of: Keyspace, key: &[u8]) -> Option<&Option<Bytes>> {
        if self.is_empty() {
            return None;
        }
        self.rows.get(stored_key(of, key).as_slice())
    }

    fn set(&mut self, key: Bytes, value: Option<Bytes>) {
        let size = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
        let (key_bytes, added) = (key.len().saturating_sub(1), size(&value));
        let removed = self.rows.insert(key, value).map(|old| key_bytes + size(&old));
        self.bytes = (self.bytes + key_bytes + added).saturating_sub(removed.unwrap_or(0));
    }
}

/// [`Changes`] laid over a reader.
pub(super) struct Overlay<'a> {
    pub(super) changes: &'a Changes,
    pub(super) under: &'a dyn Read,
}

impl Read for Overlay<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        let found: Vec<_> = keys.iter().map(|(of, key)| self.changes.get(*of, key)).collect();
        let missing: Vec<_> =
            keys.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(key, _)| *key).collect();
        let under = if missing.is_empty() { Vec::new() } else { self.under.get(&missing)? };
        let mut under = under.into_iter();
        Ok(found
            .into_iter()
            .map(|found| match found {
                Some(written) => written.clone(),
                None => under.next().flatten(),
            })
            .collect())
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        if self.changes.is_empty() {
            return self.under.scan(of, range, way, each);
        }
        let mut written = walk(&self.changes.rows, of, &range, way).peekable();
        let mut flow = ControlFlow::Continue(());
        self.under.scan(of, range, way, &mut |key, value| {
            flow = merge(&mut written, key, value, way, each);
            flow
        })?;
        if flow.is_continue() {
            for (key, value) in written {
                let Some(value) = value else { continue };
                if each(key, value).is_break() {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Gives `each` the written rows that come before the row `key` of the layer below, then that row unless it was written.
fn merge<'a>(
    written: &mut Peekable<impl Iterator<Item = (&'a [u8], &'a Option<Bytes>)>>,
    key: &[u8],
    value: &[u8],
    way: Way,
    each: &mut Each<'_>,
) -> ControlFlow<()> {
    let due = |own: &[u8]| match way {
        Way::Up => own <= key,
        Way::Down => own >= key,
    };
    while let Some((own, change)) = written.next_if(|(own, _)| due(own)) {
        if let Some(change) = change {
            each(own, change)?;
        }
        if own == key {
            return ControlFlow::Continue(());
        }
    }
    each(key, value)
}

/// One run of a body: what it writes is seen by itself only, until [`Staging::finish`].
pub(super) struct Staging<'a> {
    changes: Changes,
    under: &'a dyn Read,
    /// `put` answers nothing, so what was wrong with one is remembered here. From then on nothing more is kept.
    fault: Option<Error>,
}

impl<'a> Staging<'a> {
    pub(super) fn over(under: &'a dyn Read) -> Self {
        Self { changes: Changes::default(), under, fault: None }
    }

    /// What is to be committed, if anything. A fault is answered even if the body wants its writes dropped: what it
    /// decided may rest on a write that was not kept.
    pub(super) fn finish(self, outcome: Outcome) -> Result<Option<Changes>> {
        match (self.fault, outcome) {
            (Some(fault), _) => Err(fault),
            (None, Outcome::Drop) => Ok(None),
            (None, Outcome::Keep) => Ok(Some(self.changes).filter(|changes| !changes.is_empty())),
        }
    }

    fn overlay(&self) -> Overlay<'_> {
        Overlay { changes: &self.changes, under: self.under }
    }

    fn set(&mut self, of: Keyspace, key: &[u8], value: Option<&[u8]>) {
        let size = key.len() + value.map_or(0, <[u8]>::len);
        match &mut self.fault {
            Some(Error::TooLarge(bytes)) => *bytes += size,
            Some(_) => {}
            None if key.len() > KEY_BYTES_MAX => self.fault = Some(Error::KeyTooLong(key.len())),
            None if of == Keyspace::RESERVED => {
                self.fault = Some(Error::Broken("the last keyspace is the engine's own".into()));
            }
            None => {
                self.changes.set(stored_key(of, key).into(), value.map(Bytes::copy_from_slice));
                if self.changes.bytes > TRANSACTION_BYTES_MAX {
                    self.fault = Some(Error::TooLarge(self.changes.bytes));
                    self.changes = Changes::default();
                }
            }
        }
    }
}

impl Read for Staging<'_> {
    fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
        self.overlay().get(keys)
    }

    fn scan(&self, of: Keyspace, range: Range<&[u8]>, way: Way, each: &mut Each<'_>) -> Result<()> {
        self.overlay().scan(of, range, way, each)
    }
}

impl Write for Staging<'_> {
    fn put(&mut self, of: Keyspace, key: &[u8], value: &[u8]) {
        self.set(of, key, Some(value));
    }

    fn delete(&mut self, of: Keyspace, key: &[u8]) {
        self.set(of, key, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACE: Keyspace = Keyspace(1);

    fn changes(rows: &[(&str, Option<&str>)]) -> Changes {
        let mut changes = Changes::default();
        for (key, value) in rows {
            let value = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
            changes.set(stored_key(SPACE, key.as_bytes()).into(), value);
        }
        changes
    }

    /// Nothing at all, to put layers on.
    struct Empty;

    impl Read for Empty {
        fn get(&self, keys: &[(Keyspace, &[u8])]) -> Result<Vec<Option<Bytes>>> {
            Ok(vec![None; keys.len()])
        }

        fn scan(&self, _: Keyspace, _: Range<&[u8]>, _: Way, _: &mut Each<'_>) -> Result<()> {
            Ok(())
        }
    }

    fn scanned(read: &dyn Read, way: Way, limit: usize) -> String {
        let mut seen = Vec::new();
        read.scan(SPACE, b"a"..b"z", way, &mut |key, value| {
            seen.push(format!("{}{}", str::from_utf8(key).unwrap(), str::from_utf8(value).unwrap()));
            if seen.len() == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        seen.join(" ")
    }

    #[test]
    fn layers_merge_in_key_order_both_ways_and_the_upper_one_wins() {
        let low = changes(&[("b", Some("1")), ("d", Some("1")), ("f", Some("1")), ("zz", Some("1"))]);
        let high = changes(&[("a", Some("2")), ("d", None), ("e", Some("2")), ("f", Some("2")), ("g", None)]);
        let low = Overlay { changes: &low, under: &Empty };
        let both = Overlay { changes: &high, under: &low };
        assert_eq!(scanned(&both, Way::Up, 9), "a2 b1 e2 f2");
        assert_eq!(scanned(&both, Way::Down, 9), "f2 e2 b1 a2");
        for limit in 1..=4 {
            assert_eq!(scanned(&both, Way::Up, limit).split(' ').count(), limit);
            assert_eq!(scanned(&both, Way::Down, limit).split(' ').count(), limit);
        }
        let got = both.get(&[(SPACE, b"f"), (SPACE, b"d"), (SPACE, b"b"), (Keyspace(2), b"b")]).unwrap();
        assert_eq!(got, [Some("2".into()), None, Some("1".into()), None]);
    }

    #[test]
    fn bytes_count_what_is_kept_and_a_fault_drops_everything() {
        let mut changes = changes(&[("ab", Some("cde")), ("ab", Some("c")), ("x", None)]);
        assert_eq!(changes.bytes, 4);
        changes.absorb(self::changes(&[("ab", None)]));
        assert_eq!(changes.bytes, 3);

        let half = vec![0; TRANSACTION_BYTES_MAX / 2];
        let mut staging = Staging::over(&Empty);
        staging.put(SPACE, b"", &half);
        staging.put(SPACE, b"", &half);
        staging.put(SPACE, b"b", &half[1..]);
        assert!(staging.fault.is_none());
        staging.put(SPACE, b"c", b"");
        staging.put(SPACE, b"d", b"");
        let most = TRANSACTION_BYTES_MAX;
        assert!(matches!(staging.finish(Outcome::Drop), Err(Error::TooLarge(n)) if n == most + 2));
    }
}
