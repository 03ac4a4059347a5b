//! The parameters of calls about records.

use super::query::{ParamDoc, ParamType, Params, Query};
use super::space::{CURSOR, LIMIT};
use crate::error::{Code, Faults};
use crate::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::model::expr::is_json;
use crate::model::field::Keys;
use crate::model::json::OwnedJson;
use crate::service::record_list::{ListInput, SortInput};
use crate::service::search::{FilterInput, Form};

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
    pub faults: Faults,
}

impl Query for GetQuery {
    const PARAMS: &'static [ParamDoc] = &[KEYS, FIELDS];

    fn read(params: &mut Params) -> GetQuery {
        GetQuery { keys: keys_read(params), fields: fields_read(params), faults: Faults::default() }
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.faults = faults;
        Faults::default()
    }
}

/// A page as it is wanted.
#[derive(Debug)]
pub struct RecordListQuery {
    pub input: ListInput,
    pub keys: Keys,
}

impl Query for RecordListQuery {
    const PARAMS: &'static [ParamDoc] = &[
        ParamDoc {
            name: "filter",
            about: "Which records are meant: an expression, as in `status = \"active\" and age > 30`, or the JSON form. Left out, all.",
            of: ParamType::Text,
        },
        ParamDoc {
            name: "sort",
            about: "Names of fields with commas between them, `-` before one that descends, as in `-score,name`. What is empty comes last. Left out, the order of creation; `-id` is the newest first.",
            of: ParamType::Text,
        },
        ParamDoc {
            name: "search",
            about: "Words that all have to be in some text of the record, whatever their case.",
            of: ParamType::Text,
        },
        LIMIT,
        CURSOR,
        FIELDS,
        KEYS,
        ParamDoc {
            name: "total",
            about: "Whether to answer how many records meet filter and search.",
            of: ParamType::Flag { default: true },
        },
        ParamDoc {
            name: "explain",
            about: "Whether to answer how the page was found.",
            of: ParamType::Flag { default: false },
        },
    ];

    fn read(params: &mut Params) -> RecordListQuery {
        let filter = params.text("filter").and_then(|text| filter_of(text, params));
        let input = ListInput {
            form: Form::Parameters,
            filter,
            sort: params.text("sort").map(SortInput::Text),
            search: params.text("search"),
            fields: fields_read(params),
            limit: params.integer("limit", 1, PAGE_MAX, PAGE_DEFAULT),
            cursor: params.text("cursor"),
            total: params.flag("total", true),
            explain: params.flag("explain", false),
            faults: Faults::default(),
        };
        RecordListQuery { input, keys: keys_read(params) }
    }

    fn defer(&mut self, faults: Faults) -> Faults {
        self.input.faults = faults;
        Faults::default()
    }
}

/// A filter that begins as JSON does is read as JSON.
fn filter_of(text: String, params: &mut Params) -> Option<FilterInput> {
    if !is_json(&text) {
        return Some(FilterInput::Text(text));
    }
    match OwnedJson::read(text) {
        Ok(json) => Some(FilterInput::Json(json)),
        Err(error) => {
            let detail = error.detail.replace("The body", "The filter");
            params.faults.add("filter", Code::InvalidParameter, detail);
            None
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
