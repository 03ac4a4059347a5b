//! From a path and a method to what answers them. One look into a radix tree finds the path among all; the framework's own
//! router tries one regular expression after another, which cost a seventh of the time of a read.

use std::collections::HashMap;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use futures_util::future::LocalBoxFuture;
use percent_encoding::percent_decode_str;

use super::deprecation::Deprecated;
use super::problem::Problem;
use super::routes::{Page, Route};
use crate::error::{Code, Error, Result};

/// What answers a request.
pub type Handler = Box<
    dyn Fn(Incoming) -> LocalBoxFuture<'static, std::result::Result<HttpResponse, Problem>> + Send + Sync,
>;

/// A request that has found its path.
pub struct Incoming {
    pub request: HttpRequest,
    pub payload: Payload,
    pub parts: Parts,
}

/// The parts of a path that have names, decoded.
#[derive(Debug, Default)]
pub struct Parts(Vec<(String, String)>);

impl Parts {
    fn of(params: &matchit::Params<'_, '_>) -> Result<Parts> {
        let decode = |(name, raw): (&str, &str)| {
            let text = percent_decode_str(raw).decode_utf8().map_err(|_| Error::plain(Code::InvalidPath))?;
            Ok((name.to_owned(), text.into_owned()))
        };
        params.iter().map(decode).collect::<Result<_>>().map(Parts)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str())
    }

    /// Takes a part out.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|(found, _)| found == name)?;
        Some(self.0.swap_remove(place).1)
    }
}

/// One path with all its methods.
struct Target {
    pattern: String,
    handlers: Vec<(Method, Option<&'static Deprecated>, Handler)>,
}

/// All paths.
#[derive(Default)]
pub struct Router {
    tree: matchit::Router<usize>,
    targets: Vec<Target>,
}

impl Router {
    /// Takes every route and page. Two that can't be told apart are a mistake in the list, which a test sees; here the
    /// first one wins.
    pub fn new(routes: Vec<Route>, pages: Vec<Page>) -> Router {
        let mut router = Router::default();
        let mut known = HashMap::new();
        let routes =
            routes.into_iter().map(|route| (route.path, route.method, route.deprecated, route.handler));
        let pages = pages.into_iter().map(|page| (page.path, page.method, None, page.handler));
        for (path, method, deprecated, handler) in routes.chain(pages) {
            let place = *known.entry(path.clone()).or_insert_with(|| {
                router.targets.push(Target { pattern: path.clone(), handlers: Vec::new() });
                let place = router.targets.len() - 1;
                if let Err(error) = router.tree.insert(path, place) {
                    tracing::error!(%error, "a route can't be told from another one");
                }
                place
            });
            if let Some(target) = router.targets.get_mut(place) {
                target.handlers.push((method, deprecated, handler));
            }
        }
        router
    }

    /// Answers a request, or says that nothing is there.
    pub async fn answer(
        &self,
        request: HttpRequest,
        payload: Payload,
    ) -> std::result::Result<HttpResponse, Problem> {
        let (target, parts) = self.find(request.uri().path())?;
        tracing::trace!(target: "undb::walk", floor = "http", "router: {}", target.pattern);
        let handler = target.handlers.iter().find(|(method, ..)| method == request.method());
        match handler {
            Some((_, deprecated, handler)) => {
                if let Some(deprecated) = deprecated {
                    // `front` says it in the answer, be it a refusal.
                    request.extensions_mut().insert(*deprecated);
                }
                handler(Incoming { request, payload, parts }).await
            }
            None => Err(not_allowed(target)),
        }
    }

    fn find(&self, path: &str) -> Result<(&Target, Parts)> {
        let not_found = || Error::plain(Code::PathNotFound);
        let found = self.tree.at(path).map_err(|_| not_found())?;
        let target = self.targets.get(*found.value).ok_or_else(not_found)?;
        Ok((target, Parts::of(&found.params)?))
    }

    /// Whether a path takes a method.
    pub fn takes(&self, method: &Method, path: &str) -> bool {
        self.find(path).is_ok_and(|(target, _)| target.handlers.iter().any(|(known, ..)| known == method))
    }

    /// The pattern that a path fits: what a log may say of it.
    pub fn pattern(&self, path: &str) -> Option<&str> {
        let found = self.tree.at(path).ok()?;
        self.targets.get(*found.value).map(|target| target.pattern.as_str())
    }
}

fn not_allowed(target: &Target) -> Problem {
    let methods = target.handlers.iter().map(|(method, ..)| method.as_str());
    let head = target.handlers.iter().any(|(method, ..)| method == Method::GET).then_some("HEAD");
    let allow = methods.chain(head).collect::<Vec<_>>().join(", ");
    let error = Error::new(Code::MethodNotAllowed, format!("The path takes {allow}."));
    Problem(Error { allow: Some(allow), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::{pages, routes};

    #[test]
    fn every_route_is_found_by_its_own_path() {
        let router = Router::new(routes(), pages(&[]));
        for route in routes() {
            assert_eq!(router.pattern(&route.path), Some(route.path.as_str()), "as literal text");
            let filled = route.path.replace('{', "a%2Fb-").replace('}', "");
            assert_eq!(router.pattern(&filled), Some(route.path.as_str()), "with encoded names");
        }
        assert_eq!(router.pattern("/api/openapi/bases/"), None);
        assert_eq!(router.pattern("/api/openapi//bases"), None);
    }

    #[test]
    fn parts_are_decoded() {
        let router = Router::new(routes(), Vec::new());
        let (_, mut parts) =
            router.find("/api/openapi/bases/a%2Fb%20%F0%9F%99%82%20%252f/tables/x%2By").ok().unwrap();
        assert_eq!(parts.get("base"), Some("a/b 🙂 %2f"));
        assert_eq!(parts.take("table").as_deref(), Some("x+y"));
        assert_eq!(
            router.find("/api/openapi/bases/%ff").err().map(|error| error.code),
            Some(Code::InvalidPath)
        );
    }
}
