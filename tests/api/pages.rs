//! What anyone may read: health, metrics, the document, Swagger UI, and a page for every error code.

use serde_json::{Value, json};
use undb::error::Code;

use crate::ask::{Ask, refused};
use crate::harness::{Server, Shop};

#[test]
fn every_code_has_a_page() {
    let server = Server::start();
    let list = server.get("/errors/").send();
    assert_eq!(list.status, 200);
    let list = String::from_utf8(list.bytes).unwrap();
    for code in Code::ALL {
        let page = server.get(&format!("/errors/{}", code.name())).send();
        assert_eq!(page.status, 200, "{}", code.name());
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
        let text = String::from_utf8(page.bytes).unwrap();
        assert!(text.contains(code.name()) && text.contains(&code.status().to_string()), "{text}");
        assert!(list.contains(&format!("\"/errors/{}\"", code.name())));
    }
    refused(&server.get("/errors/Internal").send(), "names are exact", 404, "path_not_found", &[]);
    let problem = server.get("/nothing").send();
    assert_eq!(server.get(&problem.text("/type")).send().status, 200, "`type` leads to it");
}

#[test]
fn the_document_and_its_page_are_served_and_cached() {
    let server = Server::start();
    let first = server.get("/").send();
    assert_eq!((first.status, first.header("location")), (303, Some("/setup")), "the console begins there");
    assert_eq!(server.get("/swagger-ui").send().header("location"), Some("/swagger-ui/"));
    let document = server.get("/api/openapi.json").send();
    assert_eq!(document.at("/openapi").as_str().unwrap().split('.').next(), Some("3"));
    for (path, of_type) in [
        ("/api/openapi.json", "application/json"),
        ("/api/openapi.yaml", "yaml"),
        ("/swagger-ui/", "text/html"),
        ("/swagger-ui/index.html", "text/html"),
        ("/swagger-ui/swagger-ui.css", "text/css"),
        ("/swagger-ui/swagger-ui-bundle.js", "javascript"),
        ("/swagger-ui/swagger-initializer.js", "javascript"),
    ] {
        let got = server.get(path).send();
        assert_eq!(got.status, 200, "{path}");
        assert!(got.header("content-type").unwrap().contains(of_type), "{path}: {got:?}");
        let etag = got.header("etag").unwrap();
        let again = server.get(path).header("if-none-match", etag).send();
        assert_eq!((again.status, again.bytes.len(), again.header("etag")), (304, 0, Some(etag)), "{path}");
        assert_eq!(again.header("vary"), Some("accept-encoding"), "{path}: as its 200");
        assert_eq!(server.get(path).header("if-none-match", "\"other\"").send().status, 200, "{path}");
        assert_eq!(server.get(path).header("if-none-match", &format!("\"x\", {etag}")).send().status, 304);
        if path.starts_with("/swagger-ui") {
            let policy = got.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'self'") && !policy.contains("http"), "{policy}");
        }
        assert_eq!(got.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for (accept, coding) in [
        ("gzip", Some("gzip")),
        ("br;q=0.1, GZIP;q=0.5", Some("gzip")),
        ("gzip;q=0", None),
        ("gzip;q=0, br", Some("br")),
        ("notgzip", None),
        ("identity", None),
    ] {
        for path in ["/swagger-ui/swagger-ui.css", "/api/openapi.json"] {
            let got = server.get(path).header("accept-encoding", accept).send();
            assert_eq!(got.header("content-encoding"), coding, "{path}: {accept}");
            assert!(got.header("vary").unwrap().contains("accept-encoding"), "{path}: {accept}");
        }
    }
    let start = String::from_utf8(server.get("/swagger-ui/swagger-initializer.js").send().bytes).unwrap();
    assert!(start.contains("/api/openapi.json") && start.contains("persistAuthorization"), "{start}");
    for path in ["/swagger-ui/../Cargo.toml", "/swagger-ui/..%2f..%2fetc%2fpasswd", "/swagger-ui/x/y"] {
        refused(&server.get(path).send(), path, 404, "path_not_found", &[]);
    }
}

#[test]
fn health_and_figures_name_nothing() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let before = metric(&shop, "undb_commits_total");
    shop.record(json!({"title": "Emma"}));
    refused(&shop.ask("GET", "/nothing", Value::Null), "for the figures", 404, "path_not_found", &[]);
    assert!(metric(&shop, "undb_commits_total") > before);
    assert!(metric(&shop, "undb_http_requests_total{status=\"4xx\"}") >= 1.0);
    assert!(metric(&shop, "undb_writable") > 0.5);
    for path in ["/healthz", "/readyz"] {
        let got = shop.server.get(path).send();
        assert_eq!((got.status, got.json()), (200, json!({"status": "ok", "reasons": []})), "{path}");
    }
    let text = String::from_utf8(shop.server.get("/metrics").send().bytes).unwrap();
    for name in [&id, &shop.space, &shop.base, &shop.table, "Shop", "books", "Main", "title", "example.com"] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
}

fn metric(shop: &Shop, name: &str) -> f64 {
    let text = String::from_utf8(shop.server.get("/metrics").send().bytes).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}: {text}")).parse().unwrap()
}
