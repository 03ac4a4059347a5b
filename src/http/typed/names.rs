//! What tables and the values of lists are called in a typed document: identifiers that every language takes.
//!
//! An identifier is made of the table's name alone, as long as no other table, and nothing else in the document, would be
//! called so. Of those that would, **all** get digits of their own id behind it and none keeps the bare name: so no rename,
//! and no table that comes or goes, hands an identifier of one living table to another. A client that was made before finds
//! an operation gone, and never one that works on another table. Only the tables that the caller sees count, since a name
//! that gives way would tell of one that it does not see.

use std::collections::HashMap;

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
const ENDS: [usize; 4] = [0, 6, 12, 26];

/// What is claimed already: names of components and ids of operations, in small letters, since files are named after
/// them and not every disk tells `A` from `a`.
pub struct Claims {
    taken: Vec<String>,
    /// What stands behind an identifier in names that are made of it, in small letters.
    suffixes: Vec<String>,
}

impl Claims {
    pub fn new<'a>(taken: impl Iterator<Item = &'a str>, suffixes: impl Iterator<Item = &'a str>) -> Claims {
        let mut suffixes: Vec<_> = suffixes.map(str::to_lowercase).collect();
        suffixes.push(String::new());
        // A schema and an operation of one table may be called the same.
        suffixes.sort_unstable();
        suffixes.dedup();
        Claims { taken: taken.map(str::to_lowercase).collect(), suffixes }
    }

    /// The identifiers of tables, in their order.
    pub fn claim(&self, tables: &[(TableId, &str)]) -> Vec<String> {
        let stems: Vec<String> = tables.iter().map(|(_, name)| stem(name)).collect();
        let names = |n: usize, stage: usize| {
            let (stem, id) = (stems.get(n)?, tables.get(n)?.0);
            (stage > 0 || !stem.is_empty()).then(|| ended(stem, id, stage))
        };
        told_apart(
            tables.len(),
            ENDS.len() + 1,
            names,
            |name| {
                let lower = name.to_lowercase();
                self.suffixes.iter().map(|suffix| format!("{lower}{suffix}")).collect()
            },
            &self.taken,
        )
    }
}

/// A stem with so many digits of the id as the stage says; behind the last there is a digit that ends no word.
fn ended(stem: &str, id: TableId, stage: usize) -> String {
    let digits = id.to_string().get(TableId::PREFIX.len()..).unwrap_or_default().to_uppercase();
    let count = ENDS.get(stage).copied().unwrap_or(digits.len());
    let end = digits.get(digits.len().saturating_sub(count)..).unwrap_or_default();
    let stem = if stem.is_empty() { "Table" } else { stem };
    format!("{stem}{end}{}", if stage < ENDS.len() { "" } else { "0" })
}

/// Names things so that none takes what another takes or what is taken: whoever collides goes on to the name of the next
/// stage, and so does the one that it collides with. Where there is no name at a stage, that stage is passed over.
pub fn told_apart(
    count: usize,
    stages: usize,
    name: impl Fn(usize, usize) -> Option<String>,
    takes: impl Fn(&str) -> Vec<String>,
    taken: &[String],
) -> Vec<String> {
    let mut at = vec![0_usize; count];
    loop {
        let named = |n: usize, stage: usize| (stage..stages).find_map(|stage| name(n, stage));
        let names: Vec<String> =
            at.iter().enumerate().map(|(n, stage)| named(n, *stage).unwrap_or_default()).collect();
        let taking: Vec<Vec<String>> = names.iter().map(|name| takes(name)).collect();
        let mut times: HashMap<&str, usize> = taken.iter().map(|name| (name.as_str(), 1)).collect();
        for name in taking.iter().flatten() {
            *times.entry(name).or_default() += 1;
        }
        let mut moved = false;
        for (stage, taking) in at.iter_mut().zip(&taking) {
            if *stage + 1 < stages && taking.iter().any(|name| times.get(name.as_str()) > Some(&1)) {
                *stage += 1;
                moved = true;
            }
        }
        if !moved {
            return names;
        }
    }
}

/// What the values of an enumeration are called in programs: words in capitals, no two alike. Of values that would be
/// called the same, such as `first name` and `first_name`, each gets digits that are made of itself.
pub fn constants<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let values: Vec<&str> = values.into_iter().collect();
    let words: Vec<String> = values.iter().map(|value| constant(value)).collect();
    // As generators compare them, some of which take `A1` for `A_1`.
    let folded = |word: &str| word.replace('_', "");
    let mut times: HashMap<String, usize> = HashMap::new();
    for word in &words {
        *times.entry(folded(word)).or_default() += 1;
    }
    let named = values.iter().zip(&words).map(|(value, word)| {
        if !word.is_empty() && times.get(&folded(word)) == Some(&1) {
            return word.clone();
        }
        let hash = blake3::hash(value.as_bytes()).to_hex().to_uppercase();
        format!("{}_X{}", if word.is_empty() { "VALUE" } else { word }, hash.get(..8).unwrap_or_default())
    });
    named.collect()
}

/// `FIRST_NAME` of `First name`, `firstName` and `first_name`.
fn constant(value: &str) -> String {
    let mut word = String::new();
    let (mut gap, mut small) = (false, false);
    for c in value.nfkd() {
        if c.is_ascii_alphanumeric() {
            if (gap || small && c.is_ascii_uppercase()) && !word.is_empty() {
                word.push('_');
            }
            if word.is_empty() && c.is_ascii_digit() {
                word.push_str("N_");
            }
            word.push(c.to_ascii_uppercase());
            (gap, small) = (false, c.is_ascii_lowercase());
        } else {
            gap |= !unicode_normalization::char::is_combining_mark(c) && c != '\'' && c != '\u{2019}';
        }
    }
    word
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
    use std::collections::HashSet;

    const SUFFIXES: [&str; 5] = ["Create", "CreateBulk", "List", "Values", "Get"];
    /// As in a document, where operations have some of the suffixes of schemas.
    const TWICE: [&str; 7] = ["Create", "CreateBulk", "List", "Values", "Get", "Create", "create"];

    fn id(n: u128) -> TableId {
        TableId::from_bytes((n << 60 | n.wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0xff_ffff_ffff).to_be_bytes())
    }

    fn claims() -> Claims {
        Claims::new(["Record", "Problem", "ownSpaceGet"].into_iter(), TWICE.into_iter())
    }

    fn named(names: &[&str]) -> Vec<String> {
        let tables: Vec<_> = names.iter().zip(1..).map(|(name, n)| (id(n), *name)).collect();
        claims().claim(&tables)
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
    fn whoever_collides_gives_way() {
        let found = named(&["A b", "a-B", "ab create", "record", "own space", "c"]);
        for (n, head) in [(0, "AB"), (1, "AB"), (3, "Record"), (4, "OwnSpace")] {
            assert!(found[n].starts_with(head) && found[n].len() == head.len() + 6, "{found:?}");
        }
        assert_eq!(found[5], "C");
        // What another table would be called in a longer word collides as well.
        let found = named(&["books", "books create"]);
        assert!(found[0].len() == 11 && found[1].len() == 17, "{found:?}");
    }

    #[test]
    fn values_become_constants() {
        let found = constants(["first name", "First-Name", "id", "-id", "Café", "2 x", "用户", "lastName"]);
        assert_eq!(found[4..6], ["CAFE", "N_2_X"]);
        assert_eq!(found[7], "LAST_NAME");
        for (n, head) in [(0, "FIRST_NAME_X"), (1, "FIRST_NAME_X"), (2, "ID_X"), (3, "ID_X"), (6, "VALUE_X")]
        {
            assert!(found[n].starts_with(head) && found[n].len() == head.len() + 8, "{found:?}");
        }
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len());
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
            let mut seen: HashSet<String> = claims().taken.into_iter().collect();
            for identifier in &found {
                prop_assert!(identifier.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{identifier}");
                prop_assert!(identifier.as_bytes()[0].is_ascii_alphabetic());
                prop_assert_eq!(camel(identifier).to_lowercase(), identifier.to_lowercase());
                for suffix in SUFFIXES.iter().chain(&[""]) {
                    prop_assert!(seen.insert(format!("{identifier}{suffix}").to_lowercase()), "{identifier}{suffix}");
                }
            }
            // No table takes over what another one of them was called, if one goes.
            for gone in 0..names.len() {
                let tables: Vec<_> = names.iter().zip(1..).map(|(name, n)| (id(n), *name)).collect();
                let fewer: Vec<_> = tables.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, of)| *of).collect();
                for ((id, _), now) in fewer.iter().zip(claims().claim(&fewer)) {
                    let before = tables.iter().zip(&found).find(|(_, other)| **other == now);
                    prop_assert!(before.is_none_or(|((before, _), _)| before == id), "{now}");
                }
            }
        }
    }
}
