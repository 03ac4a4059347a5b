//! Floor 6: reading with the help of what is held in memory. Caches pull, nobody pushes: each is checked by the number in
//! the snapshot that answers the request.

pub mod aggregate;
pub mod catalog;
pub mod columns;
pub mod cursor;
pub mod find;
pub mod known;
pub mod list;
mod lookup;
pub mod order;
mod row;
pub mod stop;
mod stream;
pub mod usage;
