//! `/healthz` and `/readyz`: whether the process is alive, and whether it is of use.

use actix_web::HttpResponse;
use actix_web::http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::call::OpenCall;
use super::problem::Problem;
use crate::service::jobs;

/// How the server is.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthView {
    /// `ok`, or `unavailable`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
    /// What keeps it from being ready.
    reasons: Vec<String>,
}

/// Whether the process is alive
///
/// Answers 200 as long as the process can answer at all. To know whether it can do its work, ask `/readyz`.
#[utoipa::path(
    get, path = "/healthz", operation_id = "healthGet", tag = "server",
    responses((status = 200, description = "It is alive.", body = HealthView))
)]
pub async fn health_get(_call: OpenCall) -> Result<HttpResponse, Problem> {
    Ok(answer::json_ok(br#"{"status":"ok","reasons":[]}"#.to_vec()))
}

/// Whether the server is ready
///
/// Answers 200 when the database is open and takes changes, else 503 with the reasons.
#[utoipa::path(
    get, path = "/readyz", operation_id = "readyGet", tag = "server",
    responses(
        (status = 200, description = "It is ready.", body = HealthView),
        (status = 503, description = "It is not, and says why.", body = HealthView)
    )
)]
pub async fn ready_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    let reasons = jobs::unready(&call.core).await;
    let view = HealthView { status: if reasons.is_empty() { "ok" } else { "unavailable" }, reasons };
    let bytes = serde_json::to_vec(&view).unwrap_or_default();
    Ok(if view.reasons.is_empty() {
        answer::json_ok(bytes)
    } else {
        HttpResponse::ServiceUnavailable()
            .insert_header((header::RETRY_AFTER, "1"))
            .content_type("application/json")
            .body(bytes)
    })
}
