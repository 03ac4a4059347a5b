//! What tables are called in a typed document: identifiers that every language takes.
//!
//! An identifier is made of the table's name and nothing else, as long as no older table has it: ids sort by creation, so
//! a table that comes later never takes the name of one that is there, and when a younger one goes nothing changes. Only
//! the tables that the caller sees count, since a name that gives way would tell of one that it does not see.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use crate::id::{Id, TableId};

/// Words that name something else in many languages; a table called so is a `ListTable`.
const WORDS: [&str; 30] = [
    "any",
    "array",
    "blob",
    "body",
    "boolean",
    "byte",
    "char",
    "class",
    "client",
    "date",
    "default",
    "enum",
    "error",
    "file",
    "float",
    "function",
    "integer",
    "list",
    "map",
    "model",
    "null",
    "number",
    "object",
    "promise",
    "request",
    "response",
    "set",
    "string",
    "type",
    "undefined",
];

/// Characters of an identifier that come from the name.
const CHARS_MAX: usize = 48;

/// How many digits of its id an identifier gets that would be another one's, in turn.
const ENDS: [usize; 3] = [6, 12, 26];

/// What is claimed already: names of components and ids of operations, in small letters, since files are named after
/// them and not every disk tells `A` from `a`.
pub struct Claims {
    taken: HashSet<String>,
    /// What stands behind an identifier in names that are made of it, in small letters.
    suffixes: Vec<String>,
}

impl Claims {
    pub fn new<'a>(taken: impl Iterator<Item = &'a str>, suffixes: impl Iterator<Item = &'a str>) -> Claims {
        let mut suffixes: Vec<_> = suffixes.map(str::to_lowercase).collect();
        suffixes.push(String::new());
        Claims { taken: taken.map(str::to_lowercase).collect(), suffixes }
    }

    /// The identifier of a table. Ask in the order of ids.
    pub fn claim(&mut self, id: TableId, name: &str) -> String {
        let digits = id.to_string().get(TableId::PREFIX.len()..).unwrap_or_default().to_uppercase();
        let end = |count: usize| digits.get(digits.len().saturating_sub(count)..).unwrap_or_default();
        let stem = stem(name);
        let bare = (!stem.is_empty()).then(|| stem.clone());
        let stem = if stem.is_empty() { "Table".to_owned() } else { stem };
        let ended = ENDS.map(|count| format!("{stem}{}", end(count)));
        let counted = (2_usize..).map(|n| format!("{stem}{digits}N{n}"));
        let mut tried = bare.into_iter().chain(ended).chain(counted);
        let found = tried.find(|tried| self.is_free(tried)).unwrap_or_default();
        let lower = found.to_lowercase();
        self.taken.extend(self.suffixes.iter().map(|suffix| format!("{lower}{suffix}")));
        found
    }

    fn is_free(&self, identifier: &str) -> bool {
        let lower = identifier.to_lowercase();
        self.suffixes.iter().all(|suffix| !self.taken.contains(&format!("{lower}{suffix}")))
    }
}

/// The letters and digits of ASCII that a name holds, as words that begin with capitals; empty if there are none.
fn stem(name: &str) -> String {
    let mut stem = String::new();
    let mut begins = true;
    // Taken apart, so that `é` is an `e` with a mark, which is neither a letter nor the end of a word.
    for c in name.nfkd() {
        if stem.len() >= CHARS_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() {
            if stem.is_empty() && c.is_ascii_digit() {
                stem.push('T');
            }
            stem.push(if begins { c.to_ascii_uppercase() } else { c });
            begins = false;
        } else {
            begins |= !unicode_normalization::char::is_combining_mark(c) && c != '\'' && c != '\u{2019}';
        }
    }
    if WORDS.contains(&stem.to_lowercase().as_str()) {
        stem.push_str("Table");
    }
    stem
}

/// The identifier as the head of an operation's id: `contacts`, `crm`, `firstNames`.
pub fn camel(identifier: &str) -> String {
    let upper = identifier.bytes().take_while(u8::is_ascii_uppercase).count();
    let follows = identifier.as_bytes().get(upper);
    // Of `CRMContacts` the last capital begins a word; `CRM` and `T2024` are words as a whole.
    let small = match follows {
        Some(byte) if byte.is_ascii_lowercase() && upper > 1 => upper - 1,
        _ => upper,
    };
    let (head, tail) = identifier.split_at_checked(small).unwrap_or((identifier, ""));
    head.to_ascii_lowercase() + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUFFIXES: [&str; 5] = ["Create", "CreateBulk", "List", "Values", "Get"];

    fn id(n: u128) -> TableId {
        TableId::from_bytes((n << 60 | n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0xff_ffff_ffff).to_be_bytes())
    }

    fn claims() -> Claims {
        Claims::new(["Record", "Problem", "ownSpaceGet"].into_iter(), SUFFIXES.into_iter())
    }

    fn named(names: &[&str]) -> Vec<String> {
        let mut claims = claims();
        names.iter().zip(1..).map(|(name, n)| claims.claim(id(n), name)).collect()
    }

    #[test]
    fn names_become_identifiers() {
        for (name, identifier, head) in [
            ("Contacts", "Contacts", "contacts"),
            ("first names", "FirstNames", "firstNames"),
            ("2024 Q1", "T2024Q1", "t2024Q1"),
            ("Café crème", "CafeCreme", "cafeCreme"),
            ("Ann's list", "AnnsList", "annsList"),
            ("list", "ListTable", "listTable"),
            ("CRM", "CRM", "crm"),
            ("CRM contacts", "CRMContacts", "crmContacts"),
            ("order_items", "OrderItems", "orderItems"),
        ] {
            let found = named(&[name]).remove(0);
            assert_eq!((found.as_str(), camel(&found).as_str()), (identifier, head), "{name}");
        }
        for name in ["用户", "🙂🙂", "—"] {
            let found = named(&[name]).remove(0);
            assert!(found.starts_with("Table") && found.len() == 11, "{name}: {found}");
        }
    }

    #[test]
    fn the_younger_one_gives_way() {
        let found = named(&["A b", "a-B", "ab create", "record", "own space"]);
        assert_eq!(found[0], "AB");
        for (n, head) in [(1, "AB"), (2, "AbCreate"), (3, "Record"), (4, "OwnSpace")] {
            assert!(found[n].starts_with(head) && found[n].len() == head.len() + 6, "{found:?}");
        }
    }

    fn hard_name() -> impl Strategy<Value = String> {
        let words = prop_oneof![
            Just("list".to_owned()),
            Just("用户".to_owned()),
            Just("2024 Q1".to_owned()),
            Just("🙂".to_owned()),
            Just("a".to_owned()),
            Just("A create".to_owned()),
            Just("a create bulk".to_owned()),
            Just("Record".to_owned()),
            "[aAbB é1_-]{1,4}",
            "\\PC{1,20}",
        ];
        prop::collection::vec(words, 1..3).prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn no_two_names_are_alike(names in prop::collection::vec(hard_name(), 1..30)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let found = named(&names);
            let mut seen: HashSet<String> = claims().taken;
            for identifier in &found {
                prop_assert!(identifier.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{identifier}");
                prop_assert!(identifier.as_bytes()[0].is_ascii_alphabetic());
                prop_assert_eq!(camel(identifier).to_lowercase(), identifier.to_lowercase());
                for suffix in SUFFIXES.iter().chain(&[""]) {
                    prop_assert!(seen.insert(format!("{identifier}{suffix}").to_lowercase()), "{identifier}{suffix}");
                }
            }
            // Whatever comes later changes nothing.
            for most in 0..names.len() {
                let fewer = named(&names[..most]);
                prop_assert_eq!(fewer.as_slice(), &found[..most]);
            }
        }
    }
}
