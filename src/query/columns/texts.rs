//! The texts of one column in one chunk: one after another in one piece of memory, or each different one once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use memchr::memmem::Finder;

use super::bits::Bits;
use crate::model::expr::lower;

/// Different texts up to which a chunk holds each once: a row's number then fits a byte.
const DIFFERENT_MAX: usize = 255;

/// Texts by row; an empty value is the empty text, which is no value.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    held: Held,
    /// The same in lower case, made when it is first searched. `None` in it: they are in lower case already.
    lower: OnceLock<Option<Box<Texts>>>,
}

#[derive(Clone, Debug)]
enum Held {
    Each(Arena),
    /// The number of its text by row.
    Few(Arena, Vec<u8>),
}

impl Default for Held {
    fn default() -> Held {
        Held::Each(Arena::default())
    }
}

/// Texts, each followed by a NUL, which none of them has: a search never finds anything that crosses from one to the next.
#[derive(Clone, Debug, Default)]
struct Arena {
    bytes: Vec<u8>,
    /// Where each text's NUL stands.
    ends: Vec<u32>,
}

impl Arena {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn start(&self, n: usize) -> usize {
        n.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end as usize + 1)
    }

    fn get(&self, n: usize) -> &str {
        let end = self.ends.get(n).map_or(0, |end| *end as usize);
        let bytes = self.bytes.get(self.start(n)..end).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn bytes_at(&self, n: usize) -> &[u8] {
        let end = self.ends.get(n).map_or(0, |end| *end as usize);
        self.bytes.get(self.start(n)..end).unwrap_or_default()
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
        self.bytes.push(0);
    }

    fn set(&mut self, n: usize, text: &str) {
        let (start, Some(end)) = (self.start(n), self.ends.get(n).map(|end| *end as usize)) else { return };
        self.bytes.splice(start..end, text.bytes());
        let (old, new) = (end - start, text.len());
        for end in self.ends.iter_mut().skip(n) {
            let moved = (*end as usize + new).saturating_sub(old);
            *end = u32::try_from(moved).unwrap_or(u32::MAX);
        }
    }

    /// The numbers of the texts in which `finder` finds something.
    fn find(&self, finder: &Finder<'_>, mut each: impl FnMut(usize)) {
        let (mut from, mut n) = (0, 0);
        while let Some(at) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let found = from + at;
            n += self.ends.get(n..).unwrap_or_default().partition_point(|end| (*end as usize) < found);
            each(n);
            let Some(end) = self.ends.get(n) else { return };
            from = *end as usize + 1;
            n += 1;
        }
    }

    fn memory(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.capacity()
    }
}

impl Texts {
    pub fn len(&self) -> usize {
        match &self.held {
            Held::Each(arena) => arena.len(),
            Held::Few(_, numbers) => numbers.len(),
        }
    }

    /// The text of a row; the empty one of a row without value.
    pub fn get(&self, row: usize) -> &str {
        match &self.held {
            Held::Each(arena) => arena.get(row),
            Held::Few(arena, numbers) => numbers.get(row).map_or("", |n| arena.get(usize::from(*n))),
        }
    }

    /// As [`Texts::get`], without a look at whether it is text.
    pub fn bytes_at(&self, row: usize) -> &[u8] {
        match &self.held {
            Held::Each(arena) => arena.bytes_at(row),
            Held::Few(arena, numbers) => numbers.get(row).map_or(&[], |n| arena.bytes_at(usize::from(*n))),
        }
    }

    /// If each different text is held once: those, and the number of its text for each row.
    pub fn few(&self) -> Option<(impl Iterator<Item = &str>, &[u8])> {
        match &self.held {
            Held::Each(_) => None,
            Held::Few(arena, numbers) => Some(((0..arena.len()).map(|n| arena.get(n)), numbers)),
        }
    }

    pub fn push(&mut self, text: &str) {
        self.lower = OnceLock::new();
        if let Held::Few(arena, numbers) = &mut self.held {
            match number_of(arena, text) {
                Some(number) => return numbers.push(number),
                None => self.hold_each(),
            }
        }
        if let Held::Each(arena) = &mut self.held {
            arena.push(text);
        }
    }

    pub fn set(&mut self, row: usize, text: &str) {
        self.lower = OnceLock::new();
        if let Held::Few(arena, numbers) = &mut self.held {
            match (number_of(arena, text), numbers.get_mut(row)) {
                (Some(number), Some(held)) => return *held = number,
                (None, _) => self.hold_each(),
                (Some(_), None) => return,
            }
        }
        if let Held::Each(arena) = &mut self.held {
            arena.set(row, text);
        }
    }

    fn hold_each(&mut self) {
        let mut each = Arena::default();
        (0..self.len()).for_each(|row| each.push(self.get(row)));
        self.held = Held::Each(each);
    }

    /// Holds each different text once if there are few, and gives back memory that is not used.
    pub fn seal(&mut self) {
        if let Some(few) = self.as_few() {
            self.held = few;
        }
        if let Held::Each(arena) = &mut self.held {
            arena.bytes.shrink_to_fit();
            arena.ends.shrink_to_fit();
        }
    }

    fn as_few(&self) -> Option<Held> {
        let Held::Each(all) = &self.held else { return None };
        let different_max = DIFFERENT_MAX.min(all.len() / 4);
        let mut numbers_of: HashMap<&[u8], u8> = HashMap::new();
        let (mut different, mut numbers) = (Arena::default(), Vec::with_capacity(all.len()));
        for row in 0..all.len() {
            let next = u8::try_from(different.len()).ok()?;
            match numbers_of.entry(all.bytes_at(row)) {
                Entry::Occupied(held) => numbers.push(*held.get()),
                Entry::Vacant(_) if different.len() >= different_max => return None,
                Entry::Vacant(vacant) => {
                    different.push(all.get(row));
                    numbers.push(*vacant.insert(next));
                }
            }
        }
        Some(Held::Few(different, numbers))
    }

    /// The rows whose text, as it is, passes a test. An empty one is a row without value.
    pub fn passing(&self, test: impl Fn(&[u8]) -> bool) -> Bits {
        match &self.held {
            Held::Each(arena) => {
                let mut bits = Bits::NONE;
                let passing = (0..arena.len()).filter(|row| test(arena.bytes_at(*row)));
                passing.for_each(|row| bits.set(row, true));
                bits
            }
            Held::Few(arena, numbers) => {
                let passing: Vec<bool> = (0..arena.len()).map(|n| test(arena.bytes_at(n))).collect();
                match passing.iter().filter(|passing| **passing).count() {
                    0 => Bits::NONE,
                    1 => {
                        let only = passing.iter().position(|passing| *passing).unwrap_or_default();
                        Bits::of(numbers, |n| usize::from(n) == only)
                    }
                    _ => Bits::of(numbers, |n| passing.get(usize::from(n)).copied().unwrap_or(false)),
                }
            }
        }
    }

    /// The rows in whose text the finder finds something.
    pub fn finding(&self, finder: &Finder<'_>) -> Bits {
        let mut bits = Bits::NONE;
        match &self.held {
            Held::Each(arena) => arena.find(finder, |row| bits.set(row, true)),
            Held::Few(arena, numbers) => {
                let mut found = vec![false; arena.len()];
                arena.find(finder, |n| found.get_mut(n).into_iter().for_each(|found| *found = true));
                bits = Bits::of(numbers, |n| found.get(usize::from(n)).copied().unwrap_or(false));
            }
        }
        bits
    }

    /// The same texts in lower case.
    pub fn lower(&self) -> &Texts {
        let made = self.lower.get_or_init(|| {
            let arena = match &self.held {
                Held::Each(arena) | Held::Few(arena, _) => arena,
            };
            let is_lower = |byte: &u8| byte.is_ascii() && !byte.is_ascii_uppercase();
            if arena.bytes.iter().all(is_lower) {
                return None;
            }
            let mut lowered = Arena::default();
            (0..arena.len()).for_each(|n| lowered.push(&lower(arena.get(n))));
            let held = match &self.held {
                Held::Each(_) => Held::Each(lowered),
                Held::Few(_, numbers) => Held::Few(lowered, numbers.clone()),
            };
            Some(Box::new(Texts { held, lower: OnceLock::from(None) }))
        });
        made.as_deref().unwrap_or(self)
    }

    /// Bytes, the lower case that may be made of them included.
    pub fn memory(&self) -> usize {
        2 * match &self.held {
            Held::Each(arena) => arena.memory(),
            Held::Few(arena, numbers) => arena.memory() + numbers.capacity(),
        }
    }
}

/// The number of a text among few, which gets one if there is room.
fn number_of(arena: &mut Arena, text: &str) -> Option<u8> {
    let held = (0..arena.len()).position(|n| arena.bytes_at(n) == text.as_bytes());
    let number = held.unwrap_or(arena.len());
    if held.is_none() {
        if arena.len() >= DIFFERENT_MAX {
            return None;
        }
        arena.push(text);
    }
    u8::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words() -> impl Strategy<Value = Vec<String>> {
        let few = proptest::collection::vec("[a-cA-C]{0,2}", 0..200);
        let many = proptest::collection::vec("[a-zA-ZÄİß ]{0,12}", 0..200);
        prop_oneof![few, many]
    }

    proptest! {
        #[test]
        fn texts_are_what_was_put_in(
            texts in words(), changes in proptest::collection::vec((0_usize..200, "[a-dA-D]{0,3}"), 0..20), part in "[a-cß]{1,2}"
        ) {
            let mut wanted = texts.clone();
            let mut held = Texts::default();
            texts.iter().for_each(|text| held.push(text));
            held.seal();
            for (row, text) in changes {
                if row < wanted.len() {
                    held.set(row, &text);
                    wanted[row] = text;
                } else {
                    held.push(&text);
                    wanted.push(text);
                }
            }
            let got: Vec<&str> = (0..held.len()).map(|row| held.get(row)).collect();
            prop_assert_eq!(&got, &wanted);
            let finder = Finder::new(part.as_bytes());
            let found: Vec<usize> = held.lower().finding(&finder).rows().collect();
            let right: Vec<usize> = (0..wanted.len()).filter(|n| lower(&wanted[*n]).contains(&part)).collect();
            prop_assert_eq!(found, right);
            let equal: Vec<usize> = held.passing(|bytes| bytes == b"a").rows().collect();
            prop_assert_eq!(equal, (0..wanted.len()).filter(|n| wanted[*n] == "a").collect::<Vec<_>>());
        }
    }
}
