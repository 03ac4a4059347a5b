//! Names of spaces, bases, tables and fields, and descriptions.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::codec::key::Key;
use crate::error::{Code, Faults};
use crate::id::is_id_form;
use crate::limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX};
use crate::model::json::{Json, Pointer};

/// A name: trimmed, in Unicode's normal form C, of 1 to 255 characters, none of them a control character, and without
/// the form of an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Name(String);

impl Name {
    /// The name that `text` spells, or what is wrong with it.
    pub fn parse(text: &str) -> Result<Name, String> {
        let name: String = text.trim().nfc().collect();
        let length = name.chars().count();
        if length == 0 {
            return Err("A name may not be empty.".into());
        }
        if length > NAME_CHARS_MAX {
            return Err(format!("A name has at most {NAME_CHARS_MAX} characters, this one {length}."));
        }
        if name.chars().any(char::is_control) {
            return Err("A name may not contain control characters.".into());
        }
        if is_id_form(&name) {
            return Err("A name may not have the form of an id.".into());
        }
        Ok(Name(name))
    }

    /// Reads a name from a body.
    pub fn read(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<Name> {
        let text = json.text(at, faults)?;
        match Name::parse(&text) {
            Ok(name) => Some(name),
            Err(detail) => {
                faults.add(at, Code::InvalidName, detail);
                None
            }
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two names share that differ in case only: names are unique by this.
    pub fn folded(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }

    /// The end of a key that is the same for names that differ in case only.
    #[must_use]
    pub fn end_key(&self, key: Key) -> Key {
        key.last(self.folded().as_bytes())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a description: text of at most 2,000 characters without NUL, `null` or `""` for none.
pub fn read_description(json: Json<'_>, at: &Pointer<'_>, faults: &mut Faults) -> Option<String> {
    if json.is_null() {
        return None;
    }
    let text = json.text(at, faults)?;
    if text.chars().count() > DESCRIPTION_CHARS_MAX {
        faults.add(
            at,
            Code::OutOfRange,
            format!("A description has at most {DESCRIPTION_CHARS_MAX} characters."),
        );
    } else if text.contains('\0') {
        faults.add(at, Code::InvalidValue, "A text may not contain NUL.");
    }
    (!text.is_empty()).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_normalised() {
        assert_eq!(Name::parse("  Cafe\u{301} ").unwrap().as_str(), "Café");
        assert_eq!(Name::parse("a/b 🙂 %2f").unwrap().as_str(), "a/b 🙂 %2f");
        assert_eq!(Name::parse(&"é".repeat(255)).unwrap().as_str().chars().count(), 255);
        assert_eq!(Name::parse("ÉTÉ").unwrap().folded(), Name::parse("été").unwrap().folded());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(256);
        for wrong in ["", "  ", "a\0b", "a\nb", "rec00000000000000000000000000", &long] {
            assert!(Name::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Name::parse("rec0000000000000000000000000").is_ok(), "one digit short of an id");
    }
}
