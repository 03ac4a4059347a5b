//! Floor 6: reading with the help of what is held in memory. Caches pull, nobody pushes: each is checked by the number in
//! the snapshot that answers the request.

pub mod catalog;
pub mod cursor;
pub mod known;
pub mod list;
