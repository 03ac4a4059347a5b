//! Scopes: what a token may do.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Code, Faults, Shown};
use crate::model::json::{Json, Pointer};

/// One right of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    RecordsRead,
    RecordsWrite,
    SchemaRead,
    SchemaWrite,
    TokensManage,
    WebhooksManage,
    AuditRead,
    SpaceManage,
}

impl Scope {
    pub const ALL: [Scope; 8] = [
        Scope::RecordsRead,
        Scope::RecordsWrite,
        Scope::SchemaRead,
        Scope::SchemaWrite,
        Scope::TokensManage,
        Scope::WebhooksManage,
        Scope::AuditRead,
        Scope::SpaceManage,
    ];

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::RecordsRead => "records:read",
            Scope::RecordsWrite => "records:write",
            Scope::SchemaRead => "schema:read",
            Scope::SchemaWrite => "schema:write",
            Scope::TokensManage => "tokens:manage",
            Scope::WebhooksManage => "webhooks:manage",
            Scope::AuditRead => "audit:read",
            Scope::SpaceManage => "space:manage",
        }
    }

    pub fn named(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// Its place in [`Scopes`], which is stored: never change one.
    const fn bit(self) -> u16 {
        1 << match self {
            Scope::RecordsRead => 0,
            Scope::RecordsWrite => 1,
            Scope::SchemaRead => 2,
            Scope::SchemaWrite => 3,
            Scope::TokensManage => 4,
            Scope::WebhooksManage => 5,
            Scope::AuditRead => 6,
            Scope::SpaceManage => 7,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes, as given; what writing includes is worked out when it is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes(u16);

impl Scopes {
    pub fn all() -> Scopes {
        Scope::ALL.into_iter().collect()
    }

    /// Those that a token gets which is made without naming any.
    pub fn default_of_token() -> Scopes {
        [Scope::RecordsWrite, Scope::SchemaRead].into_iter().collect()
    }

    /// Whether the set grants a scope: `…:write` includes `…:read`.
    pub fn grant(self, scope: Scope) -> bool {
        let including = match scope {
            Scope::RecordsRead => Scope::RecordsWrite,
            Scope::SchemaRead => Scope::SchemaWrite,
            other => other,
        };
        self.0 & (scope.bit() | including.bit()) != 0
    }

    /// Those of `wanted` that this set does not grant.
    pub fn lacking(self, wanted: Scopes) -> impl Iterator<Item = Scope> {
        wanted.iter().filter(move |scope| !self.grant(*scope))
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Reads a list of scopes from a body.
    pub fn read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Scopes> {
        let items = json.items(at, faults)?;
        let before = faults.count();
        let mut scopes = Scopes::default();
        for (n, item) in items.iter().enumerate() {
            let at = at.item(n);
            let Some(name) = item.text(&at, faults) else { continue };
            match Scope::named(&name) {
                Some(scope) => scopes.0 |= scope.bit(),
                None => {
                    let hint = faults.hint(&name, Scope::ALL.iter().map(|scope| scope.name()));
                    let detail = format!("There is no scope `{}`.{hint}", Shown(&name));
                    faults.add(at, Code::InvalidValue, detail);
                }
            }
        }
        if items.is_empty() {
            faults.add(at, Code::Required, "A token needs at least one scope.");
        }
        (faults.count() == before).then_some(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_includes_reading_and_nothing_else() {
        let scopes: Scopes = [Scope::RecordsWrite].into_iter().collect();
        assert!(scopes.grant(Scope::RecordsRead) && scopes.grant(Scope::RecordsWrite));
        assert!(!scopes.grant(Scope::SchemaRead) && !scopes.grant(Scope::TokensManage));
        assert_eq!(scopes.lacking(Scopes::all()).count(), 6);
        assert_eq!(scopes.iter().collect::<Vec<_>>(), [Scope::RecordsWrite]);
    }
}
