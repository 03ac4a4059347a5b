//! The instance: this one database, whoever serves it.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// What is known about the database as a whole.
#[derive(Clone, Serialize, Deserialize)]
pub struct Instance {
    pub created_at: Time,
    /// Authenticates cursors. It leaves the server in no form, which is why this type has no `Debug`.
    pub key: [u8; 32],
    /// Whether `--demo` filled it.
    pub demo: bool,
}
