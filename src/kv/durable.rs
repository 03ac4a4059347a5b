//! Waiting for the disk: [`Durable`] says when a commit is there, [`Receipt`] keeps an answer shut until then.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::{Error, Result, lock};

/// Ready once everything a transaction wrote or read is on the disk. Await it, or block with [`Durable::wait`].
///
/// Dropping it cancels nothing: the commit goes its way.
#[must_use = "until this is ready the commit may still be lost"]
#[derive(Debug)]
pub struct Durable(State);

#[derive(Debug)]
enum State {
    Known(Result<()>),
    /// `slot` is where in the group this future left its waker, so that polling again replaces it.
    Waiting {
        group: Arc<Group>,
        slot: Option<usize>,
    },
    /// Another one, and what is made of its result, once.
    Then(Box<Durable>, Option<After>),
}

/// What is made of a result.
struct After(Box<dyn FnOnce(Result<()>) -> Result<()> + Send>);

impl std::fmt::Debug for After {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("After(..)")
    }
}

impl After {
    fn run(after: Option<Self>, result: Result<()>) -> Result<()> {
        after.map_or(Ok(()), |after| (after.0)(result))
    }
}

impl Durable {
    /// Ready at once: there was nothing to wait for.
    pub fn ready() -> Self {
        Self(State::Known(Ok(())))
    }

    /// Ready at once, with a failure.
    pub fn failed(error: Error) -> Self {
        Self(State::Known(Err(error)))
    }

    pub(super) fn with(group: &Arc<Group>) -> Self {
        Self(State::Waiting { group: Arc::clone(group), slot: None })
    }

    /// The same, and `after` makes of the result what is answered: for engines around engines.
    pub fn then(self, after: impl FnOnce(Result<()>) -> Result<()> + Send + 'static) -> Self {
        Self(State::Then(Box::new(self), Some(After(Box::new(after)))))
    }

    /// Blocks until it is known what became of the commit.
    pub fn wait(self) -> Result<()> {
        match self.0 {
            State::Known(result) => result,
            State::Waiting { group, .. } => group.wait(),
            State::Then(inner, after) => After::run(after, inner.wait()),
        }
    }
}

impl Future for Durable {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        match &mut self.0 {
            State::Known(result) => Poll::Ready(result.clone()),
            State::Waiting { group, slot } => group.poll(context.waker(), slot),
            State::Then(inner, after) => {
                Pin::new(&mut **inner).poll(context).map(|result| After::run(after.take(), result))
            }
        }
    }
}

/// An answer that opens once what it rests on is on the disk. There is no other way to it, on purpose: an answer given
/// early is a promise that a power cut breaks.
#[must_use = "the answer opens by `.await` or `.wait()`"]
#[derive(Debug)]
pub struct Receipt<T> {
    /// Filled by each run of the body.
    answer: Arc<Mutex<Option<T>>>,
    durable: Durable,
}

/// The answer is moved out, never pinned.
impl<T> Unpin for Receipt<T> {}

impl<T> Receipt<T> {
    pub(super) fn new(answer: Arc<Mutex<Option<T>>>, durable: Durable) -> Self {
        Self { answer, durable }
    }

    /// Blocks until the answer may be given.
    pub fn wait(self) -> Result<T> {
        self.durable.wait()?;
        lock(&self.answer).take().ok_or_else(opened_twice)
    }
}

impl<T> Future for Receipt<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        Pin::new(&mut self.durable)
            .poll(context)
            .map(|result| result.and_then(|()| lock(&self.answer).take().ok_or_else(opened_twice)))
    }
}

fn opened_twice() -> Error {
    Error::Broken("a receipt was polled after it had opened, or no body was run".into())
}

/// The commits that one flush covers, and who waits for them.
#[derive(Debug, Default)]
pub(super) struct Group {
    state: Mutex<GroupState>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct GroupState {
    result: Option<Result<()>>,
    wakers: Vec<Waker>,
}

impl Group {
    /// Tells everyone who waits, or will. Only the first call counts.
    pub(super) fn finish(&self, result: Result<()>) {
        let wakers = {
            let mut state = lock(&self.state);
            state.result.get_or_insert(result);
            std::mem::take(&mut state.wakers)
        };
        self.finished.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn wait(&self) -> Result<()> {
        let state = lock(&self.state);
        let state = self
            .finished
            .wait_while(state, |state| state.result.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        state.result.clone().unwrap_or(Ok(()))
    }

    fn poll(&self, waker: &Waker, slot: &mut Option<usize>) -> Poll<Result<()>> {
        let mut state = lock(&self.state);
        if let Some(result) = &state.result {
            return Poll::Ready(result.clone());
        }
        if let Some(kept) = slot.and_then(|slot| state.wakers.get_mut(slot)) {
            kept.clone_from(waker);
        } else {
            *slot = Some(state.wakers.len());
            state.wakers.push(waker.clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    fn filled<T>(answer: T) -> Arc<Mutex<Option<T>>> {
        Arc::new(Mutex::new(Some(answer)))
    }

    #[derive(Default)]
    struct Counter(AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_receipt_stays_shut_until_its_group_is_finished_and_polling_again_keeps_one_waker() {
        let (group, counter) = (Arc::new(Group::default()), Arc::new(Counter::default()));
        let waker = Waker::from(Arc::clone(&counter));
        let mut context = Context::from_waker(&waker);
        let mut receipt = Receipt::new(filled(7), Durable::with(&group));
        for _ in 0..3 {
            assert!(Pin::new(&mut receipt).poll(&mut context).is_pending());
        }
        group.finish(Ok(()));
        assert_eq!(counter.0.load(Ordering::SeqCst), 1);
        assert!(matches!(Pin::new(&mut receipt).poll(&mut context), Poll::Ready(Ok(7))));
        assert!(matches!(Pin::new(&mut receipt).poll(&mut context), Poll::Ready(Err(Error::Broken(_)))));
    }

    #[test]
    fn a_failed_group_opens_no_receipt_for_those_who_block_and_for_those_who_come_late() {
        let group = Arc::new(Group::default());
        let early = Receipt::new(filled(()), Durable::with(&group));
        let waiting = std::thread::spawn(move || early.wait());
        group.finish(Err(Error::Unknown("the disk is gone".into())));
        group.finish(Ok(()));
        assert!(matches!(waiting.join().unwrap(), Err(Error::Unknown(_))));
        assert!(matches!(Durable::with(&group).wait(), Err(Error::Unknown(_))));
    }
}
