//! How a token was used, on the wire.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer;
use super::call::Call;
use super::problem::Problem;
use crate::access::TokensRead;
use crate::model::usage::{Day, Usage};
use crate::service;
use crate::service::token::token_id;

/// How a token was used on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenUsageDay)]
pub struct UsageDayView {
    /// A day in UTC.
    #[schema(format = Date, example = "2026-11-24")]
    date: String,
    /// Requests that were answered.
    #[schema(minimum = 0, example = 12)]
    requests: u64,
    /// Those of them that were answered with a status of 400 and above.
    #[schema(minimum = 0, example = 1)]
    errors: u64,
}

impl From<&(Day, Usage)> for UsageDayView {
    fn from((day, usage): &(Day, Usage)) -> UsageDayView {
        UsageDayView { date: day.start().date_text(), requests: usage.requests, errors: usage.errors }
    }
}

/// How a token was used.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenUsage)]
pub struct UsageView {
    /// The last 90 days, the oldest first and today the last; a day on which nothing was asked, or before there was the token,
    /// has zeros.
    #[schema(min_items = 90, max_items = 90)]
    days: Vec<UsageDayView>,
}

/// Get the usage of a token
///
/// How many requests were answered to the token on each of the last 90 days (UTC), and how many of them with an error. All 90
/// are there, so that they can be drawn as they are. A new secret changes nothing of it, and a revoked token has its figures
/// still. A request that is refused with 401 is no token's, and counts nowhere. Figures are written once a minute: a server
/// that crashes loses at most those of its last minute.
#[utoipa::path(
    get, path = "/api/spaces/{space}/tokens/{token}/usage", operation_id = "tokenUsageGet", tag = "tokens",
    responses((status = 200, description = "The last 90 days.", body = UsageView))
)]
pub async fn token_usage_get(call: Call<TokensRead>) -> Result<HttpResponse, Problem> {
    let id = token_id(call.part("token"))?;
    let days = service::usage::token_usage_get(&call.core, call.access, id).await?;
    answer::ok(&UsageView { days: days.iter().map(UsageDayView::from).collect() })
}
