//! Swagger UI, from the files that its crate carries: cached by the browser, packed once, and with a policy that lets
//! nothing leave the machine.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use utoipa_swagger_ui::{Config, serve};

use super::codings::{Coding, gzip_small};
use super::openapi::Documents;
use super::problem::Problem;
use super::router::Incoming;
use crate::error::{Code, Error};

/// Swagger UI sets styles on its elements; scripts come from the server and from nowhere else.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'self'; object-src 'none'";

/// The file that starts the page, and what it is here.
const INITIALIZER: &str = "swagger-initializer.js";
const START: &[u8] = include_bytes!("swagger.js");

/// The files of the page.
pub const FILES: [&str; 8] = [
    "index.html",
    "index.css",
    "swagger-ui.css",
    "swagger-ui-bundle.js",
    "swagger-ui-standalone-preset.js",
    INITIALIZER,
    "favicon-16x16.png",
    "favicon-32x32.png",
];

/// A file that is served as it is.
#[derive(Debug)]
pub struct Asset {
    /// Shared with every answer, and with the binary where it is served as its crate has it.
    bytes: Bytes,
    of_type: String,
    etag: String,
    packed: OnceLock<Option<Bytes>>,
    pack: fn(&[u8]) -> std::io::Result<Vec<u8>>,
}

impl Asset {
    pub fn new(bytes: impl Into<Cow<'static, [u8]>>, of_type: impl Into<String>) -> Asset {
        let bytes = match bytes.into() {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        let etag = etag(&blake3::hash(&bytes));
        Asset { pack: gzip_small, ..Asset::tagged(bytes, of_type, etag) }
    }

    /// A file whose entity tag is known otherwise, and which is sent for a while only.
    pub fn tagged(bytes: impl Into<Bytes>, of_type: impl Into<String>, etag: String) -> Asset {
        let pack = |bytes: &[u8]| Coding::Gzip.pack(bytes);
        Asset { bytes: bytes.into(), of_type: of_type.into(), etag, packed: OnceLock::new(), pack }
    }

    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// Bytes that it takes, packed too as far as it has been packed.
    pub fn weight(&self) -> usize {
        self.bytes.len() + self.packed.get().and_then(Option::as_ref).map_or(0, Bytes::len)
    }

    /// Whether this request is the first one to be answered with it packed.
    pub fn is_to_be_packed(&self, request: &HttpRequest) -> bool {
        self.packed.get().is_none() && takes_gzip(request)
    }

    /// Packs it, where that may take its time.
    pub fn pack(&self) -> Option<&Bytes> {
        self.packed.get_or_init(|| (self.pack)(&self.bytes).ok().map(Bytes::from)).as_ref()
    }

    /// The file, or 304 if the browser has it.
    pub fn send(&self, request: &HttpRequest) -> HttpResponse {
        let known = is_known(request, &self.etag);
        let mut response = if known { not_modified(&self.etag) } else { self.whole(request) };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    fn whole(&self, request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, self.of_type.as_str()));
        response.insert_header((header::ETAG, self.etag.as_str()));
        // Every browser reads gzip, so each file is packed once at most, on first use.
        if takes_gzip(request)
            && let Some(packed) = self.pack()
        {
            response.insert_header((header::CONTENT_ENCODING, "gzip"));
            response.insert_header((header::VARY, "accept-encoding"));
            return response.body(packed.clone());
        }
        response.body(self.bytes.clone())
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    Coding::Gzip.is_taken(request.headers().get(header::ACCEPT_ENCODING))
}

/// The entity tag that a hash makes.
pub fn etag(hash: &blake3::Hash) -> String {
    format!("\"{}\"", hash.to_hex().get(..16).unwrap_or_default())
}

/// Whether the client has what has this entity tag, by weak comparison (RFC 9110, section 13.1.2).
pub fn is_known(request: &HttpRequest, etag: &str) -> bool {
    let lines = request.headers().get_all(header::IF_NONE_MATCH).filter_map(|tags| tags.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// That it has it. RFC 9110, section 15.4.5: what a 200 would say of caching, this says too.
pub fn not_modified(etag: &str) -> HttpResponse {
    let mut response = HttpResponse::NotModified();
    response.insert_header((header::VARY, "accept-encoding")).insert_header((header::ETAG, etag));
    response.finish()
}

/// The files by name.
pub fn files() -> HashMap<String, Asset> {
    // Ours takes the place of the one file that it would be written into.
    let config = Arc::new(Config::default());
    let served = FILES.iter().filter_map(|name| {
        if *name == INITIALIZER {
            return Some(((*name).to_owned(), Asset::new(START, "text/javascript")));
        }
        let file = serve(name, config.clone()).ok().flatten()?;
        let bytes = if *name == "index.html" { scaled(&file.bytes).into() } else { file.bytes };
        Some(((*name).to_owned(), Asset::new(bytes, file.content_type)))
    });
    served.collect()
}

/// The page as wide as the screen that shows it, which the crate's does not say.
fn scaled(page: &[u8]) -> Vec<u8> {
    let wide = "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    <title>";
    String::from_utf8_lossy(page).replacen("<title>", wide, 1).into_bytes()
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
