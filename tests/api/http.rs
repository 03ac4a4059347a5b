//! What holds for every call: paths and methods, request ids, media types, sizes, other origins, one envelope for errors.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ask::{Ask, nothing, refused, with_body};
use crate::harness::{Answer, Setup, Shop};

const MIB: usize = 1 << 20;

/// Sends bytes over a connection of their own, and reads until the other end closes it: head and body.
fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    // The other end may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_path_or_a_method_that_is_not_there_is_named() {
    let shop = Shop::open();
    for path in [
        "/nothing",
        "/api/openapi/bases/",
        "/api//openapi",
        "/swagger-ui/nothing.js",
        "/errors/nothing",
        "/api/openapi/bases/a/tables/b/views",
    ] {
        refused(&shop.ask("GET", path, Value::Null), path, 404, "path_not_found", &[]);
    }
    refused(&shop.server.get("/api/nothing").send(), "credentials come first", 401, "unauthorized", &[]);
    for (method, path, allow) in [
        ("POST", "/api/openapi/space".to_owned(), "GET, HEAD"),
        ("PUT", "/api/openapi/bases".to_owned(), "GET, POST, HEAD"),
        ("POST", shop.path(""), "GET, PATCH, DELETE, HEAD"),
        ("GET", shop.path("/records/bulk/x"), ""),
        ("POST", shop.path("/records"), ""),
        ("OPTIONS", shop.path("/records"), "GET, POST, PATCH, PUT, DELETE, HEAD"),
        ("GET", "/api/auth/login".to_owned(), "POST"),
        ("HEAD", "/api/auth/login".to_owned(), "POST"),
        ("POST", "/healthz".to_owned(), "GET, HEAD"),
        ("DELETE", "/".to_owned(), "GET, HEAD"),
        ("PROPFIND", "/api/openapi/space".to_owned(), "GET, HEAD"),
    ] {
        let answer = shop.ask(method, &path, Value::Null);
        if allow.is_empty() {
            assert_ne!(answer.status, 405, "{method} {path}");
            continue;
        }
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{method} {path}");
        if method != "HEAD" {
            assert_eq!(answer.code(), "method_not_allowed");
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    for path in [
        shop.path(&format!("/records/{id}")),
        "/healthz".into(),
        "/api/openapi.json".into(),
        shop.path("/records"),
    ] {
        let (get, head) = (shop.got(&path), shop.ask("HEAD", &path, Value::Null));
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
        for name in ["content-type", "content-length", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    let missing = shop.ask("HEAD", &shop.path(&format!("/records/{}", nothing("rec"))), Value::Null);
    assert_eq!((missing.status, missing.bytes.len()), (404, 0));
}

#[test]
fn every_answer_has_a_request_id() {
    let shop = Shop::open();
    let send = |id: Option<&str>, path: &str| -> String {
        let request = shop.server.get(path);
        let request = id.into_iter().fold(request, |request, id| request.header("x-request-id", id));
        request.send().header("x-request-id").unwrap().to_owned()
    };
    let longest = "x".repeat(64);
    for kept in ["a", "01JD-abc/+=~!", &longest] {
        for path in ["/healthz", "/nothing", "/api/openapi/space", "/swagger-ui/"] {
            assert_eq!(send(Some(kept), path), kept, "{path}");
        }
    }
    let longer = "x".repeat(65);
    for replaced in [None, Some(""), Some("a b"), Some("é"), Some(longer.as_str())] {
        let (first, second) = (send(replaced, "/healthz"), send(replaced, "/healthz"));
        assert!(first != second && Some(first.as_str()) != replaced, "{replaced:?} {first}");
        assert!((1..=64).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

#[test]
fn a_body_is_json_or_refused() {
    let shop = Shop::open();
    let path = shop.path("/records");
    let send = |of_type: Option<&str>, coding: Option<&str>| {
        let mut request = shop.server.post(&path).token(&shop.token);
        if let Some(coding) = coding {
            request = request.header("content-encoding", coding);
        }
        let body = br#"{"values": {"title": "Dune"}}"#.to_vec();
        match of_type {
            Some(of_type) => request.raw(of_type, body),
            None => request.body_of(body),
        }
        .send()
    };
    for fits in ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"] {
        assert_eq!(send(Some(fits), None).status, 201, "{fits}");
    }
    for wrong in [
        None,
        Some("text/plain"),
        Some("application/json; charset=latin1"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/jsonp"),
        Some("json"),
    ] {
        refused(&send(wrong, None), &format!("{wrong:?}"), 415, "media_type_unsupported", &[]);
    }
    for coding in ["compress", "gzip, br", "x"] {
        let answer = send(Some("application/json"), Some(coding));
        refused(&answer, coding, 415, "media_type_unsupported", &[]);
        assert!(answer.header("accept-encoding").unwrap().contains("zstd"), "{answer:?}");
    }
    assert_eq!(send(Some("application/json"), Some("identity")).status, 201);
}

/// A good body of exactly `bytes` bytes: spaces fill it.
fn padded(body: Value, bytes: usize) -> Vec<u8> {
    let mut text = body.to_string().into_bytes();
    text.resize(bytes, b' ');
    text
}

#[test]
fn a_body_has_a_limit_that_is_exact() {
    let shop = Shop::open();
    let id = shop.record(json!({"title": "Dune"}));
    let (one, many) = (shop.path("/records"), shop.path("/records/bulk"));
    for (method, path, body, limit) in [
        ("POST", &one, json!({"values": {"title": "x"}}), MIB),
        ("PATCH", &shop.path(&format!("/records/{id}")), json!({"values": {}}), MIB),
        ("POST", &"/api/openapi/bases".to_owned(), json!({"name": "x"}), MIB),
        ("POST", &many, json!({"records": [{"values": {"title": "x"}}]}), 16 * MIB),
        ("PATCH", &one, json!({"records": [{"id": id, "values": {}}]}), 16 * MIB),
        ("PUT", &one, json!({"on": "isbn", "records": [{"values": {"title": "x", "isbn": "1"}}]}), 16 * MIB),
        ("DELETE", &one, json!({"ids": [id]}), 16 * MIB),
    ] {
        let text = padded(body, limit + 1);
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nx-undb-api-token: {}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n",
            shop.token,
            limit + 1
        );
        let answer = exchange(shop.server.address, head.as_bytes());
        assert!(
            answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"body_too_large\""),
            "said: {answer}"
        );
        let head = head.replace(&format!("content-length: {}", limit + 1), "transfer-encoding: chunked");
        let mut chunked = head.into_bytes();
        for chunk in text.chunks(MIB / 2) {
            chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunked.extend_from_slice(chunk);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        let answer = exchange(shop.server.address, &chunked);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "not said: {answer}");
        let request = shop.server.request(method, path).token(&shop.token);
        let fits = request.raw("application/json", text[..limit].to_vec()).send();
        assert!(fits.status < 300, "{method} {path}: just the limit: {fits:?}");
    }
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 3, "nothing that was too large has been done");
}

#[test]
fn what_is_no_http_is_answered_by_the_layer_below() {
    let shop = Shop::open();
    let address = shop.server.address;
    let long = "x".repeat(200_000);
    for (why, request, begins) in [
        ("no request line", "nonsense\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (
            "a head over 128 KiB",
            format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: {long}\r\n\r\n"),
            "HTTP/1.1 431",
        ),
    ] {
        let answer = exchange(address, request.as_bytes());
        assert!(answer.starts_with(begins), "{why}: {}", &answer[..answer.len().min(200)]);
    }
    let partial = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nx-undb-api-token: {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        shop.path("/records"),
        shop.token
    );
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(partial.as_bytes()).unwrap();
    drop(stream);
    assert_eq!(shop.got("/healthz").status, 200, "a client that goes away does no harm");
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 0);
}

fn crossing(
    shop: &Shop,
    method: &str,
    path: &str,
    origin: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Answer {
    let request = shop.server.request(method, path).header("origin", origin);
    with_body(headers.iter().fold(request, |request, (name, value)| request.header(name, value)), body).send()
}

#[test]
fn pages_of_allowed_origins_may_call_with_a_token() {
    let settings =
        undb::http::Settings { cors_origins: vec!["https://app.example".into()], ..Default::default() };
    let shop = Shop::with(Setup { settings, ..Setup::default() });
    let records = shop.path("/records");
    let token = [("x-undb-api-token", shop.token.as_str())];
    let asked = [("access-control-request-method", "PATCH"), ("access-control-request-headers", "if-match")];
    let preflight = crossing(&shop, "OPTIONS", &records, "https://app.example", &asked, Value::Null);
    assert_eq!(preflight.status, 204, "without a token: {preflight:?}");
    assert_eq!(preflight.header("access-control-allow-origin"), Some("https://app.example"));
    for (name, part) in [
        ("access-control-allow-methods", "PATCH"),
        ("access-control-allow-headers", "x-undb-api-token"),
        ("access-control-allow-headers", "if-match"),
        ("access-control-allow-headers", "idempotency-key"),
        ("vary", "origin"),
    ] {
        assert!(preflight.header(name).unwrap().contains(part), "{name}: {preflight:?}");
    }
    let made =
        crossing(&shop, "POST", &records, "https://app.example", &token, json!({"values": {"title": "x"}}));
    assert_eq!((made.status, made.header("access-control-allow-origin")), (201, Some("https://app.example")));
    assert!(made.header("access-control-expose-headers").unwrap().contains("etag"));
    assert!(made.header("access-control-allow-credentials").is_none(), "cookies never");
    let wrong = crossing(&shop, "GET", &records, "https://app.example", &[], Value::Null);
    assert_eq!(
        (wrong.status, wrong.header("access-control-allow-origin")),
        (401, Some("https://app.example"))
    );
    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"] {
        let preflight = crossing(&shop, "OPTIONS", &records, origin, &asked, Value::Null);
        assert_eq!(preflight.status, 401, "{origin}: {preflight:?}");
        let got = crossing(&shop, "GET", &records, origin, &token, Value::Null);
        assert_eq!((got.status, got.header("access-control-allow-origin")), (200, None), "{origin}");
        assert!(got.header("vary").unwrap().contains("origin"));
    }
    let cookie = [("cookie", shop.cookie.as_str()), ("x-undb-space", shop.space.as_str())];
    let with_cookie =
        crossing(&shop, "POST", &records, "https://app.example", &cookie, json!({"values": {"title": "x"}}));
    refused(&with_cookie, "a session is for the server's own pages", 403, "origin_refused", &[]);
}

#[test]
fn other_origins_are_closed_unless_allowed() {
    let shop = Shop::open();
    let asked = [("access-control-request-method", "GET")];
    let preflight =
        crossing(&shop, "OPTIONS", &shop.path("/records"), "https://app.example", &asked, Value::Null);
    assert_eq!(preflight.status, 401);
    let got = crossing(&shop, "GET", "/healthz", "https://app.example", &[], Value::Null);
    assert_eq!(got.status, 200);
    assert!(!got.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{got:?}");
}

/// What the HTTP layer sets, as the limits say it.
#[test]
fn a_head_has_the_limits_that_are_told() {
    let shop = Shop::open();
    let status = |headers: usize, query: usize| {
        let lines = (0..headers).map(|n| format!("x-{n}: 1\r\n")).collect::<Vec<_>>().concat();
        let path = format!("/healthz?{}", "q".repeat(query - "/healthz?".len()));
        let answer = exchange(shop.server.address, format!("GET {path} HTTP/1.1\r\n{lines}\r\n").as_bytes());
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let (headers, address) = (undb::limits::HEADERS_MAX, undb::limits::ADDRESS_BYTES_MAX);
    for (why, sent, query, found) in [
        ("the most headers, and a parameter that is not known", headers, 20, "400"),
        ("one more", headers + 1, 20, "431"),
        ("the longest address", 1, address, "400"),
    ] {
        assert_eq!(status(sent, query), found, "{why}");
    }
    assert!(status(1, address + 1) == "400", "bare");
}

#[test]
fn a_body_that_does_not_arrive_is_not_waited_for() {
    let (pause, whole) = (Duration::from_millis(200), Duration::from_millis(600));
    let settings =
        undb::http::Settings { patience: undb::http::Patience { pause, whole }, ..Default::default() };
    let shop = Shop::with(Setup { settings, ..Setup::default() });
    for slow in [Duration::from_millis(50), Duration::from_mins(1)] {
        let mut stream = TcpStream::connect(shop.server.address).unwrap();
        stream.set_read_timeout(Some(slow)).unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: a\r\nx-undb-api-token: {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n",
            shop.path("/records"),
            shop.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let began = Instant::now();
        let (mut answer, mut bytes) = (Vec::new(), [0; 1024]);
        // With the short pause it sends a byte now and then, and with the long one it only waits.
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&bytes[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
                Err(_) => _ = stream.write_all(b" "),
            }
            assert!(began.elapsed() < Duration::from_secs(30), "it is still open");
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
    }
}
