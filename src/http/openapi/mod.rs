//! The static OpenAPI 3.1 document, made from the list of routes: the same list that the router is made from.
//!
//! A handler's attribute says what it does, takes and answers when all is well. Credentials, parameters, headers and
//! every failure are read off its signature here.

mod links;
mod operation;
mod schemas;

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, RefOr, Schema,
    Server, ServerBuilder, Tag,
};
use utoipa::{PartialSchema, ToSchema};

use super::call::OpenCall;
use super::problem::{FaultView, Problem, ProblemView, TOKEN_HEADER};
use super::routes::{Route, routes};
use super::swagger::{self, Asset};
use super::typed::Typed;
use crate::error::{Code, Error};

use self::links::links_add;
use self::operation::{enriched, examples_add};
pub use self::schemas::*;

/// The documents that are served as they are.
pub struct Documents {
    pub json: Asset,
    pub yaml: Asset,
    pub swagger: HashMap<String, Asset>,
    pub typed: Typed,
}

impl Documents {
    pub fn make() -> Documents {
        Documents {
            json: Asset::new(document_json().into_bytes(), "application/json"),
            yaml: Asset::new(document_yaml().into_bytes(), "application/yaml"),
            swagger: swagger::files(),
            typed: Typed::default(),
        }
    }
}

/// The document as JSON.
pub fn document_json() -> String {
    document().to_pretty_json().unwrap_or_default()
}

/// The document as YAML: the bytes of `openapi.yaml`.
pub fn document_yaml() -> String {
    quoted(&document().to_yaml().unwrap_or_default())
}

/// Words that readers of YAML 1.1, which are many, take for a truth value when they stand bare.
const TRUTHS: [&str; 6] = ["on", "off", "yes", "no", "y", "n"];

/// Quotes such names of members, and such items of lists.
fn quoted(yaml: &str) -> String {
    let quote = |line: &str| {
        let text = line.trim_start();
        let text = text.strip_prefix("- ").unwrap_or(text);
        let word = text.split([':', '\n']).next().filter(|word| TRUTHS.contains(word));
        word.map_or_else(|| line.to_owned(), |word| line.replacen(word, &format!("'{word}'"), 1))
    };
    yaml.split_inclusive('\n').map(quote).collect()
}

const ABOUT: &str = "\
undb keeps tables of records in spaces and bases, and this is how programs work with them.

**Begin here.** Create an API token in a space (`POST /api/spaces/{space}/tokens`, or `undb token create`), press \
*Authorize*, paste it into `x-undb-api-token`, and try an operation. A token belongs to one space and reaches nothing \
outside of it.

**Names and ids.** `{base}`, `{table}` and `{field}` in a path are ids or URL-encoded names.

**Errors.** Every failure is `application/problem+json` (RFC 9457) with a stable `code`; `errors` lists every fault in the \
input with a JSON Pointer. Nothing is silently ignored: an unknown parameter, member or field is an error that names it.

**Safe repeats.** A POST that makes something takes an `Idempotency-Key`: within 24 hours the same key with the same \
request gets the first answer again, and nothing is made twice.

**Concurrent edits.** A record has a `version`, and an `ETag` to be sent back as it is. `If-Match` on an update or deletion refuses with 412 \
what would overwrite someone else's change.

**Durability.** A success to a write comes after it is on the disk.";

const TAGS: [(&str, &str); 8] = [
    ("records", "The rows of a table: read, made, changed and deleted, one at a time or many."),
    ("tables", "Tables with their fields."),
    ("fields", "The fields of a table: their types, choices and rules."),
    ("bases", "Bases: tables that belong together."),
    ("spaces", "Spaces: the outermost container; a token belongs to one."),
    ("tokens", "API tokens of a space: made, rotated, revoked. A secret is shown once."),
    ("auth", "People: setting up the server, signing in and out, passwords, sessions."),
    ("server", "Health, figures and the documents, of the API and of a space."),
];

/// The whole document.
pub fn document() -> OpenApi {
    document_of(&routes())
}

/// The document of these operations.
pub fn document_of(routes: &[Route]) -> OpenApi {
    let mut paths = Paths::new();
    let mut schemas = BTreeMap::new();
    for route in routes {
        let mut operation = enriched(route);
        examples_add(&mut operation, &route.schemas);
        links_add(&mut operation, route, routes);
        if let Some(deprecated) = route.deprecated {
            deprecated.describe(&mut operation);
        }
        schemas.extend(route.schemas.clone());
        paths.add_path_operation(&route.path, route.methods.clone(), operation);
    }
    let mut problem = Vec::new();
    ProblemView::schemas(&mut problem);
    problem.push((ProblemView::name().into_owned(), ProblemView::schema()));
    problem.push((FaultView::name().into_owned(), FaultView::schema()));
    schemas.extend(problem);
    for (name, schema) in &mut schemas {
        if SENT.contains(&name.as_str()) {
            close(schema);
            defaults_say(schema);
        }
    }
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("api_token", token_scheme())
        .security_scheme("session", session_scheme());
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([server()]))
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(TAGS.iter().map(|(name, about)| tag(name, about))))
        .build()
}

/// What clients send: a member that is not known is refused there.
const SENT: [&str; 28] = [
    "BaseCreate",
    "BaseUpdate",
    "FieldCreate",
    "AggregateForm",
    "FieldUpdate",
    "FilterCondition",
    "FilterGroup",
    "GroupPeriod",
    "Login",
    "PasswordUpdate",
    "RecordAggregate",
    "RecordCreate",
    "RecordPatch",
    "RecordQuery",
    "RecordUpdate",
    "RecordsCreate",
    "RecordsDelete",
    "RecordsDuplicate",
    "RecordsUpdate",
    "RecordsUpsert",
    "Setup",
    "SpaceCreate",
    "SpaceUpdate",
    "TableCreate",
    "TableUpdate",
    "TokenCreate",
    "TokenRotate",
    "TokenUpdate",
];

fn close(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
}

/// Says in words what is taken for a member that is left out: of a `default` many generators make a member that has to be
/// there.
fn defaults_say(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for member in object.properties.values_mut() {
        let RefOr::T(Schema::Object(member)) = member else { continue };
        let Some(default) = member.default.take() else { continue };
        let about = member.description.take().unwrap_or_default();
        member.description = Some(format!("{about} Left out, it is `{default}`.").trim_start().to_owned());
    }
}

fn info() -> Info {
    let license =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let version = env!("CARGO_PKG_VERSION");
    InfoBuilder::new().title("undb").version(version).description(Some(ABOUT)).license(Some(license)).build()
}

/// Wherever the document was read from.
fn server() -> Server {
    ServerBuilder::new().url("/").description(Some("The server that this document comes from.")).build()
}

fn tag(name: &str, about: &str) -> Tag {
    let mut tag = Tag::new(name);
    tag.description = Some(about.to_owned());
    tag
}

fn token_scheme() -> SecurityScheme {
    let about = "An API token of a space: `undb_` and 38 characters.";
    SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(TOKEN_HEADER, about)))
}

fn session_scheme() -> SecurityScheme {
    let about = "The session of a signed-in person. Leave this empty here: a browser sends the cookie by itself. Where \
                 the path names no space, the header `x-undb-space` does.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("undb_session", about)))
}

fn document_send(request: &HttpRequest, yaml: bool) -> Result<HttpResponse, Problem> {
    let documents = request.app_data::<web::Data<Documents>>();
    let documents = documents.ok_or_else(|| Error::new(Code::Internal, Code::Internal.title()))?;
    Ok(if yaml { documents.yaml.send(request) } else { documents.json.send(request) })
}

/// This document as JSON
///
/// The static OpenAPI 3.1 document, the same that `openapi.yaml` in the repository holds.
#[utoipa::path(
    get, path = "/api/openapi.json", operation_id = "documentJsonGet", tag = "server",
    responses(
        (status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn document_json_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    document_send(&call.request, false)
}

/// This document as YAML
///
/// The static OpenAPI 3.1 document: the same bytes as `openapi.yaml` in the repository.
#[utoipa::path(
    get, path = "/api/openapi.yaml", operation_id = "documentYamlGet", tag = "server",
    responses(
        (status = 200, description = "The document.", body = serde_json::Value, content_type = "application/yaml"),
        (status = 304, description = "It is as the client has it.")
    )
)]
pub async fn document_yaml_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    document_send(&call.request, true)
}
