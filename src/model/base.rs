//! Bases: a space's databases, each a handful of tables that belong together.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{BaseId, TableId};
use crate::model::name::Name;

/// A base, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Base {
    pub id: BaseId,
    pub name: Name,
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    /// Its tables in the order in which they are shown.
    pub tables: Vec<TableId>,
}
