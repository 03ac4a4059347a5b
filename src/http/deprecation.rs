//! Operations that will go: their answers say so by `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), and the document by
//! `deprecated`. docs/versioning.md says how long they stay.

use std::time::{Duration, SystemTime};

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue, HttpDate};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, Type};
use utoipa::openapi::{Deprecated as Mark, RefOr};

use crate::clock::Time;

/// An operation that clients should stop using.
#[derive(Debug)]
pub struct Deprecated {
    /// Its `operationId`.
    pub operation: &'static str,
    /// Since when, in RFC 3339.
    pub since: &'static str,
    /// When it goes, if that is known: it works until then.
    pub sunset: Option<&'static str>,
    /// What to do instead, as a sentence.
    pub instead: &'static str,
}

/// All of them.
pub const DEPRECATED: &[Deprecated] = &[];

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

impl Deprecated {
    pub fn of(list: &'static [Deprecated], operation: Option<&str>) -> Option<&'static Deprecated> {
        list.iter().find(|one| Some(one.operation) == operation)
    }

    /// Says it in an answer.
    pub fn tell(&self, headers: &mut HeaderMap) {
        // A structured field of the kind Date (RFC 9651): seconds since 1970.
        let since = seconds(self.since).and_then(|at| HeaderValue::from_str(&format!("@{at}")).ok());
        let sunset = self.sunset.and_then(seconds).and_then(|at| u64::try_from(at).ok());
        let sunset = sunset.map(|at| HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(at)));
        let sunset = sunset.and_then(|at| HeaderValue::from_str(&at.to_string()).ok());
        for (name, value) in [(DEPRECATION, since), (SUNSET, sunset)] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        let link = format!("</api/openapi.json#{}>; rel=\"deprecation\"", self.operation);
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.append(header::LINK, link);
        }
    }

    /// Says it in the document.
    pub fn describe(&self, operation: &mut Operation) {
        operation.deprecated = Some(Mark::True);
        let until = self.sunset.map(|at| format!(", and gone from {at} on")).unwrap_or_default();
        let about = format!("\n\nDeprecated since {}{until}. {}", self.since, self.instead);
        operation.description = Some(operation.description.take().unwrap_or_default() + &about);
        let mut told = vec![("Deprecation", "Since when the operation is deprecated (RFC 9745).")];
        told.extend(self.sunset.map(|_| ("Sunset", "When it will be gone (RFC 8594).")));
        for response in operation.responses.responses.values_mut() {
            let RefOr::T(response) = response else { continue };
            for (name, about) in &told {
                let header = HeaderBuilder::new()
                    .schema(Some(Object::with_type(Type::String)))
                    .description(Some(*about))
                    .build();
                response.headers.insert((*name).into(), RefOr::T(header));
            }
        }
    }
}

fn seconds(text: &str) -> Option<i64> {
    Time::parse(text).map(|time| time.millis() / 1000)
}

#[cfg(test)]
mod tests {
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;
    use crate::http::openapi::document_of;
    use crate::http::routes::routes_with;
    use crate::http::{Settings, app, shared};
    use crate::kv::memory::Memory;
    use crate::service::{Core, CoreOptions};

    const LIST: &[Deprecated] = &[
        Deprecated {
            operation: "healthGet",
            since: "2027-01-31T00:00:00Z",
            sunset: Some("2028-02-29T12:00:00Z"),
            instead: "Ask `readyGet`.",
        },
        Deprecated {
            operation: "metricsGet",
            since: "2027-01-31T00:00:00Z",
            sunset: None,
            instead: "Don't.",
        },
    ];

    #[test]
    fn every_entry_can_be_told() {
        for one in DEPRECATED {
            assert!(
                routes_with(&[])
                    .iter()
                    .any(|route| route.operation.operation_id.as_deref() == Some(one.operation))
            );
            assert!(
                seconds(one.since).is_some() && one.sunset.is_none_or(|at| seconds(at) > seconds(one.since))
            );
            assert!(one.instead.ends_with('.'));
        }
    }

    #[actix_web::test]
    async fn answers_tell() {
        let core = Core::open(std::sync::Arc::new(Memory::new()), CoreOptions::default()).unwrap();
        let service = init_service(app(shared(core, Settings::default(), LIST))).await;
        let ask = async |path: &str| {
            let answer = call_service(&service, TestRequest::get().uri(path).to_request()).await;
            let header =
                |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            (answer.status().as_u16(), header("deprecation"), header("sunset"), header("link").is_some())
        };
        let (since, sunset) =
            (Some("@1801353600".to_owned()), Some("Tue, 29 Feb 2028 12:00:00 GMT".to_owned()));
        assert_eq!(ask("/healthz").await, (200, since.clone(), sunset.clone(), true));
        // A refusal says it too.
        assert_eq!(ask("/healthz?no=1").await, (400, since.clone(), sunset, true));
        assert_eq!(ask("/metrics").await, (200, since, None, true));
        assert_eq!(ask("/readyz").await, (200, None, None, false));
    }

    #[test]
    fn the_document_tells() {
        let document = serde_json::to_value(document_of(&routes_with(LIST))).unwrap();
        let health = &document["paths"]["/healthz"]["get"];
        assert_eq!(health["deprecated"], true);
        assert!(health["description"].as_str().unwrap().ends_with("on. Ask `readyGet`."));
        for (status, response) in health["responses"].as_object().unwrap() {
            assert!(response["headers"]["Deprecation"]["schema"].is_object(), "{status}");
            assert!(response["headers"]["Sunset"]["schema"].is_object(), "{status}");
        }
        assert!(document["paths"]["/metrics"]["get"]["responses"]["200"]["headers"].get("Sunset").is_none());
        assert!(document["paths"]["/readyz"]["get"].get("deprecated").is_none());
    }
}
