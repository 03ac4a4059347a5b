//! Spaces: the outermost container, and the wall that no token crosses.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::id::{BaseId, SpaceId};
use crate::model::change::Actor;
use crate::model::name::Name;

/// A space, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    pub id: SpaceId,
    pub name: Name,
    pub description: Option<String>,
    pub created_at: Time,
    pub updated_at: Time,
    pub created_by: Actor,
    /// Its bases in the order in which they are shown.
    pub bases: Vec<BaseId>,
}
