//! A token from the page that shows its secret to the one that ends it.

use std::sync::Arc;

use undb::clock::{Clock, Time};
use undb::kv::memory::Memory;

use crate::harness::{Server, Setup};
use crate::list::World;
use crate::token::secret;
use crate::visitor::{Page, Visitor};

const HOUR_MS: i64 = 3_600_000;

fn made(visitor: &Visitor<'_>, world: &World, name: &str) -> Page {
    let page = visitor.open(&world.at("/spaces/{space}/settings/tokens/new"));
    visitor.submit(&page, "/tokens", &[("name", name), ("preset", "read")])
}

fn status(server: &Server, secret: &str) -> u16 {
    server.get("/api/openapi/token").token(secret).send().status
}

#[test]
fn a_secret_is_on_one_answer_only() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let page = made(&visitor, &world, "Website");
    let shown = secret(&page);
    assert_eq!((page.status, page.answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(page.answer.header("location"), None);
    assert!(page.html.one("title").text.starts_with("Save the token"), "{:?}", page.html.one("title"));
    assert!(shown.starts_with("undb_") && shown.len() == 43, "{shown}");
    let mut lines = page.html.all("code").map(|code| code.text.as_str());
    let line = lines.find(|line| line.starts_with("curl ")).unwrap();
    let address = line.split('\'').nth(1).unwrap();
    assert!(line.ends_with(&format!("-H 'x-undb-api-token: {shown}'")), "{line}");
    let listed =
        server.get(address.strip_prefix(&format!("http://{}", server.address)).unwrap()).token(&shown).send();
    assert_eq!((listed.status, listed.at("/total").as_u64()), (200, Some(0)), "the line works as it is");
    for element in &page.html.elements {
        for (name, value) in &element.attributes {
            let shows = element.get("id") == Some("secret") && name == "value";
            assert!(shows || !value.contains(&shown), "<{} {name}> holds the secret", element.name);
        }
    }
    // The one thing that leads on.
    let list = visitor.submit(&page, "/settings/tokens", &[]);
    assert!(list.main().contains("Website"));
    assert!(list.html.says("1 requests in the last 30 days, 0 of them errors"), "the line that was tried");
    let token = list.link("Website");
    let reach = ["/", "/account", &token, &list.path, &world.at("/spaces/{space}/settings/tokens/new")];
    for path in reach {
        let page = visitor.open(path);
        assert!(
            !page.html.says(&shown) && !String::from_utf8_lossy(&page.answer.bytes).contains(&shown),
            "{path}"
        );
    }
    assert_eq!(page.value("/preferences", "next"), list.path, "what shows it can't be asked for again");
}

#[test]
fn a_rotated_token_leaves_the_old_secret_its_grace() {
    let clock = Clock::manual(Time::parse("2026-06-01T12:00:00.000Z").unwrap());
    let engine = Some(Arc::new(Memory::new()) as Arc<_>);
    let server = Server::with(Setup { clock, engine, ..Setup::default() });
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let old = secret(&made(&visitor, &world, "Website"));
    let list = visitor.open(&world.at("/spaces/{space}/settings/tokens"));
    let token = visitor.open(&list.link("Website"));
    assert_eq!(token.value("/rotate", "grace"), "3600", "an hour is suggested");
    let rotated = visitor.submit(&token, "/rotate", &[]);
    let new = secret(&rotated);
    assert_ne!(new, old);
    assert_eq!((status(&server, &old), status(&server, &new)), (200, 200));
    let token = visitor.open(&token.path);
    assert!(token.main().contains("The old secret works until"), "{}", token.main());
    assert!(visitor.open(&list.path).main().contains("rotating"));
    server.core.clock.advance_millis(HOUR_MS + 1);
    assert_eq!((status(&server, &old), status(&server, &new)), (401, 200), "the hour is over");
    assert!(!visitor.open(&token.path).main().contains("The old secret works until"));
    let last = secret(&visitor.submit(&token, "/rotate", &[("grace", "0")]));
    assert_eq!((status(&server, &new), status(&server, &last)), (401, 200), "at once");
    let odd = visitor.post(&format!("{}/rotate", token.path), &[("grace", "604801")]);
    assert!(odd.status == 422, "{}", odd.status);
    assert_eq!(status(&server, &last), 200, "nothing was rotated");
}

/// A double click, or going back and posting again: the second time says what the first one did, and does nothing.
#[test]
fn a_form_that_is_sent_twice_does_it_once() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let page = visitor.open(&world.at("/spaces/{space}/settings/tokens/new"));
    let nameless = visitor.submit(&page, "/tokens", &[("name", "")]);
    assert_eq!(nameless.status, 422);
    let first = secret(&visitor.submit(&nameless, "/tokens", &[("name", "Website")]));
    for name in ["Website", "Other"] {
        let again = visitor.submit(&page, "/tokens", &[("name", name)]);
        assert_eq!((again.status, again.heading()), (409, "The token has been created already"));
        assert!(!again.html.says(&first) && !again.html.says("undb_"), "{}", again.main());
        assert_eq!(visitor.open(&again.link("Look at the token")).heading(), "Website");
    }
    let list = visitor.open(&world.at("/spaces/{space}/settings/tokens"));
    assert_eq!(list.html.all("a").filter(|link| ["Website", "Other"].contains(&link.text.trim())).count(), 1);

    let token = visitor.open(&list.link("Website"));
    let new = secret(&visitor.submit(&token, "/rotate", &[("grace", "3600")]));
    let again = visitor.submit(&token, "/rotate", &[("grace", "3600")]);
    assert_eq!((again.status, again.heading()), (409, "Website"));
    assert!(again.refusal().unwrap().contains("has been rotated meanwhile"), "{:?}", again.refusal());
    assert_eq!((status(&server, &first), status(&server, &new)), (200, 200), "both work on");
    let third = secret(&visitor.submit(&again, "/rotate", &[("grace", "0")]));
    assert_eq!((status(&server, &new), status(&server, &third)), (401, 200), "who wants to rotates again");
}

#[test]
fn a_revoked_token_is_none() {
    let server = Server::start();
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let shown = secret(&made(&visitor, &world, "Website"));
    let kept = secret(&made(&visitor, &world, "Shop"));
    let list = visitor.open(&world.at("/spaces/{space}/settings/tokens"));
    let token = visitor.open(&list.link("Website"));
    let gone = visitor.submit(&token, "/revoke", &[]);
    assert_eq!(
        (gone.path.as_str(), gone.done()),
        (&*format!("{}?done=token_revoked", list.path), Some("The token is revoked."))
    );
    assert_eq!((status(&server, &shown), status(&server, &kept)), (401, 200));
    assert!(gone.main().contains("1 token that expired or was revoked"), "{}", gone.main());
    let ended = visitor.open(&gone.link("Website"));
    assert!(ended.status == 200 && ended.main().contains("revoked"), "it can still be looked at");
    let forms = ended.html.all("form").filter(|form| form.get("action").unwrap().contains("/tokens/"));
    assert_eq!(forms.count(), 0, "but not changed");
    for action in ["", "/rotate", "/revoke"] {
        let late = visitor.post(&format!("{}{action}", ended.path), &[("name", "x"), ("preset", "read")]);
        assert_eq!(late.status, 404, "{action}: {}", late.main());
    }
}

#[test]
fn an_expired_token_can_be_given_more_time() {
    let clock = Clock::manual(Time::parse("2026-06-01T12:00:00.000Z").unwrap());
    let engine = Some(Arc::new(Memory::new()) as Arc<_>);
    let server = Server::with(Setup { clock, engine, ..Setup::default() });
    let visitor = Visitor::owner(&server);
    let world = World::of(&server, &visitor.cookie());
    let form = visitor.open(&world.at("/spaces/{space}/settings/tokens/new"));
    let fields = [("name", "Short"), ("expiry", "date"), ("date", "2026-06-01")];
    let shown = secret(&visitor.submit(&form, "/tokens", &fields));
    assert_eq!(status(&server, &shown), 200);
    server.core.clock.advance_millis(12 * HOUR_MS);
    assert_eq!(status(&server, &shown), 401);
    let list = visitor.open(&world.at("/spaces/{space}/settings/tokens"));
    assert!(list.main().contains("1 token that expired"), "{}", list.main());
    let token = visitor.open(&list.link("Short"));
    assert!(token.main().contains("expired"));
    let own = token.path.clone();
    let saved = visitor.submit(&token, &own, &[("expiry", "30")]);
    assert_eq!(saved.done(), Some("Saved."), "{:?}", saved.refusal());
    assert_eq!(status(&server, &shown), 200);
}
