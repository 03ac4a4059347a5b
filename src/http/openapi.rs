//! The static OpenAPI 3.1 document, made from the list of routes: the same list that the router is made from.
//!
//! A handler's attribute says what it does, takes and answers when all is well. Credentials, parameters, headers and
//! every failure are read off its signature here.

use std::collections::{BTreeMap, HashMap};

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, Object, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr,
    Required, ResponseBuilder, Schema, Tag,
};
use utoipa::{PartialSchema, ToSchema};

use super::call::OpenCall;
use super::problem::{FaultView, Problem, ProblemView, TOKEN_HEADER};
use super::query::{ParamDoc, ParamType};
use super::routes::{Route, routes};
use super::swagger::{self, Asset};
use crate::access::Need;
use crate::error::{Code, Error};
use crate::model::field::TYPES;
use crate::model::scope::Scope;
use crate::service::demo;

/// The documents that are served as they are.
pub struct Documents {
    pub json: Asset,
    pub yaml: Asset,
    pub swagger: HashMap<String, Asset>,
}

impl Documents {
    pub fn make() -> Documents {
        Documents {
            json: Asset::new(document_json().into_bytes(), "application/json"),
            yaml: Asset::new(document_yaml().into_bytes(), "application/yaml"),
            swagger: swagger::files(),
        }
    }
}

/// The document as JSON.
pub fn document_json() -> String {
    document().to_pretty_json().unwrap_or_default()
}

/// The document as YAML: the bytes of `openapi.yaml`.
pub fn document_yaml() -> String {
    document().to_yaml().unwrap_or_default()
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

**Concurrent edits.** A record has a `version`, which is its `ETag`. `If-Match` on an update or deletion refuses with 412 \
what would overwrite someone else's change.

**Durability.** A success to a write comes after it is on the disk.";

const TAGS: [(&str, &str); 8] = [
    ("records", "The rows of a table: read, made, changed and deleted, one at a time or many."),
    ("tables", "Tables with their fields."),
    ("fields", "The fields of a table: their types, choices and rules."),
    ("bases", "Bases: tables that belong together."),
    ("spaces", "Spaces: the outermost container; a token belongs to one."),
    ("tokens", "API tokens of a space: made, rotated, revoked. A secret is shown once."),
    ("auth", "People: setting up the server, signing in and out."),
    ("server", "Health, figures and this document."),
];

/// The whole document.
pub fn document() -> OpenApi {
    let routes = routes();
    let mut paths = Paths::new();
    let mut schemas = BTreeMap::new();
    for route in routes {
        let mut operation = enriched(&route);
        examples_add(&mut operation, &route.schemas);
        schemas.extend(route.schemas);
        paths.add_path_operation(&route.path, route.methods, operation);
    }
    let mut problem = Vec::new();
    ProblemView::schemas(&mut problem);
    problem.push((ProblemView::name().into_owned(), ProblemView::schema()));
    problem.push((FaultView::name().into_owned(), FaultView::schema()));
    schemas.extend(problem);
    for (name, schema) in &mut schemas {
        if SENT.contains(&name.as_str()) {
            close(schema);
        }
    }
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("api_token", token_scheme())
        .security_scheme("session", session_scheme());
    OpenApiBuilder::new()
        .info(info())
        .paths(paths)
        .components(Some(components.build()))
        .tags(Some(TAGS.iter().map(|(name, about)| tag(name, about))))
        .build()
}

/// What clients send: a member that is not known is refused there.
const SENT: [&str; 20] = [
    "BaseCreate",
    "BaseUpdate",
    "FieldCreate",
    "FieldUpdate",
    "Login",
    "RecordCreate",
    "RecordPatch",
    "RecordUpdate",
    "RecordsCreate",
    "RecordsDelete",
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

fn info() -> Info {
    let license =
        LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let version = env!("CARGO_PKG_VERSION");
    InfoBuilder::new().title("undb").version(version).description(Some(ABOUT)).license(Some(license)).build()
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
    let about = "The session of a signed-in person, which a browser sends by itself. Where the path names no space, the \
                 header `x-undb-space` does.";
    SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description("undb_session", about)))
}

/// An operation with all that its signature says.
fn enriched(route: &Route) -> Operation {
    let mut operation = route.operation.clone();
    let facts = &route.facts;
    operation.security = Some(security(facts.need));
    let need = match facts.need {
        None => "\n\nAnyone may call this.".to_owned(),
        Some(Need::Any) => "\n\nNeeds any good token, or a session.".to_owned(),
        Some(Need::Scope(scope)) => format!("\n\nNeeds the scope `{scope}`."),
        Some(Need::Session) => "\n\nNeeds a session: a token can't do this.".to_owned(),
    };
    operation.description = Some(operation.description.unwrap_or_default() + &need);
    let mut parameters = path_parameters(&route.path);
    parameters.extend(facts.params.iter().map(query_parameter));
    parameters.extend(header_parameters(route));
    operation.parameters = (!parameters.is_empty()).then(|| parameters.into_iter().map(RefOr::T).collect());
    if let (Some(RefOr::T(body)), true) = (operation.request_body.as_mut(), facts.reads_body) {
        body.required = Some(if facts.body_optional { Required::False } else { Required::True });
    }
    for (status, about) in failures(route) {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_string()).or_insert_with(|| failure(about));
    }
    headers_add(&mut operation);
    operation
}

/// Gives bodies an example as a whole, of the members that have one. Without it Swagger UI would make one of all members,
/// and send `"id": "string"`.
fn examples_add(operation: &mut Operation, schemas: &[(String, RefOr<Schema>)]) {
    let Some(RefOr::T(body)) = operation.request_body.as_mut() else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::Ref(reference)) = &content.schema else { continue };
        let name = reference.ref_location.rsplit('/').next();
        let schema = schemas.iter().find(|(found, _)| Some(found.as_str()) == name);
        if let (None, Some((_, schema))) = (&content.example, schema) {
            content.example = example_of(schema);
        }
    }
}

fn example_of(schema: &RefOr<Schema>) -> Option<serde_json::Value> {
    let schema = serde_json::to_value(schema).ok()?;
    let members = schema.get("properties")?.as_object()?.iter().filter_map(|(name, of)| {
        let example = of.get("example").or_else(|| of.get("examples")?.get(0))?;
        Some((name.clone(), example.clone()))
    });
    Some(serde_json::Value::Object(members.collect()))
}

fn security(need: Option<Need>) -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    match need {
        // An empty list says that the operation is public, whatever holds for the document.
        None => Vec::new(),
        Some(Need::Session) => vec![SecurityRequirement::new("session", none)],
        Some(Need::Any) => {
            vec![SecurityRequirement::new("api_token", none), SecurityRequirement::new("session", none)]
        }
        Some(Need::Scope(scope)) => {
            vec![
                SecurityRequirement::new("api_token", [scope.name()]),
                SecurityRequirement::new("session", none),
            ]
        }
    }
}

fn path_parameters(path: &str) -> Vec<Parameter> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(path_parameter).collect()
}

fn path_parameter(name: &str) -> Parameter {
    let (about, example) = match name {
        "space" => ("The space: its id or URL-encoded name.", Some("Demo")),
        "base" => ("The base: its id or URL-encoded name.", Some("CRM")),
        "table" => ("The table: its id or URL-encoded name.", Some("Contacts")),
        "field" => ("The field: its id or URL-encoded name.", Some("notes")),
        "record" => ("The id of the record.", Some(demo::CONTACT_ID)),
        _ => ("The id of the token.", None),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(Object::with_type(Type::String)))
        .example(example.map(Into::into))
        .build()
}

fn query_parameter(param: &ParamDoc) -> Parameter {
    let schema = match param.of {
        ParamType::Text => ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)),
        ParamType::Flag { default } => {
            ObjectBuilder::new().schema_type(Type::Boolean).default(Some(default.into()))
        }
        ParamType::Integer { min, max, default } => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(min))
            .maximum(Some(max))
            .default(Some(default.into())),
        ParamType::OneOf(choices) => {
            let first = choices.first().map(|choice| (*choice).into());
            ObjectBuilder::new()
                .schema_type(Type::String)
                .enum_values(Some(choices.iter().copied()))
                .default(first)
        }
    };
    ParameterBuilder::new()
        .name(param.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(param.about))
        .schema(Some(schema))
        .build()
}

fn header_parameters(route: &Route) -> Vec<Parameter> {
    let id = route.operation.operation_id.as_deref().unwrap_or_default();
    let mut headers = Vec::new();
    if route.facts.keyed {
        headers.push(("Idempotency-Key", "1 to 255 visible ASCII characters, chosen by the client: the same key with the same request gets the first answer again, for 24 hours."));
    }
    if matches!(id, "recordUpdate" | "recordDelete") {
        headers.push(("If-Match", "The `ETag` of the record as the client knows it: if it has changed since, the answer is 412 and nothing happens."));
    }
    if id == "recordGet" {
        headers.push((
            "If-None-Match",
            "The `ETag` that the client has: if it is the record's still, the answer is 304.",
        ));
    }
    let build = |(name, about): (&str, &str)| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(Object::with_type(Type::String)))
            .build()
    };
    headers.into_iter().map(build).collect()
}

/// Every status besides success, and when it is answered.
fn failures(route: &Route) -> Vec<(u16, &'static str)> {
    let facts = &route.facts;
    let id = route.operation.operation_id.as_deref().unwrap_or_default();
    let scoped = matches!(facts.need, Some(Need::Scope(_) | Need::Session)) || facts.writes;
    let all = [
        (400, true, "A parameter, a header or the JSON can't be read."),
        (401, facts.need.is_some() || id.starts_with("auth"), "The credentials are missing or not good."),
        (
            403,
            facts.need.is_some() && scoped,
            "The caller may not do this: a scope, a session or the right origin is missing.",
        ),
        (
            404,
            facts.in_space || route.path.contains('{'),
            "Something in the path is not there, or the caller may not see it.",
        ),
        (
            409,
            facts.in_space || (facts.writes && facts.need.is_some()),
            "A name, id or unique value is taken, or a name is ambiguous.",
        ),
        (412, matches!(id, "recordUpdate" | "recordDelete"), "The record is not as `If-Match` says."),
        (413, facts.reads_body, "The body is too large."),
        (415, facts.reads_body, "The body's media type or coding is not read here."),
        (422, facts.reads_body, "The body can be read, and does not fit."),
        (429, matches!(id, "authSetup" | "authLogin"), "There were too many failed attempts."),
        (500, true, "The server failed."),
        (
            503,
            facts.need.is_some() || facts.writes,
            "The server can't do this now, or does not know whether it was done.",
        ),
    ];
    all.into_iter().filter(|(_, answered, _)| *answered).map(|(status, _, about)| (status, about)).collect()
}

fn failure(about: &str) -> RefOr<utoipa::openapi::Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    RefOr::T(ResponseBuilder::new().description(about).content("application/problem+json", content).build())
}

/// Headers that answers carry by their status.
fn headers_add(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let about = match status.as_str() {
            "201" => ("Location", "Where the new thing is: a path without host."),
            "401" => ("WWW-Authenticate", "The header that takes a token."),
            "429" | "503" => ("Retry-After", "Seconds after which trying again makes sense."),
            _ => continue,
        };
        let header = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::String)))
            .description(Some(about.1))
            .build();
        response.headers.insert(about.0.into(), RefOr::T(header));
    }
}

/// The names of field types.
pub fn field_type_schema() -> Schema {
    let about =
        TYPES.iter().map(|of| format!("- `{}`: {}", of.name, of.about)).collect::<Vec<_>>().join("\n");
    let names = TYPES.iter().map(|of| of.name);
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .description(Some(format!("What its values are:\n\n{about}")))
        .examples([json!("select")]);
    Schema::Object(object.build())
}

/// The options that a field type takes: of most types none.
pub fn field_options_schema() -> Schema {
    let with: Vec<_> = TYPES.iter().filter(|of| (of.options_schema)().get("properties").is_some()).collect();
    let about = with
        .iter()
        .map(|of| format!("`{}`: `{}`", of.name, (of.options_schema)()))
        .collect::<Vec<_>>()
        .join("\n\n");
    let object = ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Object, Type::Null]))
        .description(Some(format!(
            "What the type has to say besides; of most types nothing. As JSON Schema:\n\n{about}"
        )))
        .examples([json!({"choices": [{"name": "low", "color": "gray"}, {"name": "high", "color": "red"}]})]);
    Schema::Object(object.build())
}

fn scope_schema() -> Object {
    let names = Scope::ALL.iter().map(|scope| scope.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// A list of scopes.
pub fn scopes_schema() -> Schema {
    Schema::Array(ArrayBuilder::new().items(scope_schema()).build())
}

/// A list of scopes that may be left out.
pub fn scopes_optional_schema() -> Schema {
    let array = ArrayBuilder::new()
        .items(scope_schema())
        .min_items(Some(1))
        .description(Some("What it may do; `…:write` includes `…:read`. A new token that says nothing gets `records:write` and `schema:read`."))
        .examples([json!(["records:write", "schema:read"])]);
    Schema::Array(array.build())
}

/// What a token is good for.
pub fn token_status_schema() -> Schema {
    let names = ["active", "expired", "revoked"];
    Schema::Object(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build())
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
    responses((status = 200, description = "The document.", body = serde_json::Value, content_type = "application/json"))
)]
pub async fn document_json_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    document_send(&call.request, false)
}

/// This document as YAML
///
/// The static OpenAPI 3.1 document: the same bytes as `openapi.yaml` in the repository.
#[utoipa::path(
    get, path = "/api/openapi.yaml", operation_id = "documentYamlGet", tag = "server",
    responses((status = 200, description = "The document.", body = String, content_type = "application/yaml"))
)]
pub async fn document_yaml_get(call: OpenCall) -> Result<HttpResponse, Problem> {
    document_send(&call.request, true)
}
