//! What became of a commit whose connection was lost.
//!
//! A group writes its number into the mark row of its process. Whoever wants to know takes that row, which waits for a
//! transaction that still holds it, reads it, and overwrites it in a transaction of its own: once that has committed, the
//! group is done or can't be done any more, since its snapshot is older than this change of a row that it would write.

use std::time::{Duration, Instant};

use super::link::{Fault, Link};
use super::pool::Pool;
use super::setup::Mark;
use crate::kv::Bytes;

/// How long to try.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is known of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    NotDone,
}

/// Finds out whether the group `number` of `mark` is done. The number after it is taken by this.
pub(super) async fn fate(pool: &Pool, mark: &Mark, number: u64) -> Result<Fate, String> {
    let deadline = Instant::now() + PATIENCE;
    // What an earlier round read, if it got as far as its own commit: the mark then shows whether that was done.
    let mut read: Option<Fate> = None;
    let mut reason = String::new();
    while Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left, overwrite(pool, mark, number, &mut read)).await {
            Ok(Ok(fate)) => return Ok(fate),
            Ok(Err(text)) => reason = text,
            Err(_) => break,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(reason)
}

async fn overwrite(pool: &Pool, mark: &Mark, number: u64, read: &mut Option<Fate>) -> Result<Fate, String> {
    let link = pool.home().link().await.map_err(|error| error.to_string())?;
    let fate = overwrite_by(&link, mark, number, read).await;
    if fate.is_err() {
        link.give_up();
    }
    fate.map_err(Fault::text)
}

async fn overwrite_by(link: &Link, mark: &Mark, number: u64, read: &mut Option<Fate>) -> Result<Fate, Fault> {
    link.run("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    let found = link.hold(&mark.key).await?;
    let found = found.and_then(|bytes: Bytes| <[u8; 8]>::try_from(&*bytes).ok().map(u64::from_be_bytes));
    let fate = match found {
        Some(found) if found == number => Fate::Done,
        Some(found) if found < number => Fate::NotDone,
        // An earlier round's own commit was lost too, and was done.
        Some(_) => read.ok_or_else(|| Fault::Broken("the mark of this process was overwritten".into()))?,
        None => return Err(Fault::Broken("the mark of this process is gone".into())),
    };
    *read = Some(fate);
    let next = (number + 1).to_be_bytes();
    let (keys, values): ([&[u8]; 1], [&[u8]; 1]) = ([&mark.key], [&next]);
    let (put, done) = tokio::join!(link.put(&keys, &values), link.run("COMMIT"));
    put.and(done).map(|()| fate)
}
