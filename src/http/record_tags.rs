//! Entity tags of records (RFC 9110, section 8.8.3): a record's version in quotes.

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use crate::error::{Code, Error, Result};
use crate::service::record::Expected;

/// The entity tag of a version.
pub fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

/// Reads a list of entity tags (RFC 9110, section 8.8.3), which may come in several lines. `None` if the header is not
/// there.
fn tags_read(headers: &HeaderMap, name: &header::HeaderName) -> Result<Option<Tags>> {
    let bad = || {
        let detail = "Expected `*` or entity tags such as `\"3\"`, with commas between them.";
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
        tags.push((weak, inside.parse::<u32>().ok().filter(|version| version.to_string() == inside)));
    }
    Ok(Some(Tags::Listed(tags)))
}

/// Entity tags: whether each is weak, and the version it speaks of, if it can be one of ours.
enum Tags {
    Any,
    Listed(Vec<(bool, Option<u32>)>),
}

/// `If-Match` compares strongly: a weak tag never fits.
pub fn expected(headers: &HeaderMap) -> Result<Option<Expected>> {
    Ok(tags_read(headers, &header::IF_MATCH)?.map(|tags| match tags {
        Tags::Any => Expected::Any,
        Tags::Listed(tags) => Expected::Versions(
            tags.into_iter().filter(|(weak, _)| !weak).filter_map(|(_, version)| version).collect(),
        ),
    }))
}

/// Whether `If-None-Match` holds, by weak comparison: the client has this version already.
pub fn is_known(headers: &HeaderMap, version: u32) -> Result<bool> {
    Ok(match tags_read(headers, &header::IF_NONE_MATCH)? {
        None => false,
        Some(Tags::Any) => true,
        Some(Tags::Listed(tags)) => tags.iter().any(|(_, tag)| *tag == Some(version)),
    })
}
