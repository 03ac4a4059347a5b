//! Sessions: that a person is signed in, as it is stored.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{SessionId, UserId};

/// A session; it is found by the hash of the secret in its cookie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub created_at: Time,
    /// Written at most once an hour.
    pub last_used_at: Time,
    pub expires_at: Time,
}
