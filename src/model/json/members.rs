//! The members of an object, taken by name.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde_json::value::RawValue;

use super::{Json, Pointer};
use crate::error::{Code, Faults, Shown};

/// The members of an object, taken by name; what is left over at the end is unknown.
#[derive(Debug, Default)]
pub struct Members<'a> {
    left: Vec<(Cow<'a, str>, Json<'a>)>,
    known: Vec<&'static str>,
}

impl<'a> Members<'a> {
    /// `None` with a fault if `json` is no object.
    pub fn read(json: Json<'a>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Members<'a>> {
        Some(Members { left: json.members(at, faults)?, known: Vec::new() })
    }

    /// The member of this name, if it is there; `null` counts as there.
    pub fn take(&mut self, name: &'static str) -> Option<Json<'a>> {
        self.known.push(name);
        let index = self.left.iter().position(|(found, _)| found == name)?;
        Some(self.left.swap_remove(index).1)
    }

    /// Whether there is a member of this name that nobody took.
    pub fn has(&self, name: &str) -> bool {
        self.left.iter().any(|(found, _)| found == name)
    }

    /// The member of this name; a fault if it is not there.
    pub fn require(&mut self, name: &'static str, at: &Pointer<'_>, faults: &mut Faults) -> Option<Json<'a>> {
        let found = self.take(name);
        if found.is_none() {
            faults.add(at.member(name), Code::Required, format!("The member `{name}` is missing."));
        }
        found
    }

    /// A fault for every member that nobody took.
    pub fn finish(self, at: &Pointer<'_>, faults: &mut Faults) {
        let mut named = HashSet::new();
        for (name, _) in &self.left {
            // One that was taken and is still here is a repetition, which has its fault already.
            if !self.known.contains(&name.as_ref()) && named.insert(name.as_ref()) {
                let hint = faults.hint(name, self.known.iter().copied());
                faults.add(
                    at.member(name),
                    Code::UnknownMember,
                    format!("The member `{}` is not known here.{hint}", Shown(name)),
                );
            }
        }
    }
}

/// The members of an object as they stand, repeated ones too.
pub(super) struct MemberList<'a>(pub(super) Vec<(Cow<'a, str>, Json<'a>)>);

impl<'de> serde::Deserialize<'de> for MemberList<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = MemberList<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, Json(raw.get())));
                }
                Ok(MemberList(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
