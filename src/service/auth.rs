//! People: setting up the first one, signing in, and how often that may fail.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;

use super::Core;
use super::door::{Weight, blocking};
use super::session::session_create;
use crate::access::{Operator, Password, PasswordHash, Person, PlainSession, verify_nobody};
use crate::clock::Time;
use crate::error::{Code, Error, Result};
use crate::kv::{Outcome, Write};
use crate::limits::{LOGIN_FAILURES_MAX, LOGIN_WINDOW_SECONDS};
use crate::model::session::{Agent, Session};
use crate::model::user::{Email, User};
use crate::store;

/// More counters than this are not held, and no more attempts than that; the oldest go first.
const COUNTERS_MAX: usize = 100_000;
const ATTEMPTS_MAX: usize = 4 * COUNTERS_MAX;

/// What a setup code is made of: 32 characters of which no two look alike, so that twelve of them are 60 bits.
const CODE_DIGITS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Failed logins, by address and by e-mail. In memory: a restart forgets them, which helps nobody to guess a password.
#[derive(Debug, Default)]
pub struct Logins(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    times: HashMap<Subject, Vec<Time>>,
    /// Every attempt that was counted, the oldest first: so the oldest is found without walking through all of them.
    attempts: VecDeque<(Time, Subject)>,
}

impl Counters {
    fn push(&mut self, subject: &Subject, now: Time) {
        while self.attempts.len() >= ATTEMPTS_MAX
            || (self.times.len() >= COUNTERS_MAX && !self.times.contains_key(subject))
        {
            if !self.pop() {
                break;
            }
        }
        self.times.entry(subject.clone()).or_default().push(now);
        self.attempts.push_back((now, subject.clone()));
    }

    /// Forgets the oldest attempt; whether there was one.
    fn pop(&mut self) -> bool {
        let Some((at, subject)) = self.attempts.pop_front() else { return false };
        if let Some(times) = self.times.get_mut(&subject) {
            times.retain(|time| *time > at);
            if times.is_empty() {
                self.times.remove(&subject);
            }
        }
        true
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Address(IpAddr),
    Email(String),
}

impl Subject {
    /// An IPv6 client has a whole /64 to itself, so that is what counts.
    fn address(address: IpAddr) -> Subject {
        Subject::Address(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        })
    }
}

/// What an attempt at a person's password counts against, wherever it is made.
pub(super) fn subjects_of(address: IpAddr, email: &Email) -> [Subject; 2] {
    [Subject::address(address), Subject::Email(email.folded())]
}

impl Logins {
    /// Counts an attempt as failed before it is made, so that attempts at the same time can't outrun the limit; the error
    /// says when the next one is possible.
    pub(super) fn begin(&self, subjects: &[Subject], now: Time) -> Result<()> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = now.plus_seconds(-LOGIN_WINDOW_SECONDS);
        while held.attempts.front().is_some_and(|(at, _)| *at <= since) {
            held.pop();
        }
        for subject in subjects {
            let Some(times) = held.times.get_mut(subject) else { continue };
            times.retain(|time| *time > since);
            if let Some(first) = times.first().filter(|_| times.len() >= LOGIN_FAILURES_MAX) {
                let wait = first.plus_seconds(LOGIN_WINDOW_SECONDS).millis() - now.millis();
                let seconds = u32::try_from(wait.div_euclid(1000) + 1).unwrap_or(1);
                let detail =
                    format!("Too many failed attempts; the next one is possible in {seconds} seconds.");
                return Err(Error::new(Code::TooManyAttempts, detail).retry_after(seconds));
            }
        }
        for subject in subjects {
            held.push(subject, now);
        }
        Ok(())
    }

    /// Takes an attempt back that did not fail.
    pub(super) fn succeed(&self, subjects: &[Subject], at: Time) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in subjects {
            if let Some(times) = held.times.get_mut(subject)
                && let Some(place) = times.iter().rposition(|time| *time == at)
            {
                times.remove(place);
            }
        }
    }
}

/// A person who has just signed in, and the secret of their session's cookie.
pub struct SignedIn {
    pub user: User,
    pub session: Session,
    pub secret: PlainSession,
}

/// Where an attempt to sign in comes from.
pub struct Visitor {
    pub address: IpAddr,
    /// What the browser calls itself.
    pub agent: Option<Agent>,
}

/// What the login form holds.
pub struct Credentials {
    pub email: Email,
    pub password: Password,
}

/// Makes the owner, with the one-time code that the first start printed, and signs them in.
pub async fn setup(core: &Arc<Core>, code: &str, visitor: Visitor, owner: Credentials) -> Result<SignedIn> {
    if owner_exists(core)? {
        return Err(Error::plain(Code::SetupDone));
    }
    let (now, subjects) = (core.clock.now(), [Subject::address(visitor.address)]);
    core.logins.begin(&subjects, now)?;
    let expected = core.setup_code.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // Hashes are compared, in constant time: how much of a guess is right must not show.
    let fits = expected
        .is_some_and(|expected| blake3::hash(expected.as_bytes()) == blake3::hash(code.trim().as_bytes()));
    if !fits {
        return Err(Error::plain(Code::WrongCode));
    }
    core.logins.succeed(&subjects, now);
    let user = user_create(core, owner.email, owner.password, true).await?;
    core.setup_code.lock().unwrap_or_else(PoisonError::into_inner).take();
    session_create(core, user, visitor.agent).await
}

/// Draws the one-time code that makes the owner, and holds it until there is one. `None` if there is already.
pub fn setup_code_draw(core: &Core, _operator: Operator) -> Result<Option<String>> {
    if owner_exists(core)? {
        return Ok(None);
    }
    let mut rng = rand::rng();
    let mut digit =
        || CODE_DIGITS.get(rng.random_range(0..CODE_DIGITS.len())).map_or('2', |b| char::from(*b));
    let groups: [String; 3] = std::array::from_fn(|_| (0..4).map(|_| digit()).collect());
    let code = groups.join("-");
    *core.setup_code.lock().unwrap_or_else(PoisonError::into_inner) = Some(code.clone());
    Ok(Some(code))
}

/// Whether somebody owns the instance, so that there is nothing to set up.
pub fn owner_exists(core: &Core) -> Result<bool> {
    store::user::user_exists(core.engine.read()?.as_ref())
}

/// Makes a user; the first one owns the instance. `only_first` refuses to make another one.
pub async fn user_create(
    core: &Arc<Core>,
    email: Email,
    password: Password,
    only_first: bool,
) -> Result<User> {
    let hash = hashed(core, move || password.hash()).await?;
    let inside = core.clone();
    let body = move |write: &mut dyn Write| {
        let owner = !store::user::user_exists(&*write)?;
        if only_first && !owner {
            return Err(Error::plain(Code::SetupDone));
        }
        let now = inside.clock.now();
        let id = inside.ids.draw(now);
        let user = User { id, email: email.clone(), password: hash.0.clone(), owner, created_at: now };
        store::user::user_create(write, &user)?;
        Ok((Outcome::Keep, user))
    };
    core.door.write(core, Weight::Light, Vec::new(), body).await
}

/// Hashing is work for the pool, and bounded: each takes 19 MiB.
pub(super) async fn hashed<T: Send + 'static>(
    core: &Arc<Core>,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    // The turn goes along into the pool: a client who leaves takes the future away, and the hashing goes on.
    let turn = core.hashing.clone().acquire_owned().await.map_err(Error::internal)?;
    blocking(move || {
        let _turn = turn;
        work()
    })
    .await
}

/// Signs a person in. An unknown address takes as long as a wrong password, and the answer is the same.
pub async fn login(core: &Arc<Core>, visitor: Visitor, sent: Credentials) -> Result<SignedIn> {
    let now = core.clock.now();
    let subjects = subjects_of(visitor.address, &sent.email);
    core.logins.begin(&subjects, now)?;
    let user = store::user::user_by_email(core.engine.read()?.as_ref(), &sent.email)?;
    let hash = user.as_ref().map(|user| PasswordHash(user.password.clone()));
    let fits = hashed(core, move || match hash {
        Some(hash) => sent.password.fits(&hash),
        None => verify_nobody(&sent.password).map(|()| false),
    });
    match (fits.await?, user) {
        (true, Some(user)) => {
            core.logins.succeed(&subjects, now);
            session_create(core, user, visitor.agent).await
        }
        _ => Err(Error::plain(Code::WrongCredentials)),
    }
}

/// The person of a session.
pub fn me(core: &Core, person: &Person) -> Result<User> {
    let user = store::user::user_get(core.engine.read()?.as_ref(), person.user)?;
    user.ok_or_else(Error::unauthorized)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_failure_waits() {
        let logins = Logins::default();
        let subjects = [Subject::address([192, 0, 2, 1].into()), Subject::Email("a@b".into())];
        let at = |seconds: i64| Time::from_millis(seconds * 1000);
        for n in 0..10 {
            logins.begin(&subjects, at(n)).unwrap();
        }
        let refused = logins.begin(&subjects, at(10)).unwrap_err();
        assert_eq!(refused.code, Code::TooManyAttempts);
        assert_eq!(refused.retry_after, Some(15 * 60 - 10 + 1));
        let by_email = [Subject::address([192, 0, 2, 2].into()), subjects[1].clone()];
        assert!(logins.begin(&by_email, at(11)).is_err(), "the e-mail alone is enough");
        assert!(logins.begin(&subjects, at(15 * 60 + 1)).is_ok(), "the first failure is over");
    }

    #[tokio::test]
    async fn who_leaves_while_hashing_goes_on_keeps_the_turn() {
        let core =
            Core::open(Arc::new(crate::kv::memory::Memory::new()), super::super::CoreOptions::default());
        let core = core.unwrap();
        let all = core.hashing.available_permits();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let work = hashed(&core, move || Ok(ended.recv().is_ok()));
        let left = tokio::time::timeout(std::time::Duration::from_millis(20), work).await;
        assert!(left.is_err(), "the client has left");
        assert_eq!(core.hashing.available_permits(), all - 1);
        end.send(()).unwrap();
        while core.hashing.available_permits() < all {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn only_failures_count() {
        let logins = Logins::default();
        let subjects = [Subject::address([192, 0, 2, 1].into())];
        for n in 0..100 {
            let now = Time::from_millis(n);
            logins.begin(&subjects, now).unwrap();
            logins.succeed(&subjects, now);
        }
    }

    #[test]
    fn the_oldest_failures_go_where_there_are_too_many() {
        let logins = Logins::default();
        let subject = |n: usize| [Subject::Email(n.to_string())];
        let first = subject(0);
        for n in 0..LOGIN_FAILURES_MAX {
            logins.begin(&first, Time::from_millis(i64::try_from(n).unwrap())).unwrap();
        }
        let now = Time::from_millis(1000);
        assert!(logins.begin(&first, now).is_err());
        for n in 1..COUNTERS_MAX {
            logins.begin(&subject(n), now).unwrap();
        }
        assert!(logins.begin(&first, now).is_err(), "there is room for it");
        let size = || logins.0.lock().unwrap().times.len();
        assert_eq!(size(), COUNTERS_MAX);
        for n in 0..LOGIN_FAILURES_MAX {
            logins.begin(&subject(COUNTERS_MAX + n), now).unwrap();
        }
        assert_eq!(size(), COUNTERS_MAX);
        assert!(logins.begin(&first, now).is_ok(), "it was the oldest");
        let later = now.plus_seconds(LOGIN_WINDOW_SECONDS);
        logins.begin(&subject(0), later).unwrap();
        assert_eq!((size(), logins.0.lock().unwrap().attempts.len()), (1, 1), "what is over is forgotten");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let a: IpAddr = "2001:db8::1".parse().unwrap();
        let b: IpAddr = "2001:db8::ffff:1".parse().unwrap();
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(Subject::address(a), Subject::address(b));
        assert_eq!(Subject::address(mapped), Subject::address([192, 0, 2, 1].into()));
    }
}
