//! Forms as browsers send them (HTML, `application/x-www-form-urlencoded`), and what a use case takes made from them: a
//! form becomes the JSON body of the same call in the API, so that both are judged by the same code.

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Faults, Result};
use crate::http::Patience;
use crate::http::body::{self, Body};
use crate::limits::{FORM_BYTES_MAX, FORM_FIELDS_MAX};

/// The fields of a form.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a form. Another media type is refused: only forms post here.
    pub async fn read(headers: &HeaderMap, payload: &mut Payload, patience: Patience) -> Result<Form> {
        let of_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !of_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Error::new(Code::MediaTypeUnsupported, "Only forms are taken here."));
        }
        let bytes = body::bytes_read(headers, payload, FORM_BYTES_MAX, patience).await?;
        // Each field takes two texts, which is many times the two bytes that it may be sent as.
        let count = bytes.split(|byte| *byte == b'&').count();
        if count > FORM_FIELDS_MAX {
            let detail = format!("A form may have at most {FORM_FIELDS_MAX} fields; this one has {count}.");
            return Err(Error::new(Code::BodyTooLarge, detail));
        }
        Ok(Form(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    /// The parameters of an address, which are written the same way. No page has as many as would be left out.
    pub fn of_query(query: &str) -> Form {
        Form(url::form_urlencoded::parse(query.as_bytes()).into_owned().take(FORM_FIELDS_MAX).collect())
    }

    /// What was put into a field; empty if nothing was.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// Everything that was chosen under a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// Texts by their names, as members of a body. Those that are empty are left out, but for names.
    pub fn texts(&self, names: &[&str]) -> Map<String, Value> {
        let sent = names.iter().map(|name| (*name, self.get(name)));
        // A name that is empty is called that by what judges it, rather than missing.
        let sent = sent.filter(|(name, text)| !text.is_empty() || *name == "name");
        sent.map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
    }

    /// Texts that are in the form by their names, as members of a change: an empty one takes away what was there.
    pub fn members(&self, names: &[&str]) -> Map<String, Value> {
        let sent = names.iter().filter(|name| self.has(name)).map(|name| (*name, self.get(name)));
        // A name that was emptied is a fault, and is to be called one.
        let value = |name, text: &str| match (name, text) {
            ("name", text) => Value::from(text),
            (_, "") => Value::Null,
            (_, text) => Value::from(text),
        };
        sent.map(|(name, text)| (name.to_owned(), value(name, text))).collect()
    }

    /// The place in a list that was chosen, which people count from 1, as a member.
    pub fn position(&self) -> Option<(String, Value)> {
        let place: u64 = self.get("position").parse().ok()?;
        Some(("position".to_owned(), Value::from(place.saturating_sub(1))))
    }
}

/// Reads what a call of the API takes from the members of its body.
pub fn body<B: Body>(members: Map<String, Value>) -> Result<(B, Faults)> {
    let bytes = Bytes::from(Value::Object(members).to_string());
    body::read_bytes(&bytes)
}
