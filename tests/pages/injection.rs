//! What people write stays text: wherever a page shows something that somebody wrote, the page has the same elements and
//! attributes as with a harmless word, and the text is there as it was written.

use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::html::Html;
use crate::list::{World, closed_pages, posts};
use crate::visitor::{Fields, Visitor};

/// One a line; `tests/console.rs` shows the same to a real browser.
fn payloads() -> Vec<&'static str> {
    let found: Vec<_> = include_str!("payloads.txt").lines().filter(|line| !line.is_empty()).collect();
    assert!(found.len() >= 100, "{}", found.len());
    found
}

/// Writes a text into everything that has a name or a description.
fn write(world: &World, server: &Server, cookie: &str, text: &str) {
    let (space, secret) = (&world.parts["space"], &world.secret);
    let change = |path: &str, body: Value, with_token: bool| {
        let request = server.patch(path);
        let request = if with_token { request.token(secret) } else { request.cookie(cookie) };
        let answer = request.json(body).send();
        assert_eq!(answer.status, 200, "{text:?}: {answer:?}");
    };
    let both = json!({"name": text, "description": text});
    change(&format!("/api/spaces/{space}"), both.clone(), false);
    change(&world.at("/api/openapi/bases/{base}"), both.clone(), true);
    change(&world.at("/api/openapi/bases/{base}/tables/{table}"), both, true);
    change(&world.at("/api/spaces/{space}/tokens/{token}"), json!({"name": text}), false);
    let fields =
        server.get(&world.at("/api/openapi/bases/{base}/tables/{table}/fields")).token(secret).send();
    let field = fields.text("/fields/0/id");
    let path = world.at(&format!("/api/openapi/bases/{{base}}/tables/{{table}}/fields/{field}"));
    change(&path, json!({"name": text, "description": text}), true);
}

fn page(visitor: &Visitor<'_>, path: &str) -> Html {
    let answer = visitor.ask("GET", path, None, &[]);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    Html::parse(std::str::from_utf8(&answer.bytes).unwrap())
}

#[test]
fn names_and_descriptions_stay_text_on_every_page() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    World::named(&server, &visitor.cookie(), "Second");
    write(&world, &server, &visitor.cookie(), "plain");
    let paths: Vec<String> = closed_pages("GET").iter().map(|pattern| world.at(pattern)).collect();
    let plain: Vec<Html> = paths.iter().map(|path| page(&visitor, path)).collect();
    for text in payloads() {
        write(&world, &server, &visitor.cookie(), text);
        let stored =
            server.get(&world.at("/api/openapi/bases/{base}")).token(&world.secret).send().text("/name");
        for (path, plain) in paths.iter().zip(&plain) {
            let html = page(&visitor, path);
            assert_eq!(html.shape(), plain.shape(), "{path} with {text:?}");
            assert!(html.harms().is_empty(), "{path} with {text:?}: {:?}", html.harms());
            assert!(!plain.says("plain") || html.says(&stored), "{path} does not show {text:?} as it is");
        }
    }
}

#[test]
fn what_comes_back_in_a_refused_form_stays_text() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let (mut refused, mut shown) = (0, 0);
    for text in payloads() {
        for (path, fields) in posts() {
            if path == "/preferences" || path == "/logout" {
                continue;
            }
            // Every field in turn holds the text, in a form that is refused: for a name that is too long, or for having none.
            for (name, _) in &fields {
                let typed =
                    if name == "name" { format!("{text}{}", "x".repeat(256)) } else { text.to_owned() };
                let mut sent: Fields = vec![(name.clone(), typed.clone())];
                if name != "name" {
                    sent.push(("name".into(), String::new()));
                }
                let answer = visitor.ask("POST", &world.at(path), Some(&sent), &[]);
                assert_eq!(answer.status, 422, "{path} {name}={text:?}: {answer:?}");
                let html = Html::parse(std::str::from_utf8(&answer.bytes).unwrap());
                assert!(html.harms().is_empty(), "{path} {name}={text:?}: {:?}", html.harms());
                if ["name", "description"].contains(&name.as_str()) {
                    assert!(html.says(&typed), "{path} does not show {name}={text:?} again");
                    shown += 1;
                }
                refused += 1;
            }
        }
    }
    let count = payloads().len();
    assert!(refused >= count * 20 && shown >= count * 8, "{refused} refused, {shown} shown again");
}

#[test]
fn what_nobody_signed_in_for_stays_text() {
    let server = Server::start();
    let nobody = Visitor::new(&server);
    let check = |html: &Html, what: &str| assert!(html.harms().is_empty(), "{what}: {:?}", html.harms());
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    for text in payloads() {
        let setup = nobody.open(&format!("/setup?code={}&done={}", encoded(text), encoded(text)));
        assert_eq!(setup.value("/setup", "code"), text);
        check(&setup.html, text);
        let refused = nobody.submit(&setup, "/setup", &[("email", text), ("password", text)]);
        assert_eq!((refused.status, refused.value("/setup", "email").as_str()), (422, text));
        check(&refused.html, text);
    }
    drop(server.owner());
    for text in payloads() {
        let login = nobody.open(&format!("/login?next={}", encoded(text)));
        check(&login.html, text);
        // Empty, so that it is no attempt that counts.
        let refused = nobody.submit(&login, "/login", &[("email", text), ("password", "")]);
        assert_eq!((refused.status, refused.value("/login", "email").as_str()), (422, text));
        check(&refused.html, text);
        let odd = nobody.open(&format!("/{}", encoded(text)));
        assert_eq!(odd.status, 404, "{text}");
        check(&odd.html, text);
    }
}

#[test]
fn what_programs_say_of_themselves_stays_text() {
    let server = Server::start();
    drop(server.owner());
    let ascii = |text: &&str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    // Signing in is slow on purpose, so some have to do.
    for text in payloads().into_iter().filter(ascii).step_by(6) {
        let visitor = Visitor::new(&server).with("user-agent", text);
        let page = visitor.open("/login");
        let account = visitor.submit(&page, "/login", &[("email", EMAIL), ("password", PASSWORD)]);
        assert_eq!(account.status, 200);
        let account = visitor.open("/account");
        assert!(account.html.says(text.trim()), "{text:?}: {}", account.main());
        assert!(account.html.harms().is_empty(), "{text:?}: {:?}", account.html.harms());
        visitor.submit(&account, "/logout", &[]);
    }
    for text in payloads() {
        let id: String = text.chars().filter(char::is_ascii_graphic).take(64).collect();
        let answer = Visitor::new(&server).ask("GET", "/nothing", None, &[("x-request-id", &id)]);
        let html = Html::parse(std::str::from_utf8(&answer.bytes).unwrap());
        assert!(html.says(&id) && html.harms().is_empty(), "{id}: {:?}", html.harms());
    }
}
