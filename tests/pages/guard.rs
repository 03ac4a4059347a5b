//! Who may not: pages of other origins, visitors who are not signed in, and people whose space it is not.

use std::collections::BTreeSet;

use crate::harness::{EMAIL, PASSWORD, Server};
use crate::list::{OPEN, World, closed_pages, pages, posts};
use crate::visitor::{Fields, Visitor};

/// The two forms that nobody is signed in for; they have tests of their own.
const DOORS: [&str; 2] = ["/setup", "/login"];

#[test]
fn every_form_has_its_row() {
    let listed: BTreeSet<&str> = posts().iter().map(|(path, _)| *path).chain(DOORS).collect();
    let there = pages("POST");
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    assert_eq!(listed, there, "a new page that takes a form has to stand in tests/pages/list.rs");
}

/// What browsers send along with a form of another origin's page.
const FOREIGN: [&[(&str, &str)]; 5] = [
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site"), ("origin", "http://other.example.com")],
    &[("origin", "http://evil.example")],
    &[("origin", "null")],
    &[("sec-fetch-site", "cross-site"), ("origin", "null")],
];

#[test]
fn no_page_of_another_origin_changes_anything() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    let before = (world.state(&owner), owner.cookies().clone());
    for (path, fields) in posts() {
        // As they are before any of them was sent.
        let fields = if path.ends_with("/delete") { still_named(path) } else { fields };
        for headers in FOREIGN {
            let refused = owner.ask("POST", &world.at(path), Some(&fields), headers);
            assert_eq!(refused.status, 403, "{path} {headers:?}: {refused:?}");
            assert_eq!(refused.header("set-cookie"), None, "{path}");
            let text = String::from_utf8_lossy(&refused.bytes);
            assert!(text.contains("A page of another origin"), "{path}: {text}");
            assert!(!text.contains("undb_"), "no secret is on it: {text}");
        }
    }
    assert_eq!((world.state(&owner), owner.cookies().clone()), before);
}

fn still_named(path: &str) -> Fields {
    let name = match path.matches('{').count() {
        1 => "Main",
        2 => "Shop",
        _ => "books",
    };
    vec![("confirm".into(), name.into())]
}

/// So that the test above proves something: the same forms do what they are for.
#[test]
fn the_same_forms_from_here_do_something() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    for (path, fields) in posts() {
        let own = [("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")];
        let done = owner.ask("POST", &world.at(path), Some(&fields), &own);
        let shows_secret = path.ends_with("/tokens") || path.ends_with("/rotate");
        assert_eq!(done.status, if shows_secret { 200 } else { 303 }, "{path}: {done:?}");
    }
    assert_eq!(owner.open("/").path, "/login", "the last one signs out");
    let names = server.get("/api/spaces").cookie(&server.login(EMAIL, "another-horse")).send();
    assert_eq!(
        (names.text("/spaces/0/name"), names.json()["spaces"].as_array().unwrap().len()),
        ("New".into(), 1)
    );
}

#[test]
fn no_page_of_another_origin_signs_anybody_in() {
    let server = Server::start();
    let code = server.setup_code().unwrap();
    let visitor = Visitor::new(&server);
    let fields = [("code", code.as_str()), ("email", EMAIL), ("password", PASSWORD)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    for headers in FOREIGN {
        assert_eq!(visitor.ask("POST", "/setup", Some(&fields), headers).status, 403);
    }
    assert_eq!(visitor.open("/").path, "/setup", "nobody was made");
    drop(server.owner());
    for headers in FOREIGN {
        assert_eq!(visitor.ask("POST", "/login", Some(&fields), headers).status, 403);
    }
    assert!(visitor.cookies().is_empty());
}

#[test]
fn only_forms_are_taken() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    for path in pages("POST") {
        let request = server.post(&world.at(&path)).cookie(&owner.cookie()).header("accept", "text/html");
        let answer = request.raw("text/plain", b"name=x".to_vec()).send();
        assert_eq!(answer.status, 415, "{path}: {answer:?}");
    }
}

/// A form has bounds, and of whoever is not signed in none is read where they have to be.
#[test]
fn a_form_has_bounds() {
    use undb::limits::{FORM_BYTES_MAX, FORM_FIELDS_MAX};
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let many = |count: usize| vec!["a"; count].join("&").into_bytes();
    let long = |bytes: usize| [b"name=".as_slice(), &vec![b'x'; bytes - 5]].concat();
    for (body, status, said) in [
        (many(FORM_FIELDS_MAX), 422, "name"),
        (many(FORM_FIELDS_MAX + 1), 413, "at most 4096 fields; this one has 4097"),
        (long(FORM_BYTES_MAX), 422, "255"),
        (long(FORM_BYTES_MAX + 1), 413, "at most 65536 bytes"),
    ] {
        let request = server.post("/spaces").header("accept", "text/html").cookie(&owner.cookie());
        let answer = request.raw("application/x-www-form-urlencoded", body.clone()).send();
        assert_eq!(answer.status, status, "{said}: {answer:?}");
        assert!(String::from_utf8_lossy(&answer.bytes).contains(said), "{said}: {answer:?}");
        let nobody = server.post("/spaces").header("accept", "text/html");
        assert_eq!(nobody.raw("application/x-www-form-urlencoded", body).send().status, 303, "{said}");
    }
}

/// Whoever is not signed in is sent to sign in, and comes back to the page; after a form, to the page that it is on.
#[test]
fn whoever_is_not_signed_in_signs_in_and_comes_back() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    World::named(&server, &owner.cookie(), "Other");
    for method in ["GET", "POST"] {
        for pattern in closed_pages(method) {
            let (visitor, path) = (Visitor::new(&server), world.at(&pattern));
            let fields = (method == "POST").then(Fields::new);
            let sent = visitor.ask(method, &path, fields.as_ref(), &[]);
            let to = sent.header("location").unwrap_or_default().to_owned();
            assert!(sent.status == 303 && to.starts_with("/login?next=%2F"), "{method} {pattern}: {sent:?}");
            let login = visitor.open(&to);
            assert_eq!(login.heading(), "Sign in");
            let back = match method {
                "GET" => visitor.submit(&login, "/login", &[("email", EMAIL), ("password", PASSWORD)]),
                // Signing in is slow on purpose; whoever is signed in already is led to the same page.
                _ => owner.open(&to),
            };
            assert_eq!(back.status, 200, "{method} {pattern} leads to {}", back.path);
            assert!(method == "POST" || back.path == path, "{pattern} leads to {}", back.path);
            assert!(path.starts_with(&back.path) || back.path == "/spaces", "{path} leads to {}", back.path);
        }
    }
}

#[test]
fn what_is_someone_elses_is_not_there() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    let before = world.state(&owner);
    let other = Visitor::person(&server, "other@example.com");
    World::named(&server, &other.cookie(), "Other's");
    let mut asked = 0;
    for method in ["GET", "POST"] {
        let fields =
            |pattern: &str| posts().into_iter().find(|(path, _)| *path == pattern).map(|(_, fields)| fields);
        for pattern in closed_pages(method).into_iter().filter(|pattern| pattern.contains('{')) {
            let fields = if method == "POST" { fields(&pattern) } else { None };
            let answer = other.ask(method, &world.at(&pattern), fields.as_ref(), &[]);
            assert_eq!(answer.status, 404, "{method} {pattern}: {answer:?}");
            let text = String::from_utf8_lossy(&answer.bytes);
            assert!(text.contains("<!doctype html>"), "{pattern}");
            assert!(!text.contains("Shop") && !text.contains("books"), "{pattern} tells: {text}");
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
    assert_eq!(world.state(&owner), before);
    assert!(OPEN.iter().all(|path| !path.contains("{space}")));
}
