//! Floor 3: pure data and rules, no I/O. Parse, then trust: what is made here is valid.
//!
//! A noun's model type is stored as it is: serde on a type of this floor means *stored*, and a change of its shape is a
//! change of the database's format. What the wire says is a type of its own, in `http`.

pub mod field;
pub mod json;
pub mod name;
pub mod value;
