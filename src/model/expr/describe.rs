//! What filters, sorts and aggregates can say about a table, for documents that are typed by it: made from the same lists
//! that read them.

use super::build::{Class, OWN, Target};
use super::json_ops::{MACROS, ops_of};
use crate::model::field::OpenField;
use crate::model::table::OpenTable;

/// What an operator of the JSON form takes as its `value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// No value, or `null`.
    Nothing,
    /// A text, and an empty one is in every text.
    Part,
    /// A text that is not empty, since nothing equals what is empty.
    Text,
    Number,
    /// A count of characters.
    Length,
    /// A day, a time, or a word for one.
    Moment,
    /// A choice of the field, or a list of them.
    Choices,
    /// Any JSON but what stands for the empty value.
    Json,
    /// The id of a record.
    Id,
    /// The id of a record, or a list of them.
    Ids,
}

/// What figures can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Numbers,
    Times,
    Checkboxes,
    /// What can only be counted.
    Others,
}

/// Columns of which the same can be said.
#[derive(Clone, Debug)]
pub struct Described<'t> {
    /// As a filter calls them.
    pub names: Vec<&'t str>,
    /// The field, of columns that have choices of their own.
    pub choices_of: Option<&'t OpenField>,
    pub operators: Vec<(Takes, Vec<&'static str>)>,
    pub holds: Holds,
    /// Whether records are sorted and grouped by them.
    pub ordered: bool,
}

/// The words for moments that the JSON form knows.
pub fn moment_words() -> impl Iterator<Item = &'static str> {
    MACROS.iter().map(|(word, ..)| *word)
}

/// All columns of a table, the record's own first.
pub fn columns_described(table: &OpenTable) -> Vec<Described<'_>> {
    let own = OWN.iter().map(|(name, _)| *name);
    let names = own.chain(table.fields.iter().map(|open| open.field.name.as_str()));
    let mut found: Vec<(Class, Described<'_>)> = Vec::new();
    for name in names {
        let Ok(target) = Target::named(table, name, 0) else { continue };
        let alone = matches!(target.class, Class::Choice | Class::Choices);
        match found.iter_mut().find(|(class, _)| *class == target.class && !alone) {
            Some((_, described)) => described.names.push(name),
            None => found.push((target.class, described(target, name))),
        }
    }
    found.into_iter().map(|(_, described)| described).collect()
}

fn described<'t>(target: Target<'t>, name: &'t str) -> Described<'t> {
    let class = target.class;
    let mut operators: Vec<(Takes, Vec<&'static str>)> = Vec::new();
    for (name, takes) in ops_of(class) {
        match operators.iter_mut().find(|(other, _)| *other == takes) {
            Some((_, names)) => names.push(name),
            None => operators.push((takes, vec![name])),
        }
    }
    Described {
        names: vec![name],
        choices_of: target.open.filter(|_| matches!(class, Class::Choice | Class::Choices)),
        operators,
        holds: match class {
            Class::Int | Class::Float => Holds::Numbers,
            Class::Day | Class::Time => Holds::Times,
            Class::Bool => Holds::Checkboxes,
            _ => Holds::Others,
        },
        ordered: class != Class::Json,
    }
}

/// A name as sorts spell it: in braces, unless it is all letters, digits and `_`.
pub fn spelled(name: &str) -> String {
    let bare = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if bare { name.to_owned() } else { braced(name) }
}

/// A name in braces, as every text takes it: a filter too, where a bare one might be a word of the language.
pub fn braced(name: &str) -> String {
    format!("{{{}}}", name.replace('}', "}}"))
}
