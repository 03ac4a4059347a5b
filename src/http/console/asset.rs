//! Style and scripts of the console, under a name that changes with any of them: a browser keeps each for ever, and a page
//! never mixes those of two versions. Scripts find each other by their own folder, so none has to be rewritten.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};

use super::Answered;
use super::message::{self, LANGUAGES};
use crate::error::{Code, Error};
use crate::http::router::Incoming;
use crate::http::swagger::Asset;

macro_rules! files {
    ($($name:literal)+) => {
        &[$(($name, include_bytes!(concat!("assets/", $name)).as_slice())),+]
    };
}

/// Every file of the folder.
const FILES: &[(&str, &[u8])] = files! {
    "console.css" "grid.css" "icon.svg" "icons.svg" "app.js" "api.js" "cells.js" "choices.js"
    "clipboard.js" "columns.js" "dom.js" "editors.js" "field-editor.js" "filter-text.js" "filter.js"
    "grid.js" "head-menu.js" "help.js" "ids.js" "keys.js" "menu.js" "messages.js" "panel.js"
    "pick.js" "places.js" "rows.js" "save.js" "scroll.js" "toast.js" "toolbar.js" "view.js"
};

struct Assets {
    version: String,
    files: BTreeMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut bytes: BTreeMap<String, Vec<u8>> =
        FILES.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect();
    for language in LANGUAGES {
        bytes.insert(format!("messages.{}.js", language.code), message::script(language));
    }
    let mut hasher = blake3::Hasher::new();
    for (name, bytes) in &bytes {
        hasher.update(name.as_bytes()).update(blake3::hash(bytes).as_bytes());
    }
    let version = hasher.finalize().to_hex().chars().take(12).collect();
    let files =
        bytes.into_iter().map(|(name, bytes)| (name.clone(), Asset::new(bytes, media_type(&name)))).collect();
    Assets { version, files }
});

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// Where the files of this version are.
pub fn folder() -> String {
    format!("/assets/{}", ASSETS.version)
}

/// One file.
pub fn send(incoming: &Incoming) -> Answered {
    let part = |name| incoming.parts.get(name).unwrap_or_default();
    // A page of an older version asks for files that are no more: better none than one that does not fit the others.
    let file = (part("version") == ASSETS.version).then(|| ASSETS.files.get(part("file"))).flatten();
    let file = file.ok_or_else(|| Error::plain(Code::PathNotFound))?;
    let mut response = file.send(&incoming.request);
    let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}
