//! Bodies that can't be right, sent to every operation that reads one: each is the 4xx of the contract, and changes nothing.

use serde_json::{Value, json};
use undb::error::Code;

use crate::ask::{Ask, nothing, refused};
use crate::calls::{Needs, ROWS, World, document, matched};
use crate::engine::rows;
use crate::harness::{Answer, Server, Shop};

/// Sends bytes to an operation as someone who may call it.
fn send(server: &Server, world: &World, cookie: &str, id: &str, bytes: &[u8]) -> Answer {
    let document = document(server);
    let (operation, row) = matched(&document).into_iter().find(|(operation, _)| operation.id == id).unwrap();
    let request = server.request(&operation.method, &world.path(&operation, row, false));
    let request =
        if row.needs == Needs::Session { request.cookie(cookie) } else { request.token(&world.secret) };
    request.raw("application/json", bytes.to_vec()).send()
}

/// Everything that is stored of people, spaces and what is in them, but when tokens were used.
pub fn stored(server: &Server) -> Vec<Vec<(Vec<u8>, Vec<u8>)>> {
    use undb::store::schema::{EXPIRY, LEASE, MAP, META, TOKEN_USAGE, TOKEN_USED};
    let own = [META, TOKEN_USED, TOKEN_USAGE, EXPIRY, LEASE];
    let kept = MAP.iter().map(|entry| entry.of).filter(|of| !own.contains(of));
    kept.map(|of| rows(server.core.engine.as_ref(), of, &[])).collect()
}

#[test]
fn a_body_that_is_no_json_object_is_refused_by_every_operation() {
    let server = Server::start();
    let cookie = server.owner();
    let world = World::make(&server, &cookie, "");
    let deep = |open: &str, close: &str| [open.repeat(10_000), close.repeat(10_000)].concat().into_bytes();
    let bodies: Vec<(&str, Vec<u8>, u16)> = vec![
        ("empty", Vec::new(), 400),
        ("spaces", b"  \n".to_vec(), 400),
        ("cut off", b"{\"name\": \"x".to_vec(), 400),
        ("a comma too many", b"{\"name\": \"x\",}".to_vec(), 400),
        ("two texts", b"{} {}".to_vec(), 400),
        ("a comment", b"{/**/}".to_vec(), 400),
        ("single quotes", b"{'name': 'x'}".to_vec(), 400),
        ("a control character in a text", b"{\"name\": \"a\nb\"}".to_vec(), 400),
        ("no UTF-8", b"{\"name\": \"\xff\"}".to_vec(), 400),
        ("half of UTF-8", b"{\"name\": \"\xf0\x9f\"}".to_vec(), 400),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec(), 400),
        ("UTF-16", b"{\0}\0".to_vec(), 400),
        ("NUL", b"\0".to_vec(), 400),
        ("NaN", b"{\"name\": NaN}".to_vec(), 400),
        ("Infinity", b"{\"name\": -Infinity}".to_vec(), 400),
        ("a number of another language", b"{\"name\": 0x10}".to_vec(), 400),
        ("arrays ten thousand deep", deep("[", "]"), 422),
        ("objects ten thousand deep", deep("{\"a\":", "}"), 400),
        ("arrays that are never closed", "[".repeat(10_000).into_bytes(), 400),
        ("null", b"null".to_vec(), 422),
        ("a list", b"[]".to_vec(), 422),
        ("a text", b"\"{}\"".to_vec(), 422),
        ("a number", b"1e999".to_vec(), 422),
        ("true", b"true".to_vec(), 422),
    ];
    let before = stored(&server);
    let mut cells = 0;
    for row in ROWS.iter().filter(|row| reads_body(&server, row.operation)) {
        for (why, bytes, status) in &bodies {
            let optional = bytes.is_empty() && (row.body)(&world).is_none();
            if optional || (bytes.is_empty() && row.operation == "tokenRotate") {
                continue;
            }
            let answer = send(&server, &world, &cookie, row.operation, bytes);
            let why = format!("{}: {why}", row.operation);
            let faults: &[&str] = if *status == 422 { &[" wrong_type"] } else { &[] };
            refused(
                &answer,
                &why,
                *status,
                if *status == 400 { "invalid_json" } else { "invalid_input" },
                faults,
            );
            cells += 1;
        }
        let unknown =
            send(&server, &world, &cookie, row.operation, b"{\"certainly not\": 1, \"certainly not\": 2}");
        assert_eq!((unknown.status, unknown.code().as_str()), (422, "invalid_input"), "{unknown:?}");
        for fault in [("/certainly not", "unknown_member"), ("/certainly not", "repeated_member")] {
            let found = unknown.faults();
            assert!(found.contains(&(fault.0.into(), fault.1.into())), "{}: {found:?}", row.operation);
        }
        assert_eq!(stored(&server), before, "{}: nothing has changed", row.operation);
    }
    println!("{cells} bodies");
    assert!(cells > 400);
}

/// Whether an operation judges a body: all but those that read.
fn reads_body(server: &Server, id: &str) -> bool {
    let document = document(server);
    let (operation, _) = matched(&document).into_iter().find(|(operation, _)| operation.id == id).unwrap();
    operation.writes()
}

#[test]
fn odd_members_and_values_are_refused_with_their_place() {
    let shop = Shop::open();
    let records = shop.path("/records");
    let post = |path: &str, body: &str| {
        shop.server.post(path).token(&shop.token).raw("application/json", body.as_bytes().to_vec()).send()
    };
    let deep = format!(r#"{{"values": {{"title": "a", "extra": {}{}}}}}"#, "[".repeat(66), "]".repeat(66));
    let deepest =
        format!(r#"{{"values": {{"title": "a", "extra": {}1{}}}}}"#, "[".repeat(64), "]".repeat(64));
    let pointer = format!("/values/extra{} out_of_range", "/0".repeat(65));
    for (why, body, faults) in [
        (
            "a member twice",
            r#"{"values": {"title": "a"}, "values": {"title": "b"}}"#,
            &["/values repeated_member"][..],
        ),
        ("a field twice", r#"{"values": {"title": "a", "title": "a"}}"#, &["/values/title repeated_member"]),
        (
            "spelled with an escape",
            r#"{"values": {"title": "a", "t\u0069tle": "a"}}"#,
            &["/values/title repeated_member"],
        ),
        (
            "a member of a value twice",
            r#"{"values": {"title": "a", "extra": {"x": 1, "x": 2}}}"#,
            &["/values/extra/x repeated_member"],
        ),
        ("half a surrogate pair", r#"{"values": {"title": "\ud800"}}"#, &["/values/title invalid_value"]),
        (
            "in JSON as well",
            r#"{"values": {"title": "a", "extra": ["\udc00"]}}"#,
            &["/values/extra/0 invalid_value"],
        ),
        ("in a name", r#"{"values": {"title": "a", "\ud800": 1}}"#, &["/values invalid_value"]),
        ("in a member", r#"{"\ud800": 1}"#, &[" invalid_value"]),
        ("an escaped NUL", r#"{"values": {"title": "a\u0000"}}"#, &["/values/title invalid_value"]),
        ("a value that is nested too deep", &deep, &[&pointer]),
        (
            "an integer that is no f64, inside JSON",
            r#"{"values": {"title": "a", "extra": [9007199254740993]}}"#,
            &["/values/extra/0 not_exact"],
        ),
        (
            "a number beyond all, inside JSON",
            r#"{"values": {"title": "a", "extra": {"x": 1e999}}}"#,
            &["/values/extra/x out_of_range"],
        ),
        ("values are an object", r#"{"values": [["title", "a"]]}"#, &["/values wrong_type"]),
        ("a name with an empty part", r#"{"values": {"title": "a", "": 1}}"#, &["/values/ unknown_field"]),
    ] {
        refused(&post(&records, body), why, 422, "invalid_input", faults);
    }
    assert_eq!(post(&records, &deepest).status, 201, "just deep enough");
    let title = "x".repeat(10_000);
    assert_eq!(post(&records, &json!({"values": {"title": title}}).to_string()).status, 201, "the longest");
    let surrogates = post(&records, r#"{"values": {"title": "\ud83d\ude42"}}"#);
    assert_eq!(surrogates.at("/data/values/title"), "🙂", "a whole pair is a character");
    assert_eq!(shop.got(&shop.path("")).at("/recordCount"), 3);
}

#[test]
fn a_name_that_is_none_is_refused_for_every_noun() {
    let server = Server::start();
    let cookie = server.owner();
    let world = World::make(&server, &cookie, "");
    let document = document(&server);
    let before = stored(&server);
    let mut nouns = 0;
    for (operation, row) in matched(&document) {
        let Some(mut body) = (row.body)(&world).filter(|_| row.needs != Needs::Nothing) else { continue };
        let renames =
            operation.method == "PATCH" && body.get("values").is_none() && body.get("records").is_none();
        if body.get("name").is_none() && !renames {
            continue;
        }
        nouns += 1;
        for name in ["a\0b", &"x".repeat(256), "", "\u{7f}", &world.record, &world.space] {
            body["name"] = name.into();
            let answer = send(&server, &world, &cookie, row.operation, body.to_string().as_bytes());
            let why = format!("{}: {name:?}", row.operation);
            refused(&answer, &why, 422, "invalid_input", &["/name invalid_name"]);
        }
    }
    assert!(nouns >= 10, "spaces, bases, tables, fields and tokens, made and changed: {nouns}");
    assert_eq!(stored(&server), before);
}

#[test]
fn an_id_of_another_kind_is_not_there() {
    let shop = Shop::open();
    let record = shop.record(json!({"title": "Dune"}));
    let fields = shop.got(&shop.path("")).at("/fields/0/id").as_str().unwrap().to_owned();
    let ids = [&shop.space, &shop.base, &shop.table, &fields, &record];
    let odd = ["%00", "%20", "..%2f", "a%0Ab", "%F0%9F%99%82", "%25", &"x".repeat(300)].map(str::to_owned);
    let kinds = [
        ("/api/spaces/{}", "space_not_found", &shop.space),
        ("/api/openapi/bases/{}", "base_not_found", &shop.base),
        (&format!("/api/openapi/bases/{}/tables/{{}}", shop.base), "table_not_found", &shop.table),
        (&shop.path("/fields/{}"), "field_not_found", &fields),
        (&shop.path("/records/{}"), "record_not_found", &record),
        (&format!("/api/spaces/{}/tokens/{{}}", shop.space), "token_not_found", &nothing("tkn")),
    ];
    for (path, code, own) in kinds {
        for id in ids.iter().map(|id| (*id).clone()).chain(odd.clone()).filter(|id| id != own) {
            let answer = shop.ask("GET", &path.replace("{}", &id), Value::Null);
            refused(&answer, &format!("{path} {id}"), 404, code, &[]);
        }
        for broken in ["%ff", "%c3%28", "a%80"] {
            let answer = shop.ask("GET", &path.replace("{}", broken), Value::Null);
            refused(&answer, &format!("{path} {broken}"), 400, "invalid_path", &[]);
        }
    }
    assert!(Code::ALL.len() > 40);
}
