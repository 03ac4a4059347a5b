//! Every operation, once. The router and the OpenAPI document are both made from this list; what a call needs, takes and
//! can answer is read off the types in its handler's signature, so that none of it is written twice.

use std::future::ready;

use actix_web::HttpResponse;
use actix_web::http::Method;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

use super::body::Body;
use super::call::{Call, OpenCall, guarded};
use super::deprecation::{DEPRECATED, Deprecated};
use super::problem::Problem;
use super::query::{ParamDoc, Query};
use super::router::{Handler, Incoming};
use super::{
    answer, auth, base, console, errors, field, health, metrics, openapi, password, record, record_aggregate,
    record_bulk, record_list, session, space, swagger, table, token, typed, usage,
};
use crate::access::{Inside, Narrow, Need, Nowhere, Permission, Place, Resolve};

/// What a handler's signature says.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub struct Facts {
    /// `None` if anyone may call.
    pub need: Option<Need>,
    /// Whether it changes something.
    pub writes: bool,
    /// Whether it happens in a space, which a session has to name.
    pub in_space: bool,
    /// How a narrowed token stands to it.
    pub narrow: Narrow,
    pub params: &'static [ParamDoc],
    pub reads_body: bool,
    pub body_optional: bool,
    pub keyed: bool,
}

/// One operation.
pub struct Route {
    pub path: String,
    pub method: Method,
    pub methods: Vec<HttpMethod>,
    pub operation: Operation,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    pub facts: Facts,
    pub deprecated: Option<&'static Deprecated>,
    pub handler: Handler,
}

/// Whether a place is in a space.
pub trait Where: Place {
    const IN_SPACE: bool;
}

impl Where for Nowhere {
    const IN_SPACE: bool = false;
}

impl<P: Inside> Where for P {
    const IN_SPACE: bool = true;
}

fn facts_of<P, Q, B, F, Fut>(handler: F) -> (Facts, Handler)
where
    P: Permission,
    P::Place: Where + Resolve,
    Q: Query,
    B: Body,
    F: Fn(Call<P, Q, B>) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    let facts = Facts {
        need: Some(P::NEED),
        writes: P::WRITES,
        in_space: P::Place::IN_SPACE,
        narrow: P::NARROW,
        params: Q::PARAMS,
        reads_body: B::READ,
        body_optional: B::OPTIONAL,
        keyed: B::KEYED,
    };
    let judged = move |incoming| async move { handler(Call::judge(incoming).await?).await };
    (facts, Box::new(move |incoming| Box::pin(guarded(judged(incoming)))))
}

fn open_facts_of<Q, B, F, Fut>(handler: F) -> (Facts, Handler)
where
    Q: Query,
    B: Body,
    F: Fn(OpenCall<Q, B>) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    let facts = Facts {
        need: None,
        writes: B::READ,
        in_space: false,
        narrow: Narrow::Filters,
        params: Q::PARAMS,
        reads_body: B::READ,
        body_optional: B::OPTIONAL,
        keyed: B::KEYED,
    };
    let judged = move |incoming| async move { handler(OpenCall::judge(incoming).await?).await };
    (facts, Box::new(move |incoming| Box::pin(guarded(judged(incoming)))))
}

macro_rules! operations {
    ($list:ident: $($facts:ident $module:ident::$handler:ident;)+) => {$(
        pastey::paste! {
            let (facts, handler) = $facts($module::$handler);
            let mut schemas = Vec::new();
            <$module::[<__path_ $handler>] as utoipa::__dev::SchemaReferences>::schemas(&mut schemas);
            $list.push(Route {
                path: <$module::[<__path_ $handler>] as utoipa::Path>::path(),
                method: method_of(&<$module::[<__path_ $handler>] as utoipa::Path>::methods()),
                methods: <$module::[<__path_ $handler>] as utoipa::Path>::methods(),
                operation: tagged(
                    <$module::[<__path_ $handler>] as utoipa::Path>::operation(),
                    <$module::[<__path_ $handler>] as utoipa::__dev::Tags<'_>>::tags(),
                ),
                schemas,
                facts,
                deprecated: None,
                handler,
            });
        }
    )+};
}

/// The library keeps the tags of an operation apart from it.
fn tagged(mut operation: Operation, tags: Vec<&str>) -> Operation {
    operation.tags = Some(tags.into_iter().map(str::to_owned).collect());
    operation
}

/// All operations, in the order in which the document shows them.
pub fn routes() -> Vec<Route> {
    routes_with(DEPRECATED)
}

/// The same, some of them deprecated.
pub fn routes_with(deprecated: &'static [Deprecated]) -> Vec<Route> {
    let mut list = operations();
    for route in &mut list {
        route.deprecated = Deprecated::of(deprecated, route.operation.operation_id.as_deref());
    }
    list
}

fn operations() -> Vec<Route> {
    let mut list = Vec::new();
    operations! { list:
        facts_of record_list::record_list;
        facts_of record::record_create;
        facts_of record_list::record_query;
        facts_of record_aggregate::record_aggregate;
        facts_of record_bulk::record_update_bulk;
        facts_of record_bulk::record_upsert;
        facts_of record_bulk::record_delete_bulk;
        facts_of record_bulk::record_create_bulk;
        facts_of record::record_get;
        facts_of record::record_update;
        facts_of record::record_delete;
        facts_of record::record_duplicate;
        facts_of record_bulk::record_duplicate_bulk;
        facts_of table::table_list;
        facts_of table::table_create;
        facts_of table::table_get;
        facts_of table::table_update;
        facts_of table::table_delete;
        facts_of field::field_list;
        facts_of field::field_create;
        facts_of field::field_get;
        facts_of field::field_update;
        facts_of field::field_delete;
        facts_of base::base_list;
        facts_of base::base_create;
        facts_of base::base_get;
        facts_of base::base_update;
        facts_of base::base_delete;
        facts_of space::own_space_get;
        facts_of space::space_list;
        facts_of space::space_create;
        facts_of space::space_get;
        facts_of space::space_update;
        facts_of space::space_delete;
        facts_of typed::space_document_get;
        facts_of typed::table_document_get;
        facts_of typed::table_schema_get;
        facts_of token::own_token_get;
        facts_of token::token_list;
        facts_of token::token_create;
        facts_of token::token_get;
        facts_of usage::token_usage_get;
        facts_of token::token_update;
        facts_of token::token_rotate;
        facts_of token::token_delete;
        open_facts_of auth::auth_setup;
        open_facts_of auth::auth_login;
        facts_of auth::auth_logout;
        facts_of auth::auth_me;
        facts_of password::password_update;
        facts_of session::session_list;
        facts_of session::session_delete;
        open_facts_of health::health_get;
        open_facts_of health::ready_get;
        open_facts_of metrics::metrics_get;
        open_facts_of openapi::document_json_get;
        open_facts_of openapi::document_yaml_get;
    }
    list
}

/// What a person's browser opens, which is not in the document.
pub struct Page {
    pub path: String,
    pub method: Method,
    pub handler: Handler,
}

impl Page {
    pub fn new<F, Fut>(method: Method, path: &str, answer: F) -> Page
    where
        F: Fn(Incoming) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<HttpResponse, Problem>> + 'static,
    {
        Page {
            path: path.to_owned(),
            method,
            handler: Box::new(move |incoming| Box::pin(guarded(answer(incoming)))),
        }
    }
}

/// All pages; `extra` are paths and the JSON that they answer.
pub fn pages(extra: &[(String, Vec<u8>)]) -> Vec<Page> {
    let page = |path: &str, answer: fn(Incoming) -> Result<HttpResponse, Problem>| {
        Page::new(Method::GET, path, move |incoming| ready(answer(incoming)))
    };
    let mut pages = vec![
        page("/swagger-ui", |_| Ok(swagger::swagger_redirect())),
        page("/swagger-ui/", |incoming| swagger::swagger_file(&incoming)),
        page("/swagger-ui/{file}", |incoming| swagger::swagger_file(&incoming)),
        page("/errors/", |_| Ok(errors::error_list())),
        page("/errors/{code}", |incoming| errors::error_page(&incoming)),
    ];
    pages.extend(console::pages());
    pages.extend(extra.iter().cloned().map(|(path, bytes)| {
        Page::new(Method::GET, &path, move |_| ready(Ok(answer::json_ok(bytes.clone()))))
    }));
    pages
}

/// The method of an operation: each has one.
fn method_of(methods: &[HttpMethod]) -> Method {
    match methods.first().unwrap_or(&HttpMethod::Get) {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Trace => Method::TRACE,
        HttpMethod::Get => Method::GET,
    }
}
