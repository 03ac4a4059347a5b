//! Short reads of an engine over a network, without a thread that waits.
//!
//! A closure is *attempted* where it is: a get of keys that were not got before is sent off, and ends the attempt with
//! [`Error::Wanted`]; once its answer is there, the closure is run again and goes on from it. Reads have no effect, so that
//! running them again has none either. What needs more than a few gets, or a snapshot, is left to a thread that may wait.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

use super::{Bytes, Error, Result};

/// Gets that one closure may wait for, one after the other.
const GETS_MAX: usize = 4;

type Values = Vec<Option<Bytes>>;
type Sent = Pin<Box<dyn Future<Output = Result<Values>> + Send>>;

/// What one attempt knows and asks for. A get is known as a whole, since all of it is of one moment.
#[derive(Default)]
struct Scope {
    known: Vec<(Vec<Bytes>, Values)>,
    asked: Option<(Vec<Bytes>, Sent)>,
    /// It asked for something else than a get.
    waits: bool,
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Takes the scope away, also when what runs in it panics.
struct Left;

impl Drop for Left {
    fn drop(&mut self) {
        SCOPE.with(|scope| scope.borrow_mut().take());
    }
}

/// Runs `work` in a scope that knows this much.
fn within<T>(known: Vec<(Vec<Bytes>, Values)>, work: impl FnOnce() -> T) -> (T, Scope) {
    SCOPE.with(|scope| *scope.borrow_mut() = Some(Scope { known, ..Scope::default() }));
    let left = Left;
    let answer = work();
    let scope = SCOPE.with(|scope| scope.borrow_mut().take()).unwrap_or_default();
    drop(left);
    (answer, scope)
}

/// For engines: whether this thread attempts something, so that it must not wait. It is then told that it asked for more
/// than a get.
pub(super) fn must_not_wait() -> bool {
    SCOPE.with(|scope| {
        let mut scope = scope.borrow_mut();
        scope.as_mut().map(|scope| scope.waits = true).is_some()
    })
}

/// For engines: the answer to a get, if this thread attempts something; `send` sends it off.
pub(super) fn get(keys: &[Bytes], send: impl FnOnce() -> Sent) -> Option<Result<Values>> {
    SCOPE.with(|scope| {
        let mut scope = scope.borrow_mut();
        let scope = scope.as_mut()?;
        if let Some((_, values)) = scope.known.iter().find(|(known, _)| known == keys) {
            return Some(Ok(values.clone()));
        }
        if scope.asked.is_none() {
            scope.asked = Some((keys.to_vec(), send()));
        }
        Some(Err(Error::Wanted))
    })
}

/// Attempts a read. `None` if it is to be done by a thread that may wait.
///
/// # Errors
/// What the last attempt answers, or why its get has failed.
pub async fn attempt<T, E: From<Error>>(
    work: impl Fn() -> std::result::Result<T, E>,
) -> Option<std::result::Result<T, E>> {
    let mut known = Vec::new();
    for _ in 0..=GETS_MAX {
        let (answer, scope) = within(known, &work);
        if scope.waits {
            return None;
        }
        // Whatever it made of that error.
        let Some((keys, sent)) = scope.asked else { return Some(answer) };
        known = scope.known;
        match sent.await {
            Ok(values) => known.push((keys, values)),
            Err(error) => return Some(Err(error.into())),
        }
    }
    None
}
