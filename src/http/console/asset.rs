//! Style and scripts of the console, under a name that changes with any of them: a browser keeps each for ever, and a page
//! never mixes those of two versions. Scripts find each other by their own folder, so none has to be rewritten.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderValue};

use super::Answered;
use super::message::{self, Messages};
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
    "clipboard.js" "columns.js" "copy.js" "dom.js" "editors.js" "field-editor.js" "filter-text.js" "filter.js"
    "grid.js" "head-menu.js" "help.js" "ids.js" "keys.js" "menu.js" "messages.js" "panel.js"
    "pick.js" "places.js" "record.js" "rows.js" "save.js" "scroll.js" "secret.js" "toast.js" "toolbar.js" "undo.js" "view.js"
    "write.js"
};

struct Assets {
    version: String,
    files: BTreeMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut bytes: BTreeMap<String, Vec<u8>> =
        FILES.iter().map(|(name, bytes)| ((*name).to_owned(), lean(name, bytes))).collect();
    for messages in Messages::all() {
        bytes.insert(format!("messages.{}.js", messages.language.code), message::script(messages));
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

/// A script without its comments and indents, which are a sixth of what a browser would get. Only whole lines are looked
/// at, so nothing within a line can be mistaken; no script of ours has a text of several lines.
fn lean(name: &str, bytes: &[u8]) -> Vec<u8> {
    let script = media_type(name).starts_with("text/javascript");
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| script) else { return bytes.to_vec() };
    let (mut out, mut within) = (String::with_capacity(text.len()), false);
    for line in text.lines().map(str::trim) {
        within |= line.starts_with("/*");
        if !within && !line.is_empty() && !line.starts_with("//") {
            out.push_str(line);
            out.push('\n');
        }
        within &= !line.ends_with("*/");
    }
    out.into_bytes()
}

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

#[cfg(test)]
mod tests {
    use super::{FILES, lean, media_type};

    #[test]
    fn a_script_is_sent_without_comments() {
        let script = b"// What it is.\n\n/**\n * Adds.\n */\nfunction add(a) {\n  /* one */\n  return a + 1; // why\n}\n";
        assert_eq!(lean("a.js", script), b"function add(a) {\nreturn a + 1; // why\n}\n");
        assert_eq!(lean("a.css", b"/* a */\n  b {}\n"), b"/* a */\n  b {}\n");
    }

    /// What `lean` takes for granted: no text goes over several lines, and nothing stands in a line after a comment.
    #[test]
    fn every_script_can_be_made_lean() {
        for (name, bytes) in FILES.iter().filter(|(name, _)| media_type(name).starts_with("text/javascript"))
        {
            let text = std::str::from_utf8(bytes).unwrap_or_default();
            let mut within = false;
            for (n, line) in text.lines().map(str::trim).enumerate() {
                let at = format!("{name}:{}: {line}", n + 1);
                within |= line.starts_with("/*");
                if within {
                    assert!(line.find("*/").is_none_or(|end| end + 2 == line.len()), "{at}");
                } else if !line.starts_with("//") {
                    assert!(line.matches('`').count() % 2 == 0 && !line.ends_with('\\'), "{at}");
                    // A comment that begins behind code would have to end there, too.
                    assert!(!line.contains(" /* ") || line.contains(" */"), "{at}");
                }
                within &= !line.ends_with("*/");
            }
            assert!(!within, "{name}");
        }
    }
}
