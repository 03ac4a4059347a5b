//! Blocking until a future is ready, from any thread: also from one that runs an executor of its own.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use tokio::runtime::Handle;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks this thread; what the future needs of a runtime is that of `handle`.
pub(super) fn wait_for<T>(handle: &Handle, future: impl Future<Output = T>) -> T {
    debug_assert!(crate::kv::may_wait_here(), "a thread that answers many waits for the network");
    let _inside = handle.enter();
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}
