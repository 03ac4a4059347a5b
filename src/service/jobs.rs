//! The server's own work: keeping the mark of ids ahead, writing how tokens were used, sweeping. It runs for the
//! operator, and never in a request's way. The first two each process does for itself; of several that share a store the
//! one that holds the lease sweeps.

use std::sync::Arc;
use std::time::Duration;

use super::door::{Weight, short_of_room};
use super::{Core, lease};
use crate::access::Operator;
use crate::error::{Code, Result};
use crate::kv::{self, Outcome, Write};
use crate::limits::{ID_MARK_AHEAD_MS, LAST_USED_SECONDS};
use crate::store;

/// Why it is so is for the log: anyone may read this.
const AWAY: &str = "The database is away; the server looks for it by itself.";
/// How long whoever asks whether the server is ready waits for the database.
const READY_PATIENCE: Duration = Duration::from_secs(2);
/// Seconds between two looks of the sweeper when nobody wakes it.
const SWEEP_SECONDS: u64 = 60;
/// Milliseconds that it pauses between two steps, so that writers get their turn.
const SWEEP_PAUSE_MS: u64 = 2;

/// Runs all jobs until the future is dropped.
pub async fn run(core: Arc<Core>, operator: Operator) {
    tokio::join!(minutely(&core, operator), sweeper(&core, operator), lease::keep(&core, operator));
}

async fn minutely(core: &Arc<Core>, operator: Operator) {
    let mut tick = tokio::time::interval(Duration::from_secs(LAST_USED_SECONDS));
    tick.tick().await;
    loop {
        tick.tick().await;
        report("moving the mark of ids", id_mark_move(core, operator).await);
        report("writing how tokens were used", token_used_write(core, operator).await);
    }
}

async fn sweeper(core: &Arc<Core>, operator: Operator) {
    loop {
        if core.lease.is_held() {
            report("sweeping", sweep(core, operator).await);
        }
        let _ = tokio::time::timeout(Duration::from_secs(SWEEP_SECONDS), core.sweep.notified()).await;
    }
}

pub(super) fn report(what: &str, result: Result<()>) {
    if let Err(error) = result {
        let cause = error.cause().map(|cause| cause.for_log().to_owned()).unwrap_or_default();
        tracing::warn!(code = error.code.name(), cause, "{what} failed, and will be tried again");
    }
}

/// Writes the mark ahead of now, and only then lets ids grow up to it.
pub async fn id_mark_move(core: &Arc<Core>, _operator: Operator) -> Result<()> {
    let mark = core.clock.now().plus_millis(ID_MARK_AHEAD_MS);
    let body = move |write: &mut dyn Write| {
        // The clock may have gone back; the mark never does.
        let held = store::instance::id_mark_get(&*write)?;
        let mark = held.map_or(mark, |held| held.max(mark));
        store::instance::id_mark_put(write, mark)?;
        Ok((Outcome::Keep, mark))
    };
    core.ids.set_mark(core.door.write(core, Weight::Light, Vec::new(), body).await?);
    Ok(())
}

/// Writes when tokens were used last and how often: all of it in one commit.
pub async fn token_used_write(core: &Arc<Core>, _operator: Operator) -> Result<()> {
    let look = |core: &Core| core.known.tokens.used.unwritten(core.engine.as_ref(), core.clock.now());
    let used = Arc::new(core.door.read(core, Weight::Light, look).await?);
    if used.is_empty() {
        return Ok(());
    }
    let writing = used.clone();
    let shared = core.engine.waits_on_network();
    let body = move |write: &mut dyn Write| {
        let put = if shared { store::usage::usage_add } else { store::usage::usage_put };
        Ok((Outcome::Keep, put(write, &writing)?))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await?;
    if shared {
        core.known.tokens.used.added(&used);
    } else {
        core.known.tokens.used.written(&used);
    }
    Ok(())
}

/// Removes what is doomed or has ended, step by step, until nothing is left.
pub async fn sweep(core: &Arc<Core>, _operator: Operator) -> Result<()> {
    loop {
        let now = core.clock.now();
        let body = move |write: &mut dyn Write| {
            let more = store::sweep::sweep_step(write, now)?;
            Ok((Outcome::Keep, more))
        };
        let more = core.door.write(core, Weight::Heavy, Vec::new(), body).await?;
        if !more || !core.lease.is_held() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(SWEEP_PAUSE_MS)).await;
    }
}

/// Why the server is not ready; empty if it is.
pub async fn unready(core: &Arc<Core>) -> Vec<String> {
    let mut reasons = Vec::new();
    match core.engine.writable() {
        Err(kv::Error::Away(_)) => return vec![AWAY.into()],
        Err(_) => reasons.push(
            "The database takes no changes since writing to the disk failed; start the server again.".into(),
        ),
        Ok(()) => {}
    }
    reasons.extend(short_of_room(core.engine.stats().disk_free_bytes));
    // No snapshot: that all of them are in use for a moment is no reason to send requests elsewhere.
    let look = |core: &Core| Ok(core.engine.get(&[store::instance::instance_key()])?);
    let looked = tokio::time::timeout(READY_PATIENCE, core.door.read(core, Weight::Light, look)).await;
    match looked {
        Ok(Ok(_)) => {}
        Ok(Err(error)) if error.code != Code::Unavailable => {
            reasons.push("The database can't be read.".into());
        }
        // Also when it does not answer.
        _ => reasons.push(AWAY.into()),
    }
    reasons
}
