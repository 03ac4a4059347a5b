//! Documents that were made lately. The entity tag tells everything that one depends on, so it is the key, and nothing has
//! to be forgotten: what nobody asks for any more goes when there is no room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::swagger::Asset;
use crate::limits::{DOCUMENTS_HELD_BYTES_MAX, DOCUMENTS_HELD_MAX};

/// Those that were used last stand at the end.
#[derive(Default)]
pub struct Held(Mutex<VecDeque<Arc<Asset>>>);

impl Held {
    pub fn get(&self, etag: &str) -> Option<Arc<Asset>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = held.iter().position(|asset| asset.etag() == etag)?;
        let found = held.remove(place)?;
        held.push_back(found.clone());
        Some(found)
    }

    /// Keeps a document, unless it would take all the room.
    pub fn put(&self, asset: Arc<Asset>) {
        if asset.bytes().len() > DOCUMENTS_HELD_BYTES_MAX / 2 {
            return;
        }
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|other| other.etag() != asset.etag());
        held.push_back(asset);
        let bytes = |held: &VecDeque<Arc<Asset>>| held.iter().map(|asset| asset.bytes().len()).sum::<usize>();
        while held.len() > DOCUMENTS_HELD_MAX || bytes(&held) > DOCUMENTS_HELD_BYTES_MAX {
            held.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(n: usize, bytes: usize) -> Arc<Asset> {
        Arc::new(Asset::tagged(vec![0; bytes], "x", n.to_string()))
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let held = Held::default();
        for n in 0..DOCUMENTS_HELD_MAX {
            held.put(asset(n, 1));
        }
        assert!(held.get("0").is_some());
        held.put(asset(DOCUMENTS_HELD_MAX, 1));
        assert!(held.get("0").is_some() && held.get("1").is_none() && held.get("2").is_some());
    }

    #[test]
    fn no_more_bytes_than_so_many_are_held() {
        let held = Held::default();
        held.put(asset(0, DOCUMENTS_HELD_BYTES_MAX / 2 + 1));
        assert!(held.get("0").is_none());
        for n in 1..=3 {
            held.put(asset(n, DOCUMENTS_HELD_BYTES_MAX / 2));
        }
        assert!(held.get("1").is_none() && held.get("2").is_some() && held.get("3").is_some());
    }
}
