//! Entity tags of records (RFC 9110, section 8.8.3): `"sequence-version-schema"`.
//!
//! The version says which state of a record it is, the sequence which record: one that is made under the id of a deleted
//! one begins with version 1 again, and must not be taken for it. The schema is a hash of the table's: a field's new name
//! changes what the record reads like, and no version. So what `If-None-Match` has must be the same in all three parts,
//! while `If-Match`, which guards the values, looks at the first two.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::error::{Code, Error, Result};
use crate::service::record::{Expected, Recorded};

/// The entity tag of a record as it is read.
pub fn etag(recorded: &Recorded) -> String {
    let Tag { sequence, version, schema } = Tag::of(recorded);
    format!("\"{sequence}-{version}-{schema:016x}\"")
}

/// What an entity tag of ours says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tag {
    sequence: u32,
    version: u32,
    schema: u64,
}

impl Tag {
    fn of(recorded: &Recorded) -> Tag {
        let Recorded { table, record } = recorded;
        Tag { sequence: record.sequence, version: record.version, schema: table.digest }
    }

    /// What stands between the quotes; `None` if it is not written by [`etag`].
    fn read(inside: &str) -> Option<Tag> {
        let (sequence, rest) = inside.split_once('-')?;
        let (version, schema) = rest.split_once('-')?;
        let whole = |text: &str| text.parse::<u32>().ok().filter(|number| number.to_string() == text);
        let hex = schema.len() == 16 && schema.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let schema = u64::from_str_radix(schema, 16).ok().filter(|_| hex)?;
        Some(Tag { sequence: whole(sequence)?, version: whole(version)?, schema })
    }
}

/// Reads a list of entity tags (RFC 9110, section 8.8.3), which may come in several lines. `None` if the header is not
/// there.
fn tags_read(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<Tags>> {
    let bad = || {
        let detail =
            "Expected `*` or entity tags such as `\"3-1-0123456789abcdef\"`, with commas between them.";
        Error::fault(name, Code::InvalidHeader, detail)
    };
    let lines = headers.get_all(name).map(HeaderValue::to_str).collect::<std::result::Result<Vec<_>, _>>();
    let lines = lines.map_err(|_| bad())?;
    if lines.is_empty() {
        return Ok(None);
    }
    let text = lines.join(",");
    if text.trim() == "*" {
        return Ok(Some(Tags::Any));
    }
    let mut tags = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        let (weak, quoted) = part.strip_prefix("W/").map_or((false, part), |rest| (true, rest));
        let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(bad)?;
        tags.push((weak, Tag::read(inside)));
    }
    Ok(Some(Tags::Listed(tags)))
}

/// Entity tags: whether each is weak, and what it says, if it can be one of ours.
enum Tags {
    Any,
    Listed(Vec<(bool, Option<Tag>)>),
}

/// `If-Match` compares strongly: a weak tag never fits.
pub fn expected(headers: &HeaderMap) -> Result<Option<Expected>> {
    Ok(tags_read(headers, &header::IF_MATCH)?.map(|tags| match tags {
        Tags::Any => Expected::Any,
        Tags::Listed(tags) => {
            let strong = tags.into_iter().filter(|(weak, _)| !weak).filter_map(|(_, tag)| tag);
            Expected::States(strong.map(|tag| (tag.sequence, tag.version)).collect())
        }
    }))
}

/// Whether `If-None-Match` holds, by weak comparison: the client has exactly this already.
pub fn is_known(headers: &HeaderMap, recorded: &Recorded) -> Result<bool> {
    Ok(match tags_read(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|(_, tag)| *tag == Some(Tag::of(recorded))),
    })
}
