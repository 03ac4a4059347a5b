//! Links of what was made to what can be done with it, by which tools walk through the API on their own.
//!
//! They follow from the list of routes: what is made at a path can be called at that path with one part more.

use utoipa::openapi::RefOr;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Operation;

use crate::http::routes::Route;

/// Gives the 201 of an operation a link to every operation on what it made.
pub fn links_add(operation: &mut Operation, made_at: &Route, routes: &[Route]) {
    let Some(RefOr::T(response)) = operation.responses.responses.get_mut("201") else { return };
    let Some(RefOr::T(_)) = response.headers.get("Location") else { return };
    for route in routes {
        let Some((collection, part)) = route.path.rsplit_once('/') else { continue };
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else { continue };
        let Some(id) = route.operation.operation_id.as_deref().filter(|_| collection == made_at.path) else {
            continue;
        };
        let parts = collection.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut link = LinkBuilder::new().operation_id(id).description(format!("The new {name}."));
        for part in parts {
            link = link.parameter(part, format!("$request.path.{part}"));
        }
        let link = link.parameter(name, format!("$response.body#{}", place(name)));
        response.links.insert(id.to_owned(), RefOr::T(link.build()));
    }
}

/// Where in an answer the id of what was made stands.
fn place(made: &str) -> &'static str {
    match made {
        "record" => "/data/id",
        "token" => "/token/id",
        _ => "/id",
    }
}
