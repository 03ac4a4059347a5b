//! Bodies: read up to their limit, unpacked, taken apart, and every fault in them named.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

use super::Patience;
use super::codings::Coding;
use crate::error::{Code, Error, Faults, Result};
use crate::limits::BODY_BYTES_MAX;
use crate::model::json::{Json, Members, Pointer};

/// What a call takes in its body.
pub trait Body: Sized + 'static {
    /// Bytes that it may have.
    const LIMIT: usize = BODY_BYTES_MAX;
    /// Whether it may be left out, which is then the same as `{}`.
    const OPTIONAL: bool = false;
    /// Whether the call takes an Idempotency-Key.
    const KEYED: bool = false;
    /// Whether the call reads its body at all.
    const READ: bool = true;
    /// Whether faults go along to where the schema is known, so that those in the values are named in the same answer.
    const DEFERS: bool = false;

    /// Reads the members. `bytes` is the whole body, of which parts may be kept. `None` only if there was a fault.
    fn read(members: &mut Members<'_>, bytes: &Bytes, faults: &mut Faults) -> Option<Self>;
}

/// A call whose body has no meaning and is not read: GET.
#[derive(Clone, Copy, Debug)]
pub struct NoBody;

impl Body for NoBody {
    const READ: bool = false;

    fn read(_: &mut Members<'_>, _: &Bytes, _: &mut Faults) -> Option<NoBody> {
        Some(NoBody)
    }
}

/// A call that says everything in its path: a body may be left out or hold no members.
#[derive(Clone, Copy, Debug)]
pub struct EmptyBody;

impl Body for EmptyBody {
    const OPTIONAL: bool = true;

    fn read(_: &mut Members<'_>, _: &Bytes, _: &mut Faults) -> Option<EmptyBody> {
        Some(EmptyBody)
    }
}

/// The same for a call that makes something, and so takes an Idempotency-Key.
#[derive(Clone, Copy, Debug)]
pub struct EmptyKeyedBody;

impl Body for EmptyKeyedBody {
    const OPTIONAL: bool = true;
    const KEYED: bool = true;

    fn read(_: &mut Members<'_>, _: &Bytes, _: &mut Faults) -> Option<EmptyKeyedBody> {
        Some(EmptyKeyedBody)
    }
}

/// The bytes of a body as they were meant: unpacked, and no more than `limit`.
pub async fn bytes_read(
    headers: &HeaderMap,
    payload: &mut Payload,
    limit: usize,
    patience: Patience,
) -> Result<Bytes> {
    let coding = Coding::of_request(headers)?;
    let reading = sent_read(headers, payload, limit, patience.pause);
    let read = tokio::time::timeout(patience.whole, reading).await;
    let sent = read.unwrap_or_else(|_| Err(too_slow("has been on its way", patience.whole)))?;
    let Some(coding) = coding else { return Ok(sent) };
    match coding.unpack(&sent, limit) {
        Ok(Some(bytes)) => Ok(bytes.into()),
        Ok(None) => Err(too_large(limit)),
        Err(_) => {
            Err(Error::new(Code::InvalidJson, format!("The body is not in {} as it says.", coding.name())))
        }
    }
}

async fn sent_read(
    headers: &HeaderMap,
    payload: &mut Payload,
    limit: usize,
    pause: Duration,
) -> Result<Bytes> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut bytes = BytesMut::new();
    loop {
        let next = tokio::time::timeout(pause, payload.next()).await;
        let Some(chunk) = next.map_err(|_| too_slow("stood still", pause))? else { break };
        let chunk = chunk.map_err(|error| {
            Error::new(Code::InvalidJson, "The body ended before it was complete.").caused_by(error)
        })?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn too_slow(what: &str, time: Duration) -> Error {
    Error::new(Code::RequestTimeout, format!("The body {what} for {} seconds.", time.as_secs_f64()))
}

fn too_large(limit: usize) -> Error {
    Error::new(Code::BodyTooLarge, format!("The body may have at most {limit} bytes, after unpacking too."))
}

/// Takes a body apart. Faults come along if the body defers them.
pub fn read<B: Body>(headers: &HeaderMap, bytes: &Bytes) -> Result<(B, Faults)> {
    if bytes.is_empty() && B::OPTIONAL {
        return read_unread(bytes);
    }
    media_check(headers)?;
    parse(Json::read(bytes)?, bytes)
}

/// Takes a body of JSON apart that did not come from the wire.
pub fn read_bytes<B: Body>(bytes: &Bytes) -> Result<(B, Faults)> {
    parse(Json::read(bytes)?, bytes)
}

/// The value of a body that has none.
pub fn read_unread<B: Body>(bytes: &Bytes) -> Result<(B, Faults)> {
    parse(Json::read(b"{}")?, bytes)
}

fn parse<B: Body>(json: Json<'_>, bytes: &Bytes) -> Result<(B, Faults)> {
    let mut faults = Faults::default();
    let root = Pointer::Root;
    let body = Members::read(json, &root, &mut faults).and_then(|mut members| {
        let body = B::read(&mut members, bytes, &mut faults);
        members.finish(&root, &mut faults);
        body
    });
    match body {
        Some(body) if B::DEFERS => Ok((body, faults)),
        body => {
            faults.check()?;
            let body = body.ok_or_else(|| Error::internal("a body was refused without a fault"))?;
            Ok((body, Faults::default()))
        }
    }
}

fn media_check(headers: &HeaderMap) -> Result<()> {
    let sent = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let fits = sent.and_then(|sent| sent.parse::<mime::Mime>().ok()).is_some_and(|mime| {
        let charset = mime.get_param(mime::CHARSET);
        mime.essence_str() == "application/json" && charset.is_none_or(|charset| charset == mime::UTF_8)
    });
    if fits {
        return Ok(());
    }
    let found = sent
        .map_or_else(|| "none".to_owned(), |sent| format!("`{}`", sent.chars().take(80).collect::<String>()));
    Err(Error::new(
        Code::MediaTypeUnsupported,
        format!("The body's media type has to be `application/json` in UTF-8; found {found}."),
    ))
}
