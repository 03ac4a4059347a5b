//! The group writer: one thread that takes all that waits into one transaction.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::RngExt;

use super::count;
use super::fence::{Fate, fate};
use super::learn::{Asked, Guesses, learn};
use super::link::{Fault, Link};
use super::pool::Pool;
use super::setup::Mark;
use super::txn::{Ended, Turn, Txn};
use super::wait::wait_for;
use crate::kv::durable::Group;
use crate::kv::staged::{Changes, Overlay, Staging};
use crate::kv::{Body, Error, Result, lock};

/// Bodies in one group.
const GROUP_MAX: usize = 512;
/// Bytes that a group may have written before the next body begins another one.
const GROUP_BYTES: usize = 8 << 20;
/// How often what bodies read is learned before they are run: each time costs a round trip.
const LEVELS: usize = 3;
/// How often a group is run again when others are in its way, and when connections break.
const CONFLICTS_MAX: u32 = 30;
const LOST_MAX: u32 = 3;
/// Conflicts after which nobody else may write meanwhile. A group that takes long would else never come to its end beside
/// short ones.
const CONFLICTS_ALONE: u32 = 3;
/// How long that is not tried again if others' work on the table did not let it.
const ALONE_PAUSE: Duration = Duration::from_mins(1);
/// How long a group is tried again.
const GROUP_PATIENCE: Duration = Duration::from_secs(30);
/// How many groups queue with those of other processes after one of them was in the way, or had its turn.
const QUEUED_GROUPS: u32 = 64;
/// How long a body may wait while the writer waits for an answer that does not come.
const STUCK: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(500);

/// A body that waits, and who is told.
struct Job {
    body: Body,
    group: Arc<Group>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    /// Since when the group on its way has not been answered.
    since: Option<Instant>,
    closing: bool,
}

impl Waiting {
    fn drained(&mut self, most: usize) -> Vec<Job> {
        let many = self.jobs.len().min(most);
        self.jobs.drain(..many).collect()
    }
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    come: Condvar,
}

impl Queue {
    /// Waits for a group's jobs. Empty once there are no more.
    fn take(&self) -> Vec<Job> {
        let waiting = lock(&self.waiting);
        let idle = |waiting: &mut Waiting| waiting.jobs.is_empty() && !waiting.closing;
        self.come.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner).drained(GROUP_MAX)
    }

    /// What has come, without waiting for more.
    fn more(&self, most: usize) -> Vec<Job> {
        lock(&self.waiting).drained(most)
    }

    fn back(&self, jobs: Vec<Job>) {
        let mut waiting = lock(&self.waiting);
        jobs.into_iter().rev().for_each(|job| waiting.jobs.push_front(job));
    }

    fn fail_all(&self, error: &Error) {
        let jobs = std::mem::take(&mut lock(&self.waiting).jobs);
        jobs.into_iter().for_each(|job| job.group.finish(Err(error.clone())));
    }

    fn asks(&self, asks: bool) {
        lock(&self.waiting).since = asks.then(Instant::now);
    }

    /// Answers those who wait behind a group that is not answered.
    fn fail_stuck(&self) {
        let stuck = lock(&self.waiting).since.is_some_and(|since| since.elapsed() > STUCK);
        if stuck {
            self.fail_all(&Error::Away("the database does not answer".into()));
        }
    }
}

/// The writer's thread, from outside.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(pool: &Arc<Pool>, mark: Mark) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let watched = Arc::downgrade(&queue);
        pool.handle().spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(queue) = watched.upgrade() else { return };
                queue.fail_stuck();
            }
        });
        let own = Grouping {
            queue: Arc::clone(&queue),
            pool: Arc::clone(pool),
            mark,
            link: None,
            number: 0,
            queued: 0,
            refused: None,
            fenced: false,
            guesses: Guesses::default(),
        };
        let thread = std::thread::Builder::new().name("group writer".into()).spawn(move || own.run())?;
        Ok(Self { queue, thread: Some(thread) })
    }

    pub(super) fn submit(&self, body: Body, group: Arc<Group>) {
        lock(&self.queue.waiting).jobs.push_back(Job { body, group });
        self.queue.come.notify_one();
    }

    /// Ends once everything that is queued has been answered.
    pub(super) fn close(&mut self) {
        lock(&self.queue.waiting).closing = true;
        self.queue.come.notify_one();
        // A panic of that thread is a fault of this engine; who waits is told by nobody, so it must not happen.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// The writer's thread, from inside.
struct Grouping {
    queue: Arc<Queue>,
    pool: Arc<Pool>,
    mark: Mark,
    link: Option<Link>,
    /// Of the newest group, as the mark row has it.
    number: u64,
    /// Groups that still queue with those of other processes.
    queued: u32,
    /// When this process could not have the table for itself.
    refused: Option<Instant>,
    /// The mark row was overwritten to stop a group.
    fenced: bool,
    guesses: Guesses,
}

/// What became of a group: by body, of the first so many.
struct Ran {
    results: Vec<Result<()>>,
    commits: u64,
}

/// Why a group did not come to its end.
enum Failed {
    /// Not done.
    Not(Fault),
    /// Nobody knows, of so many bodies.
    Unknown(usize, String),
    Away(Error),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Not(fault)
    }
}

impl Grouping {
    fn run(mut self) {
        loop {
            let jobs = self.queue.take();
            if jobs.is_empty() {
                break;
            }
            self.group(jobs, true);
        }
        // Nobody will ask what became of a group of this process. But a fence stands for as long as there may be somebody
        // whom it stops.
        if !self.fenced
            && let Some(link) = self.link.take().filter(Link::is_good)
        {
            let _ = wait_for(self.pool.handle(), link.delete(&[&self.mark.key]));
        }
    }

    /// Runs a group until it is done or can't be, and tells everyone. It is `open` if others may join it.
    fn group(&mut self, mut jobs: Vec<Job>, open: bool) {
        let (began, mut conflicts, mut losses) = (Instant::now(), 0, 0);
        let error = loop {
            let may_be_alone = self.refused.is_none_or(|at| at.elapsed() > ALONE_PAUSE);
            let turn = match (conflicts, self.queued) {
                (CONFLICTS_ALONE.., _) if may_be_alone => Turn::Alone,
                (_, 0) => Turn::Free,
                _ => Turn::Queued,
            };
            self.queue.asks(true);
            let tried = self.attempt(&mut jobs, turn, open);
            self.queue.asks(false);
            match tried {
                Ok(ran) => return self.answer(jobs, ran),
                Err(Failed::Unknown(bodies, reason)) => {
                    let results = vec![Err(Error::Unknown(reason)); bodies];
                    return self.answer(jobs, Ran { results, commits: 0 });
                }
                Err(Failed::Not(Fault::Again(reason) | Fault::Locked(reason)))
                    if conflicts >= CONFLICTS_MAX || began.elapsed() > GROUP_PATIENCE =>
                {
                    let error = Error::Away(format!("others were in the way: {reason}"));
                    self.queue.fail_all(&error);
                    break error;
                }
                Err(Failed::Not(Fault::Locked(_))) => {
                    self.refused = (turn == Turn::Alone).then(Instant::now).or(self.refused);
                    count(&self.pool.counters().reruns, jobs.len() as u64);
                }
                Err(Failed::Not(Fault::Again(_))) => {
                    conflicts += 1;
                    self.queued = QUEUED_GROUPS;
                    count(&self.pool.counters().reruns, jobs.len() as u64);
                    let most = 1 << conflicts.min(6);
                    std::thread::sleep(Duration::from_millis(rand::rng().random_range(0..most)));
                }
                Err(Failed::Not(Fault::Lost(reason))) if losses >= LOST_MAX => break Error::Away(reason),
                Err(Failed::Not(Fault::Lost(_))) => {
                    losses += 1;
                    self.queued = 0;
                    count(&self.pool.counters().reruns, jobs.len() as u64);
                }
                Err(Failed::Not(Fault::Broken(reason))) if jobs.len() == 1 => break Error::Broken(reason),
                // Only whom it concerns is to suffer.
                Err(Failed::Not(Fault::Broken(_))) => {
                    jobs.into_iter().for_each(|job| self.group(vec![job], false));
                    return;
                }
                Err(Failed::Away(error)) => {
                    self.queue.fail_all(&error);
                    break error;
                }
            }
        };
        jobs.into_iter().for_each(|job| job.group.finish(Err(error.clone())));
    }

    fn answer(&self, mut jobs: Vec<Job>, ran: Ran) {
        let counters = self.pool.counters();
        count(&counters.commits, ran.commits);
        count(&counters.groups, u64::from(ran.commits > 0));
        self.queue.back(jobs.split_off(ran.results.len()));
        for (job, result) in jobs.into_iter().zip(ran.results) {
            // What it owns is dropped before anyone is told.
            drop(job.body);
            job.group.finish(result);
        }
    }

    fn attempt(&mut self, jobs: &mut Vec<Job>, turn: Turn, open: bool) -> std::result::Result<Ran, Failed> {
        let pool = Arc::clone(&self.pool);
        let link = match self.link.take().filter(Link::is_good) {
            Some(link) => link,
            None => self.connect()?,
        };
        let txn = Txn::new(&pool, &link, &self.mark, turn);
        let joined = open && turn != Turn::Free;
        let done = self.bodies(&txn, jobs, joined).and_then(|(ran, changes)| {
            self.queue.asks(true);
            let number = self.number + 1;
            Ok((ran, txn.commit(&changes, number)?, changes))
        });
        let tried = match done {
            Ok((ran, Ended::Done, changes)) => {
                self.number += u64::from(!changes.is_empty());
                self.queued = if txn.waited.get() { QUEUED_GROUPS } else { self.queued.saturating_sub(1) };
                self.guesses.note(&txn.fetched.borrow(), &changes);
                Ok(ran)
            }
            Ok((ran, Ended::Lost(reason), _)) => {
                let number = self.number + 1;
                // The number after it is the fence's.
                self.number += 2;
                self.fenced = true;
                match wait_for(pool.handle(), fate(&pool, &self.mark, number)) {
                    Ok(Fate::Done) => Ok(ran),
                    Ok(Fate::NotDone) => Err(Failed::Not(Fault::Lost(reason))),
                    Err(why) => {
                        pool.is_away(&why);
                        Err(Failed::Unknown(ran.results.len(), format!("{reason}; {why}")))
                    }
                }
            }
            Err(fault) => {
                txn.drop_all();
                Err(fault.into())
            }
        };
        self.link = Some(link);
        tried
    }

    fn connect(&self) -> std::result::Result<Link, Failed> {
        wait_for(self.pool.handle(), async {
            let link = self.pool.connect().await.map_err(Failed::Away)?;
            link.writes().await?;
            Ok(link)
        })
    }

    /// Learns what the bodies read, fetches it, and runs one after the other; of those who come meanwhile too, if they may
    /// join.
    fn bodies(
        &self,
        txn: &Txn<'_>,
        jobs: &mut Vec<Job>,
        joined: bool,
    ) -> std::result::Result<(Ran, Changes), Fault> {
        self.learn(txn, jobs)?;
        if joined {
            // Queueing took its time: who has come meanwhile would else wait for as long again.
            let mut joining = self.queue.more(GROUP_MAX.saturating_sub(jobs.len()));
            let learned = self.learn(txn, &mut joining);
            jobs.extend(joining);
            learned?;
        }
        let (mut changes, mut ran) = (Changes::default(), Ran { results: Vec::new(), commits: 0 });
        for job in jobs {
            // A body may take its time; it is the database that must not.
            self.queue.asks(false);
            let body = &mut job.body;
            let run = catch_unwind(AssertUnwindSafe(|| {
                let group = Overlay { changes: &changes, under: txn };
                let mut staging = Staging::over(&group);
                let outcome = body(&mut staging);
                staging.finish(outcome)
            }));
            if let Some(fault) = txn.take_fault() {
                return Err(fault);
            }
            let kept =
                run.unwrap_or_else(|_| Err(Error::Broken("what ran in the transaction panicked".into())));
            ran.results.push(kept.map(|kept| {
                if let Some(kept) = kept {
                    ran.commits += 1;
                    changes.absorb(kept);
                }
            }));
            if changes.bytes() > GROUP_BYTES {
                break;
            }
        }
        Ok((ran, changes))
    }

    fn learn(&self, txn: &Txn<'_>, jobs: &mut [Job]) -> std::result::Result<(), Fault> {
        let mut learning: Vec<&mut Job> = jobs.iter_mut().collect();
        for _ in 0..LEVELS {
            let mut wanted = BTreeSet::new();
            let asked: Vec<Asked> = {
                let fetched = txn.fetched.borrow();
                learning.iter_mut().map(|job| learn(&mut job.body, &fetched, &self.guesses)).collect()
            };
            asked.iter().for_each(|asked| asked.add_to(&mut wanted));
            if wanted.is_empty() {
                break;
            }
            self.queue.asks(true);
            txn.fetch(&wanted)?;
            self.queue.asks(false);
            let fetched = txn.fetched.borrow();
            let both = learning.into_iter().zip(asked);
            let open = both.filter(|(_, asked)| !asked.is_empty() && !asked.guessed_well(&fetched));
            learning = open.map(|(job, _)| job).collect();
        }
        Ok(())
    }
}
