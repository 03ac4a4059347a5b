//! Users: the people who sign in.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::clock::Time;
use crate::id::UserId;
use crate::model::field::email_fault;

/// A user, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub email: Email,
    /// An argon2id hash in the PHC string format, which is why this type has no `Debug`.
    pub password: String,
    /// Whether they own the instance: the first user does.
    pub owner: bool,
    pub created_at: Time,
}

/// An e-mail address that could receive mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Email(String);

impl Email {
    /// Trimmed; what is wrong with it otherwise.
    pub fn parse(text: &str) -> Result<Email, String> {
        let email: String = text.trim().nfc().collect();
        match email_fault(&email) {
            None => Ok(Email(email)),
            Some(detail) => Err(detail),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two spellings of one address share: sign-in does not ask for the right case.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
