//! Answers: an object, a list, something made, something kept.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;

use super::problem::Problem;
use crate::error::Result;
use crate::service::once::Done;
use crate::store::kept::Answer;

const JSON: &str = "application/json";

/// JSON that is rendered already.
pub fn json_ok(bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, HeaderValue::from_static(JSON))).body(bytes)
}

/// An object.
pub fn ok(view: &impl Serialize) -> std::result::Result<HttpResponse, Problem> {
    Ok(json_ok(bytes_of(view)))
}

pub fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

fn bytes_of(view: &impl Serialize) -> Vec<u8> {
    // A view is strings, numbers and lists of them, which always serialize.
    serde_json::to_vec(view).unwrap_or_default()
}

/// 201 with where the new thing is.
pub fn created(location: String, view: &impl Serialize) -> Answer {
    Answer { status: 201, headers: vec![("location".into(), location)], bytes: bytes_of(view) }
}

/// 201 or 200 with JSON that is rendered already.
pub fn rendered(status: u16, headers: Vec<(String, String)>, bytes: Vec<u8>) -> Answer {
    Answer { status, headers, bytes }
}

/// An answer as it goes out.
pub fn send(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(JSON)));
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.insert_header((name, value));
        }
    }
    response.body(answer.bytes)
}

/// What was done now, or the answer that was kept.
pub fn done<T>(
    done: Result<Done<T>>,
    render: impl FnOnce(&T) -> Answer,
) -> std::result::Result<HttpResponse, Problem> {
    Ok(match done? {
        Done::Fresh(value) => send(render(&value)),
        Done::Kept(answer) => {
            let mut response = send(answer);
            let name = HeaderName::from_static("idempotency-replayed");
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
            response
        }
    })
}
