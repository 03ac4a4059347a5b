//! Floor 2: bytes to values and back. Keys sort as what they encode sorts; values say in which format they are written.

pub mod key;
pub mod value;
pub mod varint;
