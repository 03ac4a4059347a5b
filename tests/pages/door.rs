//! The way in: the owner is made once, people sign in and come to where they wanted to be.

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::visitor::Visitor;

fn code(server: &Server) -> String {
    server.setup_code().unwrap()
}

#[test]
fn the_first_visitor_makes_the_owner_and_then_a_space() {
    let server = Server::start();
    let code = code(&server);
    let visitor = Visitor::new(&server);
    let page = visitor.open("/");
    assert_eq!((page.path.as_str(), page.status), ("/setup", 200), "a new server begins with its owner");
    assert_eq!(visitor.open("/login").path, "/setup", "nobody can sign in yet");
    let wrong = [("code", "AAAA-BBBB-CCCC"), ("email", EMAIL), ("password", PASSWORD)];
    let wrong = visitor.submit(&page, "/setup", &wrong);
    assert_eq!(wrong.status, 401);
    assert!(wrong.refusal().unwrap().contains("The setup code is not the one"), "{:?}", wrong.refusal());
    assert_eq!(wrong.value("/setup", "code"), "AAAA-BBBB-CCCC", "to be corrected");
    assert_eq!(wrong.value("/setup", "email"), EMAIL, "what was typed is kept");
    assert_eq!(wrong.value("/setup", "password"), "", "but for the password");

    // The link that the server prints has the code in it.
    let page = visitor.open(&format!("/setup?code={code}"));
    assert_eq!(page.value("/setup", "code"), code);
    let short = visitor.submit(&page, "/setup", &[("email", EMAIL), ("password", "short")]);
    assert_eq!(short.status, 422);
    assert!(short.refusal().unwrap().contains("Password"), "{:?}", short.refusal());
    assert_eq!(short.value("/setup", "email"), EMAIL);
    assert_eq!(short.value("/setup", "code"), code);
    assert!(visitor.cookies().is_empty(), "nobody is signed in yet");

    let space = visitor.submit(&short, "/setup", &[("password", PASSWORD)]);
    assert_eq!((space.path.as_str(), space.status), ("/spaces/new", 200), "who has no space makes one");
    assert_eq!(space.heading(), "Your first space");
    assert_eq!(space.value("/spaces", "samples"), "on", "samples are suggested for the first one");
    let nameless = visitor.submit(&space, "/spaces", &[("samples", "")]);
    assert_eq!(nameless.status, 422);
    assert!(nameless.chosen("/spaces", "samples").is_empty(), "what was chosen is kept");
    let made = visitor.submit(&nameless, "/spaces", &[("name", "Mine"), ("samples", "on")]);
    assert_eq!(made.heading(), "Mine");
    assert!(made.main().contains("CRM") && made.main().contains("300 records"), "{}", made.main());
    assert_eq!(visitor.open("/setup").path, made.path, "the owner is made once");
}

#[test]
fn a_second_owner_is_not_made() {
    let server = Server::start();
    let code = code(&server);
    drop(server.owner());
    let visitor = Visitor::new(&server);
    let late = visitor.post("/setup", &[("code", &code), ("email", "b@example.com"), ("password", PASSWORD)]);
    assert_eq!((late.path.as_str(), late.status), ("/login", 200));
    assert!(visitor.cookies().is_empty());
}

#[test]
fn a_wrong_password_is_told_on_the_same_page() {
    let server = Server::start();
    drop(server.owner());
    let visitor = Visitor::new(&server);
    let page = visitor.open("/account");
    assert_eq!((page.path.as_str(), page.heading()), ("/login?next=%2Faccount", "Sign in"));
    let wrong = visitor.submit(&page, "/login", &[("email", EMAIL), ("password", "wrong-horse")]);
    assert_eq!((wrong.status, wrong.path.as_str()), (401, "/login"));
    assert!(wrong.answer.header("www-authenticate").is_some(), "as every 401 (RFC 9110, section 15.5.2)");
    assert!(wrong.refusal().unwrap().contains("do not fit"), "{:?}", wrong.refusal());
    assert_eq!(wrong.value("/login", "email"), EMAIL);
    assert_eq!(wrong.value("/login", "password"), "");
    assert_eq!(wrong.value("/login", "next"), "/account", "where the visitor wanted to be is not forgotten");
    let nobody = visitor.submit(&page, "/login", &[("email", "nobody@example.com"), ("password", PASSWORD)]);
    assert_eq!(nobody.refusal(), wrong.refusal(), "who is there is not told");
    let right = visitor.submit(&wrong, "/login", &[("password", PASSWORD)]);
    assert_eq!((right.status, right.path.as_str()), (200, "/account"));
    let session = visitor.cookies()["undb_session"].clone();
    let gone = visitor.submit(&right, "/logout", &[]);
    assert_eq!((gone.path.as_str(), gone.done()), ("/login?done=signed_out", Some("You are signed out.")));
    let old = visitor.ask("GET", "/account", None, &[("cookie", &format!("undb_session={session}"))]);
    assert_eq!(old.status, 303, "the old session is no more");
}

/// A refused form says with its status and headers what the API says of the same.
#[test]
fn who_tries_too_often_is_told_when_to_try_again() {
    let server = Server::start();
    drop(server.owner());
    let visitor = Visitor::new(&server);
    let attempt = || visitor.post("/login", &[("email", EMAIL), ("password", "wrong-horse")]);
    for _ in 0..undb::limits::LOGIN_FAILURES_MAX {
        assert_eq!(attempt().status, 401);
    }
    let closed = attempt();
    assert_eq!((closed.status, closed.heading()), (429, "Sign in"));
    let seconds: i64 = closed.answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=undb::limits::LOGIN_WINDOW_SECONDS).contains(&seconds), "{seconds}");
}

#[test]
fn nobody_is_led_to_another_server() {
    let server = Server::start();
    drop(server.owner());
    let own = ["/account", "/spaces?all=1", "/errors/"];
    let foreign = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie: a=b",
        "/\u{0}",
        "/\u{7f}",
        "javascript:alert(1)",
        "evil.example",
        "",
    ];
    for next in own.iter().chain(&foreign) {
        let visitor = Visitor::new(&server);
        let fields = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let arrived = visitor.ask("POST", "/login", Some(&fields), &[]);
        assert_eq!(arrived.status, 303, "{next:?}: {arrived:?}");
        let wanted = if own.contains(next) { next } else { "/" };
        assert_eq!(arrived.header("location"), Some(wanted), "{next:?}");
        let address = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let signed_in = visitor.ask("GET", &format!("/login?{address}"), None, &[]);
        assert_eq!(signed_in.header("location"), Some(wanted), "{next:?}");
    }
}
