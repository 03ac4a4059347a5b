//! Passwords: argon2id, with the parameters that OWASP's Password Storage Cheat Sheet asks for at least (19 MiB, two
//! passes, one lane).

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::{Error, Result};
use crate::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

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
        let hash = argon2()?.hash_password(self.0.as_bytes()).map_err(Error::internal)?;
        Ok(PasswordHash(hash.to_string()))
    }

    /// Whether this is the password of the hash. As long as [`Password::hash`].
    pub fn fits(&self, hash: &PasswordHash) -> Result<bool> {
        let hash = phc::PasswordHash::new(&hash.0).map_err(Error::internal)?;
        Ok(argon2()?.verify_password(self.0.as_bytes(), &hash).is_ok())
    }
}

/// Does the work of [`Password::fits`] for an e-mail address that nobody has, so that the time tells nothing.
pub fn verify_nobody(password: &Password) -> Result<()> {
    password.hash().map(drop)
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn lengths_are_counted_in_characters() {
        assert!(Password::parse("1234567").is_err());
        assert!(Password::parse(&"é".repeat(8)).is_ok());
        assert!(Password::parse(&"é".repeat(256)).is_ok());
        assert!(Password::parse(&"é".repeat(257)).is_err());
    }
}
