//! Sorting: `-score,{First name}` in a parameter, `["-score", "First name"]` in a body.

use super::build::Target;
use super::{Column, Slot};
use crate::error::{Code, Faults};
use crate::limits::{FILTER_BYTES_MAX, SORT_KEYS_MAX};
use crate::model::field::OpenField;
use crate::model::json::Pointer;
use crate::model::table::OpenTable;
use crate::model::value::Kind;

/// One of the columns by which records are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    pub column: Column,
    pub descending: bool,
    /// Of a select, the place of each choice by its number; [`SortKey::NO_RANK`] for a number that no choice has. Empty for
    /// everything else.
    pub ranks: Vec<u16>,
}

impl SortKey {
    pub const NO_RANK: u16 = u16::MAX;

    /// By a column, ascending; `open` is its field if it has one.
    pub fn of(column: Column, open: Option<&OpenField>) -> SortKey {
        let order = open.map(|open| open.of_type.choice_order()).unwrap_or_default();
        let mut ranks = vec![SortKey::NO_RANK; order.iter().max().map_or(0, |most| usize::from(*most) + 1)];
        for (choice, rank) in order.iter().zip(0_u16..) {
            ranks.get_mut(usize::from(*choice)).into_iter().for_each(|held| *held = rank);
        }
        SortKey { column, descending: false, ranks }
    }

    /// The place of a choice among those of its field.
    pub fn rank(&self, choice: u16) -> u16 {
        self.ranks.get(usize::from(choice)).copied().unwrap_or(SortKey::NO_RANK)
    }
}

/// Reads the parameter `sort`, of which every fault is a fault.
pub fn read_sort(text: &str, table: &OpenTable) -> Result<Vec<SortKey>, Faults> {
    let mut faults = Faults::default();
    let names = if text.len() <= FILTER_BYTES_MAX { split(text) } else { None };
    let Some(names) = names else {
        let detail = "Expected names with commas between them, `-` before one that descends; a name with other \
                      characters than letters, digits and `_` stands in braces: `-score,{First name}`.";
        faults.add("sort", Code::InvalidParameter, detail);
        return Err(faults);
    };
    let keys = keys(&names, table, &mut |_, _, detail| faults.add("sort", Code::InvalidParameter, detail));
    keys.ok_or(faults)
}

/// Reads the names of an array in a body, each as in the parameter.
pub fn read_sort_keys(
    names: &[String],
    at: &Pointer<'_>,
    table: &OpenTable,
    faults: &mut Faults,
) -> Option<Vec<SortKey>> {
    keys(names, table, &mut |place, code, detail| match place {
        Some(n) => faults.add(at.item(n), code, detail),
        None => faults.add(at, code, detail),
    })
}

type Report<'r> = dyn FnMut(Option<usize>, Code, String) + 'r;

fn keys(names: &[String], table: &OpenTable, report: &mut Report<'_>) -> Option<Vec<SortKey>> {
    if names.len() > SORT_KEYS_MAX {
        report(None, Code::TooMany, format!("Records are sorted by at most {SORT_KEYS_MAX} fields."));
        return None;
    }
    let mut keys: Vec<SortKey> = Vec::with_capacity(names.len());
    let mut sound = true;
    for (n, name) in names.iter().enumerate() {
        let read = key(name, table).and_then(|key| match keys.last() {
            _ if keys.iter().any(|other| other.column == key.column) => {
                Err((Code::InvalidValue, format!("Records are sorted by `{name}` already.")))
            }
            Some(last) if last.column.slot == Slot::Id => {
                let detail =
                    format!("No two records have the same `id`, so `{name}` after it decides nothing.");
                Err((Code::InvalidValue, detail))
            }
            _ => Ok(key),
        });
        match read {
            Ok(key) => keys.push(key),
            Err((code, detail)) => {
                report(Some(n), code, detail);
                sound = false;
            }
        }
    }
    sound.then_some(keys)
}

/// One name, with `-` before it if it descends.
fn key(spelled: &str, table: &OpenTable) -> Result<SortKey, (Code, String)> {
    let (descending, name) = match spelled.strip_prefix('-') {
        Some(name) => (true, name.trim_start()),
        None => (false, spelled),
    };
    let unread = || {
        let shown: String = spelled.chars().take(80).collect();
        (Code::InvalidValue, format!("`{shown}` is no name: it is empty, or its braces don't fit."))
    };
    let (name, _) = name_read(name, "").filter(|(_, after)| after.trim().is_empty()).ok_or_else(unread)?;
    let target = Target::named(table, &name, 0)?;
    if target.column.kind == Some(Kind::Json) {
        return Err((Code::InvalidValue, format!("`{}` is JSON, which can't be sorted by.", target.name)));
    }
    Ok(SortKey { descending, ..SortKey::of(target.column, target.open) })
}

/// The names of a parameter, each as it is spelled.
fn split(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let name = rest.strip_prefix('-').unwrap_or(rest).trim_start();
        let (_, after) = name_read(name, ",")?;
        names.push(rest.get(..rest.len() - after.len())?.trim().to_owned());
        let after = after.trim_start();
        if after.is_empty() {
            return Some(names);
        }
        rest = after.strip_prefix(',')?;
    }
}

/// A name in braces, or else up to the character that ends it, and what comes after.
fn name_read<'s>(text: &'s str, end: &str) -> Option<(String, &'s str)> {
    let Some(mut rest) = text.strip_prefix('{') else {
        let length = text.find(|c| end.contains(c)).unwrap_or(text.len());
        let (name, after) = text.split_at_checked(length)?;
        let name = name.trim();
        return (!name.is_empty()).then(|| (name.to_owned(), after));
    };
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('}')?;
        name.push_str(part);
        match after.strip_prefix('}') {
            Some(doubled) => {
                name.push('}');
                rest = doubled;
            }
            None => return (!name.is_empty()).then_some((name, after)),
        }
    }
}
