//! Changes: who did what to which records. Caches read them now; feeds, webhooks and audit later.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{RecordId, TokenId, UserId};

/// Who changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Actor {
    User(UserId),
    Token(TokenId),
    /// The command line, or the server itself.
    Operator,
}

/// When something was done, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    pub at: Time,
    pub by: Actor,
}

/// What happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Happened {
    Made,
    Changed,
    Deleted,
}

/// One record's part in a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordChange {
    pub record: RecordId,
    pub happened: Happened,
    /// The version after it; of a deleted record, its last.
    pub version: u32,
    /// Numbers of the fields whose values changed.
    pub fields: Vec<u16>,
}

/// A page of the log of one table's changes; the key holds its number and page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePage {
    pub stamp: Stamp,
    pub request: String,
    pub records: Vec<RecordChange>,
}
