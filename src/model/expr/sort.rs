//! What a list is sorted by.

use super::Column;

/// One key of a sort.
#[derive(Clone, Debug, PartialEq)]
pub struct SortKey {
    pub column: Column,
    pub descending: bool,
    /// The place of each choice among all, by its number; empty for other kinds.
    pub ranks: Vec<u16>,
}

impl SortKey {
    /// The place of a choice; one that is gone comes last.
    pub fn rank(&self, choice: u16) -> u16 {
        self.ranks.get(usize::from(choice)).copied().unwrap_or(u16::MAX)
    }
}
