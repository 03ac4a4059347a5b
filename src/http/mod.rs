//! Floor 8: what the wire says. Handlers translate and do nothing else.
//!
//! `front.rs` is what every request passes first: request id, origin, credentials, log. `call.rs` is what every handler is
//! handed: the proof, the parameters and the body, judged in the order of the contract. `routes.rs` is the list of all
//! operations; the router and the OpenAPI document are both made from it.

mod answer;
mod auth;
mod base;
mod body;
mod call;
mod client;
mod codings;
mod console;
mod deprecation;
mod errors;
mod field;
mod front;
mod health;
mod metrics;
pub mod openapi;
mod password;
mod problem;
mod query;
mod record;
mod record_aggregate;
mod record_bulk;
mod record_json;
mod record_list;
mod record_query;
mod record_tags;
mod router;
mod routes;
mod session;
mod space;
mod swagger;
mod table;
mod token;
mod typed;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

pub use console::pages as console_pages;
pub use routes::{Page, Route, routes};

use self::router::Router;
use self::routes::{pages, routes_with};

use crate::kv;
use crate::limits::{BODY_PAUSE_SECONDS, BODY_SECONDS};
use crate::service::Core;

/// How requests are taken.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub patience: Patience,
    /// Origins whose pages may call with a token.
    pub cors_origins: Vec<String>,
    /// Where `X-Forwarded-*` is believed.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    pub log_requests: LogRequests,
    /// Routes besides those of the contract, for benchmarks: a path and the JSON that it answers.
    pub extra: Vec<(String, Vec<u8>)>,
}

/// How long a body may take to arrive. Tests are less patient.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub whole: Duration,
    /// Without a byte of it.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { whole: Duration::from_secs(BODY_SECONDS), pause: Duration::from_secs(BODY_PAUSE_SECONDS) }
    }
}

/// Which requests get a line in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogRequests {
    All,
    /// Those with a status of 500 and above, or over a second.
    #[default]
    Errors,
    None,
}

/// What all workers share.
pub struct Shared {
    pub core: Arc<Core>,
    pub settings: Settings,
    pub metrics: metrics::Metrics,
    router: Router,
}

fn shared(
    core: Arc<Core>,
    settings: Settings,
    deprecated: &'static [deprecation::Deprecated],
) -> web::Data<Shared> {
    let router = Router::new(routes_with(deprecated), pages(&settings.extra));
    web::Data::new(Shared { core, settings, metrics: metrics::Metrics::default(), router })
}

/// What each worker runs.
fn app(
    shared: web::Data<Shared>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new().app_data(shared).wrap(front::Front).default_service(web::to(route))
}

/// A server that is not running yet; `listener` is bound already. Signals are not handled by it.
pub fn server(
    core: Arc<Core>,
    settings: Settings,
    listener: std::net::TcpListener,
    workers: usize,
) -> std::io::Result<actix_web::dev::Server> {
    let shared = shared(core, settings, deprecation::DEPRECATED);
    let documents = web::Data::new(openapi::Documents::make());
    // It is called on each worker.
    let server = HttpServer::new(move || {
        kv::never_wait_here();
        app(shared.clone()).app_data(documents.clone())
    });
    // A client that closes its side has gone: what it asked for is not worked on any longer.
    let server = server.h1_allow_half_closed(false);
    let server = server.disable_signals().workers(workers.max(1)).shutdown_timeout(10).listen(listener)?;
    Ok(server.run())
}

/// Every request ends up here: the router is our own.
async fn route(request: HttpRequest, payload: web::Payload) -> Result<HttpResponse, problem::Problem> {
    let shared = request.app_data::<web::Data<Shared>>().cloned();
    let shared = shared.ok_or_else(|| crate::error::Error::internal("the app has no shared data"))?;
    shared.router.answer(request, payload.into_inner()).await
}
