//! People: setting up once, signing in and out, sessions that slide, failures that count, and which space is meant.

use serde_json::{Value, json};

use crate::ask::{nothing, refused, with_body};
use crate::harness::{Answer, EMAIL, PASSWORD, Server, Setup, Shop};
use crate::token::START;

const DAY_MS: i64 = 86_400_000;

fn timed() -> Server {
    let time = undb::clock::Time::parse(START).unwrap();
    Server::with(Setup { clock: undb::clock::Clock::manual(time), ..Setup::default() })
}

fn login(server: &Server, email: &str, password: &str) -> Answer {
    server.post("/api/auth/login").json(json!({"email": email, "password": password})).send()
}

fn me(server: &Server, cookie: &str) -> Answer {
    server.get("/api/auth/me").cookie(cookie).send()
}

#[test]
fn the_owner_is_made_once_with_the_code() {
    let server = Server::start();
    let code = server.setup_code().unwrap();
    let setup = |code: &str| {
        server
            .post("/api/auth/setup")
            .json(json!({"code": code, "email": EMAIL, "password": PASSWORD}))
            .send()
    };
    for wrong in ["", "ABCD-EFGH-JKLM", &code[1..], &code.to_lowercase()] {
        refused(&setup(wrong), "not the code", 401, "wrong_code", &[]);
    }
    let made = setup(&format!(" {code} "));
    assert_eq!((made.status, made.at("/owner"), made.at("/email")), (201, json!(true), json!(EMAIL)));
    let cookie = made.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(me(&server, &cookie).json(), made.json(), "the answer signs them in");
    refused(&setup(&code), "once", 409, "setup_done", &[]);
    assert!(server.setup_code().is_none());
    let listed = server.get("/api/spaces").cookie(&cookie).send();
    assert_eq!(listed.at("/spaces"), json!([]));
    for (why, body, faults) in [
        ("nothing", json!({}), &["/code required", "/email required", "/password required"][..]),
        (
            "each is checked",
            json!({"code": 1, "email": "x", "password": "seven77", "name": "x"}),
            &["/code wrong_type", "/email invalid_value", "/password invalid_value", "/name unknown_member"],
        ),
        (
            "a password has 256 characters at most",
            json!({"code": "x", "email": EMAIL, "password": "x".repeat(257)}),
            &["/password invalid_value"],
        ),
    ] {
        refused(&server.post("/api/auth/setup").json(body).send(), why, 422, "invalid_input", faults);
    }
}

#[test]
fn a_session_lasts_from_login_to_logout() {
    let server = Server::start();
    let other = server.owner();
    let signed = login(&server, "OWNER@example.com", PASSWORD);
    assert_eq!((signed.status, signed.at("/email")), (200, json!(EMAIL)), "case of an address is no matter");
    let line = signed.header("set-cookie").unwrap();
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=2592000"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!line.contains("Secure") && !line.contains("Domain"), "not behind TLS: {line}");
    assert_eq!(signed.header("cache-control"), Some("no-store"));
    let cookie = line.split(';').next().unwrap().to_owned();
    assert_eq!(me(&server, &format!("a=b; {cookie}; c=d")).at("/email"), EMAIL);
    let out = server.post("/api/auth/logout").cookie(&cookie).send();
    assert_eq!(out.status, 204, "{out:?}");
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    refused(&me(&server, &cookie), "it has ended", 401, "unauthorized", &[]);
    assert_eq!(me(&server, &other).status, 200, "another session goes on");
    for wrong in ["", "undb_session=", "undb_session=abc", "session=x", &cookie[..cookie.len() - 1]] {
        refused(&me(&server, wrong), wrong, 401, "unauthorized", &[]);
    }
    let mut told = None;
    for (why, email, password) in
        [("wrong password", EMAIL, "wrong-horse"), ("nobody", "no@example.com", PASSWORD)]
    {
        let answer = login(&server, email, password);
        refused(&answer, why, 401, "wrong_credentials", &[]);
        assert!(answer.header("set-cookie").is_none());
        let mut problem = answer.json();
        problem["requestId"] = Value::Null;
        let first = told.get_or_insert_with(|| problem.clone());
        assert_eq!(*first, problem, "{why}: the answer tells no one from another");
    }
    let proxied = Setup {
        settings: undb::http::Settings {
            trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
            ..Default::default()
        },
        ..Setup::default()
    };
    let server = Server::with(proxied);
    server.owner();
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let secure = server.post("/api/auth/login").header("x-forwarded-proto", "https").json(body).send();
    assert!(secure.header("set-cookie").unwrap().ends_with("; Secure"), "behind TLS: {secure:?}");
}

#[test]
fn a_session_ends_thirty_days_after_its_last_use() {
    let server = timed();
    let cookie = server.owner();
    let unused = server.login(EMAIL, PASSWORD);
    for _ in 0..3 {
        server.core.clock.advance_millis(29 * DAY_MS);
        let commits = || server.core.engine.stats().commits;
        let before = commits();
        assert_eq!(me(&server, &cookie).status, 200, "each use moves its end");
        // It is noted in the background.
        let noted = (0..2000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            commits() > before
        });
        assert!(noted, "the use was not noted");
    }
    refused(&me(&server, &unused), "never used again", 401, "unauthorized", &[]);
    server.core.clock.advance_millis(30 * DAY_MS);
    refused(&me(&server, &cookie), "thirty days are over", 401, "unauthorized", &[]);
}

#[test]
fn ten_failures_close_the_door_for_a_while() {
    let server = timed();
    server.owner();
    for n in 0..10 {
        assert_eq!(login(&server, EMAIL, "wrong-horse").status, 401, "failure {n}");
        assert_eq!(
            login(&server, EMAIL, PASSWORD).status,
            if n < 9 { 200 } else { 429 },
            "after failure {n}"
        );
        server.core.clock.advance_millis(1000);
    }
    let closed = login(&server, EMAIL, PASSWORD);
    refused(&closed, "even the right password", 429, "too_many_attempts", &[]);
    let wait: i64 = closed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=15 * 60).contains(&wait), "{wait}");
    let body = json!({"email": "x", "password": PASSWORD});
    let answer = server.post("/api/auth/login").json(body).send();
    refused(&answer, "a body is judged first", 422, "invalid_input", &["/email invalid_value"]);
    refused(&login(&server, "other@example.com", PASSWORD), "by address too", 429, "too_many_attempts", &[]);
    server.core.clock.advance_millis(wait * 1000);
    assert_eq!(login(&server, EMAIL, PASSWORD).status, 200, "Retry-After is the truth");
    // The two that are a quarter of an hour old count no more.
    for _ in 0..2 {
        assert_eq!(login(&server, EMAIL, "wrong-horse").status, 401);
    }
    refused(&login(&server, EMAIL, PASSWORD), "ten within the window again", 429, "too_many_attempts", &[]);
    server.core.clock.advance_millis(16 * 60 * 1000);
    assert_eq!(login(&server, EMAIL, PASSWORD).status, 200);
}

#[test]
fn a_page_of_another_origin_changes_nothing_with_a_session() {
    let shop = Shop::open();
    let host = shop.server.address.to_string();
    let own = format!("http://{host}");
    for (n, (why, headers, passes)) in [
        ("no browser's", &[][..], true),
        ("of the same origin", &[("sec-fetch-site", "same-origin")], true),
        ("typed by the person", &[("sec-fetch-site", "none")], true),
        ("its own origin", &[("origin", own.as_str())], true),
        ("of another site", &[("sec-fetch-site", "cross-site")], false),
        ("of a neighbour", &[("sec-fetch-site", "same-site")], false),
        ("of another origin", &[("origin", "http://evil.example")], false),
        ("of no origin", &[("origin", "null")], false),
        ("of another port", &[("origin", "http://127.0.0.1:1")], false),
    ]
    .into_iter()
    .enumerate()
    {
        let send = |method: &str, path: &str, body: Value| {
            let request =
                shop.server.request(method, path).cookie(&shop.cookie).header("x-undb-space", &shop.space);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
            with_body(request, body).send()
        };
        let made = send("POST", "/api/openapi/bases", json!({"name": format!("b{n}")}));
        if passes {
            assert_eq!(made.status, 201, "{why}: {made:?}");
        } else {
            refused(&made, why, 403, "origin_refused", &[]);
            refused(&send("POST", "/api/auth/logout", Value::Null), why, 403, "origin_refused", &[]);
        }
        let read = send("GET", "/api/openapi/bases", Value::Null);
        if passes || headers.iter().all(|(name, _)| *name != "origin") {
            assert_eq!(read.status, 200, "{why}: reading is safe");
        } else {
            refused(&read, why, 401, "unauthorized", &[]);
        }
        let request = shop.server.post("/api/openapi/bases").token(&shop.token);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        let by_token = request.json(json!({"name": format!("t{n}")})).send();
        assert_eq!(by_token.status, 201, "{why}: a token is asked for no origin");
    }
    assert_eq!(me(&shop.server, &shop.cookie).status, 200);
}

#[test]
fn a_session_has_to_say_which_space_it_means() {
    let shop = Shop::open();
    let stranger = shop.server.person("stranger@example.com");
    let theirs = shop.server.space(&stranger, "Theirs");
    let get = |cookie: &str, space: Option<&str>| {
        let request = shop.server.get("/api/openapi/bases").cookie(cookie);
        space.into_iter().fold(request, |request, space| request.header("x-undb-space", space)).send()
    };
    refused(&get(&shop.cookie, None), "none is named", 400, "space_required", &[]);
    assert_eq!(get(&shop.cookie, Some(&shop.space)).at("/bases/0/name"), "Shop");
    assert_eq!(get(&shop.cookie, Some("Main")).status, 200, "its name does too");
    for (why, cookie, space) in [
        ("someone else's", &shop.cookie, theirs.as_str()),
        ("by name", &shop.cookie, "Theirs"),
        ("the owner's, for a stranger", &stranger, &shop.space),
        ("one that never was", &stranger, &nothing("spc")),
        ("no space's id", &stranger, &shop.base),
        ("nothing", &stranger, ""),
    ] {
        refused(&get(cookie, Some(space)), why, 404, "space_not_found", &[]);
    }
    let spaced = shop.server.space(&shop.cookie, "Größe 50%");
    for name in ["Gr%C3%B6%C3%9Fe%2050%25", "Gr%c3%b6%c3%9fe 50%"] {
        let request = shop.server.get("/api/openapi/space").cookie(&shop.cookie);
        let found = request.header("x-undb-space", name).send();
        assert_eq!((found.status, found.text("/id")), (200, spaced.clone()), "{name}");
    }
    let twice = shop.server.get("/api/openapi/bases").cookie(&shop.cookie);
    let twice = twice.header("x-undb-space", &shop.space).header("x-undb-space", "Main").send();
    refused(&twice, "two of them", 400, "invalid_header", &["x-undb-space invalid_header"]);
    let both =
        shop.server.get("/api/openapi/bases").token(&shop.token).header("x-undb-space", &theirs).send();
    refused(&both, "a token has one space only", 404, "space_not_found", &[]);
    let bad = shop.server.get("/api/openapi/bases").token("undb_x").cookie(&shop.cookie);
    refused(&bad.send(), "a bad token beside a good cookie", 401, "unauthorized", &[]);
    let token = shop.server.get("/api/auth/me").token(&shop.token).send();
    refused(&token, "a token is no person", 403, "session_required", &[]);
}
