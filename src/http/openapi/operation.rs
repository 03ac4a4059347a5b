//! What an operation's signature says, added to what its attribute says: credentials, parameters, headers, failures.

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Ref, RefOr, Required, ResponseBuilder, Schema};

use crate::access::Need;
use crate::http::query::{ParamDoc, ParamType};
use crate::http::routes::Route;
use crate::model::scope::Scope;
use crate::service::demo;

/// An operation with all that its signature says.
pub fn enriched(route: &Route) -> Operation {
    let mut operation = route.operation.clone();
    let facts = &route.facts;
    operation.security = Some(security(facts.need));
    let need = match facts.need {
        None => "\n\nAnyone may call this.".to_owned(),
        Some(need) => format!("\n\nNeeds {need}."),
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
pub fn examples_add(operation: &mut Operation, schemas: &[(String, RefOr<Schema>)]) {
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
    if let Some(whole) = schema.get("example").or_else(|| schema.get("examples")?.get(0)) {
        return Some(whole.clone());
    }
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
        Some(Need::Scope(scope)) => scoped(&[scope]),
        Some(Need::OneOf(any)) => scoped(any),
    }
}

/// A token of any of these scopes, or a session.
fn scoped(any: &[Scope]) -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    let tokens = any.iter().map(|scope| SecurityRequirement::new("api_token", [scope.name()]));
    tokens.chain([SecurityRequirement::new("session", none)]).collect()
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
        "session" => ("The id of the session.", None),
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
        ParamType::Choice(choices) => {
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(choices.iter().copied()))
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

/// What an `Idempotency-Key` is: `IDEMPOTENCY_KEY_CHARS_MAX` visible characters of ASCII at most.
const KEY_PATTERN: &str = "^[!-~]{1,255}$";
/// Entity tags without commas in them, which ours never have (RFC 9110, section 8.8.3).
const TAGS_PATTERN: &str = r#"^(\*|(W/)?"[!#-+\--~]*"( *, *(W/)?"[!#-+\--~]*")*)$"#;

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
            "The `ETag` that the client has: if the record would read the same, the answer is 304.",
        ));
    }
    if matches!(id, "spaceDocumentGet" | "tableDocumentGet" | "tableSchemaGet") {
        headers.push((
            "If-None-Match",
            "The `ETag` that the client has: while schema and rights are the same, the answer is 304.",
        ));
    }
    let build = |(name, about): (&str, &str)| {
        // Documents take a tag that is none for one that they don't have; records refuse it.
        let pattern = match name {
            "Idempotency-Key" => Some(KEY_PATTERN),
            _ => id.starts_with("record").then_some(TAGS_PATTERN),
        };
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(about))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).pattern(pattern)))
            .build()
    };
    headers.into_iter().map(build).collect()
}

/// Every status besides success, and when it is answered.
fn failures(route: &Route) -> Vec<(u16, &'static str)> {
    let facts = &route.facts;
    let id = route.operation.operation_id.as_deref().unwrap_or_default();
    let scoped = matches!(facts.need, Some(Need::Scope(_) | Need::OneOf(_) | Need::Session)) || facts.writes;
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
        (408, facts.reads_body, "The body did not arrive in time."),
        (412, matches!(id, "recordUpdate" | "recordDelete"), "The record is not as `If-Match` says."),
        (413, facts.reads_body, "The body is too large."),
        (415, facts.reads_body, "The body's media type or coding is not read here."),
        (422, facts.reads_body || id == "recordList", "The body can be read, and does not fit."),
        (
            429,
            matches!(id, "authSetup" | "authLogin" | "passwordUpdate"),
            "There were too many failed attempts.",
        ),
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

/// Operations whose answers have an entity tag.
const TAGGED: [&str; 8] = [
    "recordCreate",
    "recordGet",
    "recordUpdate",
    "documentJsonGet",
    "documentYamlGet",
    "spaceDocumentGet",
    "tableDocumentGet",
    "tableSchemaGet",
];

/// Headers that answers carry by their status.
fn headers_add(operation: &mut Operation) {
    // What makes many things does not say where they are, and a person has no address.
    let id = operation.operation_id.as_deref();
    let placeless = id.is_some_and(|id| id.ends_with("Bulk") || id == "authSetup");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let about = match status.as_str() {
            "201" if !placeless => Some(("Location", "Where the new thing is: a path without host.")),
            "401" => Some(("WWW-Authenticate", "The header that takes a token.")),
            "429" | "503" => Some(("Retry-After", "Seconds after which trying again makes sense.")),
            _ => None,
        };
        let tagged = match status.as_str() {
            "200" | "201" => id.is_some_and(|id| TAGGED.contains(&id)),
            "304" => true,
            _ => false,
        };
        let tag = tagged.then_some(("ETag", "What `If-Match` and `If-None-Match` take, as it is."));
        for (name, about) in about.into_iter().chain(tag) {
            let header = HeaderBuilder::new()
                .schema(Some(Object::with_type(Type::String)))
                .description(Some(about))
                .build();
            response.headers.insert(name.into(), RefOr::T(header));
        }
    }
}
