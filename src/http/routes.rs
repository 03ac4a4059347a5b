//! Every operation, once. The router and the OpenAPI document are both made from this list; what a call needs, takes and
//! can answer is read off the types in its handler's signature, so that none of it is written twice.

use actix_web::http::Method;
use actix_web::{HttpResponse, web};
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::{RefOr, Schema};

use super::body::Body;
use super::call::{Call, OpenCall, guarded};
use super::problem::Problem;
use super::query::{ParamDoc, Query};
use super::{
    auth, base, errors, field, health, metrics, openapi, record, record_bulk, space, swagger, table, token,
};
use crate::access::{Inside, Need, Nowhere, Permission, Place, Resolve};
use crate::error::{Code, Error};

/// What a handler's signature says.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `None` if anyone may call.
    pub need: Option<Need>,
    /// Whether it changes something.
    pub writes: bool,
    /// Whether it happens in a space, which a session has to name.
    pub in_space: bool,
    pub params: &'static [ParamDoc],
    pub reads_body: bool,
    pub body_optional: bool,
    pub keyed: bool,
}

/// One operation.
pub struct Route {
    pub path: String,
    pub methods: Vec<HttpMethod>,
    pub operation: Operation,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    pub facts: Facts,
    handler: Box<dyn Fn() -> actix_web::Route>,
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

fn facts_of<P, Q, B, F, Fut>(handler: F) -> (Facts, Box<dyn Fn() -> actix_web::Route>)
where
    P: Permission,
    P::Place: Where + Resolve,
    Q: Query,
    B: Body,
    F: Fn(Call<P, Q, B>) -> Fut + Copy + 'static,
    Fut: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    let facts = Facts {
        need: Some(P::NEED),
        writes: P::WRITES,
        in_space: P::Place::IN_SPACE,
        params: Q::PARAMS,
        reads_body: B::READ,
        body_optional: B::OPTIONAL,
        keyed: B::KEYED,
    };
    (facts, Box::new(move || web::route().to(move |call| guarded(handler(call)))))
}

fn open_facts_of<Q, B, F, Fut>(handler: F) -> (Facts, Box<dyn Fn() -> actix_web::Route>)
where
    Q: Query,
    B: Body,
    F: Fn(OpenCall<Q, B>) -> Fut + Copy + 'static,
    Fut: Future<Output = Result<HttpResponse, Problem>> + 'static,
{
    let facts = Facts {
        need: None,
        writes: B::READ,
        in_space: false,
        params: Q::PARAMS,
        reads_body: B::READ,
        body_optional: B::OPTIONAL,
        keyed: B::KEYED,
    };
    (facts, Box::new(move || web::route().to(move |call| guarded(handler(call)))))
}

macro_rules! operations {
    ($list:ident: $($facts:ident $module:ident::$handler:ident;)+) => {$(
        pastey::paste! {
            let (facts, handler) = $facts($module::$handler);
            let mut schemas = Vec::new();
            <$module::[<__path_ $handler>] as utoipa::__dev::SchemaReferences>::schemas(&mut schemas);
            $list.push(Route {
                path: <$module::[<__path_ $handler>] as utoipa::Path>::path(),
                methods: <$module::[<__path_ $handler>] as utoipa::Path>::methods(),
                operation: <$module::[<__path_ $handler>] as utoipa::Path>::operation(),
                schemas,
                facts,
                handler,
            });
        }
    )+};
}

/// All operations, in the order in which the document shows them. The router looks at them in this order too, so those
/// that are called most come first.
pub fn routes() -> Vec<Route> {
    let mut list = Vec::new();
    operations! { list:
        facts_of record::record_list;
        facts_of record::record_create;
        facts_of record_bulk::record_update_bulk;
        facts_of record_bulk::record_upsert;
        facts_of record_bulk::record_delete_bulk;
        facts_of record_bulk::record_create_bulk;
        facts_of record::record_get;
        facts_of record::record_update;
        facts_of record::record_delete;
        facts_of record::record_duplicate;
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
        facts_of token::own_token_get;
        facts_of token::token_list;
        facts_of token::token_create;
        facts_of token::token_get;
        facts_of token::token_update;
        facts_of token::token_rotate;
        facts_of token::token_delete;
        open_facts_of auth::auth_setup;
        open_facts_of auth::auth_login;
        facts_of auth::auth_logout;
        facts_of auth::auth_me;
        open_facts_of health::health_get;
        open_facts_of health::ready_get;
        open_facts_of metrics::metrics_get;
        open_facts_of openapi::document_json_get;
        open_facts_of openapi::document_yaml_get;
    }
    list
}

/// Registers everything that the server answers.
pub fn configure(app: &mut web::ServiceConfig) {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes() {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path.clone(), vec![route])),
        }
    }
    // `/records/bulk` looks like a record's path too, so it is looked at before that.
    paths.sort_by_key(|(path, _)| !path.ends_with("/records/bulk"));
    for (path, routes) in paths {
        app.service(resource(&path, routes));
    }
    app.route("/", web::get().to(swagger::swagger_redirect));
    app.route("/swagger-ui", web::get().to(swagger::swagger_redirect));
    app.route("/swagger-ui/{file:.*}", web::get().to(swagger::swagger_file));
    app.route("/errors/", web::get().to(errors::error_list));
    app.route("/errors/{code}", web::get().to(errors::error_page));
}

/// One path with all its methods; another method is answered with those that there are.
fn resource(path: &str, routes: Vec<Route>) -> actix_web::Resource {
    let methods: Vec<Method> = routes.iter().flat_map(|route| route.methods.iter().map(method_of)).collect();
    let mut allow: Vec<String> = methods.iter().map(ToString::to_string).collect();
    if methods.contains(&Method::GET) {
        allow.push("HEAD".into());
    }
    let allow = allow.join(", ");
    let mut resource = web::resource(path);
    for (route, method) in routes.iter().zip(methods) {
        resource = resource.route((route.handler)().method(method));
    }
    resource.default_service(web::to(move || std::future::ready(not_allowed(&allow))))
}

fn not_allowed(allow: &str) -> Result<HttpResponse, Problem> {
    let detail = format!("The path takes {allow}.");
    Err(Problem(Error { allow: Some(allow.to_owned()), ..Error::new(Code::MethodNotAllowed, detail) }))
}

fn method_of(method: &HttpMethod) -> Method {
    match method {
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Trace => Method::TRACE,
        _ => Method::GET,
    }
}
