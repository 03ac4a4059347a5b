//! Swagger UI, from the files that its crate carries: cached by the browser, packed once, and with a policy that lets
//! nothing leave the machine.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa_swagger_ui::{Config, serve};

use super::codings::Coding;
use super::openapi::Documents;
use super::problem::Problem;
use super::router::Incoming;
use crate::error::{Code, Error};

/// Swagger UI sets styles on its elements; scripts come from the server and from nowhere else.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'self'; object-src 'none'";

/// The files of the page.
pub const FILES: [&str; 8] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    "swagger-initializer.js",
    "favicon-16x16.png",
    "favicon-32x32.png",
];

/// A file that is served as it is.
#[derive(Debug)]
pub struct Asset {
    /// Borrowed from the binary where it is served as its crate has it.
    bytes: Cow<'static, [u8]>,
    of_type: String,
    etag: String,
    packed: OnceLock<Option<Vec<u8>>>,
}

impl Asset {
    pub fn new(bytes: impl Into<Cow<'static, [u8]>>, of_type: impl Into<String>) -> Asset {
        let bytes = bytes.into();
        let hash = blake3::hash(&bytes).to_hex();
        let etag = format!("\"{}\"", hash.get(..16).unwrap_or_default());
        Asset { bytes, of_type: of_type.into(), etag, packed: OnceLock::new() }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file, or 304 if the browser has it.
    pub fn send(&self, request: &HttpRequest) -> HttpResponse {
        let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let mut response = if known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == self.etag)) {
            // RFC 9110, section 15.4.5: what a 200 would say of caching, this says too.
            HttpResponse::NotModified().insert_header((header::VARY, "accept-encoding")).finish()
        } else {
            self.whole(request)
        };
        let headers = response.headers_mut();
        for (name, value) in [(header::ETAG, self.etag.as_str()), (header::CACHE_CONTROL, "no-cache")] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }

    fn whole(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, self.of_type.as_str()));
        // Every browser reads gzip, so each file is packed once at most, on first use.
        if Coding::Gzip.is_taken(request.headers().get(header::ACCEPT_ENCODING))
            && let Some(packed) = self.packed.get_or_init(|| Coding::Gzip.pack(&self.bytes).ok())
        {
            response.insert_header((header::CONTENT_ENCODING, "gzip"));
            response.insert_header((header::VARY, "accept-encoding"));
            return response.body(packed.clone());
        }
        match &self.bytes {
            Cow::Borrowed(bytes) => response.body(*bytes),
            Cow::Owned(bytes) => response.body(bytes.clone()),
        }
    }
}

/// The files by name.
pub fn files() -> HashMap<String, Asset> {
    let config = Config::new(["/api/openapi.json"])
        .validator_url("none")
        .persist_authorization(true)
        .deep_linking(true)
        .display_request_duration(true)
        .default_models_expand_depth(0)
        .doc_expansion("list")
        .try_it_out_enabled(false);
    let config = Arc::new(config);
    let served = FILES.iter().filter_map(|name| {
        let file = serve(name, config.clone()).ok().flatten()?;
        Some(((*name).to_owned(), Asset::new(file.bytes, file.content_type)))
    });
    served.collect()
}

/// `/swagger-ui` is a folder.
pub fn swagger_redirect() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/swagger-ui/")).finish()
}

/// One file of Swagger UI.
pub fn swagger_file(incoming: &Incoming) -> Result<HttpResponse, Problem> {
    let name = incoming.parts.get("file").unwrap_or("index.html");
    let documents = incoming.request.app_data::<web::Data<Documents>>();
    let asset = documents.and_then(|documents| documents.swagger.get(name));
    let asset = asset.ok_or_else(|| Error::plain(Code::PathNotFound))?;
    let mut response = asset.send(&incoming.request);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}
