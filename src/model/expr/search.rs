//! Search: words, each of which stands somewhere in a record's texts.

use super::build::{all, any};
use super::{Column, Expr, Test, lower};
use crate::error::{Code, Faults};
use crate::limits::{FILTER_BYTES_MAX, SEARCH_WORDS_MAX};
use crate::model::table::OpenTable;
use crate::model::value::Kind;

/// Every word of the text is contained in one of the table's text fields, whatever the case. No words mean every record.
/// `at` is where the text came from.
pub fn search(text: &str, at: &str, table: &OpenTable) -> Result<Expr, Faults> {
    let mut faults = Faults::default();
    if text.len() > FILTER_BYTES_MAX {
        let detail = format!("A search has at most {FILTER_BYTES_MAX} bytes, this one {}.", text.len());
        faults.add(at, Code::OutOfRange, detail);
        return Err(faults);
    }
    let lowered = lower(text);
    let mut words: Vec<&str> = lowered.split_whitespace().collect();
    words.sort_unstable();
    words.dedup();
    if words.len() > SEARCH_WORDS_MAX {
        let detail = format!("A search has at most {SEARCH_WORDS_MAX} words, this one {}.", words.len());
        faults.add(at, Code::TooMany, detail);
        return Err(faults);
    }
    let columns: Vec<Column> =
        table.fields.iter().map(Column::of).filter(|column| column.kind == Some(Kind::Text)).collect();
    let word = |word: &str| {
        any(columns.iter().map(|column| Expr::Test(*column, Test::Contains(word.to_owned()))).collect())
    };
    Ok(all(words.into_iter().map(word).collect()))
}
