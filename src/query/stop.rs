//! When a query has to end before it is done: its time is up, or nobody waits for it any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Code, Error, Result};

/// Asked every few thousand rows.
#[derive(Clone, Debug)]
pub struct Stop {
    given_up: Arc<AtomicBool>,
    until: Instant,
    limit: Duration,
}

/// Ends the query when it is dropped.
#[derive(Debug)]
pub struct GivesUp(Arc<AtomicBool>);

impl Drop for GivesUp {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Stop {
    /// A limit from now on, and what ends the query before.
    pub fn after(limit: Duration) -> (Stop, GivesUp) {
        let given_up = Arc::new(AtomicBool::new(false));
        (Stop { given_up: given_up.clone(), until: Instant::now() + limit, limit }, GivesUp(given_up))
    }

    pub fn check(&self) -> Result<()> {
        if self.given_up.load(Ordering::Relaxed) || Instant::now() > self.until {
            return Err(self.error());
        }
        Ok(())
    }

    /// What a query that takes too long is answered.
    pub fn error(&self) -> Error {
        let detail = format!(
            "The query took longer than {} ms, which is all it may take. Narrow its filter, or ask for less.",
            self.limit.as_millis()
        );
        Error::new(Code::QueryTooExpensive, detail).retry_after(1)
    }
}
