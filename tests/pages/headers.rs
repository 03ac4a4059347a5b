//! What answers say besides their page: what a browser may load, keep and tell others.

use crate::harness::{Answer, Server};
use crate::list::{World, closed_pages, pages};
use crate::visitor::Visitor;

fn guarded(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{what}: {answer:?}"));
    assert!(!policy.contains("unsafe-") && !policy.contains("http"), "{what}: {policy}");
    for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{what}: {policy}");
    }
    for rule in ["form-action 'self'", "base-uri 'none'"] {
        assert!(policy.contains(rule), "{what}: {policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    let text = String::from_utf8_lossy(&answer.bytes);
    assert!(!text.contains("<script>") && !text.contains(" style=") && !text.contains(" onclick="), "{what}");
}

#[test]
fn every_page_says_what_a_browser_may_do_with_it() {
    let server = Server::start();
    let nobody = Visitor::new(&server);
    guarded(&nobody.open("/setup").answer, "setup");
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    World::named(&server, &owner.cookie(), "Second");
    guarded(&nobody.open("/login").answer, "login");
    for pattern in closed_pages("GET") {
        let answer = owner.ask("GET", &world.at(&pattern), None, &[]);
        assert_eq!(answer.status, 200, "{pattern}: {answer:?}");
        guarded(&answer, &pattern);
    }
    guarded(&owner.open("/nothing/here").answer, "an error");
    let page = owner.open(&world.at("/spaces/{space}/settings/tokens/new"));
    guarded(&owner.submit(&page, "/tokens", &[("name", "")]).answer, "a refused form");
    guarded(&owner.submit(&page, "/tokens", &[("name", "a")]).answer, "a secret");
    for to in ["/", "/spaces/new?x", "/account"] {
        let answer = nobody.ask("GET", to, None, &[]);
        assert_eq!((answer.status, answer.header("cache-control")), (303, Some("no-store")), "{to}");
    }
}

#[test]
fn no_script_reads_the_session() {
    let server = Server::start();
    drop(server.owner());
    let visitor = Visitor::new(&server);
    let fields = [("email", crate::harness::EMAIL), ("password", crate::harness::PASSWORD)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let answer = visitor.ask("POST", "/login", Some(&fields), &[]);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("undb_session=") && cookie.contains("; HttpOnly"), "{cookie}");
    assert!(cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/"), "{cookie}");
}

/// Paths of the files that a page names.
fn files(page: &crate::html::Html) -> Vec<String> {
    let named =
        page.elements.iter().filter(|element| ["link", "script", "use"].contains(&element.name.as_str()));
    let addresses = named.filter_map(|element| element.get("href").or(element.get("src")));
    addresses.map(|address| address.split('#').next().unwrap().to_owned()).collect()
}

#[test]
fn files_are_kept_for_ever_and_never_mixed() {
    let server = Server::start();
    let visitor = Visitor::new(&server);
    let page = visitor.open("/setup");
    let files = files(&page.html);
    assert!(files.len() >= 4, "{files:?}");
    for file in &files {
        let answer = server.get(file).send();
        assert_eq!(answer.status, 200, "{file}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{file}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{file}");
        let of_type = answer.header("content-type").unwrap();
        assert!(["text/css", "text/javascript", "image/svg+xml"].iter().any(|of| of_type.starts_with(of)));
        let (folder, name) = file.rsplit_once('/').unwrap();
        let version = folder.strip_prefix("/assets/").unwrap();
        assert_eq!(version.len(), 12);
        for other in ["0", "000000000000", "x", "%2e%2e"] {
            let answer = server.get(&format!("/assets/{other}/{name}")).send();
            assert_eq!((answer.status, answer.code().as_str()), (404, "path_not_found"), "{other}/{name}");
        }
        for name in ["", "nothing.js", "..%2fconsole.css", "%00", "Console.css"] {
            assert_eq!(server.get(&format!("{folder}/{name}")).send().status, 404, "{name}");
        }
    }
    let script =
        files.iter().find(|file| file.ends_with("app.js")).unwrap().replace("app.js", "messages.zh.js");
    let messages = server.get(&script).send();
    assert_eq!(messages.status, 200, "messages are files too");
}

#[test]
fn an_error_is_a_page_for_browsers_and_a_problem_for_programs() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    for (method, path, status, code) in [
        ("GET", "/nothing", 404, "path_not_found"),
        ("GET", "/spaces/nothing", 404, "space_not_found"),
        ("DELETE", "/account", 405, "method_not_allowed"),
        ("GET", "/spaces/%ff", 400, "invalid_path"),
    ] {
        let page = owner.ask(method, path, None, &[("x-request-id", "my-own-id-1")]);
        let text = String::from_utf8(page.bytes.clone()).unwrap();
        assert_eq!((page.status, page.header("x-request-id")), (status, Some("my-own-id-1")), "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(text.contains("my-own-id-1") && text.contains(&status.to_string()), "{text}");
        let problem = server.request(method, path).cookie(&owner.cookie()).send();
        assert_eq!((problem.status, problem.code().as_str()), (status, code), "{path}");
        let problem = server.request(method, path).cookie(&owner.cookie()).header("accept", "*/*").send();
        assert_eq!(problem.code(), code, "{path}");
    }
    let api = owner.ask("GET", "/api/spaces/nothing", None, &[]);
    assert_eq!(api.code(), "space_not_found", "the API answers programs, whatever they say that they read");
    assert_eq!(owner.ask("DELETE", "/account", None, &[]).header("allow"), Some("GET, HEAD"));
    assert!(!pages("GET").is_empty());
}

/// Who is signed in finds the way on from an error, too; nobody else is told who that is.
#[test]
fn a_page_of_an_error_has_the_bar_of_who_is_signed_in() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    World::of(&server, &owner.cookie());
    for path in ["/nothing", "/spaces/nothing", "/account/password"] {
        let page = owner.open(path);
        assert!([404, 405].contains(&page.status), "{path}");
        assert!(page.html.says(crate::harness::EMAIL) && page.html.says("Main"), "{path}");
        assert_eq!(page.html.all("nav").count(), 0, "it is in no space");
    }
    let foreign =
        owner.ask("POST", "/account/password", Some(&Vec::new()), &[("origin", "http://evil.example")]);
    assert!(
        foreign.status == 403 && !String::from_utf8_lossy(&foreign.bytes).contains(crate::harness::EMAIL)
    );
    let nobody = Visitor::new(&server).open("/nothing");
    assert!(nobody.status == 404 && !nobody.html.says(crate::harness::EMAIL));
}

/// Crawls from the first page: whatever a page links to is there.
#[test]
fn no_link_leads_nowhere() {
    let server = Server::start();
    let owner = Visitor::owner(&server);
    let world = World::of(&server, &owner.cookie());
    World::named(&server, &owner.cookie(), "Second");
    let (mut open, mut seen) = (vec!["/spaces".to_owned()], std::collections::BTreeSet::new());
    while let Some(path) = open.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = owner.ask("GET", &path, None, &[]);
        assert!([200, 303].contains(&answer.status), "{path}: {answer:?}");
        if !path.starts_with("/spaces") && path != "/account" {
            continue;
        }
        let page = owner.open(&path);
        let links = page.html.all("a").filter_map(|link| link.get("href")).filter(|to| !to.starts_with('#'));
        open.extend(links.map(|to| to.split('#').next().unwrap().to_owned()));
    }
    let table = world.at("/spaces/{space}/bases/{base}/tables/{table}/settings");
    assert!(seen.contains(&table) && seen.contains("/swagger-ui/"), "{seen:?}");
}
