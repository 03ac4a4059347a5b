//! Memberships: which people belong to which spaces. Roles come later; every member may do everything.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// That someone belongs to a space; the key says who and to which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub since: Time,
}
