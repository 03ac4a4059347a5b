//! The parameters of calls about records.

use super::query::{ParamDoc, ParamType, Params, Query};
use super::space::{CURSOR, LIMIT};
use crate::error::{Code, Faults, Result};
use crate::id::FieldId;
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::model::field::Keys;
use crate::model::table::OpenTable;

pub const KEYS: ParamDoc = ParamDoc {
    name: "keys",
    about: "Whether fields and choices are called by their names or by their ids, in what is sent and in the answer.",
    of: ParamType::OneOf(&["name", "id"]),
};

/// How fields are called.
#[derive(Debug)]
pub struct KeysQuery {
    pub keys: Keys,
}

impl Query for KeysQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS];

    fn read(params: &mut Params) -> KeysQuery {
        KeysQuery { keys: keys_read(params) }
    }
}

/// Reads the parameter `keys`.
pub fn keys_read(params: &mut Params) -> Keys {
    match params.text("keys").as_deref() {
        None | Some("name") => Keys::Name,
        Some("id") => Keys::Id,
        Some(_) => {
            params.wrong("keys", "`name` or `id`");
            Keys::Name
        }
    }
}

const FIELDS: ParamDoc = ParamDoc {
    name: "fields",
    about: "The fields to answer, by name or id, with commas between them; a name with other characters than letters, digits and `_` stands in braces. Left out, all.",
    of: ParamType::Text,
};

/// One record as it is wanted.
#[derive(Debug)]
pub struct GetQuery {
    pub keys: Keys,
    pub fields: Option<Vec<String>>,
}

impl Query for GetQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS, FIELDS];

    fn read(params: &mut Params) -> GetQuery {
        GetQuery { keys: keys_read(params), fields: fields_read(params) }
    }
}

/// A page as it is wanted.
#[derive(Debug)]
pub struct RecordListQuery {
    pub limit: usize,
    pub cursor: Option<String>,
    pub keys: Keys,
    pub fields: Option<Vec<String>>,
    pub total: bool,
    pub descending: bool,
}

impl Query for RecordListQuery {
    const PARAMS: &'static [ParamDoc] = &[
        LIMIT,
        CURSOR,
        FIELDS,
        KEYS,
        ParamDoc {
            name: "total",
            about: "Whether to answer how many records there are.",
            of: ParamType::Flag { default: true },
        },
        ParamDoc {
            name: "sort",
            about: "`id` for the order of creation, `-id` for the newest first.",
            of: ParamType::OneOf(&["id", "-id"]),
        },
    ];

    fn read(params: &mut Params) -> RecordListQuery {
        let descending = match params.text("sort").as_deref() {
            None | Some("id") => false,
            Some("-id") => true,
            Some(_) => {
                params.wrong("sort", "`id` or `-id`");
                false
            }
        };
        RecordListQuery {
            limit: params.integer("limit", 1, PAGE_MAX, PAGE_DEFAULT),
            cursor: params.text("cursor"),
            keys: keys_read(params),
            fields: fields_read(params),
            total: params.flag("total", true),
            descending,
        }
    }
}

/// Reads the parameter `fields`: names with commas between them, in braces where they need it.
pub fn fields_read(params: &mut Params) -> Option<Vec<String>> {
    let text = params.text("fields")?;
    let names = names_split(&text);
    if names.is_none() {
        params.wrong(
            "fields",
            "names with commas between them; one with other characters in braces: `name,{First name}`",
        );
    }
    names
}

fn names_split(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (name, after) = match rest.strip_prefix('{') {
            Some(inside) => braced(inside)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end)?;
                (name.trim().to_owned(), after)
            }
        };
        if name.is_empty() {
            return None;
        }
        names.push(name);
        let after = after.trim_start();
        if after.is_empty() {
            return Some(names);
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

/// A name up to its closing brace, where `}}` stands for one of the name's own.
fn braced(inside: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = inside;
    loop {
        let end = rest.find('}')?;
        name.push_str(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match rest.strip_prefix('}') {
            Some(after) => {
                name.push('}');
                rest = after;
            }
            None => return Some((name, rest)),
        }
    }
}

/// The fields that are meant; a fault for each that the table does not have.
pub fn fields_meant(table: &OpenTable, names: Option<&[String]>) -> Result<Option<Vec<FieldId>>> {
    let Some(names) = names else { return Ok(None) };
    let mut faults = Faults::default();
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        match table.field_meant(name) {
            Some(open) => ids.push(open.field.id),
            None => {
                let hint = table.suggest_field(name);
                faults.add(
                    "fields",
                    Code::InvalidParameter,
                    format!("The table has no field `{name}`.{hint}"),
                );
            }
        }
    }
    faults.check().map(|()| Some(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_commas_outside_of_braces() {
        let split = |text| names_split(text).map(|names| names.join("|"));
        assert_eq!(split("name,age").as_deref(), Some("name|age"));
        assert_eq!(split(" name , {First, }}name} , x").as_deref(), Some("name|First, }name|x"));
        for wrong in ["", ",", "a,", "{a", "{}", "{a}b"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
