//! Passwords: argon2id, with the parameters that OWASP's Password Storage Cheat Sheet asks for at least (19 MiB, two
//! passes, one lane).

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::error::{Error, Result};
use crate::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const HASH_BYTES: usize = 32;
/// KiB that are reserved for the memory, of which only what is used is ever there. glibc gives memory of more than 32 MiB
/// back to the system as soon as it is freed; less than that it keeps, once for each thread that has hashed: 370 MiB
/// after 200 logins.
const RESERVED_KIB: usize = 33 * 1024;

/// A password in the clear, of a length that is taken. No `Debug`, `Display` or `Serialize` on purpose.
pub struct Password(String);

/// The argon2id hash of a password, in the PHC string format.
pub struct PasswordHash(pub String);

impl Password {
    /// 8 to 256 characters; there is no other rule.
    pub fn parse(text: &str) -> Result<Password, String> {
        let length = text.chars().count();
        if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
            return Ok(Password(text.to_owned()));
        }
        Err(format!("A password has {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters."))
    }

    /// Takes some 20 ms of a core and 19 MiB: belongs on the blocking pool.
    pub fn hash(&self) -> Result<PasswordHash> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_BYTES)).map_err(Error::internal)?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(Error::internal)?,
            salt: Some(Salt::generate()),
            hash: None,
        };
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let output = self.output(&argon2, &hash, HASH_BYTES)?;
        Ok(PasswordHash(phc::PasswordHash { hash: Some(output), ..hash }.to_string()))
    }

    /// Whether this is the password of the hash. As long as [`Password::hash`].
    pub fn fits(&self, hash: &PasswordHash) -> Result<bool> {
        let hash = phc::PasswordHash::new(&hash.0).map_err(Error::internal)?;
        let expected = hash.hash.ok_or_else(|| Error::internal("a password's hash is empty"))?;
        let params = Params::try_from(&hash).map_err(Error::internal)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // The comparison takes the same time wherever they differ.
        Ok(self.output(&argon2, &hash, expected.len())? == expected)
    }

    /// All of the work that a password makes.
    fn output(&self, argon2: &Argon2<'_>, hash: &phc::PasswordHash, bytes: usize) -> Result<Output> {
        #[cfg(test)]
        tests::WORK.with(|work| work.set(work.get() + argon2.params().m_cost() * argon2.params().t_cost()));
        let salt = hash.salt.ok_or_else(|| Error::internal("a password's hash has no salt"))?;
        let blocks = argon2.params().block_count();
        let mut memory = Vec::with_capacity(blocks.max(RESERVED_KIB));
        memory.resize(blocks, Block::new());
        let mut output = vec![0; bytes];
        argon2
            .hash_password_into_with_memory(self.0.as_bytes(), &salt, &mut output, &mut memory)
            .map_err(Error::internal)?;
        Output::new(&output).map_err(Error::internal)
    }
}

/// Does the work of [`Password::fits`] for an e-mail address that nobody has, so that the time tells nothing.
pub fn verify_nobody(password: &Password) -> Result<()> {
    password.hash().map(drop)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        /// KiB that argon2 has filled on this thread, once for each pass.
        pub static WORK: Cell<u32> = const { Cell::new(0) };
    }

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let password = Password::parse("correct-horse").ok().unwrap();
        let hash = password.hash().unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(password.fits(&hash).unwrap());
        assert!(!Password::parse("correct-hores").ok().unwrap().fits(&hash).unwrap());
        assert!(password.hash().unwrap().0 != hash.0, "salted");
    }

    #[test]
    fn a_hash_of_the_library_fits_and_so_does_ours_there() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let password = Password::parse("correct-horse").ok().unwrap();
        let theirs = Argon2::default().hash_password(b"correct-horse").unwrap();
        assert!(password.fits(&PasswordHash(theirs.to_string())).unwrap());
        let ours = password.hash().unwrap();
        let read = phc::PasswordHash::new(&ours.0).unwrap();
        assert!(Argon2::default().verify_password(b"correct-horse", &read).is_ok());
        assert!(Argon2::default().verify_password(b"correct-hores", &read).is_err());
    }

    #[test]
    fn nobodys_password_makes_the_same_work_as_a_wrong_one() {
        let [right, wrong] =
            ["correct-horse", "correct-hores"].map(|text| Password::parse(text).ok().unwrap());
        let hash = right.hash().unwrap();
        let work_of = |call: &dyn Fn()| {
            WORK.set(0);
            call();
            WORK.get()
        };
        let of_wrong = work_of(&|| assert!(!wrong.fits(&hash).unwrap()));
        assert_eq!(of_wrong, MEMORY_KIB * PASSES, "one hash");
        assert_eq!(work_of(&|| assert!(right.fits(&hash).unwrap())), of_wrong);
        assert_eq!(work_of(&|| verify_nobody(&wrong).unwrap()), of_wrong);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse(&"é".repeat(8)).is_ok());
        assert!(Password::parse(&"é".repeat(256)).is_ok());
        assert!(Password::parse(&"é".repeat(257)).is_err());
    }
}
