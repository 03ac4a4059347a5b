//! What every request passes first and every answer last: request id, origin, credentials; compression, metrics, log.
//!
//! Credentials are looked at here, before anything else of the request is judged: a bad body with a bad token is 401, and
//! so is an unknown path.

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;

use super::client::is_foreign;
use super::codings::Coding;
use super::deprecation::Deprecated;
use super::{LogRequests, Shared, auth, call, console, problem};
use crate::access::Caller;
use crate::error::{Code, Error, Result};
use crate::limits::{COMPRESSED_BYTES_MIN, REQUEST_ID_CHARS_MAX};
use crate::service;
use crate::service::caller::Said;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Requests that take longer are logged though only errors are.
const SLOW_MS: u128 = 1000;
/// Paths under `/api` that anyone may call.
const OPEN: [&str; 4] = ["/api/openapi.json", "/api/openapi.yaml", "/api/auth/setup", "/api/auth/login"];
/// What a page of an allowed origin may send and read.
const CORS_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const CORS_HEADERS: &str = "x-undb-api-token, content-type, content-encoding, if-match, if-none-match, idempotency-key, x-request-id";
const CORS_EXPOSED: &str =
    "etag, location, retry-after, x-request-id, idempotency-replayed, deprecation, sunset, link";

/// The middleware.
pub struct Front;

pub struct FrontService<S> {
    service: Rc<S>,
}

impl<S, B> Transform<S, ServiceRequest> for Front
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Transform = FrontService<S>;
    type InitError = ();
    type Future = Ready<std::result::Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(FrontService { service: Rc::new(service) }))
    }
}

impl<S, B> Service<ServiceRequest> for FrontService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<BoxBody>;
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, std::result::Result<Self::Response, Self::Error>>;

    actix_web::dev::forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = self.service.clone();
        Box::pin(async move { pass(service.as_ref(), request).await })
    }
}

async fn pass<S, B>(
    service: &S,
    mut request: ServiceRequest,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    let began = Instant::now();
    let id = request_id(request.headers());
    // RFC 9110: HEAD is GET without the body, which the connection leaves out by itself.
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let judged = call::guarded(async { before(&request, &id).await.map_err(problem::Problem) });
    let begun = match judged.await {
        Ok(None) => service.call(request).await?.map_into_boxed_body(),
        Ok(Some(response)) => request.into_response(response).map_into_boxed_body(),
        Err(problem) => request.into_response(failed(&problem)).map_into_boxed_body(),
    };
    let (request, response) = begun.into_parts();
    let finished = finished(&request, response, &id).await;
    let mut response = ServiceResponse::new(request, finished);
    after(&mut response, &id);
    let response = packed(response);
    observe(&response, &id, began);
    Ok(response)
}

/// The id that the client sent, or one of our own.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let sent = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    let sent = sent.filter(|sent| {
        (1..=REQUEST_ID_CHARS_MAX).contains(&sent.len()) && sent.bytes().all(|byte| byte.is_ascii_graphic())
    });
    sent.map_or_else(|| format!("{:016x}", rand::random::<u64>()).into(), Into::into)
}

/// Origin and credentials. An answer, if there is nothing more to ask.
async fn before(request: &ServiceRequest, id: &Arc<str>) -> Result<Option<HttpResponse>> {
    let shared = call::shared(request.request())?;
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && cors_origin(request.headers(), shared).is_some();
    if preflight {
        return Ok(Some(preflight_answer()));
    }
    let path = request.path();
    if path.starts_with("/api/") && !OPEN.contains(&path) {
        let caller = identify(request, shared, id).await?;
        tracing::trace!(target: "undb::walk", floor = "http", "front: the caller is {}", caller.kind());
        if let Some(person) = caller.person() {
            service::session::session_touch(&shared.core, person);
        }
        request.extensions_mut().insert(caller);
    }
    Ok(None)
}

async fn identify(request: &ServiceRequest, shared: &Shared, id: &Arc<str>) -> Result<Caller> {
    let headers = request.headers();
    let mut tokens = headers.get_all(problem::TOKEN_HEADER).cloned();
    // Two of them are none, whichever is good: what stands between us and the client may take the other one.
    let token =
        tokens.next().map(|token| if tokens.next().is_some() { HeaderValue::from_static("") } else { token });
    let peer = request.peer_addr().map(|peer| peer.ip());
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let elsewhere = token.is_none() && is_foreign(peer, headers, &shared.settings.trusted_proxies);
    let foreign = !safe && elsewhere;
    // A page of another origin reads nothing by a session, though its origin may use a token.
    let unread = safe && elsewhere && headers.contains_key(header::ORIGIN);
    let cookie = auth::cookie_read(headers).filter(|_| !unread);
    service::caller::identify(&shared.core, Said { token, cookie, foreign, request: id.clone() }).await
}

fn failed(problem: &problem::Problem) -> HttpResponse {
    actix_web::ResponseError::error_response(problem)
}

/// The origin of the page that calls, if it is one of those that may.
fn cors_origin<'a>(headers: &'a HeaderMap, shared: &Shared) -> Option<&'a HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let allowed = shared.settings.cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
    allowed.then_some(origin)
}

fn preflight_answer() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, CORS_METHODS))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, CORS_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// Turns what was begun as an error into its problem document, or into a page if a browser is to show it, with the
/// request's id.
async fn finished(
    request: &HttpRequest,
    mut response: HttpResponse<BoxBody>,
    id: &str,
) -> HttpResponse<BoxBody> {
    let error = response.extensions_mut().remove::<Error>();
    if let Some(error) = error {
        log_cause(&error, id);
        if console::is_wanted(request) {
            return console::failure_page(request, &error, id).await;
        }
        return problem::render(&error, id);
    }
    let status = response.status();
    let plain = !response.headers().contains_key(header::CONTENT_TYPE) || response.error().is_some();
    if plain && (status.is_client_error() || status.is_server_error()) {
        // Something that the framework refused by itself.
        let code = if status == StatusCode::NOT_FOUND { Code::PathNotFound } else { Code::InvalidHeader };
        let code = if status.is_server_error() { Code::Internal } else { code };
        return problem::render(&Error::plain(code), id);
    }
    response
}

fn log_cause(error: &Error, id: &str) {
    if let Some(cause) = error.cause() {
        let cause = cause.for_log();
        if error.code.status() >= 500 {
            tracing::error!(request_id = id, code = error.code.name(), cause, "the request failed");
        } else {
            tracing::debug!(request_id = id, code = error.code.name(), cause, "the request was refused");
        }
    }
}

/// Headers that every answer has.
fn after(response: &mut ServiceResponse<BoxBody>, id: &str) {
    let origin = call::shared(response.request()).ok();
    let origin = origin.and_then(|shared| cors_origin(response.request().headers(), shared)).cloned();
    let cors = call::shared(response.request()).is_ok_and(|shared| !shared.settings.cors_origins.is_empty());
    let deprecated = response.request().extensions().get::<&'static Deprecated>().copied();
    let headers = response.headers_mut();
    if let Some(deprecated) = deprecated {
        deprecated.tell(headers);
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if cors {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(CORS_EXPOSED));
    }
}

/// Packs an answer that is large enough, if the client asks for it.
fn packed(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let worth =
        matches!(response.response().body().size(), BodySize::Sized(n) if n > COMPRESSED_BYTES_MIN as u64);
    if !worth || response.headers().contains_key(header::CONTENT_ENCODING) {
        return response;
    }
    let Some(coding) = Coding::wanted(response.request().headers().get(header::ACCEPT_ENCODING)) else {
        return vary(response);
    };
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    // Bodies of a known size are whole in memory here, so taking their bytes always succeeds.
    let body = match body.try_into_bytes() {
        Ok(bytes) => match coding.pack(&bytes) {
            Ok(packed) => {
                head.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
                BoxBody::new(packed)
            }
            Err(_) => BoxBody::new(bytes),
        },
        Err(body) => body,
    };
    vary(ServiceResponse::new(request, head.set_body(body)))
}

fn vary(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Counts the request, for its token too, and gives it a line in the log where that is wanted.
fn observe(response: &ServiceResponse<BoxBody>, id: &str, began: Instant) {
    let request = response.request();
    let Ok(shared) = call::shared(request) else { return };
    let (status, took) = (response.status().as_u16(), began.elapsed());
    shared.metrics.request(status, took);
    let token = request.extensions().get::<Caller>().and_then(|caller| {
        caller.answered(&shared.core.clock, status >= 400);
        caller.token()
    });
    tracing::trace!(target: "undb::walk", floor = "http", "front: {status}");
    let logged = match shared.settings.log_requests {
        LogRequests::All => true,
        LogRequests::Errors => status >= 500 || took.as_millis() > SLOW_MS,
        LogRequests::None => false,
    };
    if !logged {
        return;
    }
    let token = token.map(|token| token.to_string()).unwrap_or_default();
    // The pattern, not the path: names of things are nobody's business in a log.
    let route = shared.router.pattern(request.uri().path()).unwrap_or_default();
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let method = request.method().as_str();
    tracing::info!(request_id = id, method, route, status, duration_us, token, "request");
}
