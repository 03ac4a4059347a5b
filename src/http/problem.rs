//! Errors on the wire: one envelope for every failure (RFC 9457).

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::code_schema;
use crate::error::Error;

/// The header that names a token.
pub const TOKEN_HEADER: &str = "x-undb-api-token";

/// An error on its way out. The answer is only begun here: its body needs the request's id, which `front` knows.
#[derive(Debug)]
pub struct Problem(pub Error);

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem(error)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.code.name())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        status_of(&self.0)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        response.extensions_mut().insert(self.0.clone());
        response
    }
}

/// What went wrong, as every failed request is answered (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemView<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/errors/invalid_input")]
    of_type: String,
    /// One sentence that is the same each time.
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// One sentence about this case.
    detail: &'a str,
    #[schema(schema_with = code_schema)]
    code: &'a str,
    /// The id under which the server's log knows the request.
    request_id: &'a str,
    /// Every fault in the input.
    errors: Vec<FaultView<'a>>,
}

/// One fault in the input.
#[derive(Serialize, ToSchema)]
#[schema(as = Fault)]
pub struct FaultView<'a> {
    /// A JSON Pointer (RFC 6901) into the body, such as `/values/{field}` or `/records/3/values/{field}`, or the name of a
    /// parameter or header.
    #[schema(example = "/values/email")]
    pointer: &'a str,
    #[schema(schema_with = code_schema)]
    code: &'a str,
    /// What is wrong, for people.
    detail: &'a str,
}

/// The whole answer.
pub fn render(error: &Error, request_id: &str) -> HttpResponse {
    let faults = error.faults.iter();
    let view = ProblemView {
        of_type: format!("/errors/{}", error.code.name()),
        title: error.code.title(),
        status: error.code.status(),
        detail: &error.detail,
        code: error.code.name(),
        request_id,
        errors: faults
            .map(|fault| FaultView {
                pointer: &fault.pointer,
                code: fault.code.name(),
                detail: &fault.detail,
            })
            .collect(),
    };
    let mut response = HttpResponse::build(status_of(error));
    response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    let mut response = response.body(serde_json::to_vec(&view).unwrap_or_default());
    headers_add(&mut response, error);
    response
}

/// What an answer says of an error in its headers, whether its body is for programs or for people.
pub fn headers_add(response: &mut HttpResponse, error: &Error) {
    let status = status_of(error);
    let mut add = |name, value: Result<HeaderValue, _>| {
        if let Ok(value) = value {
            response.headers_mut().insert(name, value);
        }
    };
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 asks for a challenge with every 401; the scheme is not registered, since the header is our own.
        let challenge = format!("ApiKey realm=\"undb\", header=\"{TOKEN_HEADER}\"");
        add(header::WWW_AUTHENTICATE, HeaderValue::from_str(&challenge));
    }
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        add(header::ACCEPT_ENCODING, HeaderValue::from_str("gzip, deflate, br, zstd"));
    }
    if let Some(seconds) = error.retry_after {
        add(header::RETRY_AFTER, Ok(HeaderValue::from(seconds)));
    }
    if let Some(allow) = error.allow.as_deref() {
        add(header::ALLOW, HeaderValue::from_str(allow));
    }
    if status == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body is not waited for.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
}

/// The status of an answer about an error.
pub fn status_of(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
