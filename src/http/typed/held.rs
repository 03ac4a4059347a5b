//! Documents that were made lately. The entity tag tells everything that one depends on, so it is the key, and nothing has
//! to be forgotten: what nobody asks for any more goes when there is no room. Whoever asks for what is being made waits for it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, Semaphore};

use crate::error::{Error, Result};
use crate::http::swagger::Asset;
use crate::limits::{DOCUMENTS_HELD_BYTES_MAX, DOCUMENTS_HELD_MAX, DOCUMENTS_MADE_MAX};
use crate::service::door::blocking;

type Made = Arc<OnceCell<Arc<Asset>>>;

pub struct Held {
    /// Those that were used last stand at the end.
    done: Mutex<VecDeque<Arc<Asset>>>,
    /// Those that somebody waits for, by their tags.
    awaited: Mutex<HashMap<String, Made>>,
    turn: Arc<Semaphore>,
}

impl Default for Held {
    fn default() -> Held {
        let turn = Arc::new(Semaphore::new(DOCUMENTS_MADE_MAX));
        Held { done: Mutex::default(), awaited: Mutex::default(), turn }
    }
}

/// Somebody who waits for a document. With the last of them it is forgotten that it was awaited.
struct Waiting<'h> {
    held: &'h Held,
    tag: &'h str,
    made: Made,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut awaited = lock(&self.held.awaited);
        // The map's own and this one: others are made under the lock only.
        if Arc::strong_count(&self.made) <= 2 {
            awaited.remove(self.tag);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Held {
    /// The document of a tag. It is made once, however many ask for it meanwhile, also if it is too large to be held.
    pub async fn get_or_make(
        &self,
        tag: &str,
        make: impl FnOnce() -> Asset + Send + 'static,
    ) -> Result<Arc<Asset>> {
        if let Some(asset) = self.get(tag) {
            return Ok(asset);
        }
        let made = lock(&self.awaited).entry(tag.to_owned()).or_default().clone();
        let waiting = Waiting { held: self, tag, made };
        let begin = async || {
            let asset = Arc::new(self.made(make).await?);
            self.put(asset.clone());
            Ok(asset)
        };
        waiting.made.get_or_try_init(begin).await.cloned()
    }

    /// Makes a document that is not to be held, when it has its turn.
    pub async fn made(&self, make: impl FnOnce() -> Asset + Send + 'static) -> Result<Asset> {
        let turn = self.turn.clone().acquire_owned().await.map_err(Error::internal)?;
        blocking(move || {
            // Here, so that the next one waits for it though nobody may wait for this one any more.
            let _turn = turn;
            Ok(make())
        })
        .await
    }

    fn get(&self, etag: &str) -> Option<Arc<Asset>> {
        let mut held = lock(&self.done);
        let place = held.iter().position(|asset| asset.etag() == etag)?;
        let found = held.remove(place)?;
        held.push_back(found.clone());
        Some(found)
    }

    /// Keeps a document, unless it would take all the room.
    fn put(&self, asset: Arc<Asset>) {
        if asset.weight() > DOCUMENTS_HELD_BYTES_MAX / 2 {
            return;
        }
        let mut held = lock(&self.done);
        held.retain(|other| other.etag() != asset.etag());
        held.push_back(asset);
        let bytes = |held: &VecDeque<Arc<Asset>>| held.iter().map(|asset| asset.weight()).sum::<usize>();
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

    #[tokio::test]
    async fn what_is_being_made_is_waited_for() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        // Too large to be held, too: those who ask at the same time share it.
        for bytes in [1, DOCUMENTS_HELD_BYTES_MAX / 2 + 1] {
            let (held, made) = (Arc::new(Held::default()), Arc::new(AtomicUsize::new(0)));
            let gate = Arc::new(std::sync::Barrier::new(2));
            let ask = |n: usize| {
                let (held, made, gate) = (held.clone(), made.clone(), gate.clone());
                let make = move || {
                    made.fetch_add(1, Ordering::SeqCst);
                    gate.wait();
                    Asset::tagged(vec![0; bytes], "x", n.to_string())
                };
                tokio::spawn(async move { held.get_or_make("7", make).await.unwrap().weight() })
            };
            let asked: Vec<_> = (0..5).map(|_| ask(7)).collect();
            while held.awaited.lock().unwrap().get("7").is_none_or(|made| Arc::strong_count(made) < 6) {
                tokio::task::yield_now().await;
            }
            tokio::task::spawn_blocking(move || gate.wait()).await.unwrap();
            for answer in asked {
                assert!(answer.await.unwrap() >= bytes);
            }
            assert_eq!(made.load(Ordering::SeqCst), 1);
            assert!(held.awaited.lock().unwrap().is_empty());
        }
    }
}
