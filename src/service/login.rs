//! Signing in: how often that may fail, over all processes that serve the database.

use std::net::IpAddr;
use std::sync::Arc;

use super::Core;
use super::auth::{Credentials, SignedIn, Visitor, hashed};
use super::door::Weight;
use super::session::session_create;
use crate::access::{PasswordHash, verify_nobody};
use crate::clock::Time;
use crate::error::{Code, Error, Result};
use crate::kv::{Outcome, Write};
use crate::model::user::Email;
use crate::store;
use crate::store::login::Slot;

/// What the instance's key is used for here: its other uses get other keys of it.
const SECRET: &str = "undb 2026-11 where failed attempts at passwords are counted";

/// An attempt at a password or a code. It counts as failed until it has succeeded.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    address: Slot,
    email: Option<Slot>,
    at: Time,
}

impl Attempt {
    /// Counts one, or says when the next one is possible. Whoever was let in may make the attempt.
    pub(super) async fn begin(core: &Arc<Core>, address: IpAddr, email: Option<&Email>) -> Result<Attempt> {
        let secret = blake3::derive_key(SECRET, &core.instance.key);
        let attempt = Attempt {
            address: Slot::address(&secret, address),
            email: email.map(|email| Slot::email(&secret, email)),
            at: core.clock.now(),
        };
        let counted = attempt.clone();
        let body = move |write: &mut dyn Write| {
            let slots: Vec<_> =
                [Some(&counted.address), counted.email.as_ref()].into_iter().flatten().collect();
            let free = store::login::attempt_begin(write, &slots, counted.at)?;
            Ok((if free.is_none() { Outcome::Keep } else { Outcome::Drop }, free))
        };
        match core.door.write(core, Weight::Light, Vec::new(), body).await? {
            None => Ok(attempt),
            Some(free) => Err(too_many(free, attempt.at)),
        }
    }

    /// Takes it back, in the transaction of what it opened.
    pub(super) fn succeed(&self, write: &mut dyn Write) -> Result<()> {
        store::login::attempt_succeed(write, &self.address, self.email.as_ref(), self.at)
    }
}

fn too_many(free: Time, now: Time) -> Error {
    let wait = free.millis() - now.millis();
    let seconds = u32::try_from(wait.div_euclid(1000) + 1).unwrap_or(1);
    let detail = format!("Too many failed attempts; the next one is possible in {seconds} seconds.");
    Error::new(Code::TooManyAttempts, detail).retry_after(seconds)
}

/// Signs a person in. An unknown address takes as long as a wrong password, and the answer is the same.
pub async fn login(core: &Arc<Core>, visitor: Visitor, sent: Credentials) -> Result<SignedIn> {
    let attempt = Attempt::begin(core, visitor.address, Some(&sent.email)).await?;
    let email = sent.email;
    let find = move |core: &Core| store::user::user_by_email(core.engine.read()?.as_ref(), &email);
    let user = core.door.read(core, Weight::Light, find).await?;
    let hash = user.as_ref().map(|user| PasswordHash(user.password.clone()));
    let password = sent.password;
    let fits = hashed(core, move || match hash {
        Some(hash) => password.fits(&hash),
        None => verify_nobody(&password).map(|()| false),
    });
    match (fits.await?, user) {
        (true, Some(user)) => session_create(core, user, visitor.agent, Some(attempt)).await,
        _ => Err(Error::plain(Code::WrongCredentials)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kv::Engine;
    use crate::kv::memory::Memory;
    use crate::limits::{LOGIN_FAILURES_MAX, LOGIN_WINDOW_SECONDS};
    use crate::service::CoreOptions;
    use crate::service::jobs::sweep;
    use crate::store::schema::{EXPIRY, LOGIN};

    const BEGIN: Time = Time::from_millis(1_000_000);

    fn open(engine: &Arc<dyn Engine>, now: Time) -> Arc<Core> {
        let clock = crate::clock::Clock::manual(now);
        Core::open(engine.clone(), CoreOptions { clock, ..CoreOptions::default() }).unwrap()
    }

    fn memory() -> Arc<dyn Engine> {
        Arc::new(Memory::new())
    }

    fn email(name: &str) -> Email {
        Email::parse(&format!("{name}@example.com")).unwrap()
    }

    async fn begin(core: &Arc<Core>, last: u8, name: &str) -> Result<Attempt> {
        Attempt::begin(core, [192, 0, 2, last].into(), Some(&email(name))).await
    }

    async fn succeed(core: &Arc<Core>, attempt: Attempt) {
        let body = move |write: &mut dyn Write| Ok((Outcome::Keep, attempt.succeed(write)?));
        core.door.write(core, Weight::Light, Vec::new(), body).await.unwrap();
    }

    fn rows(core: &Core, of: crate::kv::Keyspace) -> usize {
        let mut count = 0;
        let end = [0xff; 64];
        let read = core.engine.read().unwrap();
        read.scan(of, &[][..]..&end[..], crate::kv::Way::Up, &mut |_, _| {
            count += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        count
    }

    #[tokio::test]
    async fn the_eleventh_failure_waits_also_after_a_restart() {
        let engine = memory();
        let core = open(&engine, BEGIN);
        for _ in 0..LOGIN_FAILURES_MAX {
            begin(&core, 1, "a").await.unwrap();
            core.clock.advance_millis(1000);
        }
        let refused = begin(&core, 1, "a").await.unwrap_err();
        assert_eq!(refused.code, Code::TooManyAttempts);
        assert_eq!(refused.retry_after, Some(15 * 60 - 10 + 1));
        assert!(begin(&core, 2, "a").await.is_err(), "the e-mail alone is enough");
        assert!(begin(&core, 1, "b").await.is_err(), "and the address");
        assert!(begin(&core, 2, "b").await.is_ok());
        let again = open(&engine, core.clock.now());
        assert!(begin(&again, 1, "a").await.is_err(), "a restart forgets nothing");
        again.clock.advance_millis((LOGIN_WINDOW_SECONDS - 10) * 1000);
        assert!(begin(&again, 1, "a").await.is_ok(), "the first failure is over");
        assert!(begin(&again, 1, "a").await.is_err());
    }

    #[tokio::test]
    async fn only_failures_count_and_a_success_clears_those_of_the_person() {
        let core = open(&memory(), BEGIN);
        for _ in 0..3 * LOGIN_FAILURES_MAX {
            let attempt = begin(&core, 1, "a").await.unwrap();
            succeed(&core, attempt).await;
        }
        assert_eq!((rows(&core, LOGIN), rows(&core, EXPIRY)), (0, 0));
        for n in 0..3 {
            for _ in 1..LOGIN_FAILURES_MAX {
                begin(&core, 10 + n, "a").await.unwrap();
            }
            let attempt = begin(&core, 20, "a").await.unwrap();
            succeed(&core, attempt).await;
        }
        begin(&core, 10, "b").await.unwrap();
        assert!(begin(&core, 10, "c").await.is_err(), "an address's failures stay");
    }

    #[tokio::test]
    async fn what_is_over_is_swept() {
        let core = open(&memory(), BEGIN);
        for n in 0..5 {
            begin(&core, n, "a").await.unwrap();
            core.clock.advance_millis(1000);
        }
        assert_eq!((rows(&core, LOGIN), rows(&core, EXPIRY)), (6, 6));
        core.clock.advance_millis((LOGIN_WINDOW_SECONDS - 3) * 1000);
        sweep(&core, crate::access::Operator::assume()).await.unwrap();
        assert_eq!((rows(&core, LOGIN), rows(&core, EXPIRY)), (4, 4), "its last failure is what counts");
        core.clock.advance_millis(10_000);
        sweep(&core, crate::access::Operator::assume()).await.unwrap();
        assert_eq!((rows(&core, LOGIN), rows(&core, EXPIRY)), (0, 0));
    }
}
