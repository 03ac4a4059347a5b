//! Floor 3: pure data and rules, no I/O. Parse, then trust: what is made here is valid.
//!
//! A noun's model type is stored as it is: serde on a type of this floor means *stored*, and a change of its shape is a
//! change of the database's format. What the wire says is a type of its own, in `http`.

pub mod base;
pub mod change;
pub mod expr;
pub mod field;
pub mod instance;
pub mod json;
pub mod membership;
pub mod name;
pub mod period;
pub mod record;
pub mod scope;
pub mod session;
pub mod space;
pub mod table;
pub mod token;
pub mod usage;
pub mod user;
pub mod value;
