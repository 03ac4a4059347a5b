//! Who runs the jobs that one process is enough for, where several serve one store.
//!
//! One holds a lease and renews it; one that ends in good order gives it up, and the lease of one that has died is taken over
//! within ten seconds. No clock but a process's own counts: see `store/lease.rs`. For a moment two may think that they hold it,
//! one that was held up and the one that took it over from there. What they do bears that: a step of the sweeper is one
//! transaction, which removes what it finds there, and what the other one has removed is not there any more.
//!
//! An engine that only this process writes needs no lease, and nothing is written for one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt;

use super::Core;
use super::door::Weight;
use super::jobs::report;
use crate::access::Operator;
use crate::error::Result;
use crate::kv::{Outcome, Write};
use crate::limits::{LEASE_LOOK_MS, LEASE_MS, LEASE_RENEW_MS};
use crate::store::lease::{Holder, Lease as Row, Step, lease_delete, lease_step};

const LEASE: Duration = Duration::from_millis(LEASE_MS);
const RENEW: Duration = Duration::from_millis(LEASE_RENEW_MS);
const LOOK: Duration = Duration::from_millis(LEASE_LOOK_MS);

/// A process's part in it.
#[derive(Debug)]
pub struct Lease {
    own: Holder,
    /// Whether other processes may write the engine too.
    shared: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Nobody takes it over before this.
    until: Option<Instant>,
    /// It is given up, and not taken again.
    closed: bool,
}

impl Lease {
    pub(super) fn new(shared: bool) -> Lease {
        Lease { own: rand::rng().random(), shared, state: Mutex::default() }
    }

    /// Whether this process is the one that runs the jobs.
    pub fn is_held(&self) -> bool {
        !self.shared || self.state().until.is_some_and(|until| Instant::now() < until)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a process that waits has seen of the lease.
#[derive(Debug, Default)]
struct Watch(Option<(Row, Instant)>);

impl Watch {
    /// What it has seen for so long that whoever holds it must have died.
    fn stale(&self, now: Instant) -> Option<Row> {
        self.0.as_ref().filter(|(_, since)| now.duration_since(*since) >= LEASE).map(|(row, _)| row.clone())
    }

    /// Notes what was found just now: when to look again.
    fn see(&mut self, found: Row, now: Instant) -> Duration {
        match &self.0 {
            Some((seen, since)) if *seen == found => {
                (*since + LEASE).saturating_duration_since(now).clamp(Duration::from_millis(10), LOOK)
            }
            _ => {
                self.0 = Some((found, now));
                LOOK
            }
        }
    }
}

/// Takes part in it until the future is dropped.
pub async fn keep(core: &Arc<Core>, _operator: Operator) {
    if !core.lease.shared {
        return;
    }
    let mut watch = Watch::default();
    loop {
        let turn = turn(core, &mut watch).await;
        let pause = *turn.as_ref().unwrap_or(&LOOK);
        report("renewing the lease of the jobs", turn.map(drop));
        tokio::time::sleep(pause).await;
    }
}

/// One look at the lease: after which time the next one is due.
async fn turn(core: &Arc<Core>, watch: &mut Watch) -> Result<Duration> {
    // It counts from before the renewal: whoever waits sees that only later.
    let began = Instant::now();
    let (inside, stale) = (core.clone(), watch.stale(began));
    let body = move |write: &mut dyn Write| {
        // One that was on its way when the lease was given up must not take it again.
        if inside.lease.state().closed {
            return Ok((Outcome::Drop, None));
        }
        let (outcome, step) = lease_step(write, inside.lease.own, stale.as_ref())?;
        Ok((outcome, Some(step)))
    };
    let step = core.door.write(core, Weight::Light, Vec::new(), body).await?;
    let was_held = core.lease.is_held();
    match step {
        Some(Step::Held) => {
            core.lease.state().until = Some(began + LEASE);
            *watch = Watch::default();
            if !was_held {
                tracing::info!("this process runs the jobs");
                core.sweep.notify_one();
            }
            Ok(RENEW)
        }
        Some(Step::Other(row)) => {
            core.lease.state().until = None;
            Ok(watch.see(row, Instant::now()))
        }
        None => Ok(LOOK),
    }
}

/// Gives the lease up, so that another process takes it within a second.
pub async fn give_up(core: &Arc<Core>, _operator: Operator) -> Result<()> {
    let lease = &core.lease;
    if !lease.shared {
        return Ok(());
    }
    *lease.state() = State { until: None, closed: true };
    let own = lease.own;
    let body = move |write: &mut dyn Write| Ok((Outcome::Keep, lease_delete(write, own)?));
    core.door.write(core, Weight::Light, Vec::new(), body).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::memory::Memory;
    use crate::kv::testing::Testing;
    use crate::service::CoreOptions;

    fn shared() -> Arc<Testing> {
        let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
        engine.wait_on_network(true);
        engine
    }

    fn open(engine: &Arc<Testing>) -> Arc<Core> {
        Core::open(engine.clone(), CoreOptions::default()).unwrap()
    }

    #[test]
    fn only_what_stands_still_for_the_whole_time_is_stale() {
        let (mut watch, begin) = (Watch::default(), Instant::now());
        let at = |ms: u64| begin + Duration::from_millis(ms);
        let row = |renewals| Row { holder: [1; 16], renewals };
        assert_eq!((watch.stale(at(0)), watch.see(row(1), at(0))), (None, LOOK));
        assert_eq!(watch.see(row(2), at(5000)), LOOK, "it lives");
        assert_eq!(
            (watch.stale(at(12_999)), watch.see(row(2), at(12_500))),
            (None, Duration::from_millis(500))
        );
        assert_eq!(watch.stale(at(13_000)), Some(row(2)));
        watch.see(row(3), at(13_000));
        assert_eq!(watch.stale(at(13_001)), None, "it was only slow");
    }

    #[tokio::test]
    async fn one_holds_it_until_it_gives_it_up_or_dies() {
        let engine = shared();
        let cores = [open(&engine), open(&engine)];
        let mut watches = [Watch::default(), Watch::default()];
        let held = || cores.each_ref().map(|core| core.lease.is_held());
        for _ in 0..3 {
            for (core, watch) in cores.iter().zip(&mut watches) {
                turn(core, watch).await.unwrap();
            }
            assert_eq!(held(), [true, false]);
        }
        give_up(&cores[0], Operator::assume()).await.unwrap();
        turn(&cores[0], &mut watches[0]).await.unwrap();
        assert_eq!(held(), [false, false], "it takes it no more");
        turn(&cores[1], &mut watches[1]).await.unwrap();
        assert_eq!(held(), [false, true]);
        // Another one sees it stand still.
        let (third, mut watch) = (open(&engine), Watch::default());
        turn(&third, &mut watch).await.unwrap();
        let (row, since) = watch.0.clone().unwrap();
        watch.0 = Some((row.clone(), since.checked_sub(LEASE).unwrap()));
        turn(&cores[1], &mut watches[1]).await.unwrap();
        turn(&third, &mut watch).await.unwrap();
        assert!(!third.lease.is_held(), "it was renewed at the last moment");
        let (row, since) = watch.0.clone().unwrap();
        watch.0 = Some((row, since.checked_sub(LEASE).unwrap()));
        turn(&third, &mut watch).await.unwrap();
        assert!(third.lease.is_held());
        turn(&cores[1], &mut watches[1]).await.unwrap();
        assert!(!cores[1].lease.is_held(), "who comes back late finds it taken");
    }

    #[tokio::test]
    async fn a_local_engine_needs_none_and_writes_nothing_for_it() {
        let engine = Arc::new(Testing::new(Arc::new(Memory::new())));
        let core = open(&engine);
        engine.reset_counts();
        keep(&core, Operator::assume()).await;
        give_up(&core, Operator::assume()).await.unwrap();
        assert!(core.lease.is_held());
        assert_eq!(engine.counts(), crate::kv::testing::Counts::default());
    }
}
