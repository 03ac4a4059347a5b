//! The one matrix of what needs what. A route's proof type names a row; its entry in the API document is made from it.

use super::proof::{InBase, InSpace, InTable, Nowhere, Place};
use crate::model::scope::{Scope, Scopes};

/// What a caller must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Any good credentials.
    Any,
    /// This scope; a session has them all.
    Scope(Scope),
    /// Any of these scopes.
    OneOf(&'static [Scope]),
    /// A signed-in person.
    Session,
}

impl Need {
    /// Whether a token of these scopes has what is needed.
    pub fn is_met(self, scopes: Scopes) -> bool {
        match self {
            Need::Any => true,
            Need::Scope(scope) => scopes.grant(scope),
            Need::OneOf(any) => any.iter().any(|scope| scopes.grant(*scope)),
            Need::Session => false,
        }
    }
}

impl std::fmt::Display for Need {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Need::Any => f.write_str("any good token, or a session"),
            Need::Scope(scope) => write!(f, "the scope `{scope}`"),
            Need::OneOf(any) => {
                let names: Vec<_> = any.iter().map(|scope| format!("`{scope}`")).collect();
                write!(f, "one of the scopes {}", names.join(", "))
            }
            Need::Session => f.write_str("a session: a token can't do this"),
        }
    }
}

/// How a narrowed token stands to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// It sees what it may see of the answer.
    Filters,
    /// It may if its place is within the narrowing as a whole.
    Whole,
    /// It may never: the call makes or changes what lies outside.
    Never,
}

/// A row of the matrix, as a type.
pub trait Permission: Send + Sync + 'static {
    /// Where it holds.
    type Place: Place;
    const NEED: Need;
    const NARROW: Narrow;
    /// Whether it changes something: then a session must come from the same origin.
    const WRITES: bool;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $place:ident, $need:expr, $narrow:ident, $writes:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl Permission for $name {
            type Place = $place;
            const NEED: Need = $need;
            const NARROW: Narrow = Narrow::$narrow;
            const WRITES: bool = $writes;
        }
    )+};
}

/// The scopes that show what a table is made of.
pub const DESCRIBED: [Scope; 2] = [Scope::RecordsRead, Scope::SchemaRead];

permissions! {
    //                 place    needs                            narrowed  writes
    /// Being someone at all.
    Anyone:            Nowhere, Need::Any,                        Filters, false;
    /// Being a signed-in person.
    SignedIn:          Nowhere, Need::Session,                    Filters, false;
    /// Being a signed-in person who changes something of their own.
    SignedInWrite:     Nowhere, Need::Session,                    Filters, true;
    SpaceRead:         InSpace, Need::Any,                        Filters, false;
    SpaceManage:       InSpace, Need::Scope(Scope::SpaceManage),  Never,   true;
    TokensRead:        InSpace, Need::Scope(Scope::TokensManage), Filters, false;
    TokensManage:      InSpace, Need::Scope(Scope::TokensManage), Filters, true;
    BasesRead:         InSpace, Need::Scope(Scope::SchemaRead),   Filters, false;
    BasesWrite:        InSpace, Need::Scope(Scope::SchemaWrite),  Never,   true;
    BaseRead:          InBase,  Need::Scope(Scope::SchemaRead),   Filters, false;
    BaseWrite:         InBase,  Need::Scope(Scope::SchemaWrite),  Whole,   true;
    TableRead:         InTable, Need::Scope(Scope::SchemaRead),   Filters, false;
    /// Knowing what a table is made of, which whoever may read its records has to.
    TableDescribe:     InTable, Need::OneOf(&DESCRIBED),          Filters, false;
    TableWrite:        InTable, Need::Scope(Scope::SchemaWrite),  Filters, true;
    RecordsRead:       InTable, Need::Scope(Scope::RecordsRead),  Filters, false;
    RecordsWrite:      InTable, Need::Scope(Scope::RecordsWrite), Filters, true;
}
