//! The demo.

/// The id of the first demo contact.
pub const CONTACT_ID: &str = "rec01jd00000000000000000000c1";
