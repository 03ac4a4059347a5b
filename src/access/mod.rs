//! Floor 4: who is calling and what they may, as values.
//!
//! It reads nothing by itself: what it needs to know it asks [`Credentials`], which the floors above implement. Only
//! [`Caller::identify`] makes a [`Caller`], only [`Caller::access`] makes an [`Access`] proof (an [`Operator`] aside), and
//! only a proof or the place in it makes the keys under which a space's things are stored. So reaching another space is
//! not forbidden: it can't be written down. And a forgotten check does not compile.
//!
//! What a caller may not see does not exist: the answer is 404 as if it never had, not 403, since a 403 would tell that it
//! is there.

mod caller;
mod password;
mod permission;
mod proof;
mod session;
mod token;
mod usage;

pub use caller::{Caller, Credentials, Found, Named, Path, Person, Presented, Resolve, Sees, TokenRights};
pub use password::{Password, PasswordHash, verify_nobody};
pub use permission::*;
pub use proof::{Access, InBase, InSpace, InTable, Inside, Nowhere, Operator, Place, Reach, SpaceKey};
pub use session::{PlainSession, SessionHash};
pub use token::{PlainToken, hint};
pub use usage::Uses;
