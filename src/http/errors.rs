//! `/errors/{code}`: a page for every code, made from the one table of them.

use std::fmt::Write;

use actix_web::HttpResponse;
use actix_web::http::header;

use super::problem::Problem;
use super::router::Incoming;
use crate::error::{Code, Error};

/// Nothing may be loaded or run; the style stands in the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
code{background:#f0f0f3;padding:.1em .3em;border-radius:4px}table{border-collapse:collapse}td,th{text-align:left;padding:.3rem .8rem .3rem 0;vertical-align:top}\
a{color:#0b57d0}@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#16161a}code{background:#2a2a30}a{color:#8ab4f8}}";

/// A page about one code.
pub fn error_page(incoming: &Incoming) -> Result<HttpResponse, Problem> {
    let name = incoming.parts.get("code").unwrap_or_default();
    let code = Code::ALL.iter().find(|code| code.name() == name);
    let code = code.ok_or_else(|| Error::plain(Code::PathNotFound))?;
    let mut body = String::new();
    let _ = write!(
        body,
        "<h1><code>{}</code></h1><p><strong>{}</strong></p><p>{}</p><p>HTTP status {}. <a href=\"/errors/\">All codes</a></p>",
        code.name(),
        escape(code.title()),
        marked(code.cure()),
        code.status()
    );
    Ok(page(code.name(), &body))
}

/// The page of all codes.
pub fn error_list() -> HttpResponse {
    let mut body =
        String::from("<h1>Error codes</h1><table><tr><th>Code</th><th>Status</th><th>Meaning</th></tr>");
    for code in Code::ALL {
        let (name, status, title) = (code.name(), code.status(), escape(code.title()));
        let _ = write!(
            body,
            "<tr><td><a href=\"/errors/{name}\"><code>{name}</code></a></td><td>{status}</td><td>{title}</td></tr>"
        );
    }
    body.push_str("</table>");
    page("Error codes", &body)
}

fn page(title: &str, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} - undb</title><style>{STYLE}</style></head><body>{body}</body></html>"
    );
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(html)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text whose words between backticks are code.
fn marked(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split('`').enumerate() {
        let part = escape(part);
        let _ = if n % 2 == 1 { write!(out, "<code>{part}</code>") } else { write!(out, "{part}") };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_marked() {
        assert_eq!(marked("send `\"3\"` & <wait>"), "send <code>&quot;3&quot;</code> &amp; &lt;wait&gt;");
    }
}
